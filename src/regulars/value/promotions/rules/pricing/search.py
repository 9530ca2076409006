"""The best allowed combination: exact where it can be, greedy with the gap told where it cannot.

Candidates that share no line, no limit and no exclusion are decided apart. Within a component all subsets that may
stand together are searched by branch and bound; a candidate takes most from untouched lines, so the sum of what each
could take bounds what any combination takes. Equal sums are decided by priority, then key: the first candidate that
only one of two combinations has decides for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from regulars.value.promotions.rules.pricing import goods
from regulars.value.promotions.rules.pricing.acting import Acted, act, charge, take
from regulars.value.promotions.rules.pricing.problems import Problem, places, run
from regulars.value.promotions.terms import WHOLE_PPM, Objective, Search

EXACT_UP_TO = 12  # candidates of one component; above, exact only if nothing excludes anything


class Found(NamedTuple):
    """The combination: which candidates (as bits), how it was found, and what some were seen to take in it."""

    chosen: int
    search: Search
    acted: dict[int, Acted]


def best(problem: Problem) -> Found:
    """The best allowed combination by the program's objective."""
    count = len(problem.ones)
    if not count:
        return Found(0, Search(), {})
    if problem.objective is Objective.FIXED_ORDER:
        return Found(_in_order(problem, range(count)), Search(), {})
    if problem.objective is Objective.BEST_FOR_MEMBER and (problem.cap is not None or problem.limits_number):
        found = _best(problem.unlimited())  # most baskets stay below the limits of the whole
        total = sum([a.total for _, a in run(problem.unlimited(), found.chosen)[0]])
        number = (problem.discounts & found.chosen).bit_count()
        is_below = problem.cap is None or total <= problem.cap
        if found.search.is_exact and is_below and (problem.policy.most is None or number <= problem.policy.most):
            return found
    return _best(problem)


def _best(problem: Problem) -> Found:
    chosen, explored, gap, exact = 0, 0, 0, True
    acted: dict[int, Acted] = {}
    for members in _components(problem):
        found = _solve(problem, members)
        chosen |= found.chosen
        explored += found.search.explored
        gap += found.search.gap_minor
        exact = exact and found.search.is_exact
        acted |= found.acted
    return Found(chosen, Search(exact, explored, gap), acted)


def _in_order(problem: Problem, order: Sequence[int]) -> int:
    chosen = 0
    if problem.counts:
        for i in order:
            if problem.fits(i, chosen):
                chosen |= 1 << i
        return chosen
    excludes = problem.excludes
    for i in order:
        if not excludes[i] & chosen:
            chosen |= 1 << i
    return chosen


def _components(problem: Problem) -> list[int]:
    """Sets of candidates that touch each other's lines, limits or exclusions, by their first member."""
    full = (1 << len(problem.ones)) - 1
    if problem.limits_number:
        return [full]
    groups: list[tuple[int, int]] = []  # (members and whom they reach, their lines), apart from each other
    for mine, lines in _touching(problem):
        rest = []
        for members, of in groups:
            if members & mine or of & lines:
                mine |= members
                lines |= of
            else:
                rest.append((members, of))
        groups = [*rest, (mine, lines)]
    return [members for members, _ in groups]


def _touching(problem: Problem) -> list[tuple[int, int]]:
    """Candidates with whom they reach, and the lines that they touch, as bits; those of the same lines together."""
    # no goods are shipping, which has a bit of its own
    count = len(problem.till.lines)
    picked = {goods.ALL_GOODS: (1 << count) - 1, goods.ALL_SHIPPING: 1 << count}
    holders: dict[str, int] = {}
    reached: dict[tuple[int, ...], int] = {}
    touched: dict[tuple[int, ...], int] = {}
    apart: list[tuple[int, int]] = []
    counted, excludes, pools = problem.counted, problem.excludes, problem.pools
    for i, one in enumerate(problem.ones):
        mine = excludes[i] | 1 << i
        for members, _ in counted:
            mine |= members if members >> i & 1 else 0
        for pool in pools[i]:
            mine |= holders.get(pool.key, 0)
            holders[pool.key] = holders.get(pool.key, 0) | 1 << i
        touches = one.offer.touches
        lines = touched.get(touches)
        if lines is None:
            lines = 0
            for n in touches:
                lines |= picked[n] if n in picked else _bits(problem.till.pick(n).idx)
            touched[touches] = lines
        if lines:
            reached[touches] = reached.get(touches, 0) | mine
        else:
            apart.append((mine, 0))
    return [(mine, touched[touches]) for touches, mine in reached.items()] + apart


def _bits(places: list[int]) -> int:
    if not places:
        return 0
    found = bytearray((places[-1] >> 3) + 1)
    for k in places:
        found[k >> 3] |= 1 << (k & 7)
    return int.from_bytes(found, "little")


def _solve(problem: Problem, members: int) -> Found:
    order = places(members)
    if len(order) == 1:
        return Found(members, Search(True, 1, 0), {})
    is_free = not any(problem.excludes[i] & members for i in order) and not _is_counted(problem, members)
    if problem.objective is Objective.BEST_MARGIN and is_free:
        return Found(members, Search(True, 1, 0), {})
    if is_free:
        together = _together(problem, order)
        if together.is_best:
            return Found(members, Search(True, 1, 0), together.acted)
        if len(order) > EXACT_UP_TO and len(together.acted) == len(order):
            return _with_gap(problem, order, members, together)
    if len(order) <= EXACT_UP_TO:
        branch = _Branching(problem, order)
        branch.go(0, 0, list(problem.till.amounts), {}, 0)
        return Found(branch.chosen, Search(True, branch.explored, 0), {})
    return _greedy(problem, order)


def _is_counted(problem: Problem, members: int) -> bool:
    most = problem.policy.most
    return any(of & members for of, _ in problem.counted) or (
        most is not None and (problem.discounts & members).bit_count() > most
    )


class _Together(NamedTuple):
    """All of a component acting: what each takes, and whether no subset can be better.

    `slack`: how much better one can be at most, by rounding alone (None: nothing can be said).
    """

    acted: dict[int, Acted]
    is_best: bool
    slack: int | None


def _together(problem: Problem, order: list[int]) -> _Together:
    """Let all act where nothing excludes anything.

    Each cut, before rounding, keeps at least a share `keeps` of a difference that comes before it. So what one
    takes, times the shares of those after it, is gained by taking it too, but for rounding: less than a minor unit
    for each line of each cut, on either side and in either run. Whoever gains more than that belongs to the best.
    """
    till, net = problem.till, list(problem.till.amounts)
    spent: dict[str, int] = {}
    taken: list[tuple[int, int]] = []
    seen: dict[int, Acted] = {}
    rounding, is_smooth, is_sure = 0, True, True
    for i in order:
        one, pools = problem.ones[i], problem.pools[i]
        acted = seen[i] = act(one, till, net, pools, spent)
        cuts = one.offer.cuts
        if not cuts:
            continue
        if len(acted.idx) == len(net):  # all lines: one list is faster than each place
            net = [left - part for left, part in zip(net, acted.parts, strict=True)]
        else:
            take(net, acted)
        if pools:
            charge(spent, pools, acted)
        keeps, room = cuts[0].keeps_ppm, one.room
        if keeps is None or len(cuts) > 1 or pools or room.whole_minor is not None:
            is_smooth = is_sure = False
            continue
        is_capped = room.minor is not None or one.offer.cap_minor is not None
        is_sure = is_sure and not is_capped
        taken.append((acted.total, keeps))
        rounding += len(acted.idx)
    # a line that was emptied would have let less than `keeps` through
    is_sure = is_sure and 0 not in [net[k] for acted in seen.values() for k in acted.idx]
    kept_num, kept_den = 1, 1
    for total, keeps in reversed(taken):
        is_sure = is_sure and total * kept_num > 4 * rounding * kept_den
        kept_num, kept_den = kept_num * keeps, kept_den * WHOLE_PPM
    return _Together(seen, is_sure, 2 * rounding if is_smooth else None)


def _with_gap(problem: Problem, order: list[int], chosen: int, together: _Together) -> Found:
    """A combination that stands, and at most how far the best lies above it."""
    total = sum([a.total for a in together.acted.values()])
    touched = {n for i in order for n in problem.ones[i].offer.touches}
    lines = set[int]().union(*[problem.till.pick(n).idx for n in touched])
    bound = min(_bound(problem, order, 0), sum([problem.till.amounts[k] for k in lines]))
    if problem.cap is not None:
        bound = min(bound, problem.cap)
    if together.slack is not None:
        bound = min(bound, total + together.slack)
    return Found(chosen, Search(bound <= total, len(order), max(0, bound - total)), together.acted)


class _Branching:
    """One search; with before without, so that of equal sums the first found is the one that priority prefers."""

    def __init__(self, problem: Problem, order: list[int]) -> None:
        self.problem, self.order = problem, order
        self.is_margin = problem.objective is Objective.BEST_MARGIN
        self.best: int | None = None
        self.chosen = 0
        self.explored = 0

    def go(self, depth: int, chosen: int, net: list[int], spent: dict[str, int], total: int) -> None:
        """Search on from a place in the order, lines standing at `net` after those chosen so far took `total`."""
        self.explored += 1
        problem, order = self.problem, self.order
        if self.best is not None and not self._may_win(depth, chosen, total):
            return
        if depth == len(order):
            if self.is_margin and any(problem.fits(i, chosen) for i in order if not chosen >> i & 1):
                return
            self.best, self.chosen = total, chosen
            return
        i = order[depth]
        if problem.fits(i, chosen):
            one, pools = problem.ones[i], problem.pools[i]
            then, then_spent = net, spent
            acted = act(one, problem.till, net, pools, spent)
            if acted.total:
                then = list(net)
                take(then, acted)
            if pools:
                then_spent = dict(spent)
                charge(then_spent, pools, acted)
            counts = 0 if self.is_margin and one.offer.promotion.funder else acted.total
            self.go(depth + 1, chosen | 1 << i, then, then_spent, total + counts)
        self.go(depth + 1, chosen, net, spent, total)

    def _may_win(self, depth: int, chosen: int, total: int) -> bool:
        if self.best is None:
            return True
        if self.is_margin:
            return total < self.best
        return total + _bound(self.problem, self.order[depth:], chosen) > self.best


def _bound(problem: Problem, order: Sequence[int], chosen: int) -> int:
    """At most what these can take beside those chosen: of a group of which one may act only the best counts."""
    bound = 0
    of_group: dict[str, int] = {}
    for i in order:
        if problem.excludes[i] & chosen:
            continue
        one = problem.ones[i]
        group = one.offer.group
        if group is None or one.offer.has_names or group in problem.policy.groups:
            bound += one.value
        elif one.value > of_group.get(group, 0):
            of_group[group] = one.value
    return bound + sum(of_group.values())


def _greedy(problem: Problem, order: list[int]) -> Found:
    """The greatest first (the cheapest, for the margin), each that may still join; and how far the best may lie."""
    ones = problem.ones
    is_margin = problem.objective is Objective.BEST_MARGIN
    if is_margin:
        wish = sorted(order, key=lambda i: (0 if ones[i].offer.promotion.funder else ones[i].value, i))
    else:
        wish = sorted(order, key=lambda i: (-ones[i].value, i))
    chosen = _in_order(problem, wish)
    acted, _ = run(problem, chosen)
    if is_margin:
        own = sum([a.total for i, a in acted if not ones[i].offer.promotion.funder])
        return Found(chosen, Search(own == 0, len(order), own), dict(acted))
    return _with_gap(problem, order, chosen, _Together(dict(acted), False, None))

"""The best allowed combination: exact where it can be, greedy with the gap told where it cannot.

Candidates that share no line, no limit and no exclusion are decided apart. Within a component all subsets that may
stand together are searched by branch and bound; a candidate takes most from untouched lines, so the sum of what each
could take bounds what any combination takes. Equal sums are decided by priority, then key: the first candidate that
only one of two combinations has decides for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from regulars.value.promotions.rules.pricing.acting import Acted, Candidate, Pool, act, charge, take
from regulars.value.promotions.rules.pricing.cuts import Till
from regulars.value.promotions.terms import WHOLE_PPM, Objective, Search, StackingPolicy

EXACT_UP_TO = 12  # candidates of one component; above, exact only if nothing excludes anything
EVERYTHING = "*"


class Problem:
    """Candidates in their order of acting, what excludes what, and what they share."""

    __slots__ = ("counted", "discounts", "excludes", "objective", "ones", "policy", "pools", "till")

    def __init__(self, ones: list[Candidate], till: Till, policy: StackingPolicy) -> None:
        self.ones, self.till, self.policy, self.objective = ones, till, policy, policy.objective
        self.discounts = 0
        for i, one in enumerate(ones):
            if one.offer.cuts:
                self.discounts |= 1 << i
        self.counted: list[tuple[int, int]] = []  # (members, how many at most)
        self.excludes = self._exclusions()
        self.pools = self._pools()

    def _exclusions(self) -> list[int]:
        """For each candidate the set of those that it cannot stand beside."""
        ones, full = self.ones, (1 << len(self.ones)) - 1
        groups: dict[str, int] = {}
        alone = 0
        special = False
        for i, one in enumerate(ones):
            said = one.offer.promotion
            if said.group is not None:
                groups[said.group] = groups.get(said.group, 0) | 1 << i
            if said.is_exclusive:
                alone |= 1 << i
            special = special or bool(said.always or said.never)
        single = {}
        for group, members in groups.items():
            limit = self.policy.groups.get(group)
            if limit is None or limit.most <= 1:
                single[group] = members
            elif members.bit_count() > limit.most:
                self.counted.append((members, limit.most))
        found = []
        for i, one in enumerate(ones):
            said = one.offer.promotion
            mask = full if said.is_exclusive else alone | single.get(said.group or "", 0)
            found.append(mask & ~(1 << i))
        if special:
            self._name_by_name(found)
        return found

    def _name_by_name(self, found: list[int]) -> None:
        for i, one in enumerate(self.ones):
            for j in range(i):
                mine, other = one.offer.promotion, self.ones[j].offer.promotion
                if other.key in mine.never or mine.key in other.never:
                    found[i] |= 1 << j
                    found[j] |= 1 << i
                elif other.key in mine.always or mine.key in other.always:
                    found[i] &= ~(1 << j)
                    found[j] &= ~(1 << i)

    def _pools(self) -> list[tuple[Pool, ...]]:
        ones, policy = self.ones, self.policy
        shared: list[list[Pool]] = [[] for _ in ones]
        by_key: dict[str, list[int]] = {}
        for i, one in enumerate(ones):
            if one.code is not None:
                by_key.setdefault(one.offer.key, []).append(i)
            group = policy.groups.get(one.offer.promotion.group or "")
            if group is not None and group.cap_minor is not None and one.offer.cuts:
                shared[i].append(Pool(f"group {one.offer.promotion.group}", group.cap_minor))
        for key, members in by_key.items():
            if len(members) > 1:
                for i in members:
                    room = ones[i].room
                    for left, kind in ((room.times, "times"), (room.whole_times, "whole"), (room.minor, "minor")):
                        if left is not None:
                            shared[i].append(Pool(f"{key} {kind}", left, kind != "minor"))
        cap = self.cap
        if cap is not None:
            for i, one in enumerate(ones):
                if one.offer.cuts:
                    shared[i].append(Pool(EVERYTHING, cap))
        return [tuple(p) for p in shared]

    @property
    def limits_number(self) -> bool:
        """Whether there are more discounts than may act."""
        return self.policy.most is not None and self.discounts.bit_count() > self.policy.most

    def unlimited(self) -> Problem:
        """The same without the limits of the whole."""
        return Problem(self.ones, self.till, replace(self.policy, most=None, cap_ppm=None, cap_minor=None))

    @property
    def cap(self) -> int | None:
        """The most that all discounts together may take off (None: no cap)."""
        policy, found = self.policy, self.policy.cap_minor
        if policy.cap_ppm is not None:
            goods = sum([a for a in self.till.amounts if a > 0])
            share = goods * policy.cap_ppm // WHOLE_PPM
            found = share if found is None else min(found, share)
        return found

    def fits(self, i: int, chosen: int) -> bool:
        """Whether a candidate may join those that are chosen."""
        if self.excludes[i] & chosen:
            return False
        for members, limit in self.counted:
            if members >> i & 1 and (members & chosen).bit_count() >= limit:
                return False
        most = self.policy.most
        return most is None or not self.discounts >> i & 1 or (self.discounts & chosen).bit_count() < most


class Found(NamedTuple):
    """The combination: which candidates (as bits), and how it was found."""

    chosen: int
    search: Search


def run(problem: Problem, chosen: int) -> tuple[list[tuple[int, Acted]], list[int]]:
    """Let a combination act, in order of priority, then key; what each takes, and what is left of the lines."""
    till, net = problem.till, list(problem.till.amounts)
    spent: dict[str, int] = {}
    out = []
    for i, one in enumerate(problem.ones):
        if chosen >> i & 1:
            pools = problem.pools[i]
            acted = act(one, till, net, pools, spent)
            if acted.total:
                take(net, acted)
            if pools:
                charge(spent, pools, acted)
            out.append((i, acted))
    return out, net


def best(problem: Problem) -> Found:
    """The best allowed combination by the program's objective."""
    count = len(problem.ones)
    if not count:
        return Found(0, Search())
    if problem.objective is Objective.FIXED_ORDER:
        return Found(_in_order(problem, range(count)), Search())
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
    for members in _components(problem):
        found = _solve(problem, members)
        chosen |= found.chosen
        explored += found.search.explored
        gap += found.search.gap_minor
        exact = exact and found.search.is_exact
    return Found(chosen, Search(exact, explored, gap))


def _in_order(problem: Problem, order: Sequence[int]) -> int:
    chosen = 0
    for i in order:
        if problem.fits(i, chosen):
            chosen |= 1 << i
    return chosen


def _components(problem: Problem) -> list[int]:
    """Sets of candidates that touch each other's lines, limits or exclusions, by their first member."""
    full = (1 << len(problem.ones)) - 1
    if problem.limits_number:
        return [full]
    touched: dict[int, int] = {}  # by selection: its lines as bits
    holders: dict[str, int] = {}
    groups: list[tuple[int, int]] = []  # (members and whom they reach, their lines), apart from each other
    for i, one in enumerate(problem.ones):
        mine, lines = problem.excludes[i] | 1 << i, 0
        for members, _ in problem.counted:
            mine |= members if members >> i & 1 else 0
        for pool in problem.pools[i]:
            mine |= holders.get(pool.key, 0)
            holders[pool.key] = holders.get(pool.key, 0) | 1 << i
        for cut in one.offer.cuts:
            for n in cut.touches:
                bits = touched.get(n)
                if bits is None:
                    bits = touched[n] = _bits(problem.till.pick(n).idx)
                lines |= bits
        rest = []
        for members, of in groups:
            if members & mine or of & lines:
                mine |= members
                lines |= of
            else:
                rest.append((members, of))
        groups = [*rest, (mine, lines)]
    return [members for members, _ in groups]


def _bits(places: list[int]) -> int:
    if not places:
        return 0
    found = bytearray((places[-1] >> 3) + 1)
    for k in places:
        found[k >> 3] |= 1 << (k & 7)
    return int.from_bytes(found, "little")


def _solve(problem: Problem, members: int) -> Found:
    order = _places(members)
    if len(order) == 1:
        return Found(members, Search(True, 1, 0))
    is_free = not any(problem.excludes[i] & members for i in order) and not _is_counted(problem, members)
    if problem.objective is Objective.BEST_MARGIN and is_free:
        return Found(members, Search(True, 1, 0))
    if is_free and _all_help(problem, order):
        return Found(members, Search(True, 1, 0))
    if len(order) <= EXACT_UP_TO:
        branch = _Branching(problem, order)
        branch.go(0, 0, list(problem.till.amounts), {}, 0)
        return Found(branch.chosen, Search(True, branch.explored, 0))
    return _greedy(problem, order)


def _places(members: int) -> list[int]:
    found = []
    while members:
        low = members & -members
        found.append(low.bit_length() - 1)
        members ^= low
    return found


def _is_counted(problem: Problem, members: int) -> bool:
    most = problem.policy.most
    return any(of & members for of, _ in problem.counted) or (
        most is not None and (problem.discounts & members).bit_count() > most
    )


def _all_help(problem: Problem, order: list[int]) -> bool:
    """Whether taking all is certainly best, where nothing excludes anything.

    Each cut, before rounding, keeps at least a share `keeps` of a difference that comes before it. So what one
    takes, times the shares of those after it, is gained by taking it too, but for rounding: less than a minor unit
    for each line of each cut, on either side and in either run. Whoever gains more than that belongs to the best.
    """
    till, net = problem.till, list(problem.till.amounts)
    taken: list[tuple[int, int, int]] = []
    rounding = 0
    for i in order:
        one = problem.ones[i]
        if not one.offer.cuts:
            continue
        cut = one.offer.cuts[0]
        if cut.keeps_ppm is None or len(one.offer.cuts) > 1 or problem.pools[i]:
            return False
        acted = act(one, till, net, (), {})
        capped = acted.total < acted.wanted or one.room.minor is not None or one.offer.cap_minor is not None
        take(net, acted)
        emptied = any(net[k] == 0 for k in acted.idx)
        if capped or emptied or one.room.whole_minor is not None:
            return False
        taken.append((acted.total, cut.keeps_ppm, i))
        rounding += len(acted.idx)
    kept_num, kept_den = 1, 1
    for total, keeps, _ in reversed(taken):
        if total * kept_num <= 4 * rounding * kept_den:
            return False
        kept_num, kept_den = kept_num * keeps, kept_den * WHOLE_PPM
    return True


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
        said = one.offer.promotion
        if said.group is None or said.always or said.group in problem.policy.groups:
            bound += one.value
            continue
        known = of_group.get(said.group, 0)
        if one.value > known:
            of_group[said.group] = one.value
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
        return Found(chosen, Search(own == 0, len(order), own))
    total = sum([a.total for _, a in acted])
    lines = {k for i in order for cut in ones[i].offer.cuts for n in cut.touches for k in problem.till.pick(n).idx}
    bound = min(_bound(problem, order, 0), sum([problem.till.amounts[k] for k in lines]))
    if problem.cap is not None:
        bound = min(bound, problem.cap)
    return Found(chosen, Search(bound <= total, len(order), max(0, bound - total)))

"""What the search works on: candidates in their order of acting, what excludes what, and what they share."""

from __future__ import annotations

from dataclasses import replace

from regulars.value.promotions.rules.pricing.acting import Acted, Candidate, Pool, act, charge, take
from regulars.value.promotions.rules.pricing.cuts import Till
from regulars.value.promotions.terms import WHOLE_PPM, StackingPolicy

EVERYTHING = "*"  # the pool of all discounts


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
        if True not in [one.offer.excludes for one in ones]:
            return [0] * len(ones)
        groups: dict[str, int] = {}
        alone = 0
        special = False
        for i, one in enumerate(ones):
            offer = one.offer
            if offer.group is not None:
                groups[offer.group] = groups.get(offer.group, 0) | 1 << i
            if offer.is_exclusive:
                alone |= 1 << i
            special = special or offer.has_names
        single = {}
        for group, members in groups.items():
            limit = self.policy.groups.get(group)
            if limit is None or limit.most <= 1:
                single[group] = members
            elif members.bit_count() > limit.most:
                self.counted.append((members, limit.most))
        single = {group: members | alone for group, members in single.items()}
        found = [
            (full if one.offer.is_exclusive else single.get(one.offer.group or "", alone)) & ~(1 << i)
            for i, one in enumerate(ones)
        ]
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
        ones, policy, cap = self.ones, self.policy, self.cap
        if cap is None and not policy.groups and sum([one.code is not None for one in ones]) < 2:
            return [()] * len(ones)
        shared: list[list[Pool]] = [[] for _ in ones]
        by_key: dict[str, list[int]] = {}
        for i, one in enumerate(ones):
            if one.code is not None:
                by_key.setdefault(one.offer.key, []).append(i)
            group = policy.groups.get(one.offer.group or "")
            if group is not None and group.cap_minor is not None and one.offer.cuts:
                shared[i].append(Pool(f"group {one.offer.group}", group.cap_minor))
        for key, members in by_key.items():
            if len(members) > 1:
                for i in members:
                    room = ones[i].room
                    for left, kind in ((room.times, "times"), (room.whole_times, "whole"), (room.minor, "minor")):
                        if left is not None:
                            shared[i].append(Pool(f"{key} {kind}", left, kind != "minor"))
        if cap is not None:
            for i, one in enumerate(ones):
                if one.offer.cuts:
                    shared[i].append(Pool(EVERYTHING, cap))
        return [tuple(p) for p in shared]

    @property
    def counts(self) -> bool:
        """Whether more than exclusions decides who fits: how many may act."""
        return bool(self.counted) or self.policy.most is not None

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


def run(problem: Problem, chosen: int) -> tuple[list[tuple[int, Acted]], list[int]]:
    """Let a combination act, in order of priority, then key; what each takes, and what is left of the lines."""
    till, net = problem.till, list(problem.till.amounts)
    spent: dict[str, int] = {}
    out = []
    for i in places(chosen):
        pools = problem.pools[i]
        acted = act(problem.ones[i], till, net, pools, spent)
        if acted.total:
            take(net, acted)
        if pools:
            charge(spent, pools, acted)
        out.append((i, acted))
    return out, net


def places(members: int) -> list[int]:
    """The places of a set of candidates, ascending."""
    found = []
    while members:
        low = members & -members
        found.append(low.bit_length() - 1)
        members ^= low
    return found

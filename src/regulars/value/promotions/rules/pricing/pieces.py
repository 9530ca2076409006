"""Cuts that count pieces: buy-x-get-y, every n-th, the cheapest free, bundles.

A line of 89,638 pieces is one run of equal pieces: nothing here counts piece by piece. Pieces are chosen by their
price before promotions; k pieces of a line of q are worth its amount × k // q.
"""

from __future__ import annotations

from collections.abc import Iterable

from regulars.kernel.money import spread
from regulars.value.promotions.rules.pricing.cuts import HALF, NOTHING, Cut, Shortfall, Till
from regulars.value.promotions.rules.pricing.goods import Selected
from regulars.value.promotions.terms import WHOLE_PPM, Unlock

Run = tuple[int, int, int]  # place of the line, pieces taken, pieces on the line


class Pieces(Cut):
    """A share off chosen pieces."""

    __slots__ = ("label", "ppm")

    def __init__(self, selection: int, of_original: bool, ppm: int, label: str) -> None:
        super().__init__(selection, of_original)
        self.ppm, self.label = ppm, label
        self.comes_in_sets = True

    def sets(self, till: Till) -> int:
        """How many times the basket holds what it takes."""
        raise NotImplementedError

    def choose(self, till: Till, sets: int) -> list[Run]:
        """The pieces that become cheaper."""
        raise NotImplementedError

    def cut(self, till: Till, net: list[int], sets: int | None) -> tuple[list[int], list[int], int]:
        wanted = self.sets(till)
        if sets is not None:
            wanted = min(wanted, sets)
        if wanted <= 0:
            return NOTHING
        key = (id(self), wanted)
        runs = till.chosen.get(key)
        if runs is None:
            runs = till.chosen[key] = self.choose(till, wanted)
        base = till.amounts if self.of_original else net
        values = [base[i] * k // q for i, k, q in runs]
        places = [i for i, _, _ in runs]
        return places, self._shared(values, places, net, wanted), wanted

    def _shared(self, values: list[int], places: list[int], net: list[int], wanted: int) -> list[int]:
        parts = values
        if self.ppm != WHOLE_PPM:
            parts = spread((sum(values) * self.ppm + HALF) // WHOLE_PPM, values)
        return [min(part, net[i]) for i, part in zip(places, parts, strict=True)] if self.of_original else parts

    def shortfall(self, till: Till) -> Shortfall:
        if self.sets(till) > 0:
            return super().shortfall(till)
        missing, label = self.missing(till)
        unlock = Unlock("add_units", missing, label, None, f"Add {missing} more.")
        return Shortfall("too_few", f"{missing} more pieces are needed.", unlock)

    def missing(self, till: Till) -> tuple[int, str]:
        """Pieces that are missing for the first set, and of which goods."""
        raise NotImplementedError


class EveryNth(Pieces):
    """Of every n pieces, dearest first, the last."""

    __slots__ = ("n",)

    def __init__(self, selection: int, of_original: bool, n: int, ppm: int, label: str) -> None:
        super().__init__(selection, of_original, ppm, label)
        self.n = n

    def sets(self, till: Till) -> int:
        return till.pick(self.selection).units // self.n

    def choose(self, till: Till, sets: int) -> list[Run]:
        before, runs = 0, []
        for i, q in till.pick(self.selection).dearest:
            after = before + q
            taken = min(after // self.n, sets) - min(before // self.n, sets)
            if taken:
                runs.append((i, taken, q))
            before = after
        return sorted(runs)

    def missing(self, till: Till) -> tuple[int, str]:
        return self.n - till.pick(self.selection).units, self.label


class Got(Pieces):
    """For every `buy` pieces, `get` others; the goods that are got may be the same or others."""

    __slots__ = ("buy", "get", "got", "got_label", "is_cheapest_first")

    def __init__(
        self, selection: int, of_original: bool, ppm: int, label: str, *, buy: int, get: int, cheapest: bool = True
    ) -> None:
        super().__init__(selection, of_original, ppm, label)
        self.buy, self.get, self.is_cheapest_first = buy, get, cheapest
        self.got, self.got_label = selection, label

    @property
    def touches(self) -> tuple[int, ...]:
        return (self.got,)

    def sets(self, till: Till) -> int:
        bought = till.pick(self.selection)
        if self.got == self.selection:
            return bought.units // (self.buy + self.get)
        got = till.pick(self.got)
        either = bought.units + got.units - _shared_units(bought, got)
        by_buy = bought.units // self.buy if self.buy else either
        return min(by_buy, got.units // self.get, either // (self.buy + self.get))

    def choose(self, till: Till, sets: int) -> list[Run]:
        bought, got = till.pick(self.selection), till.pick(self.got)
        order = reversed(got.dearest) if self.is_cheapest_first else iter(got.dearest)
        wanted = sets * self.get
        spare = bought.units - sets * self.buy  # pieces that may be got although they could be bought
        own = set(bought.idx)
        runs = []
        for i, q in order:
            taken = min(q, wanted, spare) if i in own else min(q, wanted)
            if taken > 0:
                runs.append((i, taken, q))
                wanted -= taken
                spare -= taken if i in own else 0
        return sorted(runs)

    def missing(self, till: Till) -> tuple[int, str]:
        bought = till.pick(self.selection)
        if self.got == self.selection:
            return self.buy + self.get - bought.units, self.label
        if bought.units < self.buy:
            return self.buy - bought.units, self.label
        got = till.pick(self.got)
        either = bought.units + got.units - _shared_units(bought, got)
        return max(self.get - got.units, self.buy + self.get - either), self.got_label


class Together(Pieces):
    """Parts that cost one price together; as many bundles as save money, dearest pieces first."""

    __slots__ = ("minor", "parts")

    def __init__(self, of_original: bool, parts: tuple[tuple[int, int, str], ...], minor: int) -> None:
        super().__init__(parts[0][0], of_original, WHOLE_PPM, "")
        self.parts, self.minor = parts, minor

    @property
    def touches(self) -> tuple[int, ...]:
        return tuple([p for p, _, _ in self.parts])

    def sets(self, till: Till) -> int:
        key = (id(self), "sets")
        known = till.chosen.get(key)
        if known is None:
            known = till.chosen[key] = [(self._count(till), 0, 0)]
        return known[0][0]

    def _count(self, till: Till) -> int:
        most = min([till.pick(p).units // n for p, n, _ in self.parts])
        low, high = 0, most
        while low < high:  # the largest number that can be laid out, and whose last bundle still saves
            middle = (low + high + 1) // 2
            if self._saves(till, middle):
                low = middle
            else:
                high = middle - 1
        return low

    def _saves(self, till: Till, sets: int) -> bool:
        now, before = self._lay(till, sets), self._lay(till, sets - 1)
        if now is None or before is None:
            return False
        amounts = till.amounts
        added = sum([amounts[i] * k // q for i, k, q in now]) - sum([amounts[i] * k // q for i, k, q in before])
        return added > self.minor

    def _lay(self, till: Till, sets: int) -> list[Run] | None:
        """The pieces of so many bundles; None when they are not there. Scarce parts choose first."""
        taken: dict[int, int] = {}
        counts: dict[int, int] = {}
        for p, n, _ in sorted(self.parts, key=lambda part: (till.pick(part[0]).units - sets * part[1], part[0])):
            wanted = sets * n
            for i, q in till.pick(p).dearest:
                if wanted <= 0:
                    break
                free = min(q - taken.get(i, 0), wanted)
                if free > 0:
                    taken[i] = taken.get(i, 0) + free
                    counts[i] = q
                    wanted -= free
            if wanted > 0:
                return None
        return [(i, taken[i], counts[i]) for i in sorted(taken)]

    def choose(self, till: Till, sets: int) -> list[Run]:
        return self._lay(till, sets) or []

    def _shared(self, values: list[int], places: list[int], net: list[int], wanted: int) -> list[int]:
        parts = spread(max(0, sum(values) - wanted * self.minor), values)
        return [min(part, net[i]) for i, part in zip(places, parts, strict=True)] if self.of_original else parts

    def shortfall(self, till: Till) -> Shortfall:
        if all(till.pick(p).units >= n for p, n, _ in self.parts) and self._lay(till, 1) is not None:
            return Shortfall("no_effect", "The parts cost no more one by one.")
        return super().shortfall(till)

    def missing(self, till: Till) -> tuple[int, str]:
        for p, n, label in self.parts:
            if till.pick(p).units < n:
                return n - till.pick(p).units, label
        left = sum([n for _, n, _ in self.parts]) - _units(till, {p for p, _, _ in self.parts})
        return max(1, left), self.parts[0][2]


def _shared_units(one: Selected, other: Selected) -> int:
    counts = dict(zip(one.idx, one.counts, strict=True))
    return sum([counts.get(i, 0) for i in other.idx])


def _units(till: Till, selections: Iterable[int]) -> int:
    counts: dict[int, int] = {}
    for p in selections:
        pick = till.pick(p)
        counts.update(zip(pick.idx, pick.counts, strict=True))
    return sum(counts.values())

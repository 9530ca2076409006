"""What a discount effect takes off which lines: percentages, amounts, prices, thresholds. Whole numbers throughout.

Every cut rounds once in its scope, half up, and shares over lines by largest remainder (ties by place). None takes
more from a line than is left of it. A smaller price never makes a cut greater: the search for the best combination
rests on that.
"""

from __future__ import annotations

from typing import NamedTuple

from regulars.kernel.money import spread
from regulars.value.promotions.rules.pricing import goods
from regulars.value.promotions.rules.pricing.goods import MILLION, Selected
from regulars.value.promotions.terms import WHOLE_PPM, Line, Step, Target, Unlock

HALF = WHOLE_PPM // 2
NOTHING: tuple[list[int], list[int], int] = ([], [], 0)


class Till:
    """What cuts see of a basket: its lines, their amounts before promotions, and what each selection means."""

    __slots__ = ("amounts", "chosen", "empty", "lines", "picked", "quantities")

    def __init__(self, lines: tuple[Line, ...], amounts: list[int], picked: dict[int, Selected]) -> None:
        self.lines, self.amounts, self.picked = lines, amounts, picked
        self.empty = Selected(lines, [], amounts)
        self.chosen: dict[object, list[tuple[int, int, int]]] = {}
        self.quantities: dict[int, int] = {}

    def pick(self, selection: int) -> Selected:
        """The lines that a selection means."""
        return self.picked.get(selection, self.empty)

    def quantity(self, i: int) -> int:
        """The quantity of a line in millionths."""
        known = self.quantities.get(i)
        if known is None:
            known = self.quantities[i] = goods.millionths(self.lines[i].quantity)
        return known


class Shortfall(NamedTuple):
    """Why a cut takes nothing from a basket, and what would change that."""

    code: str
    detail: str
    unlock: Unlock | None = None


class Cut:
    """One discount effect of one promotion. `selection` is the number of the lines it means.

    `keeps_ppm`: of a difference between two baskets before it, how much is certainly left after it, while it takes
    all that it wants (None: nothing can be said).
    """

    __slots__ = ("comes_in_sets", "keeps_ppm", "of_original", "selection")

    def __init__(self, selection: int, of_original: bool = False) -> None:
        self.selection, self.of_original = selection, of_original
        self.keeps_ppm: int | None = None
        self.comes_in_sets = False

    @property
    def touches(self) -> tuple[int, ...]:
        """The selections whose lines it may change."""
        return (self.selection,)

    def most(self, till: Till, net: list[int]) -> int:
        """What it takes when lines stand at `net`; never less than `cut` would."""
        return sum(self.cut(till, net, None)[1])

    def cut(self, till: Till, net: list[int], sets: int | None) -> tuple[list[int], list[int], int]:
        """Places of lines, what is taken from each, and how many times it acted.

        Args: net: what is left of each line. sets: how many times it may act (None: no limit).
        """
        raise NotImplementedError

    def shortfall(self, till: Till) -> Shortfall:
        """Why it takes nothing."""
        return Shortfall("no_effect", "There is nothing left that it could take off.")

    def next_step(self, till: Till, net: list[int]) -> Shortfall | None:
        """What a little more would bring, where it already acts."""
        return None


class PercentOfAll(Cut):
    """A share off all selected lines together, rounded once."""

    __slots__ = ("ppm",)

    def __init__(self, selection: int, of_original: bool, ppm: int) -> None:
        super().__init__(selection, of_original)
        self.ppm = ppm
        self.keeps_ppm = WHOLE_PPM if of_original else WHOLE_PPM - ppm

    def most(self, till: Till, net: list[int]) -> int:
        pick = till.pick(self.selection)
        total = pick.total if self.of_original or net is till.amounts else sum([net[i] for i in pick.idx])
        return (total * self.ppm + HALF) // WHOLE_PPM

    def cut(self, till: Till, net: list[int], sets: int | None) -> tuple[list[int], list[int], int]:
        idx = till.pick(self.selection).idx
        if self.of_original:
            weights = [till.amounts[i] for i in idx]
            parts = spread((sum(weights) * self.ppm + HALF) // WHOLE_PPM, weights)
            return idx, [min(part, net[i]) for i, part in zip(idx, parts, strict=True)], 1
        weights = net if len(idx) == len(net) else [net[i] for i in idx]
        return idx, spread((sum(weights) * self.ppm + HALF) // WHOLE_PPM, weights), 1


class PercentOfEach(Cut):
    """A share off each selected line, rounded on each: no line changes what another gets."""

    __slots__ = ("ppm",)

    def __init__(self, selection: int, of_original: bool, ppm: int) -> None:
        super().__init__(selection, of_original)
        self.ppm = ppm
        self.keeps_ppm = WHOLE_PPM if of_original else WHOLE_PPM - ppm

    def most(self, till: Till, net: list[int]) -> int:
        if net is not till.amounts:
            return super().most(till, net)
        ppm = self.ppm
        return sum([(net[i] * ppm + HALF) // WHOLE_PPM for i in till.pick(self.selection).idx])

    def cut(self, till: Till, net: list[int], sets: int | None) -> tuple[list[int], list[int], int]:
        idx, ppm = till.pick(self.selection).idx, self.ppm
        if self.of_original:
            base = till.amounts
            return idx, [min((base[i] * ppm + HALF) // WHOLE_PPM, net[i]) for i in idx], 1
        return idx, [(net[i] * ppm + HALF) // WHOLE_PPM for i in idx], 1


class AmountOfAll(Cut):
    """An amount off all selected lines together."""

    __slots__ = ("minor",)

    def __init__(self, selection: int, minor: int) -> None:
        super().__init__(selection)
        self.minor = minor
        self.keeps_ppm = WHOLE_PPM

    def most(self, till: Till, net: list[int]) -> int:
        pick = till.pick(self.selection)
        return min(self.minor, pick.total if net is till.amounts else sum([net[i] for i in pick.idx]))

    def cut(self, till: Till, net: list[int], sets: int | None) -> tuple[list[int], list[int], int]:
        idx = till.pick(self.selection).idx
        weights = net if len(idx) == len(net) else [net[i] for i in idx]
        return idx, spread(min(self.minor, sum(weights)), weights), 1


class AmountOfEach(Cut):
    """An amount off each selected line, or off each unit on it (weighed goods: for the quantity)."""

    __slots__ = ("is_by_unit", "minor")

    def __init__(self, selection: int, minor: int, is_by_unit: bool) -> None:
        super().__init__(selection)
        self.minor, self.is_by_unit = minor, is_by_unit
        self.keeps_ppm = WHOLE_PPM

    def cut(self, till: Till, net: list[int], sets: int | None) -> tuple[list[int], list[int], int]:
        idx, minor = till.pick(self.selection).idx, self.minor
        if not self.is_by_unit:
            return idx, [min(minor, net[i]) for i in idx], 1
        return idx, [min(_times(minor, till.quantity(i)), net[i]) for i in idx], 1


class UnitPrice(Cut):
    """Each unit costs a fixed price, where it costs more."""

    __slots__ = ("minor",)

    def __init__(self, selection: int, minor: int) -> None:
        super().__init__(selection)
        self.minor = minor

    def cut(self, till: Till, net: list[int], sets: int | None) -> tuple[list[int], list[int], int]:
        idx = till.pick(self.selection).idx
        return idx, [max(0, net[i] - _times(self.minor, till.quantity(i))) for i in idx], 1

    def shortfall(self, till: Till) -> Shortfall:
        return Shortfall("no_effect", "The goods cost no more than the fixed price.")


class CatalogPrice(Cut):
    """The member price of the catalog, where it is lower."""

    __slots__ = ()

    def cut(self, till: Till, net: list[int], sets: int | None) -> tuple[list[int], list[int], int]:
        idx, lines = till.pick(self.selection).idx, till.lines
        parts = []
        for i in idx:
            price = lines[i].member_minor
            parts.append(0 if price is None else max(0, net[i] - max(price, 0)))
        return idx, parts, 1

    def shortfall(self, till: Till) -> Shortfall:
        return Shortfall("no_effect", "None of the goods has a lower member price.")


class Stepped(Cut):
    """The best step that the goods reach (with every time it is reached, where it repeats)."""

    __slots__ = ("is_repeated", "label", "steps")

    def __init__(
        self, selection: int, of_original: bool, steps: tuple[Step, ...], is_repeated: bool, label: str
    ) -> None:
        super().__init__(selection, of_original)
        self.steps = tuple(sorted(steps, key=lambda s: s.from_minor))
        self.is_repeated, self.label = is_repeated, label
        self.comes_in_sets = is_repeated

    def _best(self, base: int, sets: int | None) -> tuple[int, int]:
        best, acted = 0, 0
        for step in self.steps:
            if base < step.from_minor:
                break
            times = base // step.from_minor if self.is_repeated and step.from_minor > 0 else 1
            if sets is not None and self.is_repeated:
                times = min(times, sets)
            off = step.minor * times if step.minor else (base * step.ppm + HALF) // WHOLE_PPM
            if off > best:
                best, acted = off, times
        return best, acted

    def most(self, till: Till, net: list[int]) -> int:
        pick = till.pick(self.selection)
        left = pick.total if net is till.amounts else sum([net[i] for i in pick.idx])
        return min(self._best(pick.total if self.of_original else left, None)[0], left)

    def cut(self, till: Till, net: list[int], sets: int | None) -> tuple[list[int], list[int], int]:
        pick = till.pick(self.selection)
        weights = [net[i] for i in pick.idx]
        left = sum(weights)
        off, acted = self._best(pick.total if self.of_original else left, sets)
        return pick.idx, spread(min(off, left), weights), acted

    def shortfall(self, till: Till) -> Shortfall:
        return self._missing(self.steps[0].from_minor, till.pick(self.selection).total, "too_little")

    def next_step(self, till: Till, net: list[int]) -> Shortfall | None:
        pick = till.pick(self.selection)
        base = pick.total if self.of_original else sum([net[i] for i in pick.idx])
        now = self._best(base, None)[0]
        reach = [s.from_minor for s in self.steps if s.from_minor > base]
        if self.is_repeated:
            reach += [(base // s.from_minor + 1) * s.from_minor for s in self.steps if 0 < s.from_minor <= base]
        for goal in sorted(reach):
            if self._best(goal, None)[0] > now:
                return self._missing(goal, base, "nearly")
        return None

    def _missing(self, goal: int, base: int, code: str) -> Shortfall:
        unlock = Unlock("spend_minor", goal - base, self.label, None, "Spend more to reach the next step.")
        return Shortfall(code, f"The next step is at {goal} minor units; the goods come to {base}.", unlock)


def _times(minor: int, millionths: int) -> int:
    """A price times a quantity, half up."""
    return (2 * minor * millionths + MILLION) // (2 * MILLION)


def percent(selection: int, target: Target, ppm: int, of_original: bool) -> Cut:
    """The cut of a percentage: on each line and each unit alike, or rounded once over all (order, shipping)."""
    if target in (Target.LINE, Target.UNIT):
        return PercentOfEach(selection, of_original, ppm)
    return PercentOfAll(selection, of_original, ppm)


def amount(selection: int, target: Target, minor: int) -> Cut:
    """The cut of an amount."""
    if target in (Target.LINE, Target.UNIT):
        return AmountOfEach(selection, minor, target is Target.UNIT)
    return AmountOfAll(selection, minor)

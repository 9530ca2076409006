"""The rules of a program as members read them, generated from its document. Pure: who shows them escapes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regulars.governance.publishing.rules.differing import short
from regulars.governance.publishing.rules.public_words import say
from regulars.kernel import wording

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Item:
    """One thing: its name, and what is to be known of it."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it."""

    title: str
    items: tuple[Item, ...]


def page(document: Body, *, language: str, today: str, tellings: Iterable[Body] = ()) -> tuple[Section, ...]:
    """Everything a member may rely on, section by section; empty sections are left out.

    Args: document: a version's, in JSON values. language: `en` or `zh-Hans`. today: ISO day of the program.
    tellings: coming changes: `applies_on` and `changes`.
    """
    reader = _Reader(document, language, today)
    parts: list[tuple[str, Callable[[], Iterator[Item]]]] = [
        ("coming", lambda: reader.coming(tellings)),
        ("units", reader.units),
        ("earning", reader.earning),
        ("paying", reader.paying),
        ("levels", reader.levels),
        ("benefits", reader.benefits),
        ("rewards", reader.rewards),
        ("plans", reader.plans),
        ("offers", reader.offers),
        ("fairness", reader.fairness),
    ]
    found = [Section(say(title, language), tuple(items())) for title, items in parts]
    return tuple(s for s in found if s.items)


def named(body: Body, language: str) -> str:
    """What a thing is called in a language, or the nearest.

    >>> named({"key": "gold", "name": {"en": "Gold", "zh-Hans": "金卡"}}, "zh-Hans")
    '金卡'
    """
    name = body.get("name")
    if isinstance(name, str) and name:
        return name
    if isinstance(name, Mapping) and name:
        for locale in (language, language.split("-")[0], "zh-Hans" if language.startswith("zh") else "en", "en"):
            if name.get(locale):
                return str(name[locale])
        return str(next(iter(name.values())))
    return str(body.get("key", ""))


class _Reader:
    def __init__(self, document: Body, language: str, today: str) -> None:
        self.document, self.language, self.today = document, language, today
        program = document.get("program") or {}
        self.currency = str(program.get("currency", ""))
        self.unit_names = {u["key"]: named(u, language) for u in self._list("units")}
        self.level_names = {
            f"{ladder['key']}/{level['key']}": named(level, language)
            for ladder in self._list("ladders")
            for level in _entries(ladder.get("levels"))
        }

    def say(self, phrase: str, **facts: object) -> str:
        return say(phrase, self.language, **facts)

    def _list(self, section: str) -> list[Body]:
        return _entries(self.document.get(section))

    def _unit(self, key: Any) -> str:
        return self.unit_names.get(key, str(key))

    def _many(self, amount: Any, unit: Any) -> str:
        return f"{wording.figure(amount)} {wording.counted(self._unit(unit), amount, self.language)}"

    def _money(self, amount: Any) -> str:
        return wording.price(amount, self.currency) if amount is not None else ""

    def _day(self, day: Any) -> str:
        return wording.day(day, self.language)

    def _every(self, period: str, n: Any) -> str:
        return self.say("every", n=n, period=self._period(period.removesuffix("s") if n == 1 else period))

    def _item(self, body: Body, lines: Iterable[str]) -> Item:
        return Item(named(body, self.language), tuple(line for line in lines if line))

    def _period(self, key: Any) -> str:
        return self.say(f"period.{key}")

    def units(self) -> Iterator[Item]:
        for unit in self._list("units"):
            lines = [self.say("measure")] if unit.get("kind") == "measure" else []
            lines += [self._expiry(unit.get("expiry")), self._activation(unit.get("activation"))]
            if unit.get("debt") == "owe":
                lines.append(self.say("owe"))
            yield self._item(unit, lines)

    def _expiry(self, expiry: Any) -> str:
        kind = expiry.get("kind", "never") if isinstance(expiry, Mapping) else "never"
        if kind == "never":
            return self.say("never")
        for name in ("days", "months"):
            if isinstance(expiry.get(name), int):
                unused = "inactivity" if name == "months" else "inactivity_days"
                return self.say(unused if kind == "inactivity" else name, n=expiry[name])
        return self.say("dated")

    def _activation(self, activation: Any) -> str:
        if not isinstance(activation, Mapping) or activation.get("kind", "at_once") == "at_once":
            return ""
        days = activation.get("days")
        return self.say("after_days", n=days) if isinstance(days, int) else self.say("after_event")

    def earning(self) -> Iterator[Item]:
        for rule in self._list("earn_rules"):
            if self._is_over(rule.get("ends_on")):
                continue
            unit = rule.get("unit")
            lines = [self._rate(rule, unit)]
            if rule.get("fixed") is not None:
                lines.append(self.say("fixed", points=self._many(rule["fixed"], unit)))
            if rule.get("per_unit") is not None:
                lines.append(self.say("per_unit", points=self._many(rule["per_unit"], unit)))
            if rule.get("times") is not None:
                lines.append(self.say("times", n=rule["times"]))
            lines += [self._cap(cap) for cap in _entries(rule.get("caps"))]
            lines += self._limits(rule, rule.get("starts_on"), rule.get("ends_on"))
            yield self._item(rule, lines)

    def _rate(self, rule: Body, unit: Any) -> str:
        rate = rule.get("rate")
        if not isinstance(rate, Mapping):
            return ""
        per = rate.get("per")
        amount = per.get(self.currency) if isinstance(per, Mapping) else per
        return self.say("rate", points=self._many(rate.get("points", 1), unit), per=self._money(amount))

    def _cap(self, cap: Body) -> str:
        return self.say("cap", n=wording.figure(cap.get("amount", "")), period=self._period(cap.get("period", "day")))

    def _limits(self, body: Body, starts: Any, ends: Any) -> list[str]:
        lines = [self.say("from", day=self._day(starts))] if starts and str(starts)[:10] > self.today else []
        lines += [self.say("until", day=self._day(ends))] if ends else []
        levels = body.get("tiers") or body.get("levels")
        if isinstance(levels, list) and levels:
            lines.append(self.say("for_levels", levels=", ".join(self._level(x) for x in levels)))
        if body.get("stores") or body.get("channels"):
            lines.append(self.say("places"))
        if body.get("when") or body.get("lines") or body.get("goods") or body.get("audiences"):
            lines.append(self.say("some"))
        return lines

    def _level(self, key: Any) -> str:
        if isinstance(key, str) and key.endswith("+"):
            return f"{self._level(key[:-1])}+"
        if key in self.level_names:
            return self.level_names[key]
        return next((name for path, name in self.level_names.items() if path.endswith(f"/{key}")), str(key))

    def _is_over(self, day: Any) -> bool:
        return isinstance(day, str) and day[:10] < self.today

    def paying(self) -> Iterator[Item]:
        for rate in _entries((self.document.get("policies") or {}).get("points_tender")):
            unit, points = self._unit(rate.get("unit")), rate.get("points")
            paid = {"points": self._many(points, rate.get("unit")), "amount": self._money(rate.get("amount"))}
            lines = [self.say("tender", n=points, **paid)]
            lines += [self.say("tender_min", n=wording.figure(rate["min"]))] if rate.get("min") else []
            lines += [self.say("tender_most", n=rate["most_percent"])] if rate.get("most_percent") else []
            yield Item(unit, tuple(lines))

    def levels(self) -> Iterator[Item]:
        for ladder in self._list("ladders"):
            for level in _entries(ladder.get("levels")):
                enter, keep = self._needs(ladder, level.get("enter")), self._needs(ladder, level.get("keep"))
                lines = [self.say("enter", needs=enter) if enter else self.say("base")]
                lines += [self.say("keep", needs=keep)] if keep else []
                yield self._item(level, lines)

    def _needs(self, ladder: Body, said: Any) -> str:
        if isinstance(said, Mapping):
            joined = self.say("and") if ladder.get("match", "any") == "all" else self.say("or")
            return joined.join(self._many(n, unit) for unit, n in said.items() if n)
        measures = ladder.get("measures")
        measure = ladder.get("measure") or (measures[0] if isinstance(measures, list) and measures else "")
        return self._many(said, measure) if said else ""

    def benefits(self) -> Iterator[Item]:
        for benefit in self._list("benefits"):
            whom = benefit.get("for")
            whom = whom if isinstance(whom, Mapping) else {}
            lines = [self.say("everyone")] if whom.get("everyone") else []
            if isinstance(whom.get("levels"), list) and whom["levels"]:
                lines.append(self.say("for_levels", levels=", ".join(self._level(x) for x in whom["levels"])))
            plans = {p.get("key"): named(p, self.language) for p in self._list("plans")}
            if isinstance(whom.get("plans"), list) and whom["plans"]:
                lines.append(self.say("for_levels", levels=", ".join(str(plans.get(p, p)) for p in whom["plans"])))
            quota = benefit.get("quota")
            if isinstance(quota, Mapping) and quota.get("times"):
                lines.append(self.say("quota", n=quota["times"], period=self._period(quota.get("period", "year"))))
            yield self._item(benefit, lines)

    def rewards(self) -> Iterator[Item]:
        for reward in self._list("rewards"):
            if self._is_over(reward.get("ends")):
                continue
            prices = [self._price(p) for p in _entries(reward.get("price"))]
            lines = [self.say("or").join(p for p in prices if p)]
            yield self._item(reward, [*lines, *self._limits(reward, reward.get("starts"), reward.get("ends"))])

    def _price(self, price: Body) -> str:
        units = price.get("units")
        parts = [self._many(n, unit) for unit, n in units.items()] if isinstance(units, Mapping) else []
        parts += [self._money(price["amount"])] if price.get("amount") else []
        return self.say("and").join(parts)

    def plans(self) -> Iterator[Item]:
        for plan in self._list("plans"):
            every, trial = plan.get("every"), plan.get("trial")
            lines = [self._money(plan["price"])] if plan.get("price") is not None else []
            if isinstance(every, Mapping):
                lines += [self._every(str(period), n) for period, n in every.items()]
            if isinstance(trial, Mapping) and trial.get("days"):
                lines.append(self.say("trial", n=trial["days"]))
            yield self._item(plan, lines)

    def offers(self) -> Iterator[Item]:
        for promotion in self._list("promotions"):
            schedule = promotion.get("schedule")
            schedule = schedule if isinstance(schedule, Mapping) else {}
            if promotion.get("state") == "paused" or self._is_over(schedule.get("ends")):
                continue
            yield self._item(promotion, self._limits(promotion, schedule.get("starts"), schedule.get("ends")))

    def fairness(self) -> Iterator[Item]:
        policies = self.document.get("policies") or {}
        lines = [self.say("returns")]
        if policies.get("claims_within_days"):
            lines.append(self.say("claims", n=policies["claims_within_days"]))
        if policies.get("notice_days"):
            lines.append(self.say("notice", n=policies["notice_days"]))
        if (policies.get("old_terms") or {}).get("most_days"):
            lines.append(self.say("old_terms", n=policies["old_terms"]["most_days"]))
        if policies.get("lowest_price_days"):
            lines.append(self.say("lowest", n=policies["lowest_price_days"]))
        for line in lines:
            yield Item("", (line,))

    def coming(self, tellings: Iterable[Body]) -> Iterator[Item]:
        for telling in tellings:
            lines = []
            for one in telling["changes"]:
                name = self._named(one.get("section"), one.get("key"))
                if one.get("change") == "removed":
                    lines.append(self.say("gone", key=name))
                for field in one.get("fields", ()) if one.get("change") == "changed" else ():
                    path = f"{name}, {field['path']}"
                    sides = {s: self._side(field[s]) for s in ("before", "after")}
                    lines.append(self.say("becomes", path=path, **sides))
            yield Item(self.say("applies", day=self._day(telling["applies_on"])), tuple(lines))

    def _side(self, value: Any) -> str:
        return self.say("nothing") if value is None else short(value)

    def _named(self, section: Any, key: Any) -> str:
        found = next((b for b in self._list(str(section)) if b.get("key") == key), None)
        return named(found, self.language) if found is not None else str(key or section)


def _entries(value: Any) -> list[Body]:
    return [e for e in value if isinstance(e, Mapping)] if isinstance(value, list | tuple) else []

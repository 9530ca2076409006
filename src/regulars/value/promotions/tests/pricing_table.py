"""The pricing table: literal baskets with what they must cost, worked out by hand; read, decided, and written as a page.

A line is `sku[@category[/above]] amount [x<quantity>[uom]] [!kind] [m<member price>] [t<tax>[+]]`; `5000 * …` repeats it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import yaml

from regulars.value.promotions.rules import Book, compile_rules, decide, document
from regulars.value.promotions.rules.writing_promotions import write_promotion
from regulars.value.promotions.terms import Basket, CouponHeld, Line, Question, Snapshot, Spend, Verdict
from regulars.value.promotions.tests.baskets import UNITS, basket, member

FOLDER = Path(__file__).parent / "table"
_LINE = re.compile(
    r"(?:(?P<times>\d+) \* )?(?P<sku>\w+)(?:@(?P<category>[\w/]+))? (?P<amount>-?\d+)"
    r"(?: x(?P<quantity>[\d.]+)(?P<uom>[a-z]*))?(?: !(?P<kind>\w+))?(?: m(?P<member>\d+))?(?: t(?P<tax>\d+)(?P<out>\+)?)?\Z"
)
_REGIONS: dict[str, str | None] = {"leeds": "north", "york": "north", "north": None, "london": None}


class _Words(yaml.SafeLoader):
    """YAML in which `off` is a word and 12.5 is exact."""


_Words.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag.rpartition(":")[2] in ("int", "null")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Words.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)\Z"), list("tf"))


class Case(NamedTuple):
    """One basket of the table."""

    chapter: str
    said: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.said["name"])


class Chapter(NamedTuple):
    """One file of the table."""

    title: str
    zh: str
    cases: list[Case]


def chapters() -> list[Chapter]:
    """The whole table."""
    told = [yaml.load(p.read_text("utf-8"), _Words) for p in sorted(FOLDER.glob("*.yaml"))]
    return [Chapter(t["title"], t["zh"], [Case(t["title"], c) for c in t["cases"]]) for t in told]


def cases() -> Iterator[Case]:
    """Every basket."""
    for chapter in chapters():
        yield from chapter.cases


def lines_of(case: Case) -> tuple[Line, ...]:
    """The lines of a basket."""
    found: list[Line] = []
    for text in case.said["basket"]:
        match = _LINE.match(text)
        assert match, text
        said = match.groupdict()
        above = tuple((said["category"] or "").split("/")) if said["category"] else ()
        for _ in range(int(said["times"] or 1)):
            n = len(found) + 1
            found.append(
                Line(
                    id=f"l{n}",
                    n=n,
                    sku=said["sku"],
                    quantity=Decimal(said["quantity"] or "1"),
                    amount_minor=int(said["amount"]),
                    uom=said["uom"] or "",
                    kind=said["kind"] or "goods",
                    member_minor=int(said["member"]) if said["member"] else None,
                    tax_rate=Decimal(said["tax"]) / 100 if said["tax"] else None,
                    tax_included=not said["out"],
                    category=above[0] if above else None,
                    categories=above,
                )
            )
    return tuple(found)


def document_of(case: Case) -> dict[str, Any]:
    """The program document that a case speaks of."""
    said = case.said
    return {
        "program": {"currency": said.get("currency", "GBP")},
        "policies": said.get("policies", {}),
        "earn_rules": said.get("earn_rules", []),
        "promotions": said.get("promotions", []),
        "coupon_templates": said.get("templates", []),
    }


def snapshot_of(case: Case) -> Snapshot:
    """The document, read without a fault, written and read again, and compiled."""
    whole = document.read_whole(document_of(case))
    assert whole.faults == []
    currency = case.said.get("currency", "GBP")
    promotions = (*whole.promotions, *whole.gives)
    for one in whole.promotions:
        told = orjson.loads(orjson.dumps(write_promotion(one, currency), default=str))
        again, faults = document.read_promotions(
            {"program": {"currency": currency}, "promotions": [told]}, beside=[p.key for p in promotions]
        )
        assert (again, faults) == ((one,), [])
    book = Book(
        promotions=promotions,
        units=UNITS,
        parents=_REGIONS,
        brands={},
        zone="Europe/London",
        stacking=whole.policies.stacking,
    )
    return Snapshot(
        program_id=1,
        version=1,
        zone="Europe/London",
        currency=currency,
        units=UNITS,
        rules=whole.rules,
        policies=whole.policies,
        base_tier="member",
        plan=compile_rules(rules=whole.rules, units=UNITS, parents=_REGIONS),
        promotions=promotions,
        book=book,
        names=book.names,
    )


def question_of(case: Case) -> Question:
    """What the till asks."""
    said = case.said
    bought: Basket = basket(
        *lines_of(case),
        currency=said.get("currency", "GBP"),
        store=said.get("store"),
        tenders=[tuple(t) for t in said.get("tenders", [])],
    )
    who = None
    if "member" in said:
        told = dict(said["member"])
        for name in ("audiences", "consents"):
            if name in told:
                told[name] = frozenset(told[name])
        who = member(**told)
    coupons = tuple(CouponHeld(c, c.split("/")[0], refused=(c.split("/") + [""])[2:3][0] if c.count("/") > 1 else "")
                    for c in said.get("coupons", []))  # fmt: skip
    spend = tuple(Spend(unit, None if n == "all" else n) for unit, n in said.get("spend", {}).items())
    return Question(basket=bought, member=who, coupons=coupons, left=said.get("left", {}), spend=spend)


def verdict_of(case: Case) -> Verdict:
    """What the engine answers."""
    return decide(question=question_of(case), snapshot=snapshot_of(case))


def answers(case: Case, verdict: Verdict) -> dict[str, Any]:
    """Of a verdict, what the case has an expectation of."""
    pricing = verdict.pricing
    off: dict[str, int] = {}
    for applied in pricing.applied:
        if applied.discount_minor:
            off[applied.key] = off.get(applied.key, 0) + applied.discount_minor
    wanted = case.said["expect"]
    why = {u.key: u.code for u in reversed(pricing.unapplied)}
    found: dict[str, Any] = {
        "off": off,
        "net": [line.net_minor for line in pricing.lines],
        "total": pricing.total_minor,
        "why": {key: why.get(key) for key in wanted.get("why", {})},
        "points": sum(e.amount for e in verdict.earning.earned if e.unit == "points"),
        "spend": {s.unit: [s.amount, s.minor] for s in verdict.spend},
        "due": verdict.due_minor,
        "tendered": [line.tendered_minor for line in pricing.lines],
        "takes": {t.key: t.amount for t in pricing.takes},
        "counters": dict(pricing.counters or {}),
        "outcomes": [o.kind for o in pricing.outcomes],
    }
    return {name: found[name] for name in wanted}


def page() -> str:
    """The table as a page of the documentation."""
    told = chapters()
    count = sum(len(c.cases) for c in told)
    out = [
        "# The pricing table",
        "",
        f"{count} baskets with what they must cost, worked out by hand and checked against the engine by a test. Amounts are minor units",
        "(pence, fen); a line is `goods amount`, with `x` quantity, `!` kind, `m` member price, `t` tax (`+`: not included). This page is",
        "written by `scripts/pricing_table.py`.",
        "",
    ]
    for chapter in told:
        out += [f"## {chapter.title} · {chapter.zh}", ""]
        out += ["| basket | promotions | worked out by hand | off | costs |", "|---|---|---|---|---|"]
        out += [_row(case) for case in chapter.cases]
        out.append("")
    return "\n".join(out)


def _row(case: Case) -> str:
    said, expect = case.said, case.said["expect"]
    beside = {k: v for k, v in said.items() if k not in ("name", "promotions", "basket", "sum", "expect")}
    rules = [_short(p) for p in said.get("promotions", [])] + [f"{k}: {_short(v)}" for k, v in beside.items()]
    off = " ".join(f"{k} {v}" for k, v in expect.get("off", {}).items()) or "–"
    off += "".join(f" {k}: {v}" for k, v in expect.get("why", {}).items())
    rest = [f"{k} {_short(v)}" for k, v in expect.items() if k not in ("off", "net", "total", "why")]
    costs = " + ".join(str(n) for n in expect["net"]) if "net" in expect else str(expect["total"])
    cells = [
        f"**{said['name']}**<br>{' · '.join(said['basket'])}",
        "<br>".join(f"`{r}`" for r in rules) or "–",
        said["sum"],
        off,
        "<br>".join([costs, *rest]),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _short(value: Any) -> str:
    """Values as a document writes them in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_short(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_short(v) for v in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)

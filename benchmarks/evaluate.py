"""Deciding a 10-line basket against 10, 50, 200 and 1,000 live promotions, in process, every one of them explained.

    python -m benchmarks.evaluate [--rounds 40] [--json]

The baskets and promotions have the shape that other engines were measured with: 10 lines of 5 categories, a member in
two groups, two codes shown; half of the promotions for goods and half for the whole, half percentages and half
amounts, three of four automatic, four of five with a group and with a minimum, a quarter with a condition in CEL.
5 of 10 and 15 of 50 qualify and stand together; 50 of 200 and 243 of 1,000 in exclusivity groups of five. Time is the
process's own CPU time, the median of rounds. The reference, in the same rounds, is the least that any engine in this
language would do: closures that find the same promotions and amounts shared over lines, without reasons, choice,
limits, coupons, CEL or earning; alone on this kind of machine it takes about 0.015, 0.04, 0.10 and 0.40 ms.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any
from uuid import UUID

from benchmarks.rows import Row, tell

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
CATEGORIES = ("coffee", "tea", "bakery", "fruit", "home")
AMOUNTS = (12_900, 4_599, 7_250, 3_333, 9_999, 5_050, 8_400, 6_300, 1_750, 8_850)  # 68,431 in all
SIZES = {10: 5, 50: 15, 200: 50, 1_000: 243}  # promotions, and how many qualify
LIMITS = {10: 0.1, 50: 0.25, 200: 0.8, 1_000: 6.0}  # milliseconds, on an idle core
CEILINGS = {10: 6.5, 50: 6.3, 200: 8.0, 1_000: 15.0}  # the same, as ratios to the reference on an idle core
KINDS_OF_BASKETS = 16
STACKED = 50  # up to here all that qualify stand together; above, one of each group of five


def promotions(size: int, matching: int) -> list[Any]:
    """Promotions of which exactly so many qualify."""
    t = import_module("regulars.value.promotions.terms")
    found = []
    for n in range(size):
        is_match = n * matching // size != (n + 1) * matching // size
        place = n * matching // size
        mixed = n * 2_654_435_761 % 2**32 >> 8  # so that no two traits go together
        is_item, is_percent, is_cel = mixed % 2 == 0, mixed // 2 % 2 == 0, mixed // 4 % 4 == 0
        target = t.Target.LINE if is_item else t.Target.ORDER
        ppm, minor = 30_000 + n % 17 * 5_000, 200 + n % 23 * 25
        effect = t.PercentOff(ppm=ppm, target=target) if is_percent else t.AmountOff(minor=minor, target=target)
        failing = n % 5 if not is_match else -1
        is_code = failing in (0, 1) or (is_match and place < 2)
        category = CATEGORIES[n % 5] if is_item else ""
        if failing == 2 and is_item:
            category = "garden"
        group = ("vip", "local")[n % 2] if n % 5 else ""
        if failing == 4 or (failing == 2 and not is_item):
            group = "staff"
        key = f"coupon:t{n}" if is_code else f"p{n}"
        include = t.GoodsList(categories=frozenset((category,))) if category else t.GoodsList()
        least = 90_000 if failing == 3 else 500 + n % 7 * 100 if n % 5 != 1 else 0
        found.append(
            t.Promotion(
                key=key,
                effects=(effect,),
                coupon=f"t{n}" if is_code else None,
                priority=n % 3,
                group=f"g{place // 5}" if is_match and size > STACKED else None,
                goods=t.Goods(include=include),
                min=t.Min(minor=least),
                audiences=t.Audiences(any=frozenset((group,)) if group else frozenset()),
                when="local.hour >= 6 && member.days > 10" if is_cel else None,
            )
        )
    return found


def shown(size: int, matching: int) -> list[int]:
    """The places of the two promotions whose codes the basket shows: the first that qualify."""
    return [n for n in range(size) if n * matching // size != (n + 1) * matching // size][:2]


def questions(codes: list[str]) -> list[Any]:
    """Baskets with other amounts each time, of members of two groups, who show two codes."""
    t = import_module("regulars.value.promotions.terms")
    found = []
    for kind in range(KINDS_OF_BASKETS):
        lines = tuple(
            [
                t.Line(f"l{n}", n, f"sku{n}", Decimal(1 + n % 3), amount + kind, category=CATEGORIES[n % 5])
                for n, amount in enumerate(AMOUNTS, 1)
            ]
        )
        member = t.MemberFacts(
            UUID(int=kind + 1), "active", None, {}, {}, NOON - timedelta(days=100 + kind), None, None,
            "Europe/London", "en", {}, frozenset(("vip", "local")),
        )  # fmt: skip
        basket = t.Basket("GBP", NOON + timedelta(seconds=kind), "web", "soho", "Europe/London", lines)
        coupons = tuple([t.CouponHeld(f"{c}-{kind}", c) for c in codes])
        found.append(t.Question(basket=basket, member=member, coupons=coupons))
    return found


def version(told: list[Any]) -> tuple[Any, float]:
    """A compiled version with one earn rule, and the milliseconds that compiling took."""
    t, rules = (import_module(f"regulars.value.promotions.{name}") for name in ("terms", "rules"))
    units = {"points": t.UnitPlan("points", 1, lambda at, tier: t.LotTimes())}
    earn = (t.EarnRule(key="base", unit="points", rates={"GBP": t.Rate(points=1, per_minor=100)}),)
    began = time.process_time()
    book = rules.Book(
        promotions=told, units=units, parents={}, brands={}, zone="Europe/London", stacking=t.StackingPolicy()
    )
    took = (time.process_time() - began) * 1_000
    plan = rules.compile_rules(rules=earn, units=units, parents={})
    snapshot = t.Snapshot(
        program_id=1, version=1, zone="Europe/London", currency="GBP", units=units, rules=earn, policies=t.Policies(),
        plan=plan, promotions=tuple(told), book=book, names=book.names,
    )  # fmt: skip
    return snapshot, took


def naive(told: list[Any], codes: list[str]) -> Any:
    """The reference: a function from a question to what promotions take off each line."""
    checks = []
    for p in told:
        category = next(iter(p.goods.include.categories), None)
        group = next(iter(p.audiences.any), None)
        effect = p.effects[0]
        is_shown = p.coupon is None or p.coupon in codes
        checks.append(
            (is_shown, group, category, p.min.minor, getattr(effect, "ppm", 0), getattr(effect, "minor", 0))
        )

    def price(question: Any) -> list[int]:
        net = [line.amount_minor for line in question.basket.lines]
        groups = question.member.audiences
        by_category: dict[str | None, list[int]] = {None: list(range(len(net)))}
        for i, line in enumerate(question.basket.lines):
            by_category.setdefault(line.category, []).append(i)
        totals = {c: sum([net[i] for i in idx]) for c, idx in by_category.items()}
        for is_shown, group, category, least, ppm, minor in checks:
            if not is_shown or (group and group not in groups) or totals.get(category, -1) < max(least, 1):
                continue
            idx = by_category[category]
            weights = [net[i] for i in idx]
            whole = sum(weights)
            off = whole * ppm // 1_000_000 if ppm else min(minor, whole)
            parts = [off * w // whole for w in weights] if whole else weights
            parts[0] += off - sum(parts) if whole else 0
            for i, part in zip(idx, parts, strict=True):
                net[i] -= part
        return net

    return price


def _checked(snapshot: Any, asked: list[Any], size: int, matching: int, decide: Any) -> str:
    """That as many qualify as should, and that every promotion is explained, but for most of what nobody brought."""
    losers = {"group", "exclusive", "combination", "nothing_left"}
    shown_codes = {c.template for c in asked[0].coupons}
    absent = sum([p.coupon is not None and p.coupon not in shown_codes for p in snapshot.promotions])
    most = import_module("regulars.value.promotions.rules.pricing.book").MOST_COUPONS_TOLD
    untold = max(0, absent - most), max(0, absent - most + len(shown_codes))  # the shown ones may be among the told
    for question in asked:
        pricing = decide(question=question, snapshot=snapshot).pricing
        qualified = len(pricing.applied) + sum([u.code in losers for u in pricing.unapplied])
        explained = {a.key for a in pricing.applied} | {u.key for u in pricing.unapplied}
        if qualified != matching or not untold[0] <= size - len(explained) <= untold[1]:
            raise SystemExit(f"{qualified} of {size} qualify, {len(explained)} are explained")
    search = pricing.search
    how = "exact" if search.is_exact else f"greedy, gap {search.gap_minor}"
    return f"{len(pricing.applied)} act, {pricing.discount_minor} of {pricing.subtotal_minor} off, {how}"


def run(rounds: int) -> list[Row]:
    """Measure every size in turn, round by round, so that a busy minute touches all of them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.settings")
    decide = import_module("regulars.value.promotions.rules").decide
    versions = {}
    for size, matching in SIZES.items():
        told = promotions(size, matching)
        codes = [told[n].coupon for n in shown(size, matching)]
        snapshot, compiled = version(told)
        asked = questions(codes)
        found = _checked(snapshot, asked, size, matching, decide)
        versions[size] = (snapshot, asked, f"{found}; compiled in {compiled:.0f} ms", naive(told, codes))
    times: dict[int, list[float]] = {size: [] for size in SIZES}
    least: dict[int, list[float]] = {size: [] for size in SIZES}
    for _ in range(rounds):
        for size, (snapshot, asked, _, price) in versions.items():
            began = time.process_time()
            for question in asked:
                decide(question=question, snapshot=snapshot)
            between = time.process_time()
            for question in asked:
                price(question)
            times[size].append((between - began) / len(asked))
            least[size].append((time.process_time() - between) / len(asked))
    return [_row(size, versions[size][2], times[size], least[size]) for size in SIZES]


def _row(size: int, told: str, times: list[float], least: list[float]) -> Row:
    took, reference = statistics.median(times), statistics.median(least)
    detail = f"{took * 1_000:.3f} ms (least {min(times) * 1_000:.3f}; idle limit {LIMITS[size]}), reference {reference * 1_000:.3f} ms; {told}"
    return Row(
        name=f"decide a 10-line basket, {SIZES[size]} of {size:,} promotions qualify",
        ratio=round(took / reference, 2),
        unit="× a naive engine",
        ceiling=CEILINGS[size],
        detail=detail,
    )


if __name__ == "__main__":
    ask = argparse.ArgumentParser(prog="benchmarks.evaluate", description=(__doc__ or "").splitlines()[0])
    ask.add_argument("--rounds", type=int, default=40)
    ask.add_argument("--json", action="store_true")
    said = ask.parse_args()
    measured = run(said.rounds)
    if said.json:
        tell(measured)
    else:
        for row in measured:
            sys.stdout.write(f"{row.name}: {row.ratio:g} {row.unit}, {row.limit} ({row.detail})\n")

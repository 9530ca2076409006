"""Deciding a 10-line basket against 10, 50, 200 and 1,000 live promotions, in process, every one of them explained.

    python -m benchmarks.evaluate [--rounds 40] [--json]

The baskets and promotions have the shape that other engines were measured with: 10 lines of 5 categories, a member in
two groups, two codes shown; half of the promotions for goods and half for the whole, half percentages and half
amounts, three of four automatic, four of five with a group and with a minimum, a quarter with a condition in CEL.
5 of 10 and 15 of 50 qualify and stand together; 50 of 200 and 243 of 1,000 in exclusivity groups of five. Time is the process's own CPU
time, the median of rounds; the reference is SHA-256 of 64 KiB in the same run, one after each round.
"""

from __future__ import annotations

import argparse
import hashlib
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
REFERENCE_MICROSECONDS = 38  # of the reference on an idle core: what turns milliseconds into ratios
CEILINGS = {10: 0.1, 50: 0.25, 200: 0.8, 1_000: 6.0}  # milliseconds
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


def _checked(snapshot: Any, asked: list[Any], size: int, matching: int, decide: Any) -> str:
    """That as many qualify as should, and that every promotion is explained."""
    losers = {"group", "exclusive", "combination", "nothing_left"}
    for question in asked:
        pricing = decide(question=question, snapshot=snapshot).pricing
        qualified = len(pricing.applied) + sum([u.code in losers for u in pricing.unapplied])
        explained = {a.key for a in pricing.applied} | {u.key for u in pricing.unapplied}
        if qualified != matching or len(explained) != size:
            raise SystemExit(f"{qualified} of {size} qualify, {len(explained)} are explained")
    search = pricing.search
    how = "exact" if search.is_exact else f"greedy, gap {search.gap_minor}"
    return f"{len(pricing.applied)} act, {pricing.discount_minor} of {pricing.subtotal_minor} off, {how}"


def run(rounds: int) -> list[Row]:
    """Measure every size in turn, round by round, so that a busy minute touches all of them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.settings")
    decide = import_module("regulars.value.promotions.rules").decide
    block = os.urandom(65_536)
    versions = {}
    for size, matching in SIZES.items():
        told = promotions(size, matching)
        codes = [told[n].coupon for n in shown(size, matching)]
        snapshot, compiled = version(told)
        asked = questions(codes)
        versions[size] = (snapshot, asked, compiled, _checked(snapshot, asked, size, matching, decide))
    times: dict[int, list[float]] = {size: [] for size in SIZES}
    reference: list[float] = []
    for _ in range(rounds):
        for size, (snapshot, asked, _, _) in versions.items():
            began = time.process_time()
            for question in asked:
                decide(question=question, snapshot=snapshot)
            times[size].append((time.process_time() - began) / len(asked))
        began = time.process_time()
        for _ in range(20):
            hashlib.sha256(block).digest()
        reference.append((time.process_time() - began) / 20)
    unit = statistics.median(reference)
    rows = []
    for size, (_, _, compiled, told) in versions.items():
        took = statistics.median(times[size])
        detail = f"{took * 1_000:.3f} ms, limit {CEILINGS[size]} ms; reference {unit * 1e6:.0f} µs; {told}; compiled in {compiled:.0f} ms"
        ceiling = round(CEILINGS[size] * 1_000 / REFERENCE_MICROSECONDS, 1)
        name = f"decide a 10-line basket, {SIZES[size]} of {size:,} promotions qualify"
        rows.append(
            Row(name=name, ratio=round(took / unit, 2), unit="× SHA-256 of 64 KiB", ceiling=ceiling, detail=detail)
        )
    return rows


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

"""A small program for tests: plans of one family, packs, a unit that grows, and a provider with books of its own."""

from __future__ import annotations

import itertools
import tempfile
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from regulars.interfaces.sandbox import SandboxPayments
from regulars.kernel import clock
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.value.benefits import services as benefits
from regulars.value.benefits.services.document import forget_versions as forget_benefits
from regulars.value.ledger import services as ledger
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.services import providers
from regulars.value.subscriptions.terms import Subscription

ACTOR = "key:1"
ZONE = "Europe/London"
_numbers = itertools.count(1)

MONTHLY: dict[str, Any] = {
    "key": "monthly",
    "name": {"en": "Plus", "zh-Hans": "会员"},
    "of": "plus",
    "price": "10.00",
    "every": {"months": 1},
    "grace_days": 7,
    "dunning": [2, 5],
    "pause": {"most_days": 60, "times_per_year": 1},
    "refund": {"within_days": 14, "when_used": "deduct"},
    "gives": {"packs": ["plus"], "growth": {"unit": "growth", "per_day": 5}},
    "family": {"members": 2},
    "giftable": True,
}
YEARLY: dict[str, Any] = {
    **MONTHLY,
    "key": "yearly",
    "price": "100.00",
    "every": {"months": 12},
    "gives": {"packs": ["plus"], "growth": {"unit": "growth", "per_day": 8}},
}
LIGHT: dict[str, Any] = {k: v for k, v in MONTHLY.items() if k != "family"} | {
    "key": "light",
    "price": "4.00",
    "gives": {},
}
TRIED: dict[str, Any] = {
    **MONTHLY,
    "key": "tried",
    "of": "tried",
    "trial": {"days": 14},
    "cancel": {"when": "at_once"},
}
PROGRAM = {"currency": "GBP"}
BENEFITS = {
    "benefits": [
        {"key": "shipping", "kind": "free_shipping", "for": {"packs": ["plus"]}, "cost": "3.00"},
    ],
    "packs": [{"key": "plus", "benefits": ["shipping"]}],
}


class Sleepless(SandboxPayments):
    """The sandbox with books of its own for one test, which does not really wait."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp()
        super().__init__(lambda: Path(folder) / "books.sqlite3", sleep=lambda seconds: None)


def program(*plans: dict[str, Any], key: str = "shop", zone: str = ZONE) -> tuple[int, SandboxPayments]:
    forget()
    made = programs.create(key=key, name="A shop", zone=zone, currency="GBP", actor=ACTOR)
    programs.define_channel(program_id=made.id, key="web", name="web", kind="web", actor=ACTOR)
    publish(made.id, *(plans or [MONTHLY, YEARLY, LIGHT, TRIED]))
    return made.id, bank()


def fresh() -> str:
    """A key that no program has had."""
    return f"shop-{next(_numbers)}"


def bank() -> SandboxPayments:
    provider = Sleepless()
    providers._known.clear()
    subscriptions.install(name="sandbox", provider=provider)
    return provider


def forget() -> None:
    subscriptions.forget_versions()
    forget_benefits()


def publish(program_id: int, *plans: dict[str, Any]) -> int:
    version = programs.by_id(program_id=program_id).current_version + 1
    units = [{"key": "points", "kind": "spendable"}, {"key": "growth", "kind": "measure"}]
    ledger.apply(program_id, {"units": units}, ACTOR)
    benefits.apply(program_id, version, {"program": PROGRAM, **BENEFITS}, ACTOR)
    subscriptions.apply(program_id, version, {"program": PROGRAM, "plans": list(plans)}, ACTOR)
    programs.set_current_version(program_id=program_id, version=version)
    return version


def member(program_id: int) -> UUID:
    return members.register(program_id=program_id, actor=ACTOR, channel="web").member_id


def noon(day: date) -> AbstractContextManager[None]:
    """Noon of a day in the program's zone."""
    return clock.at(clock.day_starts(day, ZONE) + timedelta(hours=12))


def midnight(day: date) -> AbstractContextManager[None]:
    return clock.at(clock.day_starts(day, ZONE))


def begun(program_id: int, member_id: UUID, plan: str = "monthly", method: str = "ok", **more: Any) -> Subscription:
    """A subscription asked for and pursued to its end."""
    made = subscriptions.subscribe(
        program_id=program_id,
        member_id=member_id,
        plan=plan,
        method=method,
        key=more.pop("key", f"k{next(_numbers)}"),
        actor=ACTOR,
        **more,
    )
    return pursued(program_id, made.subscription_id)


def pursued(program_id: int, subscription_id: UUID) -> Subscription:
    for kind, row_id in subscriptions.waiting(program_id=program_id, subscription_id=subscription_id):
        subscriptions.pursue_one(kind=kind, program_id=program_id, row_id=row_id)
    return look(program_id, subscription_id)


def look(program_id: int, subscription_id: UUID) -> Subscription:
    return subscriptions.subscription(program_id=program_id, subscription_id=subscription_id)


def run(program_id: int, from_day: date, to_day: date) -> None:
    """Let the clock's worker come at each midnight of these days, the last included, until nothing is left to do."""
    day = from_day
    while day <= to_day:
        with midnight(day):
            for _ in range(3):
                subscriptions.work(program_id=program_id)
        day += timedelta(days=1)


def packs(program_id: int, member_id: UUID, at: datetime | None = None) -> set[str]:
    found = benefits.holdings(program_id=program_id, member_id=member_id, is_live=True)
    return {f"{h.kind.value}:{h.key}" for h in found}


def charged(provider: SandboxPayments) -> list[int]:
    """What really went from the payer to the shop (and back, negative)."""
    sign = {"charge": 1, "refund": -1}
    return [sign[m.kind] * m.amount_minor for m in provider.movements() if m.outcome.value == "done"]


def periods(program_id: int, subscription_id: UUID) -> list[tuple[str, str, int]]:
    story = subscriptions.story(program_id=program_id, subscription_id=subscription_id)
    return [(p.starts_on.isoformat(), p.ends_on.isoformat(), p.amount_minor) for p in story.periods]


def told(program_id: int, subscription_id: UUID) -> list[str]:
    story = subscriptions.story(program_id=program_id, subscription_id=subscription_id)
    return [c.kind for c in story.chapters]


def rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()

"""Publishing's hooks, and plans by version: the section `plans`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Change
from regulars.value.subscriptions.models import PlanRow, SubscriptionRow
from regulars.value.subscriptions.rules import plans as rules
from regulars.value.subscriptions.terms import LIVE, Plan, Renews, UnknownPlan

SECTIONS = ("plans",)


def plans(*, program_id: int, version: int | None = None) -> tuple[Plan, ...]:
    """The plans of a version (None: the current one), in the order of the document.

    Raises: NoProgram.
    """
    return tuple(_by_version.of(program_id, version).values())


def plan(*, program_id: int, key: str, version: int | None = None) -> Plan:
    """One plan of a version (None: the current one).

    Raises: NoProgram; UnknownPlan.
    """
    found = _by_version.of(program_id, version).get(key)
    if found is None:
        raise UnknownPlan(f"There is no plan {key!r} in this program.")
    return found


def plan_or_none(*, program_id: int, key: str) -> Plan | None:
    """A plan as it is now; None when it is no longer offered."""
    return _by_version.of(program_id, None).get(key)


def forget_versions() -> None:
    """Drop every remembered version; for tests, whose databases are emptied and numbered anew."""
    _by_version.forget()


def _read(program_id: int, version: int) -> Mapping[str, Plan]:
    rows = PlanRow.objects.filter(program_id=program_id, version=version).order_by("place")
    return {p.key: p for row in rows for p in _plans_in(row)}


def _plans_in(row: PlanRow) -> tuple[Plan, ...]:
    return rules.read({"program": {"currency": row.currency}, "plans": [row.body]}, version=row.version)[0]


_by_version = programs.ByVersion(_read)


def describe(program_id: int, version: int | None = None) -> dict[str, Any]:
    """Our section of a version (None: the current one), canonical.

    Raises: NoProgram.
    """
    currency = programs.by_id(program_id=program_id).currency
    return rules.write(plans(program_id=program_id, version=version), currency)


def check(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every fault of our section as (path, message)."""
    return rules.read(document)[1]


def plan_changes(program_id: int, document: Mapping[str, Any]) -> list[Change]:
    """What a document would change in plans, and for how many subscribers.

    Who has a plan keeps the terms she agreed to, unless the plan says that renewals follow the current ones.
    Raises: Invalid with every fault; NoProgram.
    """
    wanted, faults = rules.read(document)
    if faults:
        raise Invalid(errors=faults)
    currency = programs.by_id(program_id=program_id).currency
    follows = {p.key: p.renews is Renews.CURRENT for p in plans(program_id=program_id)}
    before = {x["key"]: x for x in describe(program_id)["plans"]}
    after = {x["key"]: x for x in rules.write(wanted, currency)["plans"]}
    changes = []
    for key, entry in after.items():
        path = f"plans.{key}"
        if key not in before:
            changes.append(Change(path=path, action="add", after=entry))
        elif before[key] != entry:
            word = "renew_on_new_terms" if follows.get(key) else "keep_their_terms"
            told = {**entry, **_counted(program_id, key, word)}
            changes.append(Change(path=path, action="change", before=before[key], after=told))
    changes += [
        Change(
            path=f"plans.{key}",
            action="retire",
            before=before[key],
            after=_counted(program_id, key, "still_subscribed") or None,
        )
        for key in before
        if key not in after
    ]
    if not changes and list(before) != list(after):
        order = {"order": [*before]}, {"order": [*after]}
        changes.append(Change(path="plans", action="change", before=order[0], after=order[1]))
    return changes


def _counted(program_id: int, key: str, word: str) -> dict[str, int]:
    found = SubscriptionRow.objects.filter(program_id=program_id, plan=key, state__in=LIVE).count()
    return {word: found} if found else {}


@transaction.atomic
def apply(program_id: int, version: int, document: Mapping[str, Any], actor: str) -> None:
    """Write the plans of a new version, whole.

    Raises: Invalid with every fault, nothing written.
    """
    wanted, faults = rules.read(document)
    if faults:
        raise Invalid(errors=faults)
    currency = programs.by_id(program_id=program_id).currency
    PlanRow.objects.bulk_create(
        [
            PlanRow(
                program_id=program_id,
                version=version,
                key=p.key,
                place=n,
                currency=currency,
                body=rules.write_one(p, currency),
            )
            for n, p in enumerate(wanted)
        ]
    )

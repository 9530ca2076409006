"""Publishing's hooks, and templates by version: the section `coupon_templates`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Change
from regulars.value.coupons.models import CouponRow, TemplateRow
from regulars.value.coupons.rules import templates as rules
from regulars.value.coupons.services import base
from regulars.value.coupons.terms import State, Template, UnknownTemplate

SECTIONS = ("coupon_templates",)


def templates(*, program_id: int, version: int | None = None) -> tuple[Template, ...]:
    """The templates of a version (None: the current one), in the order of the document.

    Raises: NoProgram.
    """
    return tuple(_by_version.of(program_id, version).values())


def template(*, program_id: int, key: str, version: int | None = None) -> Template:
    """One template of a version (None: the current one).

    Raises: NoProgram; UnknownTemplate.
    """
    found = _by_version.of(program_id, version).get(key)
    if found is None:
        raise UnknownTemplate(f"There is no coupon template {key!r} in this program.")
    return found


def template_or_none(*, program_id: int, key: str, version: int) -> Template | None:
    """A template as it was when a coupon was issued; None for one that no version describes."""
    return _by_version.of(program_id, version).get(key)


def forget_versions() -> None:
    """Drop every remembered version; for tests, whose databases are emptied and numbered anew."""
    _by_version.forget()
    base.forget()


def _read(program_id: int, version: int) -> Mapping[str, Template]:
    rows = TemplateRow.objects.filter(program_id=program_id, version=version).order_by("place")
    read, _ = rules.read({"coupon_templates": [r.body for r in rows]}, version=version)
    return {t.key: t for t in read}


_by_version = programs.ByVersion(_read)


def describe(program_id: int, version: int | None = None) -> dict[str, Any]:
    """Our section of a version (None: the current one), canonical.

    Raises: NoProgram.
    """
    return rules.write(templates(program_id=program_id, version=version))


def check(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every fault of our section as (path, message). What coupons give is checked by promotions."""
    return rules.read(document)[1]


def plan(program_id: int, document: Mapping[str, Any]) -> list[Change]:
    """What a document would change in templates. What members hold keeps the version that issued it.

    Raises: Invalid with every fault; NoProgram.
    """
    wanted, faults = rules.read(document)
    if faults:
        raise Invalid(errors=faults)
    before = {x["key"]: x for x in describe(program_id)["coupon_templates"]}
    after = {x["key"]: x for x in rules.write(wanted)["coupon_templates"]}
    changes = []
    for key, entry in after.items():
        path = f"coupon_templates.{key}"
        if key not in before:
            changes.append(Change(path=path, action="add", after=entry))
        elif before[key] != entry:
            changes.append(Change(path=path, action="change", before=before[key], after=entry))
    changes += [
        Change(
            path=f"coupon_templates.{key}",
            action="retire",
            before=before[key],
            after={"still_held": held} if held else None,
        )
        for key in before
        if key not in after
        for held in [_held(program_id, key)]
    ]
    if not changes and list(before) != list(after):
        order = Change(
            path="coupon_templates", action="change", before={"order": [*before]}, after={"order": [*after]}
        )
        changes.append(order)
    return changes


def _held(program_id: int, key: str) -> int:
    rows = CouponRow.objects.filter(program_id=program_id, template=key, state=State.OPEN)
    return rows.filter(member_id__isnull=False).count()


@transaction.atomic
def apply(program_id: int, version: int, document: Mapping[str, Any], actor: str) -> None:
    """Write the templates of a new version, whole.

    Raises: Invalid with every fault, nothing written.
    """
    wanted, faults = rules.read(document)
    if faults:
        raise Invalid(errors=faults)
    TemplateRow.objects.bulk_create(
        [
            TemplateRow(
                program_id=program_id,
                version=version,
                key=t.key,
                place=n,
                body=rules.write_one(t),
                claim_limit=t.limits.claim,
                hold_limit=t.limits.hold,
                redeem_limit=t.limits.redeem,
                total_limit=t.limits.total,
                returns=t.returns,
                reminders=list(t.reminders),
            )
            for n, t in enumerate(wanted)
        ]
    )

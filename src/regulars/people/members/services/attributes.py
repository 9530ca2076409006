"""Attributes that a program declares for its members."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from regulars.kernel.errors import Invalid
from regulars.people.members.models import AttributeRow, MemberRow
from regulars.people.members.rules import attributes as rules
from regulars.people.members.terms import Attribute, AttributeInUse, AttributeType


def attributes(*, program_id: int) -> dict[str, Attribute]:
    """The declared attributes of a program, by key."""
    rows = AttributeRow.objects.filter(program_id=program_id).order_by("key")
    return {
        row.key: Attribute(
            key=row.key,
            type=AttributeType(row.type),
            label=row.label,
            choices=tuple(row.choices),
            personal=row.personal,
        )
        for row in rows
    }


@transaction.atomic
def declare_attributes(*, program_id: int, declared: Sequence[Attribute], actor: str) -> None:
    """Make the program's attributes exactly these; values already given to members stay with them.

    Raises: Invalid with every fault; AttributeInUse when a plain attribute that members carry would change its type
    or would become personal.
    """
    faults = rules.declaration_faults(declared)
    if faults:
        raise Invalid(errors=faults)
    old = attributes(program_id=program_id)
    for one in declared:
        was = old.get(one.key)
        if was is None or (was.type, was.personal) == (one.type, one.personal):
            continue
        if was.personal or MemberRow.objects.filter(program_id=program_id, attributes__has_key=one.key).exists():
            raise AttributeInUse(key=one.key)
    AttributeRow.objects.filter(program_id=program_id).exclude(key__in=[one.key for one in declared]).delete()
    AttributeRow.objects.bulk_create(
        [
            AttributeRow(
                program_id=program_id,
                key=one.key,
                type=one.type,
                label=one.label,
                choices=list(one.choices),
                personal=one.personal,
            )
            for one in declared
        ],
        update_conflicts=True,
        unique_fields=["program", "key"],
        update_fields=["type", "label", "choices", "personal"],
    )

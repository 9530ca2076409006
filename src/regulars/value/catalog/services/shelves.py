"""Categories and declared attributes: the order in which goods stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection, transaction

from regulars.kernel.errors import Invalid
from regulars.value.catalog import rules
from regulars.value.catalog.models import AttributeRow, CategoryRow
from regulars.value.catalog.terms import MOST_AT_ONCE, Attribute, AttributeType, Category, Done

MOST_ATTRIBUTES = 500
_LOCK = 0xCA7A  # who changes the tree of one program does so one after another


@transaction.atomic
def put_categories(*, program_id: int, batch: Sequence[Category]) -> list[Done]:
    """Make or change categories, all or nothing, in any order; `above` is worked out. What is not named stays.

    Raises: Invalid with every fault, by place in the batch.
    """
    if len(batch) > MOST_AT_ONCE:
        raise Invalid(errors=[("categories", f"at most {MOST_AT_ONCE} at once")])
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s::int, %s::int)", [_LOCK, program_id])
    rows = {row.key: row for row in CategoryRow.objects.filter(program_id=program_id).select_related("parent")}
    before = {key: _category(row) for key, row in rows.items()}
    parents = {key: row.parent.key if row.parent else None for key, row in rows.items()}
    parents |= {one.key: one.parent for one in batch}
    faults = [
        (f"categories.{n}.{path}", message)
        for n, one in enumerate(batch)
        for path, message in rules.category_faults(key=one.key, parent=one.parent, parents=parents)
    ]
    if len({one.key for one in batch}) < len(batch):
        faults.append(("categories", "names one category twice"))
    if faults:
        raise Invalid(errors=faults)
    told = {one.key: one for one in batch}
    ways = {key: _way_up(key, parents) for key in parents}
    for key in sorted(parents, key=lambda k: (len(ways[k]), k)):  # those above first
        row = rows.get(key) or CategoryRow(program_id=program_id, key=key)
        if key in told:
            row.names, row.active = dict(told[key].names), told[key].active
        above = ways[key]
        parent = rows[above[1]] if len(above) > 1 else None
        if row.pk is None or (row.above, row.parent) != (above, parent) or key in told:
            row.above, row.parent = above, parent
            row.save()
        rows[key] = row
    return [Done(key=one.key, outcome=_outcome(before.get(one.key), _category(rows[one.key]))) for one in batch]


def _outcome(before: object | None, after: object) -> str:
    return "created" if before is None else "unchanged" if before == after else "changed"


def _way_up(key: str, parents: Mapping[str, str | None]) -> list[str]:
    way = [key]
    while (at := parents[way[-1]]) is not None:
        way.append(at)
    return way


def _category(row: CategoryRow) -> Category:
    return Category(
        key=row.key,
        names=row.names,
        parent=row.parent.key if row.parent else None,
        above=tuple(row.above),
        active=row.active,
    )


def categories(*, program_id: int, after: str = "", limit: int = 200) -> list[Category]:
    """The categories of a program by key, after a key, at most `limit`."""
    rows = CategoryRow.objects.filter(program_id=program_id, key__gt=after).select_related("parent")
    return [_category(row) for row in rows.order_by("key")[:limit]]


@transaction.atomic
def declare_attribute(*, program_id: int, told: Attribute) -> tuple[Attribute, bool]:
    """Declare an attribute of products, or rename one and change its choices. Answers it, and whether it is new.

    Raises: Invalid with every fault; its type never changes.
    """
    faults = rules.attribute_faults(told)
    row = AttributeRow.objects.select_for_update().filter(program_id=program_id, key=told.key).first()
    is_new = row is None
    if row is not None and row.kind != told.type:
        faults.append(("type", f"is {row.kind}; the type of an attribute never changes"))
    if is_new and AttributeRow.objects.filter(program_id=program_id).count() >= MOST_ATTRIBUTES:
        faults.append(("key", f"a program declares at most {MOST_ATTRIBUTES} attributes"))
    if faults:
        raise Invalid(errors=faults)
    AttributeRow.objects.update_or_create(
        program_id=program_id,
        key=told.key,
        defaults={"kind": told.type.value, "names": dict(told.names), "choices": list(told.choices)},
    )
    return told, is_new


def attributes(*, program_id: int) -> dict[str, Attribute]:
    """The declared attributes of a program's products, by key."""
    rows = AttributeRow.objects.filter(program_id=program_id).order_by("key")
    return {
        row.key: Attribute(key=row.key, type=AttributeType(row.kind), names=row.names, choices=tuple(row.choices))
        for row in rows
    }

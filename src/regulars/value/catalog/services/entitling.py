"""Purchase rights as they are kept: told whole, listed, made inactive."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import transaction

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.audiences import services as audiences
from regulars.people.audiences.terms import UnknownAudience
from regulars.value.catalog import rules
from regulars.value.catalog.models import CategoryRow, ProductRow, RightRow, ScopeRow
from regulars.value.catalog.terms import RightTold, UnknownRight


@transaction.atomic
def put_right(*, program_id: int, told: RightTold, levels: Collection[str]) -> str:
    """Make or change a right with the goods it stands on. Answers `created`, `changed` or `unchanged`.

    Skus need not be known yet: a presale may be told before its goods, and `unknown_skus` tells which they are.
    Categories, audiences and levels must be.

    Args: levels: those that a member can have here: of the program's first ladder.
    Raises: Invalid with every fault.
    """
    faults = rules.right_faults(told)
    faults += rules.unknown_who(told.right, levels=levels, audiences=_audiences(program_id, told))
    known = set(
        CategoryRow.objects.filter(program_id=program_id, key__in=told.categories).values_list("key", flat=True)
    )
    faults += [
        (f"categories.{n}", f"there is no category {key!r}"[:200])
        for n, key in enumerate(told.categories)
        if key not in known
    ]
    if faults:
        raise Invalid(errors=faults)
    return _put(program_id, told)


def _audiences(program_id: int, told: RightTold) -> set[str]:
    """Those of the audiences named that are there."""
    named = {*told.right.audiences, *(key for window in told.right.windows for key in window.audiences)}
    found = set()
    for key in named:
        try:
            found.add(audiences.get(program_id=program_id, key=key).key)
        except UnknownAudience:
            continue
    return found


def _put(program_id: int, told: RightTold) -> str:
    key = told.right.key
    RightRow.objects.bulk_create(
        [RightRow(program_id=program_id, key=key, active=False, updated_at=clock.now())], ignore_conflicts=True
    )
    row = RightRow.objects.select_for_update().get(program_id=program_id, key=key)
    is_new = not row.body
    before = None if is_new else _told(row)
    wanted = RightTold(
        right=rules.read_right(rules.right_body(told.right)),
        names=dict(told.names),
        skus=tuple(sorted(set(told.skus))),
        categories=tuple(sorted(set(told.categories))),
        active=told.active,
    )
    if before == wanted:
        return "unchanged"
    row.names, row.body, row.active = dict(told.names), rules.right_body(told.right), told.active
    row.starts_at, row.ends_at, row.updated_at = told.right.starts_at, told.right.ends_at, clock.now()
    row.save()
    ScopeRow.objects.filter(right=row).delete()
    scopes = [("sku", sku) for sku in wanted.skus] + [("category", one) for one in wanted.categories]
    ScopeRow.objects.bulk_create(
        [ScopeRow(program_id=program_id, right=row, kind=kind, value=value) for kind, value in scopes],
        batch_size=5_000,
    )
    return "created" if is_new else "changed"


def right(*, program_id: int, key: str) -> RightTold:
    """A purchase right.

    Raises: UnknownRight.
    """
    row = RightRow.objects.filter(program_id=program_id, key=key).exclude(body={}).first()
    if row is None:
        raise UnknownRight(f"There is no purchase right {key!r}."[:200])
    return _told(row)


def purchase_rights(*, program_id: int, after: str = "", limit: int = 50) -> list[RightTold]:
    """The purchase rights of a program by key, after a key, at most `limit`."""
    rows = RightRow.objects.filter(program_id=program_id, key__gt=after).exclude(body={})
    return [_told(row) for row in rows.order_by("key")[:limit]]


def unknown_skus(*, program_id: int, skus: Iterable[str]) -> frozenset[str]:
    """Those skus that the catalog does not know: they are sold to everybody until it does."""
    asked = frozenset(skus)
    known = ProductRow.objects.filter(program_id=program_id, sku__in=list(asked)).values_list("sku", flat=True)
    return asked - frozenset(known)


def _told(row: RightRow) -> RightTold:
    scopes = ScopeRow.objects.filter(right=row).order_by("value").values_list("kind", "value")
    return RightTold(
        right=rules.read_right(row.body),
        names=row.names,
        skus=tuple(sorted([value for kind, value in scopes if kind == "sku"])),
        categories=tuple(sorted([value for kind, value in scopes if kind == "category"])),
        active=row.active,
    )

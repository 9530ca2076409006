"""Identifiers as given, made ready to compare: normal form, blind index, hint; and who holds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from regulars.kernel import clock, ids, secrets
from regulars.kernel.errors import Invalid
from regulars.people.members.models import IdentifierRow, MemberRow
from regulars.people.members.rules import masks, normal
from regulars.people.members.services.rows import seal
from regulars.people.members.terms import Claim, IdentifierType
from regulars.people.programs import services as programs

MOST_IDENTIFIERS = 20
_CLOCKS_DIFFER = timedelta(minutes=5)
_FIRST_YEAR = 1970  # earlier ones are slips, and the earliest can be written but never read back


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A claim made ready. `place` is its index among the claims as given."""

    type: IdentifierType
    value: str
    blind: bytes
    hint: str
    verified_at: datetime | None
    method: str
    attested_by: str
    place: int

    @property
    def key(self) -> tuple[str, bytes]:
        return (self.type.value, self.blind)


def region_of(*, program_id: int) -> str:
    """The region of phones written without a country code: the program's, because one phone has one normal form."""
    program = programs.by_id(program_id=program_id)
    return str(program.settings.get("region") or normal.region(locale=program.locale, currency=program.currency))


def blind(*, program_id: int, kind: IdentifierType, value: str) -> bytes:
    """The blind index of a normal form."""
    return secrets.blind(program_id, f"members.{kind.value}", value)


def blind_name(*, program_id: int, name: str) -> bytes:
    """The blind index of a name."""
    return secrets.blind(program_id, "members.name", normal.name(name))


def prepare(
    *, program_id: int, claims: Sequence[Claim], attested: bool, actor: str, region: str, path: str = "identifiers"
) -> list[Prepared]:
    """The claims ready to compare, each once, in the one order in which all callers insert them (so none deadlock).

    Raises: Invalid with every fault.
    """
    now, faults = clock.now(), list[tuple[str, str]]()
    if len(claims) > MOST_IDENTIFIERS:
        raise Invalid(errors=[(path, f"must be at most {MOST_IDENTIFIERS}")])
    ready: dict[tuple[str, bytes], Prepared] = {}
    for place, claim in enumerate(claims):
        at = claim.verified_at
        if at is not None and (at.tzinfo is None or at.year < _FIRST_YEAR or at > now + _CLOCKS_DIFFER):
            message = f"must be an instant with an offset, from {_FIRST_YEAR} on and not in the future"
            faults.append((f"{path}.{place}.verified_at", message))
            continue
        try:
            value = normal.identifier(claim.type, claim.value, region=region, path=f"{path}.{place}.value")
        except Invalid as no:
            faults.extend(no.errors)
            continue
        one = Prepared(
            type=claim.type,
            value=value,
            blind=blind(program_id=program_id, kind=claim.type, value=value),
            hint=masks.hint(claim.type, value),
            verified_at=at or (now if attested else None),
            method=claim.method or ("attested" if attested else ""),
            attested_by=actor if attested or at else "",
            place=place,
        )
        same = ready.get(one.key)
        if same is None or (same.verified_at is None and one.verified_at is not None):
            ready[one.key] = one
    if faults:
        raise Invalid(errors=faults)
    return sorted(ready.values(), key=lambda one: one.key)


def row_for(one: Prepared, *, member: MemberRow) -> IdentifierRow:
    """The row of a claim, sealed with the member's key; not yet inserted."""
    is_token = one.type is IdentifierType.PAYMENT_TOKEN
    return IdentifierRow(
        id=ids.new_id(),
        program_id=member.program_id,
        member_id=member.id,
        type=one.type,
        blind=one.blind,
        sealed=None if is_token else seal(member, one.value, one.type.value),
        hint=one.hint,
        verified_at=one.verified_at,
        method=one.method,
        attested_by=one.attested_by,
        created_at=clock.now(),
    )


def holders(*, program_id: int, keys: Iterable[tuple[str, bytes]]) -> dict[tuple[str, bytes], UUID]:
    """Who holds these identifiers, verified; keys are (type, blind)."""
    by_type: dict[str, list[bytes]] = {}
    for kind, key in keys:
        by_type.setdefault(kind, []).append(key)
    if not by_type:
        return {}
    asked = Q()
    for kind, blinds in by_type.items():
        asked |= Q(type=kind, blind__in=blinds)
    rows = IdentifierRow.objects.filter(asked, program_id=program_id, released_at=None, verified_at__isnull=False)
    return {(kind, bytes(key or b"")): member for kind, key, member in rows.values_list("type", "blind", "member_id")}

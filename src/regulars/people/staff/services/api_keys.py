"""API keys: made once shown once, looked up on every call without a query, revoked."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.db import connection, transaction

from regulars.kernel import clock
from regulars.kernel.errors import Forbidden, Invalid
from regulars.people.programs import services as programs
from regulars.people.programs.services import Memory
from regulars.people.programs.terms import NoStore
from regulars.people.staff import rules
from regulars.people.staff.models import KeyRow
from regulars.people.staff.services.audit import record
from regulars.people.staff.services.people import acting
from regulars.people.staff.terms import (
    AddressNotAllowed,
    ApiKey,
    KeyExpired,
    MissingScope,
    MoreThanYouHave,
    NoKey,
    StoreNotAllowed,
    UnknownKey,
)

HEAD = "rk_live_"
_TAG_LENGTH = 6
_BODY_LENGTH = 52  # 256 bits in base 32
MOST_PER_PAGE = 200
_NOTED_EVERY_NS = 60_000_000_000

_memory = Memory()
_noted: dict[int, int] = {}

Network = IPv4Network | IPv6Network


def _new_secret() -> str:
    def letters(size: int) -> str:
        return base64.b32encode(secrets.token_bytes(size)).decode().rstrip("=").lower()

    return f"{HEAD}{letters(4)[:_TAG_LENGTH]}_{letters(32)}"


def _hash(secret: str) -> bytes:
    # 256 random bits need no slow hash: there is nothing to guess
    return hashlib.sha256(secret.encode()).digest()


def _key(row: KeyRow) -> ApiKey:
    return ApiKey(
        id=row.id,
        program_id=row.program_id,
        name=row.name,
        prefix=row.prefix,
        scopes=frozenset(row.scopes),
        expires_at=row.expires_at,
        store_id=row.store_id,
        ip_allow=tuple(ip_network(str(n)) for n in row.ip_allow or ()),
        adjust_limit=row.adjust_limit,
        rate_per_minute=row.rate_per_minute,
        created_by=row.created_by,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


def _networks(ip_allow: Iterable[str]) -> tuple[list[Network], list[tuple[str, str]]]:
    found: list[Network] = []
    faults: list[tuple[str, str]] = []
    for n, text in enumerate(ip_allow):
        try:
            found.append(ip_network(text.strip()))
        except ValueError:
            faults.append((f"ip_allow.{n}", f"{text!r} is not a network (for instance 203.0.113.0/24)"))
    return found, faults


def _faults(
    *, program_id: int, name: str, scopes: Iterable[str], expires_at: datetime | None, store_id: int | None,
    adjust_limit: int, rate_per_minute: int,
) -> list[tuple[str, str]]:  # fmt: skip
    faults: list[tuple[str, str]] = []
    if not name.strip() or len(name) > 200:
        faults.append(("name", "must be a text of 1 to 200 characters"))
    asked = list(scopes)
    if not asked:
        faults.append(("scopes", "must name at least one scope"))
    faults += [
        ("scopes", f"{s!r} is not one of {', '.join(sorted(rules.SCOPES))}") for s in asked if s not in rules.SCOPES
    ]
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= clock.now()):
        faults.append(("expires_at", "must be an instant to come, with its offset"))
    if adjust_limit < 0 or adjust_limit >= 1 << 63:
        faults.append(("adjust_limit", "must not be negative, and must be below 2^63"))
    if not 1 <= rate_per_minute <= 1_000_000:
        faults.append(("rate_per_minute", "must be from 1 to 1,000,000"))
    if store_id is not None:
        faults += [
            ("scopes", f"{s!r} reaches beyond any store; leave it or the store out")
            for s in asked
            if s in rules.BEYOND_STORES
        ]
        try:
            programs.store_by_id(program_id=program_id, store_id=store_id)
        except NoStore as no:
            faults.append(("store_id", no.detail))
    return faults


@transaction.atomic
def make_key(
    *,
    program_id: int,
    name: str,
    scopes: Iterable[str],
    actor: str,
    expires_at: datetime | None = None,
    store_id: int | None = None,
    ip_allow: Iterable[str] | None = None,
    adjust_limit: int = 0,
    rate_per_minute: int = 6_000,
    reason: str = "",
) -> tuple[ApiKey, str]:
    """Make a key and its secret, which nobody can read again.

    Args: scopes: of `rules.SCOPES`. ip_allow: networks; None or none lets every address. adjust_limit: points a
    call that need no second person. rate_per_minute: calls.
    Raises: Invalid with every fault; NoProgram; Forbidden; MoreThanYouHave.
    """
    programs.by_id(program_id=program_id)
    asked = sorted(set(scopes))
    networks, faults = _networks(ip_allow or ())
    faults += _faults(
        program_id=program_id,
        name=name,
        scopes=asked,
        expires_at=expires_at,
        store_id=store_id,
        adjust_limit=adjust_limit,
        rate_per_minute=rate_per_minute,
    )
    if faults:
        raise Invalid(errors=faults)
    _may_manage(actor, program_id, adjust_limit)
    secret = _new_secret()
    row = KeyRow.objects.create(
        program_id=program_id,
        name=name.strip(),
        prefix=secret[: len(HEAD) + _TAG_LENGTH],
        hash=_hash(secret),
        scopes=asked,
        expires_at=expires_at,
        store_id=store_id,
        ip_allow=[str(n) for n in networks] or None,
        adjust_limit=adjust_limit,
        rate_per_minute=rate_per_minute,
        created_by=actor,
        created_at=clock.now(),
    )
    facts = {"scopes": asked, "store_id": store_id, "adjust_limit": adjust_limit}
    record(
        actor=actor,
        action="staff.make_key",
        object=f"key:{row.id}",
        program_id=program_id,
        facts={**facts, "reason": reason} if reason else facts,
    )
    return _key(row), secret


def _may_manage(actor: str, program_id: int, adjust_limit: int) -> None:
    giver = acting(actor)
    if giver is None:
        return
    if not giver.may("keys:manage", program_id):
        raise Forbidden("This needs keys:manage.", permission="keys:manage")
    most = giver.adjust_limit(program_id)
    if adjust_limit > most:
        raise MoreThanYouHave(f"Your own adjustment limit there is {most}.", limit=most)


def key_by_secret(secret: str, ip: str | None = None) -> ApiKey:
    """The key that belongs to a secret, at most five seconds old: in the rush of calls it costs no query.

    Args: ip: the caller's address; a key with allowed networks is refused without it.
    Raises: UnknownKey (also when revoked); KeyExpired; AddressNotAllowed.
    """
    if (
        not secret.startswith(HEAD)
        or len(secret) != len(HEAD) + _TAG_LENGTH + 1 + _BODY_LENGTH
        or not secret.isascii()
    ):
        raise UnknownKey()
    hashed = _hash(secret)

    def read() -> ApiKey:
        row = KeyRow.objects.filter(hash=hashed, revoked_at__isnull=True).first()
        if row is None:
            raise UnknownKey()
        return _key(row)

    key = _memory.get(hashed, read, ApiKey)
    if key.expires_at is not None and key.expires_at <= clock.now():
        raise KeyExpired(f"This key expired at {key.expires_at.isoformat()}.")
    if key.ip_allow and not _allows(key.ip_allow, ip):
        raise AddressNotAllowed()
    _note_use(key.id)
    return key


def _allows(networks: tuple[Network, ...], ip: str | None) -> bool:
    try:
        address: IPv4Address | IPv6Address = ip_address(ip or "")
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


def _note_use(key_id: int) -> None:
    """Write when a key was last used, at most once a minute; never wait for another process that does the same."""
    tick = time.monotonic_ns()
    if tick - _noted.get(key_id, -_NOTED_EVERY_NS) < _NOTED_EVERY_NS:
        return
    _noted[key_id] = tick
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "update staff_key set last_used_at = %s where id in (select id from staff_key where id = %s"
            " and (last_used_at is null or last_used_at <= %s) for no key update skip locked)",
            (now, key_id, now - timedelta(minutes=1)),
        )


@transaction.atomic
def revoke_key(*, program_id: int, key_id: int, actor: str, reason: str = "") -> ApiKey:
    """End a key, for this process at once and for others within five seconds; revoking twice changes nothing.

    Raises: NoKey; Forbidden.
    """
    _may_manage(actor, program_id, 0)
    row = KeyRow.objects.select_for_update(no_key=True).filter(program_id=program_id, id=key_id).first()
    if row is None:
        raise NoKey(f"There is no key {key_id} in this program.")
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        row.save(update_fields=["revoked_at"])
        record(
            actor=actor,
            action="staff.revoke_key",
            object=f"key:{row.id}",
            program_id=program_id,
            facts={"reason": reason} if reason else {},
        )
    _memory.forget()
    return _key(row)


def keys(*, program_id: int, cursor: int | None = None, limit: int = 50) -> list[ApiKey]:
    """The keys of a program, newest first, revoked ones too.

    Args: cursor: the id of the last key of the page before. limit: 1 to 200.
    """
    rows = KeyRow.objects.filter(program_id=program_id).order_by("-id")
    if cursor is not None:
        rows = rows.filter(id__lt=cursor)
    return [_key(row) for row in rows[: max(1, min(limit, MOST_PER_PAGE))]]


def require_scope(key: ApiKey, scope: str) -> None:
    """Go on only if the key has the scope; no scope contains another.

    Raises: MissingScope.
    """
    if scope not in key.scopes:
        raise MissingScope(f"This key lacks the scope {scope}.", scope=scope)


def require_store(*, key: ApiKey, store: str | None) -> None:
    """Go on only if the key may sell there: a key bound to a store sells at it and below, any other everywhere.

    Args: store: its key, as told; None when none was said. An unknown store is left to whoever needs it.
    Raises: StoreNotAllowed.
    """
    if key.store_id is None:
        return
    own = programs.store_by_id(program_id=key.program_id, store_id=key.store_id)
    if store is None:
        raise StoreNotAllowed(f"This key is bound to the store {own.key!r}: say which store sold.", store=own.key)
    try:
        path = programs.store(program_id=key.program_id, key=store).path
    except NoStore:
        return
    if not path.startswith(own.path):
        raise StoreNotAllowed(f"This key is bound to the store {own.key!r} and what is below it.", store=own.key)

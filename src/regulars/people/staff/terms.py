"""Words of staff: people with grants, API keys with scopes, and the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from regulars.kernel.errors import Forbidden, NotFound, Refusal


class Role(StrEnum):
    """What a person is in a program; `rules.ROLES` says what each may do."""

    OWNER = "owner"
    MARKETER = "marketer"
    SERVICE = "service"
    STORE_MANAGER = "store_manager"
    CASHIER = "cashier"
    ANALYST = "analyst"
    AUDITOR = "auditor"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who works here. Members are never people of this kind."""

    id: int
    email: str
    name: str
    locale: str
    is_active: bool
    is_superuser: bool
    has_second_factor: bool

    @property
    def actor(self) -> str:
        return f"staff:{self.id}"


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A person is `role` in a program, below one store (or everywhere when `store_id` is None).

    `adjust_limit`: points a call that need no second person; None takes the role's own limit.
    """

    id: int
    user_id: int
    role: Role
    program_id: int
    store_id: int | None
    adjust_limit: int | None
    granted_by: str
    granted_at: datetime


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A program's key as the API sees it; the secret itself is known to the caller only."""

    id: int
    program_id: int
    name: str
    prefix: str
    scopes: frozenset[str]
    expires_at: datetime | None
    store_id: int | None
    ip_allow: tuple[IPv4Network | IPv6Network, ...]
    adjust_limit: int
    rate_per_minute: int
    created_by: str
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    @property
    def actor(self) -> str:
        return f"key:{self.id}"


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """Who did what to which thing. `facts` hold ids and values, never personal data."""

    id: int
    program_id: int | None
    actor: str
    action: str
    object: str
    facts: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class AuditPage:
    """Entries, newest first; `next_cursor` is None on the last page."""

    items: tuple[AuditEntry, ...]
    next_cursor: int | None


class UnknownKey(Refusal):
    """This API key is not known."""

    status = 401


class KeyExpired(Refusal):
    """This API key has expired."""

    status = 401


class MissingScope(Refusal):
    """This API key lacks the scope that the call needs."""

    status = 403


class AddressNotAllowed(Forbidden):
    """This API key may not be used from this network address."""


class StoreNotAllowed(Forbidden):
    """This API key may not sell at this store."""


class SecondFactorNeeded(Forbidden):
    """A second factor must be set up before any grant takes effect."""


class NoPerson(NotFound):
    """There is no such person."""


class NoGrant(NotFound):
    """There is no such grant."""


class NoKey(NotFound):
    """There is no such API key in this program."""


class EmailTaken(Refusal):
    """Somebody with this e-mail address is here already."""


class LastOwner(Refusal):
    """A program keeps at least one active owner of the whole program."""


class MoreThanYouHave(Forbidden):
    """Nobody can grant, or take away, more than she may do herself."""

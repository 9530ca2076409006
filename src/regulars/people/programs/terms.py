"""Words of programs: the program (the tenant), its brands, its stores and its channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from regulars.kernel.errors import NotFound, Refusal

OpeningHours = Mapping[str, tuple[tuple[str, str], ...]]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class StoreKind(StrEnum):
    """A region only groups; a store sells."""

    REGION = "region"
    STORE = "store"


class ChannelKind(StrEnum):
    """Where a sale or a contact comes from."""

    STORE = "store"
    WEB = "web"
    APP = "app"
    MINI_PROGRAM = "mini_program"
    MARKETPLACE = "marketplace"
    PHONE = "phone"


@dataclass(frozen=True, kw_only=True)
class Program:
    """One membership scheme; everything else hangs below it by `program_id`."""

    id: int
    key: str
    name: str
    zone: str
    currency: str
    locale: str
    current_version: int
    settings: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Brand:
    """A name that customers know; members are shared by all brands of a program."""

    id: int
    program_id: int
    key: str
    name: str
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Store:
    """A store or a region of stores. `path` is its keys from the root, `/cn/east/sh01/`."""

    id: int
    program_id: int
    key: str
    name: str
    kind: StoreKind
    zone: str
    currency: str
    path: str
    parent_id: int | None = None
    brand_id: int | None = None
    opening_hours: OpeningHours = field(default_factory=dict)
    address: str = ""
    active: bool = True

    @property
    def parent_key(self) -> str | None:
        parts = self.path.strip("/").split("/")
        return parts[-2] if len(parts) > 1 else None


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A way to buy or to be reached; `online` channels have no store of their own."""

    id: int
    program_id: int
    key: str
    name: str
    kind: ChannelKind
    online: bool
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Change:
    """One line of a plan: what applying a document would do to one thing.

    `action` is `add`, `change` or `retire`; `adverse` marks what takes something away from members.
    """

    path: str
    action: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    adverse: bool = False


class NoProgram(NotFound):
    """There is no such program."""


class NoStore(NotFound):
    """There is no such store in this program."""


class NoBrand(NotFound):
    """There is no such brand in this program."""


class NoChannel(NotFound):
    """There is no such channel in this program."""


class KeyTaken(Refusal):
    """A program with this key exists already."""


class VersionWentBack(Refusal):
    """A program's version only goes up."""

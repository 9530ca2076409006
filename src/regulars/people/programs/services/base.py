"""Programs, brands and channels: made, read, changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.programs import rules
from regulars.people.programs.models import BrandRow, ChannelRow, ProgramRow
from regulars.people.programs.services.cache import memory
from regulars.people.programs.terms import (
    Brand,
    Channel,
    ChannelKind,
    KeyTaken,
    NoBrand,
    NoChannel,
    NoProgram,
    Program,
    VersionWentBack,
)


def refuse(faults: rules.Faults) -> None:
    """Raise Invalid when there is any fault."""
    if faults:
        raise Invalid(errors=faults)


def locked(program_id: int) -> ProgramRow:
    """The program's row, locked: whoever changes brands, stores or channels goes one after the other.

    Raises: NoProgram. Must run inside a transaction.
    """
    row = ProgramRow.objects.select_for_update(no_key=True).filter(id=program_id).first()
    if row is None:
        raise NoProgram(f"There is no program {program_id}.")
    return row


def program_of(row: ProgramRow) -> Program:
    """A row as others see it."""
    return Program(
        id=row.id,
        key=row.key,
        name=row.name,
        zone=row.zone,
        currency=row.currency,
        locale=row.locale,
        current_version=row.current_version,
        settings=row.settings,
        created_at=row.created_at,
    )


def create(
    *,
    key: str,
    name: str,
    zone: str,
    currency: str,
    actor: str,
    locale: str = "en",
    settings: Mapping[str, Any] | None = None,
) -> Program:
    """Make a program, at version 0.

    Args: key: stable, unique in the installation. zone: IANA. currency: ISO 4217.
    Raises: Invalid with every fault; KeyTaken.
    """
    faults = rules.key_faults(key, "key") + rules.name_faults(name, "name")
    faults += rules.zone_faults(zone, "zone") + rules.currency_faults(currency, "currency")
    refuse(faults + rules.locale_faults(locale, "locale"))
    try:
        with transaction.atomic():
            row = ProgramRow.objects.create(
                key=key,
                name=name.strip(),
                zone=zone,
                currency=currency,
                locale=locale,
                settings=dict(settings or {}),
                created_at=clock.now(),
            )
    except IntegrityError as taken:
        if "P1_program_key_is_unique" in str(taken):
            raise KeyTaken(f"There is already a program {key!r}.", key=key) from taken
        raise
    memory.forget()
    return program_of(row)


def get(*, key: str) -> Program:
    """The program with this key, at most five seconds old.

    Raises: NoProgram.
    """

    def read() -> Program:
        row = ProgramRow.objects.filter(key=key).first()
        if row is None:
            raise NoProgram(f"There is no program {key!r}.")
        return program_of(row)

    return memory.get(("program", key), read, Program)


def by_id(*, program_id: int) -> Program:
    """The program with this id, at most five seconds old.

    Raises: NoProgram.
    """

    def read() -> Program:
        row = ProgramRow.objects.filter(id=program_id).first()
        if row is None:
            raise NoProgram(f"There is no program {program_id}.")
        return program_of(row)

    return memory.get(("program id", program_id), read, Program)


def all_programs() -> list[Program]:
    """Every program of this installation, by key. Never remembered."""
    return [program_of(row) for row in ProgramRow.objects.order_by("key")]


@transaction.atomic
def set_current_version(*, program_id: int, version: int) -> Program:
    """Say which numbered version of its document a program follows now.

    Raises: NoProgram; VersionWentBack unless the number is above the present one (a rollback is a new number).
    """
    row = locked(program_id)
    if version <= row.current_version:
        raise VersionWentBack(
            f"The program is at version {row.current_version}; {version} is not above it.",
            current_version=row.current_version,
        )
    row.current_version = version
    row.save(update_fields=["current_version"])
    memory.forget()
    return program_of(row)


def brand_of(row: BrandRow) -> Brand:
    """A row as others see it."""
    return Brand(id=row.id, program_id=row.program_id, key=row.key, name=row.name, active=row.active)


@transaction.atomic
def define_brand(*, program_id: int, key: str, name: str, actor: str, active: bool = True) -> Brand:
    """Make a brand, or change the one with this key; telling it twice changes nothing.

    Raises: Invalid with every fault; NoProgram.
    """
    refuse(rules.key_faults(key, "key") + rules.name_faults(name, "name"))
    locked(program_id)
    row, _ = BrandRow.objects.update_or_create(
        program_id=program_id, key=key, defaults={"name": name.strip(), "active": active}
    )
    memory.forget()
    return brand_of(row)


def brand(*, program_id: int, key: str) -> Brand:
    """The brand with this key.

    Raises: NoBrand.
    """
    row = BrandRow.objects.filter(program_id=program_id, key=key).first()
    if row is None:
        raise NoBrand(f"There is no brand {key!r}.")
    return brand_of(row)


def brands(*, program_id: int) -> list[Brand]:
    """All brands of a program, by key."""
    return [brand_of(row) for row in BrandRow.objects.filter(program_id=program_id).order_by("key")]


def channel_of(row: ChannelRow) -> Channel:
    """A row as others see it."""
    return Channel(
        id=row.id,
        program_id=row.program_id,
        key=row.key,
        name=row.name,
        kind=ChannelKind(row.kind),
        online=row.online,
        active=row.active,
    )


@transaction.atomic
def define_channel(
    *, program_id: int, key: str, name: str, kind: str, actor: str, online: bool | None = None, active: bool = True
) -> Channel:
    """Make a channel, or change the one with this key; telling it twice changes nothing.

    Args: online: when not said, every kind but `store` and `phone` is online.
    Raises: Invalid with every fault; NoProgram.
    """
    faults = rules.key_faults(key, "key") + rules.name_faults(name, "name")
    refuse(faults + rules.choice_faults(kind, ChannelKind, "kind"))
    locked(program_id)
    row, _ = ChannelRow.objects.update_or_create(
        program_id=program_id,
        key=key,
        defaults={
            "name": name.strip(),
            "kind": kind,
            "online": rules.is_online(kind) if online is None else online,
            "active": active,
        },
    )
    memory.forget()
    return channel_of(row)


def channel(*, program_id: int, key: str) -> Channel:
    """The channel with this key, at most five seconds old.

    Raises: NoChannel.
    """

    def read() -> Channel:
        row = ChannelRow.objects.filter(program_id=program_id, key=key).first()
        if row is None:
            raise NoChannel(f"There is no channel {key!r}.")
        return channel_of(row)

    return memory.get(("channel", program_id, key), read, Channel)


def channels(*, program_id: int) -> list[Channel]:
    """All channels of a program, by key."""
    return [channel_of(row) for row in ChannelRow.objects.filter(program_id=program_id).order_by("key")]

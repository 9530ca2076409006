"""`regulars key`: make, list and revoke keys of the API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import click

from regulars.cli import common
from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.people.staff import services as staff
from regulars.people.staff.terms import ApiKey

ACTOR = "system:command line"
_PAGE = 200
_program = click.option("--program", "program_key", help="Which program; not needed where there is only one.")
_reason = click.option("--reason", default="", help="Why; kept in the audit trail.")


@click.group("key")
def command() -> None:
    """Make, list and revoke keys of the API."""


@command.command("create")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, required=True, help="What it may do, such as orders:write; once for each."
)
@click.option("--store", help="Bind it to a store (or a region): it sells there and below only.")
@click.option("--days", type=click.IntRange(min=1), help="It ends after so many days; never, if not said.")
@click.option("--allow", "networks", multiple=True, help="Only from this network, such as 10.0.0.0/8; once for each.")
@click.option("--adjust-limit", default=0, show_default=True, help="Points a call that need no second person.")
@click.option("--rate", default=6_000, show_default=True, help="Calls a minute.")
@_reason
@_program
@common.as_json
def create(
    name: str,
    scopes: tuple[str, ...],
    store: str | None,
    days: int | None,
    networks: tuple[str, ...],
    adjust_limit: int,
    rate: int,
    reason: str,
    program_key: str | None,
    as_json: bool,
) -> None:
    """Make a key called NAME and show its secret: this once, nobody can read it again.

    A scope that does not exist is refused with those that do.
    """
    program_id = _chosen(program_key)
    made, secret = staff.make_key(
        program_id=program_id,
        name=name,
        scopes=scopes,
        actor=ACTOR,
        expires_at=clock.now() + timedelta(days=days) if days else None,
        store_id=programs.store(program_id=program_id, key=store).id if store else None,
        ip_allow=networks,
        adjust_limit=adjust_limit,
        rate_per_minute=rate,
        reason=reason,
    )
    if not as_json:
        click.echo(f"Key {made.id}. Its secret is shown this once:", err=True)
    common.answer({**_told(made), "secret": secret}, as_json=as_json, text=lambda row: [row["secret"]])


@command.command("list")
@click.option("--all", "is_all", is_flag=True, help="Revoked and expired ones too.")
@_program
@common.as_json
def listed(is_all: bool, program_key: str | None, as_json: bool) -> None:
    """Show the keys of a program, newest first; a secret is told by its beginning only."""
    program_id, now = _chosen(program_key), clock.now()
    found: list[ApiKey] = []
    while page := staff.keys(program_id=program_id, cursor=found[-1].id if found else None, limit=_PAGE):
        found += page
    rows = [_told(key) for key in found if is_all or _state(key, now) == "active"]
    common.answer(rows, as_json=as_json, text=lambda told: [_line(row) for row in told] or ["There are no keys."])


@command.command("revoke")
@click.argument("key_id", type=int)
@_reason
@_program
@common.as_json
def revoke(key_id: int, reason: str, program_key: str | None, as_json: bool) -> None:
    """End a key by its number, for every server within five seconds. Revoking twice changes nothing."""
    done = staff.revoke_key(program_id=_chosen(program_key), key_id=key_id, actor=ACTOR, reason=reason)
    common.answer(_told(done), as_json=as_json, text=lambda row: [f"Key {row['id']} ({row['name']}) is revoked."])


def _chosen(key: str | None) -> int:
    found = common.chosen_programs(key)
    if len(found) != 1:
        raise Invalid(errors=[("--program", f"name one of {', '.join(p.key for p in programs.all_programs())}")])
    return int(found[0].id)


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "active"


def _told(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "begins_with": key.prefix,
        "state": _state(key, clock.now()),
        "scopes": sorted(key.scopes),
        "expires_at": key.expires_at,
        "networks": [str(one) for one in key.ip_allow],
        "adjust_limit": key.adjust_limit,
        "rate_per_minute": key.rate_per_minute,
        "created_by": key.created_by,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
    }


def _line(row: dict[str, Any]) -> str:
    ends = f", until {row['expires_at']:%Y-%m-%d}" if row["expires_at"] else ""
    return f"{row['id']}  {row['state']}{ends}  {row['begins_with']}…  {row['name']}  {' '.join(row['scopes'])}"

"""The town of the demo: a year of a chain of shops, brought in as a retailer would bring in her own history."""

from __future__ import annotations

import csv
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from uuid import UUID

import yaml
from django.db import connection, transaction

from regulars.cli import town_baskets, town_belonging, town_goods, town_people
from regulars.governance.publishing import services as publishing
from regulars.interfaces.imports import services as imports
from regulars.interfaces.imports.terms import Progress, State
from regulars.kernel import clock, home, nights
from regulars.kernel.errors import Refusal
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Program
from regulars.people.staff import services as staff
from regulars.people.staff.terms import Role
from regulars.simulator import town as simulator
from regulars.simulator.baskets import baskets
from regulars.simulator.redemptions import Redemption, redemptions
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Source
from regulars.wiring import NIGHTS

MEMBERS = 5_000
SEED = 20260101
ACTOR = "system:town"
_TOLD_EVERY_SECONDS = 5.0
Show = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is being loaded: kept in a file, so that a load that was killed goes on with the same town."""

    database: int
    ends_on: date
    members: int
    seed: int
    passwords: dict[str, str]


def load(
    show: Show = print, *, members: int = MEMBERS, seed: int = SEED, folder: Path | None = None
) -> list[tuple[str, str]]:
    """Load the town into this database; answers the log-ins and the key to print, each as (label, value).

    Killed anywhere and called again, it goes on where it stood; every part is harmless when repeated. History is
    recorded as of yesterday evening (each thing with the time when it happened), so that last midnight closes the
    books over it.
    """
    folder = folder or home.folder() / "town"
    with _without_waiting_for_the_disk():
        with _step(show, "The program, its shops and its rules"):
            publishing.apply(document=publishing.blueprint(key="town").text, actor=ACTOR)
        program = programs.get(key="town")
        with _step(show, f"{town_goods.HOW_MANY} goods with their prices, and what lies in the shops"):
            town_goods.fill(program)
        plan = _plan(folder, program, members, seed)
        with _step(show, f"A year of {plan.members:,} people, up to {plan.ends_on}"):
            town = simulator.build(folder=folder, ends_on=plan.ends_on, members=plan.members, seed=plan.seed)
            brought = list(baskets(ends_on=plan.ends_on, members=plan.members, seed=plan.seed))
        with clock.at(clock.day_ends(plan.ends_on, program.zone) - timedelta(hours=1)):
            with _step(show, f"{town.member_count:,} members come in"):
                _import(program, town.members, "members", show)
            with _step(show, f"{town.order_count:,} orders and {town.return_count:,} returns come in"):
                _import(program, town.orders, "orders", show)
            with _step(show, "The nights of the year: points end, people redeem") as told:
                told.append(_live(program, town, plan.seed, show))
            with _step(show, "Consents, a merge, a suspended member"):
                town_people.settle(program=program, file=town.members, actor=ACTOR)
            with _step(show, f"{town_baskets.COUPONS} coupons, {len(brought)} baskets at the tills") as told:
                told.append(f"{town_baskets.sell(program=program, baskets=brought, actor=ACTOR)} sold")
        with _step(show, "Last night: levels, books, signatures"):
            _nights(program, town.starts_on, clock.now())
        with _step(show, "Staff, holds and a correction that waits for a second person"):
            logins = town_people.employ(program=program, passwords=plan.passwords, actor=ACTOR)
            town_baskets.pay(program=program, baskets=brought, actor=ACTOR)
        with _step(show, "Rewards, benefits, paid memberships and an adviser") as told:
            adviser = staff.person_by_email(email=town_people.email_of(Role.SERVICE)).id
            told.append(f"{town_belonging.enjoy(program=program, adviser=adviser, actor=ACTOR)} acts")
        return logins


@contextmanager
def _step(show: Show, what: str) -> Iterator[list[str]]:
    began, more = time.monotonic(), list[str]()
    show(f"  {what} …")
    yield more
    show(f"    done in {time.monotonic() - began:.1f} s{''.join(f'; {said}' for said in more)}")


@contextmanager
def _without_waiting_for_the_disk() -> Iterator[None]:
    """What a crash takes from the end of the load is loaded again, so no commit needs to wait for the disk."""
    with connection.cursor() as cursor:
        cursor.execute("set synchronous_commit = off")
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("reset synchronous_commit")


def _plan(folder: Path, program: Program, members: int, seed: int) -> Plan:
    """The plan of a load of this database that did not end, or a new one."""
    with connection.cursor() as cursor:
        cursor.execute("select oid::bigint from pg_database where datname = current_database()")
        (database,) = cursor.fetchone()
    kept = folder / "plan.json"
    if kept.exists():
        said = json.loads(kept.read_text())
        if said["database"] == database:
            return Plan(**{**said, "ends_on": date.fromisoformat(said["ends_on"])})
    plan = Plan(
        database=database,
        ends_on=clock.local_day(clock.now(), program.zone) - timedelta(days=1),
        members=members,
        seed=seed,
        passwords={role: secrets.token_urlsafe(12) for role in town_people.ROLES},
    )
    write_secretly(kept, json.dumps({**plan.__dict__, "ends_on": plan.ends_on.isoformat()}))
    return plan


def write_secretly(path: Path, text: str) -> None:
    """Write a file that only its owner can read, all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
        out.write(text)
    beside.replace(path)


def _import(program: Program, path: Path, kind: str, show: Show) -> None:
    """Carry one of the town's files in, unless it is in already."""
    done = [j for j in imports.jobs(program_id=program.id) if j.kind == kind and j.state == State.FINISHED]
    if any(j.path == str(path.resolve()) for j in done):
        return
    mapping = yaml.safe_load((files("regulars.simulator") / "mappings" / f"town-{kind}.yaml").read_text("utf-8"))
    last = [time.monotonic()]

    def tell(now: Progress) -> None:
        if now.state == State.RECORDING and now.total and time.monotonic() - last[0] > _TOLD_EVERY_SECONDS:
            last[0] = time.monotonic()
            show(f"    {now.done * 100 // now.total} %")

    job = imports.start(program_id=program.id, path=path, mapping=mapping, actor=ACTOR)
    imports.run(program_id=program.id, job_id=job.id, show=tell, wait_seconds=60)


def _live(program: Program, town: simulator.Town, seed: int, show: Show) -> str:
    """The year's nights in order, and between them what people redeem on each day; answers what came of it."""
    if (nights.last_night(program_id=program.id) or town.starts_on) >= town.ends_on:
        return "this was done"  # and members may have been merged since, whose redemptions must not come again
    known = _known(program, town.members)
    done = refused = 0
    last = time.monotonic()
    wishes = redemptions(orders=town.orders, seed=seed)
    for day, of_day in groupby(wishes, key=lambda r: clock.local_day(r.at, program.zone)):
        _nights(program, town.starts_on, clock.day_starts(day, program.zone))
        with transaction.atomic():
            answers = [_redeem(program, known[wish.member], wish) for wish in of_day]
        done, refused = done + sum(answers), refused + len(answers) - sum(answers)
        if time.monotonic() - last > _TOLD_EVERY_SECONDS:
            last = time.monotonic()
            show(f"    up to {day}")
    _nights(program, town.starts_on, clock.day_starts(town.ends_on, program.zone))
    return f"{done:,} redemptions, {refused:,} could not be paid"


def _known(program: Program, file: Path) -> dict[str, UUID]:
    with file.open(newline="", encoding="utf-8") as rows:
        named = [row["external"] for row in csv.DictReader(rows)]
    found = members.resolve_many(program_id=program.id, refs=[f"external:{name}" for name in named])
    return {ref.removeprefix("external:"): member_id for ref, member_id in found.items()}


def _redeem(program: Program, member_id: UUID, wish: Redemption) -> bool:
    try:
        ledger.spend(
            program_id=program.id,
            member_id=member_id,
            key=f"town/{wish.ref}",
            unit="points",
            amount=wish.points,
            source=Source(type="reward", ref=wish.reward),
            occurred_at=wish.at,
            actor=ACTOR,
        )
    except Refusal:  # she has less than she thinks, as people do
        return False
    return True


def _nights(program: Program, first_day: date, upto: datetime) -> None:
    nights.run_due(NIGHTS, program_id=program.id, zone=program.zone, upto=upto, first_day=first_day)

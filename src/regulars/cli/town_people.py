"""The people of the demo's town that no file tells of: who agreed to what, who works there, what is waiting."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.db import transaction

from regulars.governance.identity import services as identity
from regulars.kernel import clock
from regulars.people.consent import services as consent
from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Program
from regulars.people.staff import services as staff
from regulars.people.staff.terms import EmailTaken, Person, Role
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Source

VERSION = "2025-11"
TEXTS = {
    "marketing": {
        "en": "Town Market may send me offers by the ways I choose. I can take this back at any time.",
        "zh-Hans": "我同意门店通过我选择的方式向我发送优惠信息，并可随时撤回。",
    },
    "profiling": {
        "en": "Town Market may use what I buy to choose offers for me. I can take this back at any time.",
        "zh-Hans": "我同意门店根据我的购买记录为我挑选优惠，并可随时撤回。",
    },
}
# role → name, language, the store or region it is given for
ROLES: dict[str, tuple[str, str, str | None]] = {
    Role.OWNER: ("Wei Chen 陈薇", "en", None),
    Role.MARKETER: ("Lin Zhao 赵琳", "zh-Hans", None),
    Role.SERVICE: ("Amy Walker", "en", None),
    Role.STORE_MANAGER: ("Gang Liu 刘刚", "zh-Hans", "shanghai"),
    Role.CASHIER: ("Xiaoyan Sun 孙晓燕", "zh-Hans", "sh01"),
    Role.ANALYST: ("Noah Patel", "en", None),
    Role.AUDITOR: ("Hui Tang 唐慧", "zh-Hans", None),
}
KEY_NAME = "Demo till"
_EVERY, _WITHDRAWN_EVERY = 16, 5
_SUSPENDED, _EARN_ONLY, _FROM, _INTO = "T00042", "T00043", "T00101", "T00100"
_HOLDS, _HELD, _HOLD_HOURS = 5, 200, 48
_WAITING = 5_000  # above what one person may give


def settle(*, program: Program, file: Path, actor: str) -> None:
    """Texts and consents, a suspended member, one who only earns, and two members who are one person."""
    for purpose, said in TEXTS.items():
        for language, text in said.items():
            consent.publish_text(
                program_id=program.id, purpose=purpose, version=VERSION, language=language, text=text
            )
    with file.open(newline="", encoding="utf-8") as rows:
        people = list(csv.DictReader(rows))
    known = _known(program, [row["external"] for row in people])
    with transaction.atomic():
        for n, row in enumerate(people[:: min(_EVERY, max(1, len(people) // 20))]):
            _agree(program, known[row["external"]], n, datetime.fromisoformat(row["joined_at"]), actor)
    for external, status in ((_SUSPENDED, MemberStatus.SUSPENDED), (_EARN_ONLY, MemberStatus.EARN_ONLY)):
        if external in known:
            members.set_status(
                program_id=program.id, member_id=known[external], status=status, reason="fraud_suspected", actor=actor
            )
    into, from_ = known.get(_INTO), known.get(_FROM)
    if into and from_ and into != from_:  # a redirect is followed, so a second time both are one
        identity.merge(program_id=program.id, into=into, from_=from_, reason="came twice", actor=actor)


def _known(program: Program, names: list[str]) -> dict[str, UUID]:
    found = members.resolve_many(program_id=program.id, refs=[f"external:{name}" for name in names])
    return {ref.removeprefix("external:"): member_id for ref, member_id in found.items()}


def _agree(program: Program, member_id: UUID, n: int, at: datetime, actor: str) -> None:
    channel = ("sms", "email", "wechat")[n % 3]
    for purpose in list(TEXTS)[: 1 + n % 2]:
        consent.record(
            program_id=program.id, member_id=member_id, purpose=purpose, granted=True,
            channel=channel if purpose == "marketing" else "", text_version=VERSION, source="checkout",
            at=at, key=f"town/{n}/{purpose}", actor=actor,
        )  # fmt: skip
    if n % _WITHDRAWN_EVERY == 0:
        consent.record(
            program_id=program.id, member_id=member_id, purpose="marketing", granted=False, channel=channel,
            source="app.settings", at=min(at + timedelta(days=60), clock.now()), key=f"town/{n}/stop", actor=actor,
        )  # fmt: skip


def employ(*, program: Program, passwords: dict[str, str], actor: str) -> list[tuple[str, str]]:
    """A person of each role, a key, some holds, and a correction of the service's that waits; answers the log-ins."""
    people = {role: _person(program, role, passwords[role], actor) for role in ROLES}
    with transaction.atomic():
        _hold(program, actor)
    _ask(program, people[Role.SERVICE])
    for key in staff.keys(program_id=program.id, limit=200):
        if key.name == KEY_NAME and key.revoked_at is None:  # of a load that was killed: nobody knows its secret
            staff.revoke_key(program_id=program.id, key_id=key.id, actor=actor)
    _, secret = staff.make_key(
        program_id=program.id,
        name=KEY_NAME,
        scopes=staff.SCOPES,
        actor=actor,
        adjust_limit=500,
        rate_per_minute=60_000,
    )
    logins = [
        (str(role).replace("_", " ").capitalize(), f"{people[role].email}   {passwords[role]}") for role in ROLES
    ]
    return [*logins, ("API key", secret)]


def email_of(role: str) -> str:
    """The address under which somebody of a role logs in."""
    return f"{role.replace('_', '-')}@example.com"


def _person(program: Program, role: str, password: str, actor: str) -> Person:
    name, locale, place = ROLES[role]
    email = email_of(role)
    try:
        # whoever starts the demo runs the installation: its owner sees all of it
        person = staff.add_person(
            email=email, name=name, locale=locale, password=password, operator=role == Role.OWNER, actor=actor
        )
    except EmailTaken:
        person = staff.person_by_email(email=email)
    store = programs.store(program_id=program.id, key=place) if place else None
    staff.grant(
        user_id=person.id, role=role, program_id=program.id, store_id=store.id if store else None, actor=actor
    )
    return person


def _rich(program: Program, at_least: int) -> list[UUID]:
    """Some members who have so many points, in the order of their numbers in the town."""
    found: list[UUID] = []
    for member_id in _known(program, [f"T{n:05d}" for n in range(1, 400)]).values():
        points = ledger.balances(program_id=program.id, member_id=member_id, zone=program.zone)["points"]
        found += [member_id] if points.active >= at_least else []
        if len(found) == _HOLDS:
            break
    return found


def _hold(program: Program, actor: str) -> None:
    asked = _known(program, [f"T{n:05d}" for n in range(1, 400)]).values()
    if any(ledger.holds(program_id=program.id, member_id=member_id) for member_id in asked):
        return  # a second time others would be the rich ones
    for n, member_id in enumerate(_rich(program, 2 * _HELD)):
        ledger.hold(
            program_id=program.id, member_id=member_id, key=f"town/hold/{n}", unit="points", amount=_HELD,
            expires_at=clock.now() + timedelta(hours=_HOLD_HOURS), source=Source(type="cart", ref=f"CART-{n + 1}"),
            actor=actor,
        )  # fmt: skip


def _ask(program: Program, service: Person) -> None:
    member_id = next(iter(_rich(program, 1)), None)
    if member_id and not ledger.adjustments(program_id=program.id):
        ledger.adjust(
            program_id=program.id, member_id=member_id, key="town/goodwill", unit="points", amount=_WAITING,
            reason="goodwill", actor=service.actor,
        )  # fmt: skip

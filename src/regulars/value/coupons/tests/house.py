"""A small program for tests: two stores in a region, two channels, and templates of every sort."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

from django.db import connection

from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.value.coupons import services as coupons
from regulars.value.coupons.services import coining
from regulars.value.coupons.terms import Alphabet, Coupon, Held

ACTOR = "key:1"
GIVES = {"effects": [{"kind": "order_percent", "percent": "10"}]}
_numbers = itertools.count(1)


def template(key: str = "ten", **more: Any) -> dict[str, Any]:
    return {"key": key, "gives": GIVES, **more}


def program(*templates: dict[str, Any], key: str = "shop", zone: str = "Europe/London") -> int:
    coupons.forget_versions()
    coupons.forget_numbers()
    made = programs.create(key=key, name="A shop", zone=zone, currency="GBP", actor=ACTOR)
    for channel, kind in (("web", "web"), ("till", "store")):
        programs.define_channel(program_id=made.id, key=channel, name=channel, kind=kind, actor=ACTOR)
    programs.define_store(program_id=made.id, key="north", name="North", kind="region", actor=ACTOR)
    programs.define_store(program_id=made.id, key="high-street", name="High Street", parent="north", actor=ACTOR)
    programs.define_store(program_id=made.id, key="station", name="Station", actor=ACTOR)
    publish(made.id, *(templates or [template()]))
    return made.id


def publish(program_id: int, *templates: dict[str, Any]) -> int:
    version = programs.by_id(program_id=program_id).current_version + 1
    coupons.apply(program_id, version, {"coupon_templates": list(templates)}, ACTOR)
    programs.set_current_version(program_id=program_id, version=version)
    return version


def member(program_id: int) -> UUID:
    return members.register(program_id=program_id, actor=ACTOR, channel="web").member_id


def issued(program_id: int, member_id: UUID, template: str = "ten", **more: Any) -> Coupon:
    return coupons.issue(
        program_id=program_id, template=template, member_id=member_id, key=f"k{next(_numbers)}", actor=ACTOR, **more
    )[0]


def batch(program_id: int, size: int = 5, template: str = "ten", **more: Any) -> list[str]:
    begun = coupons.begin_batch(
        program_id=program_id, template=template, size=size, key=f"b{next(_numbers)}", actor=ACTOR, **more
    )
    coupons.make_batch(program_id=program_id, batch_id=begun.batch_id)
    text = b"".join(coupons.codes_of(program_id=program_id, batch_id=begun.batch_id)).decode()
    return [line.split(",")[0] for line in text.splitlines()[1:]]


def find(program_id: int, *codes: str, **more: Any) -> tuple[Held, ...]:
    return coupons.find(program_id=program_id, codes=codes, **more)


def redeem(program_id: int, *codes: str, order: str = "o1", member_id: UUID | None = None, **more: Any) -> int:
    held = coupons.find(program_id=program_id, codes=codes, member_id=member_id)
    return coupons.redeem(program_id=program_id, held=held, order=order, member_id=member_id, actor=ACTOR, **more)


def state(program_id: int, code: str) -> str:
    return str(coupons.look_up(program_id=program_id, code=code, who=["test"]).state)


def told(program_id: int, coupon_id: UUID) -> list[str]:
    return [c.kind for c in coupons.story(program_id=program_id, coupon_id=coupon_id)]


def made(program_id: int) -> list[str]:
    """Every code of the program, whether it has a row or lies on a sheet."""
    found = rows(
        "select coupons_id(s.batch_id, s.place + n), convert_from(substr(s.codes, n * r.width + 1, r.width), 'UTF8')"
        f" from coupons_run r join coupons_sheet s on r.program_id = {program_id} and s.batch_id = r.batch_id"
        " and s.run = r.place cross join generate_series(0, length(s.codes) / r.width - 1) as n"
        f" union select id, code from coupons_coupon where program_id = {program_id}"
    )
    return [code for _, code in found]


def coming(row: Any) -> list[str]:
    """The codes that a batch which has begun is going to make."""
    maker = coining.maker(
        program_id=row.program_id, pattern=row.series.pattern, alphabet=Alphabet(row.series.alphabet)
    )
    return maker.encode(range(row.first, row.first + row.size))


def rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()

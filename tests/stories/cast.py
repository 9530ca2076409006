"""The cast of the stories: a shop called Corner, its keys, and people who buy there."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson
from django.test import Client

from regulars.governance.publishing import services as publishing
from regulars.people.members import services as members
from regulars.people.members.terms import Claim, IdentifierType
from regulars.people.staff import services as staff
from regulars.people.staff.rules import SCOPES

NOON = "2026-01-05T12:00:00+08:00"
DOCUMENT = """
program: {{key: {key}, name: Corner, zone: Asia/Shanghai, currency: CNY, locale: en}}
stores:
  - {{key: bund, name: The Bund, kind: store}}
  - {{key: web, name: Web store, kind: store}}
channels:
  - {{key: store, name: Shops, kind: store}}
  - {{key: web, name: Web, kind: web}}
units:
  - {{key: points, kind: spendable, expiry: {{kind: never}}, debt: owe, transferable: true}}
  - {{key: growth, kind: measure}}
policies: {{returns: proportional, claims_within_days: 30, future_tolerance_minutes: 10}}
earn_rules:
  - {{key: base, unit: points, rate: {{points: 1, per: 1.00}}}}
  - {{key: growth, unit: growth, rate: {{points: 1, per: 1.00}}}}
ladders:
  - key: main
    measure: growth
    levels:
      - {{key: green, name: {{en: Green, zh-Hans: 绿卡}}, enter: 0}}
      - {{key: gold, name: {{en: Gold, zh-Hans: 金卡}}, enter: 1000}}
"""


def a_program(key: str = "corner", document: str = DOCUMENT) -> int:
    """A program with one point a yuan, and a ladder of two levels."""
    return publishing.apply(document=document.format(key=key), actor="system:test").program_id


def a_member(program_id: int, external: str, phone: str | None = None) -> str:
    """A member with an external id, and a verified phone if given; her public id."""
    claims = [Claim(type=IdentifierType.EXTERNAL, value=external)]
    if phone:
        claims.append(Claim(type=IdentifierType.PHONE, value=phone))
    done = members.register(program_id=program_id, actor="system:test", attested=True, identifiers=claims)
    return members_id(done.member_id)


def members_id(member_id: Any) -> str:
    """The public form of a member's id."""
    from regulars.kernel import ids

    return ids.encode("mem", member_id)


@dataclass
class Caller:
    """Somebody with a key, who calls the API as a till or a shop does."""

    secret: str
    calls: int = 0
    number: int = field(default_factory=count(1).__next__)

    def send(self, method: str, path: str, body: Any = None, key: str | None = None, **extra: str) -> tuple[int, Any]:
        self.calls += 1
        answer = Client().generic(
            method,
            f"/api/v1{path}",
            data=body if isinstance(body, bytes | str) else orjson.dumps(body) if body is not None else b"",
            content_type="application/json",
            headers={
                "Authorization": f"Bearer {self.secret}",
                "Idempotency-Key": key or f"call-{self.number}-{self.calls}",
                **extra,
            },
        )
        self.headers = answer.headers
        return answer.status_code, orjson.loads(answer.content) if answer.content else None

    def get(self, path: str) -> tuple[int, Any]:
        return self.send("GET", path)

    def post(self, path: str, body: Any, key: str | None = None) -> tuple[int, Any]:
        return self.send("POST", path, body, key)


def a_caller(program_id: int, *, scopes: Any = SCOPES, **more: Any) -> Caller:
    """A key's holder; every scope unless told."""
    _, secret = staff.make_key(
        program_id=program_id,
        name="test",
        scopes=scopes,
        actor="system:test",
        **{"rate_per_minute": 1_000_000, "adjust_limit": 1_000, **more},
    )
    return Caller(secret)


def an_order(
    ref: str, member: str | None = None, amounts: tuple[int, ...] = (10_000,), **more: Any
) -> dict[str, Any]:
    """The body of an order of one line per amount (fen)."""
    return {
        "source": "till",
        "ref": ref,
        **({"member": member} if member else {}),
        "channel": "store",
        "store": "bund",
        "currency": "CNY",
        "occurred_at": NOON,
        "lines": [
            {"id": str(n), "sku": f"SKU{n}", "quantity": "1", "amount_minor": amount}
            for n, amount in enumerate(amounts, start=1)
        ],
        **more,
    }

"""The cast of the blueprints' stories: a house that runs one of them, and people who live through its days."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from regulars.governance.assurance import services as assurance
from regulars.governance.publishing import services as publishing
from regulars.interfaces.sandbox.payments import SandboxPayments
from regulars.kernel import clock, nights, outbox
from regulars.people.programs import services as programs
from regulars.people.programs.services.cache import memory
from regulars.value.promotions import services as promotions
from regulars.value.subscriptions import services as subscriptions
from regulars.wiring import NIGHTS, WIRING
from tests.stories.cast import Caller, a_caller

_numbers = count(1)


@dataclass
class House:
    """A program of a blueprint at an instant that only the story moves; everything goes through the HTTP API."""

    key: str
    till: Caller
    program_id: int
    zone: str
    currency: str
    provider: SandboxPayments
    _time: ExitStack = field(default_factory=ExitStack)

    def it_is(self, local: str) -> None:
        """Now it is this local moment (`2026-03-01T10:00`) or the noon of this day, and nothing is done in between."""
        when = datetime.fromisoformat(local if "T" in local else f"{local}T12:00").replace(tzinfo=ZoneInfo(self.zone))
        self._time.close()
        self._time.enter_context(clock.at(when))

    def lives_until(self, local: str) -> None:
        """Every night up to this local moment is worked in its order, and the news of each day is heard."""
        when = datetime.fromisoformat(local if "T" in local else f"{local}T12:00").replace(tzinfo=ZoneInfo(self.zone))
        self.hears_the_news()
        day = clock.local_day(clock.now(), self.zone) + timedelta(days=1)
        while clock.day_starts(day, self.zone) <= when:
            self._night(day)
            day += timedelta(days=1)
        self.it_is(when.strftime("%Y-%m-%dT%H:%M"))
        self.hears_the_news()

    def sleeps_until(self, local: str) -> None:
        """As `lives_until`, but only the nights of the last two days are worked: for long gaps in which nothing is due."""
        when = datetime.fromisoformat(local if "T" in local else f"{local}T12:00").replace(tzinfo=ZoneInfo(self.zone))
        self.it_is((when - timedelta(days=2)).strftime("%Y-%m-%d"))
        self.lives_until(local)

    def _night(self, day: date) -> None:
        self._time.close()
        self._time.enter_context(clock.at(clock.day_starts(day, self.zone) + timedelta(minutes=1)))
        nights.run_due(NIGHTS, program_id=self.program_id, zone=self.zone, upto=clock.now(), first_day=day)
        self.hears_the_news()

    def hears_the_news(self) -> None:
        """Everything that was announced is reacted to, as a worker does within a second."""
        subscriptions.work()
        while outbox.deliver_batch(WIRING):
            pass

    @property
    def now(self) -> str:
        """The present moment, as calls tell it."""
        return clock.now().isoformat()

    def joins(self, name: str, **more: Any) -> str:
        """A person becomes a member by phone; her public id."""
        n = next(_numbers)
        body = {"name": name, "identifiers": [{"type": "phone", "value": f"+86138{n:08d}"}], **more}
        status, answer = self.till.post("/members", body)
        assert status == 201, answer
        self.hears_the_news()
        return str(answer["id"])

    def sells(self, sku: str, price: float, member_price: float | None = None, **more: Any) -> dict[str, Any]:
        """Goods with a price, and one for members; a line of one piece for a basket."""
        asked = {"price_minor": round(price * 100)}
        if member_price is not None:
            asked["member_minor"] = round(member_price * 100)
        self.asked("PUT", f"/products/{sku}", {"name": sku, "prices": [asked], **more})
        return {"sku": sku, "quantity": "1", "amount_minor": asked["price_minor"]}

    def gains(self, member: str, unit: str, amount: int, reason: str) -> None:
        """Something that she did elsewhere is told as points."""
        body = {"unit": unit, "kind": "adjust", "amount": amount, "reason": reason}
        assert self.asked("POST", f"/members/{member}/points", body)["state"] == "done"
        self.hears_the_news()

    def puts_on(self, audience: str, *members: str) -> None:
        """Members come on an audience."""
        self.asked("POST", f"/audiences/{audience}/members", {"members": list(members)})

    def has(self, member: str, reward: str, **more: Any) -> dict[str, Any]:
        """She has a reward for value; the redemption."""
        return self.asked("POST", f"/rewards/{reward}/redemptions", {"member": member, **more})

    def subscribes(self, member: str, plan: str, method: str = "ok", **more: Any) -> dict[str, Any]:
        """She becomes a paying member; the subscription."""
        made = self.asked("POST", f"/members/{member}/subscriptions", {"plan": plan, "method": method, **more})
        self.hears_the_news()
        return made

    def subscription(self, made: dict[str, Any]) -> dict[str, Any]:
        """A subscription as it stands now."""
        return self.asked("GET", f"/subscriptions/{made['id']}")

    def bank(self) -> list[int]:
        """What the provider moved, in its order: charges, and refunds below zero."""
        return [m.amount_minor if m.kind == "charge" else -m.amount_minor for m in self.provider.movements()]

    def coupons(self, member: str) -> list[dict[str, Any]]:
        """Her coupons that can be used, newest first."""
        found = self.asked("GET", f"/members/{member}/coupons")["items"]
        return [c for c in found if c["state"] == "open"]

    def tells(self, member: str | None, *lines: tuple[str, float] | dict[str, Any], **more: Any) -> dict[str, Any]:
        """A basket of (category, price) lines or whole lines is told; the quote."""
        return self.asked("PUT", f"/sessions/s{next(_numbers)}", self._basket(member, lines, more))

    def buys(self, member: str | None, *lines: tuple[str, float] | dict[str, Any], **more: Any) -> dict[str, Any]:
        """A basket is told and closed; the receipt."""
        quote = self.tells(member, *lines, **more)
        receipt = self.asked("POST", f"/sessions/{quote['key']}/close", {"digest": quote["digest"]})
        self.hears_the_news()
        return receipt

    def _basket(self, member: str | None, lines: Any, more: dict[str, Any]) -> dict[str, Any]:
        told = [
            line
            if isinstance(line, dict)
            else {"sku": line[0], "category": line[0], "quantity": "1", "amount_minor": round(line[1] * 100)}
            for line in lines
        ]
        return {
            **({"member": member} if member else {}),
            "channel": "store",
            "currency": self.currency,
            "occurred_at": clock.now().isoformat(),
            "lines": [{"id": str(n), **line} for n, line in enumerate(told, start=1)],
            **more,
        }

    def returns(self, receipt: dict[str, Any], *lines: str) -> dict[str, Any]:
        """Whole lines (all, unless named) of an order come back; the receipt of the return."""
        order = self.asked("GET", f"/orders/{receipt['order']}")
        back = [
            {"id": line["id"], "quantity": line["quantity"]}
            for line in order["lines"]
            if not lines or line["id"] in lines
        ]
        body = {"ref": f"R{next(_numbers)}", "occurred_at": clock.now().isoformat(), "lines": back}
        done = self.asked("POST", f"/orders/{receipt['order']}/returns", body)
        self.hears_the_news()
        return done

    def holds(self, member: str) -> dict[str, int]:
        """What she holds and may use, by unit."""
        answer = self.asked("GET", f"/members/{member}/balances")
        return {b["unit"]: b["active"] for b in answer["items"]}

    def levels(self, member: str) -> dict[str, str]:
        """Where she stands on each ladder."""
        answer = self.asked("GET", f"/members/{member}/tier")
        return {t["ladder"]: t["level"] for t in answer["items"]}

    def asked(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """A call that must succeed; its answer."""
        status, answer = self.till.send(method, path, body)
        assert status < 300, (method, path, status, answer)
        return answer  # type: ignore[no-any-return]

    def refused(self, method: str, path: str, body: Any = None) -> str:
        """A call that must be refused; the code of the refusal."""
        status, answer = self.till.send(method, path, body)
        assert 400 <= status < 500, (method, path, status, answer)
        return str(answer["code"])

    def every_promise_holds(self) -> bool:
        """Whether the proofs find nothing."""
        self.hears_the_news()
        return assurance.discrepancies(program_id=self.program_id) == []

    def closes(self) -> None:
        """The clock is the world's again."""
        self._time.close()


def a_house(key: str, provider: SandboxPayments, began: str = "2026-01-05T10:00") -> House:
    """A blueprint planned and applied on an empty database, with a key for its till."""
    memory.forget()
    promotions.forget()
    document = publishing.blueprint(key=key).text
    planned = publishing.plan(document=document)
    assert planned.base_version == 0 and planned.changes
    version = publishing.apply_blueprint(key=key, actor="system:test")
    assert version.number == 1
    assert publishing.plan(document=publishing.export(program_id=version.program_id)).changes == ()
    program = programs.by_id(program_id=version.program_id)
    house = House(
        key=key,
        till=a_caller(program.id),
        program_id=program.id,
        zone=program.zone,
        currency=program.currency,
        provider=provider,
    )
    house.it_is(began)
    return house

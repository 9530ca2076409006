"""Any sequence of calls agrees with a ledger kept on paper, and leaves books in which every promise holds."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from regulars.kernel import clock
from regulars.kernel.errors import Refusal
from regulars.value.ledger import services
from regulars.value.ledger.terms import Clawed, Parcel, Source
from regulars.value.ledger.tests import oracle, world
from regulars.value.ledger.tests.oracle import COINS, GROWTH, POINTS, STARS, Book, Given, Held, Lot, Refused, Taken

KEYS = {POINTS: "points", GROWTH: "growth", STARS: "stars", COINS: "coins"}
PHASES = (
    Phase.explicit,
    Phase.generate,
)  # a failure prints its steps; shrinking them against a database takes minutes
who = st.integers(0, 3)
spendable = st.sampled_from([POINTS, POINTS, STARS, COINS])
amounts = st.integers(1, 40)
days = st.none() | st.integers(1, 30)
parcels = st.lists(
    st.tuples(
        st.sampled_from(list(KEYS)),
        amounts,
        st.none() | st.integers(1, 20),
        days,
        st.sampled_from([None, None, "go"]),
    ),
    min_size=1,
    max_size=3,
)


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.now = datetime(2026, 1, 30, 10, tzinfo=UTC)
        self.program = world.program(zone="UTC")
        world.one(
            "insert into ledger_unit (program_id, slot, key, names, kind, scale, expiry, activation, debt_policy, renewed_by,"
            " transferable) values (%s::int, 4, 'coins', '{}', 'spendable', 0, '{\"kind\": \"inactivity\", \"months\": 1}',"
            " '{}', 'within_balance', '{earn,spend}', true)",
            self.program,
        )
        self.ids = [world.member(self.program) for _ in range(4)]
        self.paper = [Book() for _ in self.ids]
        self.calls: list[tuple[Callable[[], Any], Any]] = []
        self.given: list[tuple[int, int, Given]] = []
        self.taken: list[tuple[int, int, Taken]] = []
        self.holds: list[tuple[Any, Held]] = []
        self.count = 0

    def teardown(self) -> None:
        try:
            assert services.discrepancies(program_id=self.program) == []
        finally:
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)

    def order(self) -> int:
        self.count += 1
        return self.count

    def both(self, real: Callable[[], Any], paper: Callable[[], Any]) -> tuple[Any, Any]:
        """Do it on both sides: the same answer, or the same refusal and nothing changed."""
        kept = copy.deepcopy((self.paper, self.given, self.taken, self.holds))
        code = ""
        try:
            expected = paper()
        except Refused as no:
            code = no.code
        if code:
            self.paper, self.given, self.taken, self.holds = kept
            with pytest.raises(Refusal) as refused, clock.at(self.now):
                real()
            assert refused.value.code == code
            return None, None
        with clock.at(self.now):
            got = real()
        if isinstance(got, dict) or got.seq is not None:  # what moved nothing left no key behind
            self.calls.append((real, got))
        return got, expected

    def common(self, member: int) -> dict[str, Any]:
        return {
            "program_id": self.program,
            "member_id": self.ids[member],
            "key": f"k{self.order()}",
            "actor": "system:test",
        }

    def is_gone(self, member: int) -> None:
        if self.paper[member].merged:
            raise Refused("member_merged")

    @rule(hours=st.integers(1, 400))
    def time_goes_by(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(m=who, parts=parcels, source=st.sampled_from(["a", "b"]))
    def earn(self, m: int, parts: list[Any], source: str) -> None:
        at = self.now
        told = [
            Parcel(
                slot=slot, amount=n, event=event,
                activates_at=at + timedelta(days=starts) if starts and not event else None,
                deadline=at + timedelta(days=starts) if starts and event else None,
                expires_at=at + timedelta(days=ends + (starts or 0)) if ends else None,
            )
            for slot, n, starts, ends, event in parts
        ]  # fmt: skip
        journal = Given(source, {})

        def paper() -> None:
            self.is_gone(m)
            made = []
            for p in told:
                journal.left[p.slot] = journal.left.get(p.slot, 0) + p.amount
                waits = p.event is not None or (p.activates_at or at) > at
                starts = None if p.event else p.activates_at or at
                lot = Lot(
                    self.order(), p.slot, p.amount, p.amount, "pending" if waits else "active", starts, p.expires_at, p.event,
                    p.deadline, journal,
                )  # fmt: skip
                made.append(lot)
            self.paper[m].lots += made
            self.paper[m].repay(made)
            self.paper[m].renewed = at

        given = self.common(m) | {"parcels": told, "source": Source(type="order", ref=source)}
        got, _ = self.both(lambda: services.earn(**given), paper)
        if got:
            self.given.append((m, got.seq, journal))

    @rule(i=st.integers(0, 30), unit=st.sampled_from(list(KEYS)), n=amounts)
    def clawback(self, i: int, unit: int, n: int) -> None:
        if not self.given:
            return
        m, seq, _ = self.given[i % len(self.given)]

        def paper() -> tuple[int, int, int]:
            self.is_gone(m)
            journal = self.given[i % len(self.given)][2]
            return self.paper[m].claw(journal, unit, n, self.now)

        source = Source(type="order", ref=self.given[i % len(self.given)][2].source)
        asked = self.common(m) | {"reverses": seq, "amounts": {unit: n}, "source": source}
        got, expected = self.both(lambda: services.clawback(**asked), paper)
        if isinstance(got, Clawed):
            assert (got.taken[0], got.owed[0], got.forgiven[0]) == expected

    @rule(m=who, unit=spendable, n=amounts, kind=st.sampled_from(["spend", "donate", "adjust"]))
    def spend(self, m: int, unit: int, n: int, kind: str) -> None:
        def paper() -> Taken:
            self.is_gone(m)
            self.paper[m].settle(self.now, unit)
            done = Taken(self.paper[m].pick(unit, n, self.now))
            if kind == "spend":
                self.paper[m].renewed = self.now
            return done

        asked = self.common(m) | {"unit": KEYS[unit]}
        real = {
            "spend": lambda: services.spend(**asked, amount=n),
            "donate": lambda: services.donate(**asked, amount=n, party="charity"),
            "adjust": lambda: services.adjust(**asked, amount=-n, reason="mistake"),
        }[kind]
        got, done = self.both(real, paper)
        if got:
            self.taken.append((m, got.seq, done))

    @rule(i=st.integers(0, 30), n=amounts)
    def restore(self, i: int, n: int) -> None:
        if not self.taken:
            return
        m, seq, _ = self.taken[i % len(self.taken)]

        def paper() -> None:
            self.is_gone(m)
            self.paper[m].give_back(self.taken[i % len(self.taken)][2], n, self.now)

        asked = self.common(m) | {"spend_seq": seq, "amount": n}
        self.both(lambda: services.restore(**asked), paper)

    @rule(m=who, unit=spendable, n=amounts, hours=st.integers(1, 300))
    def hold(self, m: int, unit: int, n: int, hours: int) -> None:
        until = self.now + timedelta(hours=hours)

        def paper() -> Held:
            self.is_gone(m)
            self.paper[m].settle(self.now, unit)
            held = Held(unit, self.paper[m].pick(unit, n, self.now), until, self.paper[m])
            self.paper[m].holds.append(held)
            return held

        asked = self.common(m) | {"unit": KEYS[unit], "amount": n, "expires_at": until}
        got, held = self.both(lambda: services.hold(**asked), paper)
        if got:
            self.holds.append((got.id, held))

    @rule(i=st.integers(0, 30), n=amounts, rest=st.booleans(), capture=st.booleans())
    def end_hold(self, i: int, n: int, rest: bool, capture: bool) -> None:
        if not self.holds:
            return
        hold_id, _ = self.holds[i % len(self.holds)]
        owner = self.paper.index(self.holds[i % len(self.holds)][1].owner)

        def paper() -> Taken:
            held = self.holds[i % len(self.holds)][1]
            if not held.open() or (capture and held.until <= self.now):
                raise Refused("hold_not_open")
            if n > held.open():
                raise Refused("not_enough_points")
            pays = n if capture else 0
            frees = (held.open() - n if rest else 0) if capture else n
            return Taken(held.owner.unhold(held, pays, frees, self.now))

        asked = {
            "program_id": self.program,
            "hold_id": hold_id,
            "key": f"k{self.order()}",
            "actor": "system:test",
            "amount": n,
        }
        real = (
            (lambda: services.capture(**asked, release_rest=rest)) if capture else (lambda: services.release(**asked))
        )
        got, done = self.both(real, paper)
        if got and capture:
            self.taken.append((owner, got.seq, done))

    @rule(m=who, to=who, unit=spendable, n=amounts)
    def transfer(self, m: int, to: int, unit: int, n: int) -> None:
        if m == to:
            return

        def paper() -> None:
            self.is_gone(m)
            self.is_gone(to)
            self.paper[m].settle(self.now, unit)
            for lot, part in self.paper[m].pick(unit, n, self.now):
                self.paper[to].lots.append(
                    Lot(self.order(), unit, part, part, "active", lot.starts, lot.ends, root=False)
                )

        asked = self.common(m) | {"to": self.ids[to], "unit": KEYS[unit], "amount": n}
        self.both(lambda: services.transfer(**asked), paper)

    @rule(m=who, n=amounts)
    def exchange(self, m: int, n: int) -> None:
        def paper() -> None:
            self.is_gone(m)
            self.paper[m].settle(self.now, POINTS)
            self.paper[m].pick(POINTS, 2 * n, self.now)
            self.paper[m].lots.append(Lot(self.order(), COINS, n, n, "active", self.now, None))

        asked = self.common(m) | {"unit": "points", "amount": 2 * n, "into": "coins", "rate": (1, 2)}
        self.both(lambda: services.exchange(**asked), paper)

    @rule(m=who)
    def activate(self, m: int) -> None:
        def paper() -> None:
            self.is_gone(m)
            book = self.paper[m]
            book.settle(self.now)
            made = []
            for lot in [x for x in book.lots if x.state == "pending" and x.event == "go"]:
                child = Lot(
                    self.order(), lot.unit, lot.remaining, lot.remaining, "active", self.now, lot.ends, journal=lot.journal,
                    root=lot.root,
                )  # fmt: skip
                made.append(child)
                lot.remaining, lot.state = 0, "cancelled"
            book.lots += made
            book.repay(made)

        asked = self.common(m) | {"event": "go", "zone": "UTC"}
        self.both(lambda: services.activate(**asked), paper)

    @rule()
    def night(self) -> None:
        with clock.at(self.now):
            for step in (services.release_due_holds, services.activate_due, services.expire_due):
                while step(program_id=self.program, before=self.now, limit=2):
                    pass
        for book in self.paper:
            for held in book.holds:
                if held.open() and held.until <= self.now:
                    book.unhold(held, 0, held.open(), held.until)
            book.settle(self.now)

    @rule(m=who, into=who)
    def merge(self, m: int, into: int) -> None:
        if m == into or self.paper[m].merged or self.paper[into].merged or self.count % 3:
            return

        def paper() -> None:
            book, other = self.paper[m], self.paper[into]
            book.settle(self.now)
            waiting = sorted((h for h in book.holds if h.open()), key=lambda h: h.until)
            opened = [h.open() for h in waiting]
            for held in waiting:
                book.unhold(held, 0, held.open(), self.now)
            for lot in [x for x in book.lots if x.remaining and x.state in ("active", "pending")]:
                child = copy.copy(lot)
                child.order, child.amount, child.root = self.order(), lot.remaining, False
                other.lots.append(child)
                lot.remaining, lot.state = 0, "cancelled" if lot.state == "pending" else lot.state
            for unit, owed in book.debt.items():
                other.debt[unit] = other.debt.get(unit, 0) + owed
            book.debt, book.merged, other.renewed = {}, True, self.now
            for held, amount in zip(waiting, opened, strict=True):
                there = sum(x.remaining for x in other.lots if x.unit == held.unit and x.alive(self.now))
                held.parts = other.pick(held.unit, min(amount, there), self.now)
                held.owner = other
                book.holds.remove(held)
                other.holds.append(held)

        asked = {
            "program_id": self.program,
            "from_id": self.ids[m],
            "into_id": self.ids[into],
            "key": f"k{self.order()}",
        }
        self.both(lambda: services.absorb(**asked, reason="same", actor="system:test"), paper)

    @rule(i=st.integers(0, 50))
    def tell_again(self, i: int) -> None:
        """A repeated call answers as it did and changes nothing (the invariant sees to that)."""
        if self.calls:
            real, first = self.calls[i % len(self.calls)]
            with clock.at(self.now):
                again = real()
            assert getattr(again, "seq", None) == getattr(first, "seq", None)

    @invariant()
    def books_agree(self) -> None:
        for member_id, book in zip(self.ids, self.paper, strict=True):
            got = services.context(member_id=member_id, at=self.now)
            for unit in KEYS:
                arrays = (got.active, got.pending, got.held, got.debt)
                assert tuple(a[unit - 1] if unit <= len(a) else 0 for a in arrays) == book.books(unit), KEYS[unit]
            real = world.rows(
                "select unit, amount, remaining, state, activates_at, expires_at from ledger_lot_facts where member_id = %s"
                " order by seq, n", member_id,
            )  # fmt: skip
            paper = sorted(book.lots, key=lambda x: x.order)
            assert real == [(x.unit, x.amount, x.remaining, x.state, x.starts, x.ends) for x in paper]


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_any_history_agrees_with_the_ledger_on_paper() -> None:
    run(examples=12, steps=40)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.django_db
def test_thousands_of_steps_agree_with_the_ledger_on_paper() -> None:
    run(examples=150, steps=100)


def test_the_idle_end_on_paper_is_the_end_of_the_day_a_month_later() -> None:
    assert oracle.idle_end(datetime(2026, 1, 31, 9, tzinfo=UTC)) == datetime(2026, 3, 1, tzinfo=UTC)
    assert oracle.idle_end(datetime(2026, 12, 5, tzinfo=UTC)) == datetime(2027, 1, 6, tzinfo=UTC)

"""The services: units of a document, corrections, merges, balances, statements, nights and notes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import transaction

from regulars.kernel import clock, secrets
from regulars.kernel.errors import Forbidden, Invalid
from regulars.kernel.nights import Work
from regulars.value.ledger import services, terms
from regulars.value.ledger.services.calls import rows
from regulars.value.ledger.terms import Account, Adjustment, DayTotal, Expiring, Moved, Parcel
from regulars.value.ledger.tests import world
from regulars.value.ledger.tests.world import GROWTH, POINTS, STARS, T0, earn

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> int:
    return world.program()


@pytest.fixture
def anna(shop: int) -> UUID:
    return world.member(shop)


def test_units_of_a_document_are_planned_applied_and_told_again(shop: int) -> None:
    told = services.describe(shop)
    assert services.plan(shop, told) == []
    changed = {"units": [*told["units"][:2], {"key": "stamps", "expiry": {"kind": "rolling", "months": 6}}]}
    changed["units"][0] = {**changed["units"][0], "debt": "within_balance"}
    plan = services.plan(shop, changed)
    assert [(c.path, c.action, c.adverse) for c in plan] == [
        ("units.stamps", "add", False),
        ("units.points", "change", True),
        ("units.stars", "retire", True),
    ]
    assert services.apply(shop, changed, "staff:1") == plan
    assert [(u.slot, u.key, u.retired_at is None) for u in services.units(program_id=shop)] == [
        (1, "points", True),
        (2, "growth", True),
        (3, "stars", False),
        (4, "stamps", True),
    ]
    assert services.apply(shop, services.describe(shop), "staff:1") == []
    services.apply(shop, told, "staff:1")
    assert services.unit(program_id=shop, key="stars").slot == 3


def test_a_unit_that_members_hold_is_not_taken_away(shop: int, anna: UUID) -> None:
    earn(shop, anna, "o1", (STARS, 1))
    with pytest.raises(terms.UnitInUse) as no, transaction.atomic():
        services.apply(shop, {"units": services.describe(shop)["units"][:2]}, "staff:1")
    assert no.value.facts == {"unit": "stars", "members": 1}
    with pytest.raises(Invalid):
        services.plan(shop, {"units": [{"key": "!"}]})


def test_a_correction_within_the_limit_happens_at_once(shop: int, anna: UUID) -> None:
    asked = {
        "program_id": shop,
        "member_id": anna,
        "unit": "points",
        "reason": "mistake",
        "actor": "staff:1",
        "limit": 100,
    }
    assert isinstance(services.adjust(**asked, key="a", amount=100), Moved)
    with pytest.raises(terms.NotEnoughPoints), transaction.atomic():
        services.adjust(**asked | {"limit": None}, key="b", amount=-101)
    assert world.books(anna)[0] == [100]


@pytest.mark.parametrize("more", [{"amount": 101}, {"amount": -101}, {"amount": 1, "kind": "earn"}])
def test_beyond_the_limit_or_as_an_earning_it_waits_for_another_person(shop: int, anna: UUID, more: dict) -> None:
    earn(shop, anna, "o1", (POINTS, 500))
    asked = {
        "program_id": shop,
        "member_id": anna,
        "unit": "points",
        "reason": "mistake",
        "actor": "staff:1",
        "limit": 100,
    }
    waiting = services.adjust(**asked | more, key="a")
    assert isinstance(waiting, Adjustment)
    assert services.adjust(**asked | more, key="a") == waiting
    assert world.books(anna)[0] == [500]
    with pytest.raises(Forbidden):
        services.approve(program_id=shop, adjustment_id=waiting.id, actor="staff:1")
    assert services.adjustments(program_id=shop) == [waiting]
    services.approve(program_id=shop, adjustment_id=waiting.id, actor="staff:2")
    assert world.books(anna)[0] == [500 + more["amount"]]
    with pytest.raises(terms.AlreadyDecided):
        services.reject(program_id=shop, adjustment_id=waiting.id, actor="staff:3")
    assert services.journal(program_id=shop, member_id=anna)[0].actor == "staff:1+staff:2"


def test_many_small_corrections_of_one_person_count_as_one(shop: int, anna: UUID) -> None:
    common = {"program_id": shop, "member_id": anna, "unit": "points", "reason": "mistake", "limit": 100}
    asked = {**common, "actor": "staff:1"}
    with clock.at(T0):
        assert isinstance(services.adjust(**asked, key="a", amount=60), Moved)
        assert isinstance(services.adjust(**asked, key="b", amount=-40, kind="goodwill"), Moved)
        assert isinstance(services.adjust(**asked, key="c", amount=1), Adjustment)
        assert isinstance(services.adjust(**asked, key="a", amount=60), Moved)  # told again, not done again
        assert isinstance(services.adjust(**asked | {"limit": 10}, key="a", amount=60), Moved)
        assert isinstance(services.adjust(**asked | {"unit": "growth"}, key="d", amount=100), Moved)
        assert isinstance(services.adjust(**common, actor="staff:2", key="e", amount=100), Moved)
        waiting = services.adjust(**asked, key="f", amount=500)
        assert isinstance(waiting, Adjustment)
        services.approve(program_id=shop, adjustment_id=waiting.id, actor="staff:2")
    assert world.books(anna)[0] == [620, 100]
    with clock.at(T0 + timedelta(hours=23, minutes=59)):
        assert isinstance(services.adjust(**asked, key="g", amount=1), Adjustment)
    with clock.at(T0 + timedelta(hours=24)):
        assert isinstance(services.adjust(**asked, key="h", amount=100), Moved)


def test_a_rejected_correction_moves_nothing(shop: int, anna: UUID) -> None:
    waiting = services.adjust(
        program_id=shop, member_id=anna, unit="points", reason="x", actor="staff:1", limit=0, key="a", amount=5
    )
    assert isinstance(waiting, Adjustment)
    services.reject(program_id=shop, adjustment_id=waiting.id, actor="staff:2")
    assert services.adjustments(program_id=shop) == []
    assert rows("select count(*) from ledger_journal") == [(0,)]


def test_a_reversal_undoes_what_is_left_of_a_journal_once(shop: int, anna: UUID) -> None:
    earn(shop, anna, "o1", (POINTS, 50), (GROWTH, 50))
    asked = {"program_id": shop, "member_id": anna, "actor": "staff:1"}
    services.clawback(**asked, key="r", reverses=1, amounts={POINTS: 20})
    for _ in range(2):
        undone = services.reverse(**asked, key="undo", seq=1)
        assert isinstance(undone, terms.Clawed)
        assert undone.taken == (30, 50)
    earn(shop, anna, "o2", (POINTS, 9))
    spent = services.spend(**asked, key="s", unit="points", amount=9)
    services.reverse(**asked, key="undo2", seq=spent.seq or 0, amounts={POINTS: 4})
    assert world.books(anna)[0] == [4, 0]
    services.hold(**asked, key="h", unit="points", amount=4, expires_at=clock.now() + timedelta(minutes=5))
    with pytest.raises(terms.CannotReverse):
        services.reverse(**asked, key="undo3", seq=6)


def test_a_merge_moves_lots_debt_and_holds_and_its_undo_returns_what_is_left(shop: int, anna: UUID) -> None:
    ben = world.member(shop)
    ends = T0 + timedelta(days=30)
    with clock.at(T0):
        earn(shop, anna, "o1", (POINTS, 40), (GROWTH, 7), expires=[ends, None])
        earn(shop, anna, "o2", (STARS, 5), activates=[ends])
        hold = services.hold(
            program_id=shop, member_id=anna, key="h", unit="points", amount=10, expires_at=ends, actor="system:test"
        )
        record = services.absorb(program_id=shop, from_id=anna, into_id=ben, key="m", reason="merge", actor="staff:1")
        assert record["moved"] == {"growth": {"active": 7}, "points": {"active": 40}, "stars": {"pending": 5}}
        assert world.books(ben) == ([30, 7], [0, 0, 5], [10], [])
        with pytest.raises(terms.MemberMerged) as no, transaction.atomic():
            earn(shop, anna, "o3", (POINTS, 1))
        assert no.value.facts == {"into": str(ben)}
        services.capture(program_id=shop, hold_id=hold.id, key="c", amount=4, actor="system:test")
        back = services.separate(program_id=shop, record=record, key="u", reason="unmerge", actor="staff:1")
    assert back == {"returned": {"growth": 7, "points": 36, "stars": 5}, "spent": {"points": 4}}
    assert world.books(anna) == ([36, 7], [0, 0, 5], [0], [])
    assert rows(
        "select expires_at from ledger_lot_facts where member_id = %s and unit = 1 order by seq desc limit 1", anna
    ) == [(ends,)]
    assert services.discrepancies(program_id=shop) == []
    with pytest.raises(terms.CannotReverse), transaction.atomic():
        services.separate(program_id=shop, record=record, key="u2", reason="unmerge", actor="staff:1")


def test_a_hold_that_was_over_before_a_merge_is_over_after_it(shop: int, anna: UUID) -> None:
    ben, asked = world.member(shop), {"program_id": shop, "actor": "system:test"}
    earn(shop, anna, "o1", (POINTS, 40))
    ends = clock.now() + timedelta(minutes=5)
    held = services.hold(**asked, member_id=anna, key="h", unit="points", amount=10, expires_at=ends)
    services.release(**asked, hold_id=held.id, key="r")
    services.absorb(**asked, from_id=anna, into_id=ben, key="m", reason="merge")
    for end in (
        lambda: services.capture(**asked, hold_id=held.id, key="c", amount=4),
        lambda: services.release(**asked, hold_id=held.id, key="again"),
    ):
        with pytest.raises(terms.HoldNotOpen), transaction.atomic():
            end()


def test_what_was_told_of_a_hold_before_a_merge_is_not_done_again_after_it(shop: int, anna: UUID) -> None:
    jane, mary = world.member(shop), world.member(shop)
    world.earn(shop, anna, "o", (POINTS, 30))
    common = {"program_id": shop, "actor": "key:1"}
    with clock.at(T0):
        hold = services.hold(
            **common, member_id=anna, key="h", unit="points", amount=20, expires_at=T0 + timedelta(hours=1)
        )

        def tell() -> list[int | None]:
            part = services.capture(**common, hold_id=hold.id, key="pay", amount=5, release_rest=False)
            return [part.seq, services.release(**common, hold_id=hold.id, key="go", amount=3).seq]

        first = tell()
        for who, into in ((anna, jane), (jane, mary)):
            services.absorb(program_id=shop, from_id=who, into_id=into, key=str(who), reason="same", actor="key:1")
            assert tell() == first
    assert (world.books(mary)[0], world.books(mary)[2]) == ([13], [12])
    assert services.hold_of(program_id=shop, hold_id=hold.id).amount == 12
    assert services.discrepancies(program_id=shop) == []


def test_a_return_of_an_order_of_a_merged_member_takes_back_from_the_survivor(shop: int, anna: UUID) -> None:
    ben = world.member(shop)
    earn(shop, anna, "o1", (POINTS, 40))
    asked = {"program_id": shop, "actor": "system:test"}
    services.absorb(**asked, from_id=anna, into_id=ben, key="m", reason="merge")
    earn(shop, ben, "o2", (POINTS, 5))
    clawed = services.clawback(**asked, member_id=ben, key="r", reverses=1, amounts={POINTS: 40}, of=anna)
    assert (clawed.taken, clawed.owed) == ((40,), (0,))
    with pytest.raises(terms.ReversesTooMuch), transaction.atomic():
        services.clawback(**asked, member_id=ben, key="r2", reverses=1, amounts={POINTS: 1}, of=anna)
    assert services.discrepancies(program_id=shop) == []


def test_balances_leave_out_what_has_expired_and_say_what_expires_on_which_day(shop: int, anna: UUID) -> None:
    ends = [datetime(2026, 4, 1, 23, tzinfo=UTC), datetime(2026, 5, 1, 23, tzinfo=UTC), None]
    earn(shop, anna, "o1", (POINTS, 1), (POINTS, 20), (POINTS, 300), expires=ends)
    told = services.balances(program_id=shop, member_id=anna, zone="Europe/London", at=ends[0])["points"]
    assert (told.active, told.expiring) == (320, (Expiring(day=date(2026, 5, 1), amount=20),))


def test_lots_and_journal_are_read_in_pages_newest_first(shop: int, anna: UUID) -> None:
    for n in range(5):
        earn(shop, anna, f"o{n}", (POINTS, 1), (STARS, 1))
    asked = {"program_id": shop, "member_id": anna}
    first = services.lots(**asked, limit=3)
    assert [(x.seq, x.n) for x in first] == [(5, 2), (5, 1), (4, 2)]
    assert [(x.seq, x.n) for x in services.lots(**asked, limit=2, before=(4, 2))] == [(4, 1), (3, 2)]
    assert [e.key for e in services.journal(**asked, before=3)] == ["o1", "o0"]
    assert services.entry_of(**asked, seq=1).postings[0] == terms.Posting(
        unit="points", debit=Account.ISSUED, credit=Account.WALLET, amount=1
    )
    with pytest.raises(terms.UnknownEntry):
        services.entry_of(program_id=shop, member_id=anna, seq=9)


def test_a_night_expires_closes_the_day_and_signs_and_a_statement_is_the_same_before_and_after(
    shop: int, anna: UUID
) -> None:
    secrets.make_keys(program_id=shop)
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    earn(shop, anna, "o1", (POINTS, 30), (POINTS, 12), expires=[midnight, None])
    with clock.at(T0 + timedelta(hours=1)):
        services.spend(program_id=shop, member_id=anna, key="s", unit="points", amount=10, actor="system:test")
    asked = {"program_id": shop, "zone": "Europe/London", "first": date(2026, 3, 1), "last": date(2026, 3, 2)}
    work = Work(program_id=shop, day=date(2026, 3, 2), at=midnight, cursor="", limit=500)
    with clock.at(midnight):
        for step in (services.release_at_night, services.activate_at_night, services.expire_at_night):
            while step(work):
                pass
        before = services.statements(**asked)
        services.close_at_night(work)
        services.close_at_night(work)
    assert world.books(anna)[0] == [12]
    assert services.statements(**asked) == before
    assert [(x.debit, x.credit, x.amount) for x in before] == [
        ("issued", "wallet", 42),
        ("wallet", "expired", 20),
        ("wallet", "spent", 10),
    ]
    assert services.totals_by_day(**asked, unit="points") == [
        DayTotal(day=date(2026, 3, 1), issued=42, spent=10, expired=0, clawed=0),
        DayTotal(day=date(2026, 3, 2), issued=0, spent=0, expired=20, clawed=0),
    ]
    assert services.head_of(program_id=shop, day=date(2026, 3, 2)).journals == 3
    assert services.discrepancies(program_id=shop) == []


def test_points_waiting_for_an_event_live_from_that_event(shop: int, anna: UUID) -> None:
    policy = {
        "key": "points",
        "expiry": {"kind": "rolling", "days": 10},
        "activation": {"kind": "event", "event": "shipped"},
    }
    services.apply(shop, {"units": [policy, *services.describe(shop)["units"][1:]]}, "staff:1")
    points = services.unit(program_id=shop, key="points")
    with clock.at(T0):
        told = services.parcel(unit=points, amount=9, earned_at=T0, zone="UTC")
        assert told == Parcel(slot=POINTS, amount=9, event="shipped")
        services.earn(program_id=shop, member_id=anna, key="o", parcels=[told], actor="system:test")
    with clock.at(T0 + timedelta(days=5)):
        services.activate(program_id=shop, member_id=anna, key="a", event="shipped", zone="UTC", actor="system:test")
    assert rows("select state, remaining, expires_at from ledger_lot_facts order by seq") == [
        ("cancelled", 0, None),
        ("active", 9, datetime(2026, 3, 17, tzinfo=UTC)),
    ]


def test_an_exchange_comes_out_whole_or_not_at_all(shop: int, anna: UUID) -> None:
    earn(shop, anna, "o1", (POINTS, 250))
    asked = {
        "program_id": shop,
        "member_id": anna,
        "unit": "points",
        "into": "stars",
        "rate": (1, 100),
        "actor": "member:x",
    }
    with pytest.raises(Invalid), transaction.atomic():
        services.exchange(**asked, key="x", amount=250)
    services.exchange(**asked, key="x", amount=200)
    assert world.books(anna)[0] == [50, 0, 2]
    with pytest.raises(terms.NotTransferable), transaction.atomic():
        world.one(
            "update ledger_unit set transferable = false where slot = 1 and program_id = %s::int returning 1", shop
        )
        services.gift(
            program_id=shop, member_id=anna, to=world.member(shop), key="g", unit="points", amount=1, actor="member:x"
        )


def test_a_note_is_erased_without_touching_the_books(shop: int, anna: UUID) -> None:
    earn(shop, anna, "o1", (POINTS, 1))
    services.note(program_id=shop, member_id=anna, seq=1, sealed=b"sealed", actor="staff:1")
    assert services.notes(program_id=shop, member_id=anna) == {1: b"sealed"}
    assert services.dossier(program_id=shop, member_id=anna)["notes"] == 1
    assert services.forget(program_id=shop, member_id=anna) == 1
    assert services.notes(program_id=shop, member_id=anna) == {}
    assert services.discrepancies(program_id=shop) == []


@pytest.mark.parametrize("verb", ["spend", "hold", "transfer", "exchange"])
def test_who_may_only_collect_does_not_spend(shop: int, verb: str) -> None:
    eve, other = world.member(shop, "earn_only"), world.member(shop)
    earn(shop, eve, "o1", (POINTS, 100))
    asked = {"program_id": shop, "member_id": eve, "key": "k", "unit": "points", "amount": 10, "actor": "member:x"}
    more = {"hold": {"expires_at": clock.now()}, "transfer": {"to": other}, "exchange": {"into": "stars"}}
    with pytest.raises(terms.MemberEarnOnly), transaction.atomic():
        getattr(services, verb)(**asked, **more.get(verb, {}))
    assert world.books(eve)[0] == [100]

"""Where two things meet: a hold and the end of a lot, a claw and a chain of merges, a fast clock and the books."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import ReversesTooMuch, Stale
from regulars.value.ledger.tests import world
from regulars.value.ledger.tests.world import POINTS, STARS, T0

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def _hold(shop: int, mary: UUID, amount: int, key: str) -> Any:
    return ledger.hold(
        program_id=shop,
        member_id=mary,
        key=key,
        unit="points",
        amount=amount,
        expires_at=clock.now() + DAY,
        actor="key:1",
    )


def _release(shop: int, hold: Any, key: str, amount: int | None = None) -> None:
    ledger.release(program_id=shop, hold_id=hold.id, key=key, actor="key:1", amount=amount)


def _absorb(shop: int, from_id: UUID, into: UUID, key: str) -> dict[str, Any]:
    return ledger.absorb(program_id=shop, from_id=from_id, into_id=into, key=key, reason="merge", actor="key:1")


def _claw(shop: int, holder: UUID, of: UUID | None, seq: int, amount: int, key: str, slot: int = POINTS) -> Any:
    return ledger.clawback(
        program_id=shop, member_id=holder, key=key, reverses=seq, amounts={slot: amount}, actor="key:1", of=of
    )


def _used(member: UUID) -> dict[str, int]:
    return dict(
        world.rows("select key, value::int from ledger_account, jsonb_each(counters) where member_id = %s", member)
    )


def test_a_hold_on_part_of_a_lot_outlives_the_lot_and_nothing_is_stranded() -> None:
    shop = world.program()
    mary = world.member(shop)
    world.earn(shop, mary, "a", (POINTS, 100), expires=[T0 + 10 * DAY])
    with clock.at(T0 + 9.5 * DAY):
        held = _hold(shop, mary, 40, "h")
    with clock.at(T0 + 10.1 * DAY):
        assert ledger.expire_due(program_id=shop, before=clock.now()) == 1
        assert world.books(mary)[0] == [0]
        _release(shop, held, "r")
    assert world.books(mary) == ([0], [], [0], [])
    assert world.rows("select remaining, state from ledger_lot_facts") == [(0, "expired")]
    assert ledger.discrepancies() == []


def test_holds_let_go_piece_by_piece_after_the_end_expire_piece_by_piece() -> None:
    shop = world.program()
    mary = world.member(shop)
    world.earn(shop, mary, "a", (POINTS, 100), expires=[T0 + 10 * DAY])
    with clock.at(T0 + 9.5 * DAY):
        one, other = _hold(shop, mary, 40, "one"), _hold(shop, mary, 60, "other")
    with clock.at(T0 + 10.1 * DAY):
        for n, (hold, amount) in enumerate([(one, 10), (other, 5), (one, None), (other, None)]):
            _release(shop, hold, f"r{n}", amount)
            assert world.books(mary)[0] == [0]
        assert ledger.expire_due(program_id=shop, before=clock.now()) == 0
    assert ledger.discrepancies() == []


def test_what_is_said_to_happen_later_ends_nothing_today() -> None:
    shop = world.program()
    mary = world.member(shop)
    world.earn(shop, mary, "a", (POINTS, 100), (POINTS, 100), expires=[T0 + DAY / 4, None])
    spend = {"program_id": shop, "member_id": mary, "unit": "points", "amount": 30, "actor": "key:1"}
    with clock.at(T0):
        with pytest.raises(Invalid, match="future"):
            ledger.spend(**spend, key="far", occurred_at=T0 + 400 * DAY)
        assert world.books(mary)[0] == [200]
        ledger.spend(**spend, key="near", occurred_at=T0 + DAY / 2)  # pays from what lives then
        assert world.rows("select remaining, state from ledger_lot_facts order by n") == [
            (100, "active"),
            (70, "active"),
        ]
    assert ledger.discrepancies() == []


def test_a_fast_clock_neither_delays_value_nor_makes_bulk_differ() -> None:
    shop = world.program()
    told = {"at": T0 + timedelta(minutes=5), "recorded": T0}
    for n, funders in enumerate((None, ["brand"])):
        mary, jane = world.member(shop), world.member(shop)
        world.earn(shop, mary, "a", (POINTS, 10), funders=funders, **told)
        world.one("select ledger_batch_open()")
        world.one(
            "insert into ledger_batch (ord, member_id, key, kind, source_type, source_ref, rule_version, occurred_at,"
            " recorded_at, actor, digest, units, amounts, funders) values (1, %s::uuid, 'a', 'earn', 'order', 'a', 1,"
            " %s::timestamptz, %s::timestamptz, 'system:test', '\\x00', '{1}', '{10}', %s::text[])",
            jane,
            told["at"],
            told["recorded"],
            funders,
        )
        world.one("select ledger_earn_many(%s::int)", shop)
        lots = "select member_id, activates_at, state from ledger_lot_facts where member_id = any(%s) order by 1"
        assert {row[1:] for row in world.rows(lots, [mary, jane])} == {(T0, "active")}, n
        assert world.books(mary) == world.books(jane) == ([10], [], [], [])
    assert ledger.discrepancies() == []


def test_claws_through_a_chain_of_merges_never_take_more_than_was_given() -> None:
    shop = world.program()
    ann, bea, cleo = (world.member(shop) for _ in range(3))
    with clock.at(T0):
        seq = world.earn(shop, ann, "a", (POINTS, 60), (POINTS, 40), funders=[None, "brand"])[0]
        _absorb(shop, ann, bea, "m1")
        _claw(shop, bea, ann, seq, 20, "c1")
        _absorb(shop, bea, cleo, "m2")
        _claw(shop, cleo, ann, seq, 50, "c2")
        with pytest.raises(ReversesTooMuch):
            _claw(shop, cleo, ann, seq, 31, "c3")
        _claw(shop, cleo, ann, seq, 30, "c4")
    back = world.rows(
        "select credit, party, sum(amount) from ledger_posting where credit in ('issued', 'funder') group by 1, 2 order by 1"
    )
    assert back == [("funder", "brand", 40), ("issued", None, 60)]  # to each what each gave
    assert ledger.discrepancies() == []


def test_pending_value_is_found_by_its_claw_after_a_merge_was_undone() -> None:
    shop = world.program()
    ann, bea = world.member(shop), world.member(shop)
    with clock.at(T0):
        seq = world.earn(shop, ann, "a", (STARS, 100), activates=[T0 + 5 * DAY])[0]
        record = _absorb(shop, ann, bea, "m")
        ledger.separate(program_id=shop, record=record, key="u", reason="unmerge", actor="key:1")
        done = _claw(shop, ann, None, seq, 100, "c", slot=STARS)  # stars never owe: unfound, they would be forgiven
    assert (done.taken, done.forgiven) == ((100,), (0,))
    assert world.books(ann)[1] == [0, 0, 0]
    assert ledger.discrepancies() == []


def test_nothing_is_clawed_from_somebody_whom_a_member_was_not_merged_into() -> None:
    shop = world.program()
    ann, bea = world.member(shop), world.member(shop)
    with clock.at(T0):
        seq = world.earn(shop, ann, "a", (POINTS, 100))[0]
        world.earn(shop, bea, "b", (POINTS, 100))
        with pytest.raises(Stale):
            _claw(shop, bea, ann, seq, 10, "c1")
        record = _absorb(shop, ann, bea, "m")
        _claw(shop, bea, ann, seq, 10, "c2")
        ledger.separate(program_id=shop, record=record, key="u", reason="unmerge", actor="key:1")
        with pytest.raises(Stale):
            _claw(shop, bea, ann, seq, 10, "c3")
    assert (world.books(ann)[0], world.books(bea)[0]) == ([90], [100])


def test_limits_that_were_used_go_over_with_a_member_and_back() -> None:
    shop = world.program()
    ann, bea = world.member(shop), world.member(shop)
    with clock.at(T0):
        world.earn(shop, ann, "a", (POINTS, 5), counters='{"earn/welcome/lifetime": 5, "earn/day/day/2026-03-01": 2}')
        world.earn(shop, bea, "b", (POINTS, 1), counters='{"earn/day/day/2026-03-01": 1}')
        record = _absorb(shop, ann, bea, "m")
        assert _used(bea) == {"earn/welcome/lifetime": 5, "earn/day/day/2026-03-01": 3}
        ledger.separate(program_id=shop, record=record, key="u", reason="unmerge", actor="key:1")
        assert _used(bea) == {"earn/day/day/2026-03-01": 1}
        assert _used(ann) == {"earn/welcome/lifetime": 5, "earn/day/day/2026-03-01": 2}


def test_amounts_that_no_column_takes_are_refused() -> None:
    shop = world.program()
    mary = world.member(shop)
    told = {"program_id": shop, "member_id": mary, "unit": "points", "reason": "gift", "actor": "staff:1"}
    with clock.at(T0):
        ledger.adjust(**told, key="a", amount=2**62)
        for n, amount in enumerate((2**62, 2**63, 10**30)):
            with pytest.raises(Invalid):
                ledger.adjust(**told, key=f"b{n}", amount=amount)
    assert world.books(mary)[0] == [2**62]
    assert ledger.discrepancies() == []

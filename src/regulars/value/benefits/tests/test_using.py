"""Who is entitled, how quotas are taken and given back, what a use gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regulars.kernel import clock, ids
from regulars.people.audiences import services as audiences
from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus
from regulars.value.benefits import services as benefits
from regulars.value.benefits.terms import (
    BenefitForbidden,
    BenefitKeyReused,
    BenefitNotNow,
    ChoiceUsed,
    NotYourBenefit,
    QuotaUsedUp,
    UnknownBenefit,
    UnknownPack,
)
from regulars.value.benefits.tests.house import ACTOR, facts, grow, join, of, program, rows, use
from regulars.value.ledger import services as ledger

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def entry(key: str, kind: str = "service", **more: Any) -> dict[str, Any]:
    return {"key": key, "kind": kind, "for": {"everyone": True}, **more}


def test_levels_plans_packs_and_audiences_entitle_each_by_itself() -> None:
    p = program(
        entry("all"),
        entry("lounge", "lounge", **{"for": {"levels": ["main/silver+"]}}),
        entry("gold-only", **{"for": {"levels": ["main/gold"]}}),
        entry("shipping", "free_shipping", **{"for": {"plans": ["prime"]}}),
        entry("gym", "partner", **{"for": {}}),
        entry("early", "early_access", **{"for": {"audiences": ["fans"]}}),
        packs=[{"key": "vip", "benefits": ["gym"]}],
        audiences=[{"key": "fans", "name": "Fans"}],
    )
    m = join(p)
    assert of(p, m) == {"all"}
    grow(p, m, 150)
    assert of(p, m) == {"all", "lounge"}
    grow(p, m, 400)
    assert of(p, m) == {"all", "lounge", "gold-only"}
    benefits.note_plan(program_id=p, member_id=m, plan="prime", until=None, source="sub/1")
    benefits.grant_pack(program_id=p, member_id=m, pack="vip", until=None, source="staff", actor=ACTOR)
    audiences.add(program_id=p, key="fans", refs=[ids.encode("mem", m)], source="test", actor=ACTOR)
    assert of(p, m) == {"all", "lounge", "gold-only", "shipping", "gym", "early"}
    assert facts(p, m, clock.now()) == (sorted(of(p, m)), ["prime"])
    assert {e.by for e in benefits.of(program_id=p, member_id=m)} == {
        "everyone", "level main/gold", "plan prime", "pack vip", "audience fans",
    }  # fmt: skip


def test_a_pack_ends_at_its_instant_and_with_the_last_source_that_granted_it() -> None:
    p = program(entry("gym", **{"for": {}}), packs=[{"key": "vip", "benefits": ["gym"]}])
    m = join(p)
    with clock.at(NOON):
        benefits.grant_pack(
            program_id=p, member_id=m, pack="vip", until=NOON + timedelta(days=1), source="a", actor=ACTOR
        )
        benefits.grant_pack(program_id=p, member_id=m, pack="vip", until=None, source="b", actor=ACTOR)
        assert of(p, m, NOON + timedelta(days=2)) == {"gym"}
    with clock.at(NOON + timedelta(hours=1)):
        assert benefits.revoke_pack(program_id=p, member_id=m, source="b") == ("vip",)
        assert benefits.revoke_pack(program_id=p, member_id=m, source="b") == ()
        assert of(p, m) == {"gym"}
    assert of(p, m, NOON + timedelta(days=1) - timedelta(microseconds=1)) == {"gym"}
    assert of(p, m, NOON + timedelta(days=1)) == set()
    with pytest.raises(UnknownPack):
        benefits.grant_pack(program_id=p, member_id=m, pack="no", until=None, source="b", actor=ACTOR)


def test_a_quota_is_taken_told_and_begins_anew_at_the_programs_midnight() -> None:
    p = program(entry("lounge", "lounge", quota={"times": 2, "period": "day"}, cost="12.50"))
    m = join(p)
    with clock.at(NOON):
        first = use(p, m, "lounge", "a")
        assert (first.is_new, first.cost_minor, first.period, first.level) == (
            True, 1250, "day/2026-03-10", "main/member",
        )  # fmt: skip
        assert use(p, m, "lounge", "a").is_new is False
        use(p, m, "lounge", "b")
        with pytest.raises(QuotaUsedUp) as refused:
            use(p, m, "lounge", "c")
        assert refused.value.facts["times"] == 2
        assert facts(p, m, NOON) == ([], [])
        assert rows("select count(*) from benefits_use") == [(2,)]
        undone = benefits.undo(program_id=p, use_id=first.use_id, reason="by mistake", actor=ACTOR)
        assert undone.state == "undone"
        assert benefits.undo(program_id=p, use_id=first.use_id, reason="again", actor=ACTOR).reason == "by mistake"
        assert benefits.of(program_id=p, member_id=m)[0].left == 1
        use(p, m, "lounge", "c")
    with clock.at(datetime(2026, 3, 11, tzinfo=UTC)):
        assert use(p, m, "lounge", "d").period == "day/2026-03-11"


def test_what_is_refused_takes_nothing() -> None:
    p = program(
        entry("lounge", quota={"times": 3, "period": "month"}), entry("gold", **{"for": {"levels": ["main/gold"]}})
    )
    m = join(p)
    with pytest.raises(QuotaUsedUp):
        use(p, m, "lounge", times=4)
    with pytest.raises(NotYourBenefit):
        use(p, m, "gold")
    with pytest.raises(UnknownBenefit):
        use(p, m, "nothing")
    use(p, m, "lounge", "k")
    with pytest.raises(BenefitKeyReused):
        use(p, m, "lounge", "k", times=2)
    assert rows("select benefit, used from benefits_quota") == [("lounge", 1)]


def test_a_use_gives_what_the_benefit_says_and_undoing_takes_it_back() -> None:
    gives = [{"points": {"unit": "points", "amount": 50}}, {"coupon": {"template": "cake", "count": 2}}]
    p = program(entry("box", "gift", gives=gives, quota={"times": 1, "period": "quarter"}))
    m = join(p)
    done = use(p, m, "box")
    assert [list(part) for part in done.given] == [["points"], ["coupon"]]
    assert ledger.balances(program_id=p, member_id=m, zone="UTC")["points"].active == 50
    undone = benefits.undo(program_id=p, use_id=done.use_id, reason="returned", actor=ACTOR)
    assert [part["whole"] for part in undone.returned] == [True, True]
    assert ledger.balances(program_id=p, member_id=m, zone="UTC")["points"].active == 0
    assert use(p, m, "box").is_new


def test_member_day_is_seen_by_conditions_on_that_day_only() -> None:
    p = program(entry("eighth", "member_day", day={"of_month": [8]}))
    m = join(p)
    eighth = datetime(2026, 4, 8, 12, tzinfo=UTC)
    assert facts(p, m, eighth)[0] == ["eighth"]
    assert facts(p, m, eighth + timedelta(days=1))[0] == []
    with clock.at(eighth + timedelta(days=1)), pytest.raises(BenefitNotNow):
        use(p, m, "eighth")


def test_a_choice_may_be_changed_until_what_was_chosen_is_used() -> None:
    p = program(
        entry("pick", "choice", choose={"pick": 1, "of": ["spa", "car", "tea"]}, quota={"period": "year"}),
        *(entry(k, **{"for": {}}) for k in ("spa", "car", "tea")),
    )
    m = join(p)
    with clock.at(NOON):
        assert of(p, m) == {"pick"}
        benefits.choose(program_id=p, member_id=m, benefit="pick", picked=["spa"], actor=ACTOR)
        assert of(p, m) == {"pick", "spa"}
        benefits.choose(program_id=p, member_id=m, benefit="pick", picked=["car"], actor=ACTOR)
        with pytest.raises(NotYourBenefit):
            use(p, m, "spa")
        done = use(p, m, "car")
        with pytest.raises(ChoiceUsed):
            benefits.choose(program_id=p, member_id=m, benefit="pick", picked=["tea"], actor=ACTOR)
        assert of(p, m) == {"pick", "car"}
        benefits.undo(program_id=p, use_id=done.use_id, reason="no", actor=ACTOR)
        benefits.choose(program_id=p, member_id=m, benefit="pick", picked=["tea"], actor=ACTOR)
    with clock.at(NOON + timedelta(days=365)):
        assert of(p, m) == {"pick"}
        benefits.choose(program_id=p, member_id=m, benefit="pick", picked=["spa"], actor=ACTOR)


def test_a_membership_year_is_counted_from_the_plan_that_entitles() -> None:
    p = program(entry("night", **{"for": {"plans": ["prime"]}}, quota={"times": 1, "period": "membership_year"}))
    m = join(p)
    with clock.at(datetime(2026, 5, 20, 12, tzinfo=UTC)):
        benefits.note_plan(program_id=p, member_id=m, plan="prime", until=None, source="sub")
    with clock.at(datetime(2027, 5, 19, 12, tzinfo=UTC)):
        assert use(p, m, "night").period == "membership_year/2026-05-20"
    with clock.at(datetime(2027, 5, 20, 12, tzinfo=UTC)):
        assert use(p, m, "night").period == "membership_year/2027-05-20"


def test_who_may_not_shop_uses_no_benefits() -> None:
    p = program(entry("lounge"))
    m = join(p)
    members.set_status(program_id=p, member_id=m, status=MemberStatus.SUSPENDED, reason="fraud", actor=ACTOR)
    assert facts(p, m, clock.now())[0] == []
    with pytest.raises(BenefitForbidden):
        use(p, m, "lounge")

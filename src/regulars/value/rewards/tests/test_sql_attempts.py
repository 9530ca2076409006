"""What the database itself refuses, whoever writes: one attempt against each named constraint."""

from __future__ import annotations

import pytest
from django.db import Error, connection, transaction

from regulars.value.rewards import services as rewards
from regulars.value.rewards.tests import house

pytestmark = pytest.mark.django_db

REDEMPTION = (
    "insert into rewards_redemption (id, program_id, member_id, reward, version, kind, session, count, state, key, digest,"
    " code, requested_at, changed_at{0}) select gen_random_uuid(), program_id, member_id, reward, version, kind, session,"
    " {2}, {3}, {4}, digest, {5}, now(), now(){1} from rewards_redemption where key = 'k'"
)


def redemption(
    more: str = "", values: str = "", *, count: str = "1", state: str = "'requested'",
    key: str = "gen_random_uuid()::text", code: str = "gen_random_uuid()::text",
) -> str:  # fmt: skip
    return REDEMPTION.format(more and f", {more}", values and f", {values}", count, state, key, code)


WAIT = (
    "insert into rewards_wait (id, program_id, reward, session, member_id, state, joined_at{0}) select gen_random_uuid(),"
    " program_id, 'mug', '', member_id, {2}, now(){1} from rewards_redemption where key = 'k'"
)
ATTEMPTS = [
    ("R1_no_more_is_taken_than_there_is", "update rewards_shelf set taken = base + added + over + 1 where reward = 'mug'"),
    ("R1_a_shelf_is_never_negative", "update rewards_shelf set taken = -1"),
    ("R1_a_stocking_changes_something", "insert into rewards_stocking (program_id, reward, session, count, actor, reason,"
     " at) select program_id, 'mug', '', 0, 'a', 'b', now() from rewards_shelf"),
    ("R2_a_redemption_happens_once", redemption(key="'k'")),
    ("R2_a_desk_code_is_one_redemption", redemption(code="code")),
    ("R2_a_redemption_has_pieces", redemption(count="0")),
    ("R3_a_tally_is_never_negative", "update rewards_tally set used = -1"),
    ("R4_only_what_ended_gives_back", "update rewards_redemption set gave_back = true"),
    ("R5_a_state_is_known", redemption(state="'lost'")),
    ("R5_what_has_ended_says_when", "update rewards_redemption set state = 'fulfilled'"),
    ("R5_only_a_request_waits_for_money", "update rewards_redemption set pay_until = now()"),
    ("R5_only_what_is_ready_waits", "update rewards_redemption set fetch_until = now()"),
    ("R6_a_member_waits_in_one_place", "; ".join([WAIT.format("", "", "'waiting'")] * 2)),
    ("R6_an_offer_has_an_end", WAIT.format("", "", "'offered'")),
    ("R6_who_took_an_offer_has_redeemed", WAIT.format("", "", "'taken'")),
    ("R7_a_pool_is_imported_once", "insert into rewards_pool (id, program_id, reward, key, digest, data_key, lines, stored,"
     " actor, at) select gen_random_uuid(), program_id, reward, key, digest, data_key, 1, 1, 'a', now() from rewards_pool"),
    ("R7_a_code_is_in_its_pool_once", "insert into rewards_code (program_id, reward, pool_id, blind, sealed, state)"
     " select program_id, reward, pool_id, blind, sealed, 'free' from rewards_code"),
    ("R7_a_code_that_is_given_names_its_redemption", "update rewards_code set state = 'given'"),
    ("R8_a_gift_is_something", "insert into rewards_gift (program_id, cause, unit, amount, redemption_id, at)"
     " select program_id, 'x', 'points', 0, id, now() from rewards_redemption"),
    ("R9_a_published_reward_never_changes", "update rewards_reward set place = 9"),
    ("R9_a_published_reward_never_changes", "delete from rewards_reward"),
    ("R9_a_story_is_never_changed", "update rewards_chapter set actor = 'nobody'"),
    ("R9_a_story_is_never_changed", "delete from rewards_chapter"),
    ("R9_a_stocking_is_never_changed", "update rewards_stocking set count = 9"),
    ("R9_a_gift_is_never_changed", "update rewards_gift set amount = 9"),
]  # fmt: skip


@pytest.fixture
def shop():
    cause = {"name": {"en": "Trees"}}
    shop = house.program(
        house.reward(stock=2, waiting_list=True, per_member={"times": 3}),
        house.reward("film", kind="digital_code"),
        house.reward("trees", 10, kind="donation", cause=cause),
    )
    mary = house.member(shop, 500)
    house.redeem(shop, mary, key="k")
    house.redeem(shop, mary, "trees", key="t")
    rewards.import_codes(program_id=shop, reward="film", codes=["A"], key="p", actor="a")
    return shop


@pytest.mark.parametrize(("name", "sql"), ATTEMPTS)
def test_the_database_refuses_by_name(shop, name, sql):
    before = house.everything()
    with pytest.raises(Error) as no, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert name in str(no.value)
    assert house.everything() == before
    assert rewards.discrepancies(shop) == []


BREAKS = [
    ("R1", "update rewards_shelf set taken = taken + 1 where reward = 'mug'"),
    ("R1", "update rewards_shelf set added = added + 1 where reward = 'mug'"),
    ("R3", "update rewards_tally set used = used + 1"),
    ("R4", "update rewards_redemption set spends = jsonb_set(spends, '{0,amount}', '7') where key = 'k'"),
    ("R5", "update rewards_redemption set state = 'accepted' where key = 'k'"),
    ("R7", "update rewards_code set state = 'void'"),
    ("R8", "insert into rewards_gift (program_id, cause, unit, amount, redemption_id, at) select program_id, cause, unit,"
     " 5, redemption_id, now() from rewards_gift"),
]  # fmt: skip


@pytest.mark.parametrize(("promise", "sql"), BREAKS)
def test_a_broken_promise_is_found(shop, promise, sql):
    assert rewards.discrepancies() == []
    with connection.cursor() as cursor:
        cursor.execute(sql)
    assert {d.promise for d in rewards.discrepancies(shop)} == {promise}

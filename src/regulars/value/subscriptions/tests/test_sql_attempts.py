"""What the database itself refuses, whoever writes: one attempt against each named constraint."""

from __future__ import annotations

import pytest
from django.db import Error, connection, transaction

from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.tests import house

pytestmark = pytest.mark.django_db
SUB = "update subscriptions_subscription set "
PAY = "update subscriptions_payment set "
PERIOD = "update subscriptions_period set "


def insert(table: str, changes: dict[str, str], columns: str) -> str:
    """One more row, as the first one but for some columns."""
    names = [c.strip() for c in columns.split(",")]
    cells = ", ".join(changes.get(n, n) for n in names)
    return f"insert into {table} ({', '.join(names)}) select {cells} from {table} limit 1"


SUBS = (
    "id, program_id, member_id, family, plan, version, state, key, digest, currency, provider, asked_at, most_seats,"
    " seats, ended_at, end_cause"
)
PAYS = (
    "id, program_id, subscription_id, gift_id, kind, state, n, amount_minor, refunded_minor, currency, provider, terms,"
    " created_at, settled_at, settled_on"
)
PERIODS = (
    "subscription_id, n, program_id, kind, plan, version, starts_on, ends_on, booked_on, amount_minor, carried_minor,"
    " payment_id, closed_on, closed_by, refunded_minor, credited_minor, correction_minor"
)
GIFTS = (
    "id, program_id, code, plan, version, periods, amount_minor, currency, state, key, digest, created_at, actor,"
    " redeemed_by, redeemed_at"
)
SEATS = "program_id, subscription_id, member_id, family, state, since"
NEW = {"id": "gen_random_uuid()"}
CARRIED = {"n": "9", "payment_id": "null", "carried_minor": "amount_minor", "starts_on": "ends_on"}
MEANT = {**NEW, "state": "'intended'", "settled_at": "null", "settled_on": "null"}
ENDED = {**NEW, "key": "'z'", "state": "'ended'", "ended_at": "now()", "end_cause": "'x'"}
ATTEMPTS = [
    ("P1_a_state_is_known", SUB + "state = 'lost'"),
    ("P1_one_live_subscription_of_a_family", insert("subscriptions_subscription", {**NEW, "key": "'z'"}, SUBS)),
    ("P1_a_key_names_one_subscription", insert("subscriptions_subscription", {**ENDED, "key": "key"}, SUBS)),
    ("P1_what_has_ended_says_when_and_why", SUB + "state = 'ended', covered_until = null, next_due_at = null"),
    ("P1_only_a_pause_has_an_end", SUB + "paused_until = '2026-01-01'"),
    ("P2_a_kind_is_known", insert("subscriptions_payment", {**NEW, "kind": "'x'", "n": "9"}, PAYS)),
    ("P2_a_settled_payment_says_when", insert("subscriptions_payment", {**NEW, "n": "9", "settled_at": "null"}, PAYS)),
    ("P2_a_period_is_paid_once", insert("subscriptions_payment", NEW, PAYS)),
    ("P2_one_payment_is_under_way", "; ".join(
        insert("subscriptions_payment", {**MEANT, "n": n}, PAYS) for n in ("8", "9"))),
    ("P2_a_payment_is_for_one_thing", insert("subscriptions_payment", {**NEW, "subscription_id": "null"}, PAYS)),
    ("P6_what_was_withdrawn_goes_back_whole", PAY + "withdrawn_at = now()"),
    ("P1_only_a_pause_has_an_end", SUB + "waits_since = '2026-01-01'"),
    ("P2_a_settled_payment_is_never_changed", PAY + "amount_minor = 1"),
    ("P2_a_settled_payment_is_never_changed", PAY + "state = 'declined'"),
    ("P2_a_settled_payment_is_never_changed", "delete from subscriptions_payment"),
    ("P3_a_kind_is_known", insert("subscriptions_period", {**CARRIED, "kind": "'x'"}, PERIODS)),
    ("P3_a_period_ends_after_it_begins", insert(
        "subscriptions_period", {**CARRIED, "starts_on": "ends_on + 1"}, PERIODS)),
    ("P3_a_day_is_sold_once", insert("subscriptions_period", {**CARRIED, "starts_on": "starts_on"}, PERIODS)),
    ("P4_a_period_names_what_paid_it", insert(
        "subscriptions_period", {**CARRIED, "carried_minor": "0"}, PERIODS)),
    ("P4_a_payment_pays_one_period", insert("subscriptions_period", {"n": "9", "starts_on": "ends_on"}, PERIODS)),
    ("P4_nothing_is_given_before_payment_or_after_the_end", SUB + "state = 'starting'"),
    ("P5_a_credit_is_never_negative", SUB + "credit_minor = -1"),
    ("P5_only_a_closed_period_gives_back", PERIOD + "refunded_minor = 1"),
    ("P5_a_period_gives_back_no_more_than_it_has", PERIOD
     + "closed_on = starts_on, closed_by = 'end', refunded_minor = amount_minor, credited_minor = 1"),
    ("P5_a_closed_period_is_never_changed", PERIOD + "amount_minor = 1"),
    ("P5_a_closed_period_is_never_changed", "delete from subscriptions_period"),
    ("P6_no_more_goes_back_than_was_paid", PAY + "refunded_minor = amount_minor + 1"),
    ("P6_only_what_is_paid_goes_back", insert(
        "subscriptions_payment", {**MEANT, "n": "9", "refunded_minor": "1"}, PAYS)),
    ("P7_a_state_is_known", "update subscriptions_gift set state = 'lost'"),
    ("P7_a_code_is_one_gift", insert("subscriptions_gift", {**NEW, "key": "'z'"}, GIFTS)),
    ("P7_a_key_names_one_gift", insert("subscriptions_gift", {**NEW, "code": "'Z'"}, GIFTS)),
    ("P7_a_redeemed_gift_names_who", "update subscriptions_gift set state = 'redeemed'"),
    ("P8_a_family_has_no_more_than_its_seats", SUB + "seats = most_seats + 1"),
    ("P8_a_state_is_known", "update subscriptions_seat set state = 'lost'"),
    ("P8_a_guest_has_one_seat", insert("subscriptions_seat", {"state": "'left'"}, SEATS)),
    ("P9_a_chapter_has_a_known_kind", "insert into subscriptions_event (program_id, subscription_id, kind, at, day, actor)"
     " select program_id, id, 'lost', now(), '2026-01-01', 'a' from subscriptions_subscription"),
    ("P9_a_story_is_never_changed", "update subscriptions_event set actor = 'nobody'"),
    ("P9_a_story_is_never_changed", "delete from subscriptions_event"),
    ("P10_a_published_plan_never_changes", "update subscriptions_plan set body = '{}'"),
]  # fmt: skip


def test_the_database_refuses_each_attempt_and_nothing_is_changed():
    shop, _ = house.program()
    ada, bob = house.member(shop), house.member(shop)
    sub = house.begun(shop, ada)
    subscriptions.invite(program_id=shop, subscription_id=sub.subscription_id, member_id=bob, actor="a")
    subscriptions.join(program_id=shop, subscription_id=sub.subscription_id, member_id=bob, actor="a")
    _gift, payment = subscriptions.buy_gift(program_id=shop, plan="monthly", method="ok", key="g", actor="a")
    assert payment
    before = subscriptions.story(program_id=shop, subscription_id=sub.subscription_id)
    for name, attempt in ATTEMPTS:
        with pytest.raises(Error) as refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
            cursor.execute(attempt)
        assert name in str(refused.value), (name, str(refused.value))
    assert subscriptions.story(program_id=shop, subscription_id=sub.subscription_id) == before


def test_every_named_constraint_is_attempted():
    from django.apps import apps

    named = {c.name for m in apps.get_app_config("subscriptions").get_models() for c in m._meta.constraints}
    left = {"P6_a_refund_is_of_something", "P6_a_settled_refund_says_when", "P8_a_guest_sits_in_one_family"}
    assert named - {name for name, _ in ATTEMPTS} == left

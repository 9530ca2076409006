"""What the database itself refuses, whoever writes: one attempt against each named constraint."""

from __future__ import annotations

import pytest
from django.db import Error, connection, transaction

from regulars.value.coupons import services as coupons
from regulars.value.coupons.tests import house

pytestmark = pytest.mark.django_db

COUPON = (
    "insert into coupons_coupon (id, program_id, code, template, version, starts_at, issued_at{0}) values"
    " (gen_random_uuid(), {{shop}}, {1}, 'ten', 1, now(), now(){2})"
)


def coupon(columns: str = "", values: str = "", code: str = "md5(random()::text)") -> str:
    return COUPON.format(columns and f", {columns}", code, values and f", {values}")


def use(**more: str) -> str:
    cells = {
        "program_id": "{shop}", "coupon_id": "(select min(id::text)::uuid from coupons_coupon)", "is_shared": "false",
        "template": "'ten'", "owner": "'x'", "order_ref": "'x'", "state": "'redeemed'", "taken_at": "now()",
    } | more  # fmt: skip
    return f"insert into coupons_use ({', '.join(cells)}) values ({', '.join(cells.values())})"


UNTOUCHED = (
    "(select convert_from(substr(codes, 1, length(low)), 'UTF8') from coupons_sheet order by place desc limit 1)"
)
ON_SHEETS = [
    ("W1_a_code_is_one_coupon", coupon(code=UNTOUCHED)),
    ("W8_a_sheet_is_never_changed", "update coupons_sheet set low = 'A'"),
    ("W8_a_sheet_is_never_changed", "delete from coupons_sheet"),
    ("W8_a_run_is_never_changed", "delete from coupons_run"),
    ("W8_a_run_has_codes", "insert into coupons_run (batch_id, place, count, program_id, width, low, high)"
     " values (gen_random_uuid(), 1, 0, {shop}, 4, 'AAAA', 'AAAA')"),
    ("W8_a_sheet_lies_in_its_run_once", "insert into coupons_sheet (batch_id, place, run, low, codes)"
     " select batch_id, place + 99, run, low, codes from coupons_sheet"),
]  # fmt: skip
ATTEMPTS = [
    ("W1_a_code_is_one_coupon", coupon(code="(select min(code) from coupons_coupon)")),
    ("W2_a_unique_code_is_used_once", f"{use(owner=chr(39) + 'a' + chr(39))}; {use(owner=chr(39) + 'b' + chr(39))}"),
    ("W2_a_basket_takes_a_code_once", f"{use(is_shared='true')}; {use(is_shared='true')}"),
    ("W2_a_redemption_names_its_order", use(order_ref="null")),
    ("W3_a_state_is_known", coupon("state", "'lost'")),
    ("W3_a_taken_coupon_names_its_owner", "update coupons_coupon set state = 'redeemed'"),
    ("W3_only_a_reservation_ends", "update coupons_coupon set until = now()"),
    ("W3_a_coupon_ends_after_it_begins", "update coupons_coupon set ends_at = starts_at"),
    ("W4_a_shared_code_is_not_used_too_often", "update coupons_coupon set most = 1, used = 2"),
    ("W5_an_issue_happens_once", "; ".join([coupon("issue_key", "'k'")] * 2)),
    ("W6_only_who_holds_a_coupon_offers_it", "update coupons_coupon set offered_to = gen_random_uuid()"),
    ("W7_a_series_keeps_its_half", "update coupons_series set next = half + 1"),
    ("W7_a_pattern_is_one_series", "insert into coupons_series (program_id, pattern, alphabet, half)"
     " select program_id, pattern, alphabet, half from coupons_series"),
    ("W8_a_batch_makes_what_it_says", "update coupons_batch set made = size + 1"),
    ("W8_a_batch_is_begun_once", "insert into coupons_batch (id, program_id, key, digest, template, version, size,"
     " starts_at, actor, created_at) select gen_random_uuid(), program_id, key, digest, template, version, size,"
     " starts_at, actor, created_at from coupons_batch"),
    ("W9_a_tally_is_never_negative", "insert into coupons_tally (program_id, member_id, template, redeemed)"
     " values ({shop}, gen_random_uuid(), 'ten', -1)"),
    ("W9_a_usage_is_never_negative", "insert into coupons_usage (program_id, template, used) values ({shop}, 'x', -1)"),
    ("W10_a_page_gives_no_more_than_it_has", "update coupons_claim set claimed = total + 1"),
    ("W10_a_link_is_one_page", "insert into coupons_claim (id, program_id, token, template, starts_at, actor, created_at)"
     " select gen_random_uuid(), program_id, token, template, starts_at, actor, created_at from coupons_claim"),
    ("W10_a_claim_is_counted_in_one_place", "insert into coupons_claim_count (program_id, claim_id, day, used)"
     " select {shop}, id, '2026-01-01', 1 from coupons_claim, generate_series(1, 2)"),
    ("W10_a_claim_is_counted_by_member_or_day", "insert into coupons_claim_count (program_id, claim_id, used)"
     " select {shop}, id, 1 from coupons_claim"),
    ("W11_a_chapter_has_a_known_kind", "insert into coupons_event (program_id, coupon_id, kind, at, actor)"
     " values ({shop}, gen_random_uuid(), 'lost', now(), 'a')"),
    ("W11_a_story_is_never_changed", "update coupons_event set actor = 'nobody'"),
    ("W11_a_story_is_never_changed", "delete from coupons_event"),
    ("W12_a_published_template_never_changes", "update coupons_template set redeem_limit = 9"),
    ("W12_a_policy_of_returns_is_known", "insert into coupons_template (program_id, version, key, place, body, returns)"
     " values ({shop}, 9, 'x', 0, '{{}}', 'perhaps')"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "attempt"), ATTEMPTS)
def test_the_database_refuses_by_itself(name, attempt):
    shop = house.program()
    (code,) = house.batch(shop, 1)
    coupons.void(
        program_id=shop,
        coupon_ids=[coupons.look_up(program_id=shop, code=house.batch(shop, 1)[0], who=["a"]).coupon_id],
        actor="a",
        reason="so that there is a story",
    )
    coupons.open_claims(program_id=shop, template="ten", total=1, actor="a")
    with pytest.raises(Error) as no, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attempt.format(shop=shop))
    assert name in str(no.value)
    assert house.state(shop, code) == "open"


@pytest.mark.parametrize(("name", "attempt"), ON_SHEETS)
def test_the_database_keeps_sheets_by_itself(name, attempt, stored):
    if stored == "rows":
        pytest.skip("there are none")
    shop = house.program()
    (code,) = house.batch(shop, 1)
    with pytest.raises(Error) as no, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attempt.format(shop=shop))
    assert name in str(no.value)
    assert house.state(shop, code) == "open"


@pytest.mark.parametrize(
    ("promise", "damage"),
    [
        ("W3", "update coupons_coupon set state = 'redeemed', owner = 'o9' where state = 'open' and not is_shared"),
        ("W3", "update coupons_coupon set state = 'open', owner = null where state = 'redeemed'"),
        ("W4", "update coupons_coupon set used = 3 where is_shared"),
        (
            "W1",
            "alter table coupons_coupon disable trigger user; update coupons_coupon set code = 'LOST' where"
            " state = 'open' and batch_id is not null and exists (select 1 from coupons_run)",
        ),
        ("W1", f"alter table coupons_coupon disable trigger user; {coupon(code=UNTOUCHED).format(shop='{shop}')}"),
        (
            "W8",
            "alter table coupons_sheet disable trigger user; delete from coupons_sheet; delete from coupons_coupon"
            " where state = 'open' and not is_shared",
        ),
        ("W9", "update coupons_tally set redeemed = 7"),
        ("W9", "update coupons_usage set used = 7"),
        ("W10", "update coupons_claim set claimed = 1"),
    ],
)
def test_a_broken_promise_is_found(promise, damage, stored):
    if promise == "W1" and stored == "rows":
        pytest.skip("the constraint refuses it")
    shop = house.program(house.template(limits={"total": 9}))
    mary = house.member(shop)
    one, two, *_ = house.batch(shop, 5)
    house.redeem(shop, one, member_id=mary)
    coupons.reserve(program_id=shop, held=house.find(shop, two), owner="x", actor="a")
    coupons.release(program_id=shop, owner="x", actor="a")
    coupons.share(program_id=shop, template="ten", code="SHARED", most=5, actor="a")
    coupons.open_claims(program_id=shop, template="ten", total=1, actor="a")
    assert coupons.discrepancies() == []
    with connection.cursor() as cursor:
        cursor.execute(damage.format(shop=shop))
    assert promise in {d.promise for d in coupons.discrepancies(shop)}

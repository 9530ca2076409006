from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.value.catalog import rules
from regulars.value.catalog.rules.entitling import key_of, units_of
from regulars.value.catalog.terms import (
    Ask,
    Buyer,
    Goods,
    Price,
    ProductTold,
    Right,
    RightTold,
    Span,
    Unlock,
    Why,
    Window,
)

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)  # a Wednesday
DAY = timedelta(days=1)
GREEN, GOLD = Buyer(tier="green"), Buyer(tier="gold")


def ask(*rights, n=1, sku="shoe", quantity=1):
    return Ask(n, sku, Decimal(quantity), rights)


def why(asks, buyer, at=NOON):
    found = rules.entitled(asks=asks, buyer=buyer, at=at, zone="Asia/Shanghai")
    return [(b.n, b.right, b.why, b.unlock and b.unlock.kind) for b in found.barred]


def test_goods_without_rights_are_for_everybody():
    assert why([ask()], None) == []


def test_members_only_goods_ask_a_guest_to_join():
    right = Right("club", members_only=True)
    found = rules.entitled(asks=[ask(right)], buyer=None, at=NOON, zone="UTC").barred[0]
    assert (found.right, found.why, found.detail) == ("club", Why.MEMBERS_ONLY, "Only members can buy this.")
    assert found.unlock == Unlock("join", text="Become a member.")
    assert why([ask(right)], GREEN) == []


def test_tier_only_goods_name_the_tier_that_would_do():
    right = Right("vip", tiers=("gold", "black"))
    found = rules.entitled(asks=[ask(right)], buyer=GREEN, at=NOON, zone="UTC").barred[0]
    assert (found.why, found.unlock) == (Why.TIER_ONLY, Unlock("tier", what="gold", text="Reach gold."))
    assert why([ask(right)], GOLD) == []
    assert why([ask(right)], None) == [(1, "vip", Why.MEMBERS_ONLY, "join")]


def test_an_audience_is_as_good_as_a_tier():
    right = Right("vip", tiers=("gold",), audiences=("press",))
    assert why([ask(right)], Buyer(tier="green", audiences=frozenset({"press"}))) == []
    only = Right("press", audiences=("press",))
    assert why([ask(only)], GREEN) == [(1, "press", Why.AUDIENCE_ONLY, "audience")]


EARLY = Right(
    "drop",
    windows=(
        Window(from_at=NOON - DAY, until_at=None, tiers=("gold",)),
        Window(from_at=NOON + DAY, until_at=None, members_only=True),
        Window(from_at=NOON + 3 * DAY, until_at=NOON + 5 * DAY),
    ),
    ends_at=NOON + 9 * DAY,
)


def test_early_access_opens_tier_by_tier():
    assert why([ask(EARLY)], GOLD) == []
    assert why([ask(EARLY)], GREEN) == [(1, "drop", Why.TIER_ONLY, "tier")]
    told = rules.entitled(asks=[ask(EARLY)], buyer=GREEN, at=NOON, zone="UTC").barred[0]
    assert told.unlock.at == NOON + DAY
    assert told.detail == "Only for gold. For you from 2026-05-07T12:00Z."
    assert why([ask(EARLY)], GREEN, NOON + DAY) == []
    assert why([ask(EARLY)], None, NOON + DAY) == [(1, "drop", Why.MEMBERS_ONLY, "join")]
    assert why([ask(EARLY)], None, NOON + 3 * DAY) == []


def test_before_every_window_the_answer_is_when():
    at = NOON - 2 * DAY
    told = rules.entitled(asks=[ask(EARLY)], buyer=GOLD, at=at, zone="UTC").barred[0]
    assert (told.why, told.unlock.kind, told.unlock.at) == (Why.NOT_YET, "wait_until", NOON - DAY)
    told = rules.entitled(asks=[ask(EARLY)], buyer=GREEN, at=at, zone="UTC").barred[0]
    assert (told.why, told.unlock.at) == (Why.NOT_YET, NOON + DAY)


def test_after_the_last_window_it_is_over_and_after_the_right_it_is_for_all():
    right = Right("presale", windows=(Window(from_at=NOON - 2 * DAY, until_at=NOON - DAY),), ends_at=NOON + DAY)
    assert why([ask(right)], GOLD) == [(1, "presale", Why.NOT_YET, "wait_until")]
    assert why([ask(right._replace(ends_at=None))], GOLD) == [(1, "presale", Why.OVER, None)]
    assert why([ask(right)], GOLD, NOON + DAY) == []
    assert why([ask(right._replace(starts_at=NOON + timedelta(hours=1)))], GOLD) == []


def test_ends_are_exclusive_and_beginnings_are_not():
    right = Right("w", windows=(Window(from_at=NOON, until_at=NOON + DAY),))
    tick = timedelta(microseconds=1)
    assert [bool(why([ask(right)], GREEN, at)) for at in (NOON - tick, NOON, NOON + DAY - tick, NOON + DAY)] == [
        True, False, False, True,
    ]  # fmt: skip


def test_limited_goods_count_over_lines_and_over_baskets():
    right = Right("two", most=2, span=Span.DAY)
    lines = [ask(right, n=1), ask(right, n=2, quantity=2), ask(right, n=3)]
    found = rules.entitled(asks=lines, buyer=GREEN, at=NOON, zone="Asia/Shanghai")
    assert [(b.n, b.why, b.unlock) for b in found.barred] == [
        (2, Why.LIMIT_REACHED, Unlock("fewer_units", 1, "shoe", None, "1 can still be had."))
    ]
    assert [(t.n, t.key, t.units) for t in found.takes] == [
        (1, "right/two/day/2026-05-06", 1),
        (3, "right/two/day/2026-05-06", 1),
    ]
    after = rules.counted({"earn/base/day/2026-05-06": 5}, found.takes, date(2026, 5, 6))
    assert after == {"earn/base/day/2026-05-06": 5, "right/two/day/2026-05-06": 2}
    again = rules.entitled(asks=[ask(right)], buyer=Buyer(counters=after), at=NOON, zone="Asia/Shanghai")
    assert again.barred[0].unlock.kind == "wait_until"
    assert again.barred[0].unlock.at == datetime(2026, 5, 6, 16, tzinfo=UTC)  # midnight in Shanghai
    assert rules.uncounted(after, found.takes)["right/two/day/2026-05-06"] == 0


def test_a_guest_cannot_have_what_is_limited_per_member():
    assert why([ask(Right("two", most=2))], None) == [(1, "two", Why.MEMBERS_ONLY, "join")]


def test_what_is_sold_out_for_her_for_ever_has_nothing_to_unlock_it():
    buyer = Buyer(counters={"right/one/lifetime": 1})
    assert why([ask(Right("one", most=1))], buyer) == [(1, "one", Why.LIMIT_REACHED, None)]


def test_each_window_has_a_limit_of_its_own():
    right = EARLY._replace(most=1, span=Span.WINDOW)
    buyer = Buyer(tier="gold", counters={"right/drop/window/2026-05-05T1200Z": 1})
    assert why([ask(right)], buyer) == [(1, "drop", Why.LIMIT_REACHED, None)]
    green = Buyer(tier="green", counters=buyer.counters)
    assert why([ask(right)], green, NOON + DAY) == []


def test_a_barred_line_uses_up_nothing_of_its_other_rights():
    limited, vip = Right("a", most=1), Right("b", tiers=("gold",))
    found = rules.entitled(asks=[ask(limited, vip, n=1), ask(limited, n=2)], buyer=GREEN, at=NOON, zone="UTC")
    assert [b.n for b in found.barred] == [1]
    assert [(t.n, t.units) for t in found.takes] == [(2, 1)]


@pytest.mark.parametrize(
    ("span", "key"),
    [
        (Span.DAY, "right/x/day/2026-01-01"),
        (Span.WEEK, "right/x/week/2025-12-29"),
        (Span.MONTH, "right/x/month/2026-01-01"),
        (Span.YEAR, "right/x/year/2026-01-01"),
        (Span.LIFETIME, "right/x/lifetime"),
        (Span.WINDOW, "right/x/window/open"),
    ],
)
def test_counters_are_named_by_the_local_day(span, key):
    assert key_of(Right("x", most=1, span=span), datetime(2025, 12, 31, 16, tzinfo=UTC), "Asia/Shanghai") == key


def test_counters_of_long_ago_are_forgotten_and_lifetimes_are_not():
    old = {
        "right/a/day/2025-01-01": 1,
        "right/a/lifetime": 1,
        "right/a/window/2025-01-01T0000Z": 1,
        "promo/x/lifetime": 3,
    }
    assert rules.counted(old, (), date(2025, 3, 12)) == old
    assert "right/a/day/2025-01-01" not in rules.counted(old, (), date(2025, 3, 13))
    assert rules.counted(old, (), date(2040, 1, 1)) == {"right/a/lifetime": 1, "promo/x/lifetime": 3}


@given(
    most=st.integers(1, 6),
    baskets=st.lists(st.lists(st.decimals("0.1", 4, places=1), min_size=1, max_size=5), max_size=6),
)
def test_no_sequence_of_baskets_gets_more_than_the_limit(most, baskets):
    right = Right("r", most=most)
    counters: dict[str, int] = {}
    had = 0
    for basket in baskets:
        lines = [ask(right, n=n, quantity=q) for n, q in enumerate(basket)]
        found = rules.entitled(asks=lines, buyer=Buyer(counters=counters), at=NOON, zone="UTC")
        barred = {b.n for b in found.barred}
        had += sum(units_of(q) for n, q in enumerate(basket) if n not in barred)
        counters = rules.counted(counters, found.takes, NOON.date())
        for n in barred:  # and it was refused for a reason
            assert units_of(basket[n]) > most - sum(t.units for t in found.takes if t.n < n) - had + sum(
                t.units for t in found.takes
            )
    assert had <= most
    assert counters.get("right/r/lifetime", 0) == had


WINDOWS = st.builds(
    Window,
    from_at=st.none() | st.integers(-3, 3).map(lambda n: NOON + n * DAY),
    until_at=st.none() | st.integers(4, 6).map(lambda n: NOON + n * DAY),
    members_only=st.booleans(),
    tiers=st.sampled_from([(), ("gold",), ("gold", "green")]),
    audiences=st.sampled_from([(), ("press",)]),
)
RIGHTS = st.builds(
    Right,
    key=st.just("r"),
    members_only=st.booleans(),
    tiers=st.sampled_from([(), ("gold",)]),
    audiences=st.sampled_from([(), ("press",)]),
    windows=st.lists(WINDOWS, max_size=3).map(tuple),
    most=st.none() | st.integers(1, 3),
    span=st.sampled_from(Span),
    starts_at=st.none(),
    ends_at=st.none() | st.just(NOON + 2 * DAY),
)


@given(right=RIGHTS)
def test_a_right_survives_being_written(right):
    read = rules.read_right(rules.right_body(right))
    assert read == (right if right.most is not None else right._replace(span=Span.LIFETIME))


@given(right=RIGHTS, tier=st.sampled_from([None, "green", "gold"]), is_guest=st.booleans())
def test_what_an_unlock_says_does_unlock(right, tier, is_guest):
    buyer = None if is_guest else Buyer(tier=tier)
    at = NOON
    for _ in range(6):  # join, reach the tier, get into the audience, wait …: each step brings her nearer
        found = rules.entitled(asks=[ask(right)], buyer=buyer, at=at, zone="UTC").barred
        if not found or found[0].unlock is None:
            break
        unlock = found[0].unlock
        if unlock.kind == "join":
            buyer = Buyer()
        elif unlock.kind == "tier":
            assert buyer is not None
            assert buyer.tier != unlock.what
            buyer = buyer._replace(tier=unlock.what)
        elif unlock.kind == "audience":
            assert unlock.what not in buyer.audiences
            buyer = buyer._replace(audiences=buyer.audiences | {unlock.what})
        else:
            assert unlock.kind == "wait_until"
            assert unlock.at > at
            at = unlock.at
    assert not found or found[0].why in (Why.OVER, Why.LIMIT_REACHED), found


@pytest.mark.parametrize(
    ("told", "path"),
    [
        (RightTold(right=Right("X!", members_only=True), skus=("a",)), "key"),
        (RightTold(right=Right("x"), skus=("a",)), ""),
        (RightTold(right=Right("x", members_only=True)), "skus"),
        (RightTold(right=Right("x", most=0), skus=("a",)), "most"),
        (RightTold(right=Right("x", most=1, starts_at=NOON, ends_at=NOON), skus=("a",)), "ends_at"),
        (RightTold(right=Right("x", windows=(Window(NOON, NOON),)), skus=("a",)), "windows.0.until_at"),
    ],
)
def test_a_faulty_right_says_where(told, path):
    assert [p for p, _ in rules.right_faults(told)] == [path]


def test_every_fault_of_a_product_is_told_at_once():
    told = ProductTold(
        sku=" ", name="", category="x", brand="y", attributes={"z": 1},
        prices=(Price(-1), Price(5, 6), Price(1, channel="c", store="s", currency="q"), Price(1), Price(2)),
    )  # fmt: skip
    nothing = frozenset()
    found = rules.product_faults(
        told, attributes={}, categories=nothing, brands=nothing, channels=nothing, stores=nothing
    )
    assert [p for p, _ in found] == [
        "sku", "name", "category", "brand", "attributes.z", "prices.0.price_minor", "prices.1.member_minor",
        "prices.1", "prices.2.channel", "prices.2.store", "prices.2.currency", "prices.3", "prices.4",
    ]  # fmt: skip


def test_a_category_cannot_lie_below_itself():
    parents = {"a": None, "b": "a", "c": "b"}
    assert rules.category_faults(key="a", parent="c", parents=parents) == [("parent", "'a' would lie below itself")]
    assert rules.category_faults(key="d", parent="c", parents=parents) == []
    assert rules.category_faults(key="d", parent="x", parents=parents) == [("parent", "there is no category 'x'")]


def test_prices_are_compared_only_within_a_currency():
    one = Goods("a", "A", price_minor=100, member_minor=90)
    same = rules.disparity([one, one._replace(price_minor=12_000)], ["GBP", "JPY"])
    assert not (same.price_differs or same.member_differs or same.stock_differs)
    other = rules.disparity([one, one._replace(price_minor=120, tracked=True, stock=Decimal(0))], ["GBP", "GBP"])
    assert (other.price_differs, other.member_differs, other.stock_differs) == (True, False, True)

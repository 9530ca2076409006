"""The arithmetic of returns of decided orders: exact tables, and that every way of returning ends the same."""

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.value.orders.rules.extras import (
    extras_from_json,
    extras_to_json,
    undone_from_json,
    undone_to_json,
)
from regulars.value.orders.rules.remaining import lines_after, rest_of
from regulars.value.orders.rules.settling import broken, kept, settle
from regulars.value.orders.terms import (
    AppliedHere,
    Applying,
    Counted,
    CouponUsed,
    Extras,
    Held,
    Issued,
    Match,
    OrderMoved,
    Part,
    Piece,
    SoldLine,
    SpentHere,
    StockTaken,
    Undone,
)
from regulars.value.orders.tests import house
from regulars.value.promotions.terms import Basket, OnReturn, Outcome, Question, Share

ORDER = UUID(int=1)


def sold(n, net, quantity="1", shares=(), tendered=0, kind="goods", gift_of=None):
    return SoldLine(
        n=n,
        id=str(n),
        sku=f"sku{n}",
        kind=kind,
        quantity=Decimal(quantity),
        net_minor=net,
        tendered_minor=tendered,
        shares=tuple(Share(p, c, m) for p, c, m in shares),
        returned=Decimal(0),
        returned_minor=0,
        gift_of=gift_of,
    )


def bring(lines, *back):
    pieces = [
        Piece(i, 1, Part(Match.MATCHED, Decimal(str(quantity)), ORDER, n), "", amount)
        for i, (n, quantity, amount) in enumerate(((*b, None)[:3] for b in back), 1)
    ]
    return lines_after(lines=lines, pieces=pieces)[0]


def steps(lines, extras, *returns, held=lambda lines: Held()):
    """(money, points, charged) of each return, and the last settlement."""
    undone, told, last = Undone(), [], None
    for back in returns:
        lines = bring(lines, *back)
        last = settle(lines=lines, extras=extras, undone=undone, held=held(lines))
        undone = last.undone
        told.append((last.money_minor, last.points_minor, last.charged_minor))
    return told, last


def promo(key, minor, on_return=OnReturn.KEEP, coupon=None):
    return AppliedHere(key, coupon, minor, on_return)


SPENT = (SpentHere("points", 1, 50, 500, 7, "k"),)


@pytest.mark.parametrize(
    ("lines", "extras", "returns", "expected"),
    [
        pytest.param(
            [sold(1, 1000, "3")], Extras(), [[(1, 1)], [(1, 1)], [(1, 1)]],
            [(333, 0, 0), (334, 0, 0), (333, 0, 0)], id="a discounted line comes back by cumulative shares",
        ),
        pytest.param(
            [sold(1, 1000, "2", tendered=500)], Extras(spent=SPENT), [[(1, 1)], [(1, 1)]],
            [(250, 250, 0), (250, 250, 0)], id="half of it was paid by points",
        ),
        pytest.param(
            [sold(1, 3, "3", tendered=2)], Extras(spent=(SpentHere("points", 1, 2, 2, 7, "k"),)), [[(1, 1)]] * 3,
            [(0, 1, 0), (1, 0, 0), (0, 1, 0)], id="a cent is money or points and never less than nothing",
        ),
        pytest.param(
            [sold(1, 1000), sold(2, -30, kind="adjustment")], Extras(), [[(1, "0.5")], [(1, "0.5")]],
            [(485, 0, 0), (485, 0, 0)], id="an adjustment of the total comes back with the goods",
        ),
        pytest.param(
            [sold(1, 1000, "2")], Extras(), [[(1, 1, 200)], [(1, 1)]],
            [(200, 0, 0), (800, 0, 0)], id="an agreed amount is refunded and the rest stays",
        ),
    ],
)  # fmt: skip
def test_what_is_money_and_what_is_points(lines, extras, returns, expected):
    assert steps(lines, extras, *returns)[0] == expected


def threshold(key, minimum, gross, minor):
    """A promotion of `minor` off for a rest of at least `minimum`; `gross` by line."""

    def held(lines):
        rest = sum(gross[x.n] * (x.quantity - x.returned) for x in lines)
        return Held(deserved={key: minor}) if rest >= minimum else Held(lost=frozenset((key,)))

    return held


# 100.00 of goods, 20.00 off from 100.00 on: 80.00 paid, 40.00 for each of two.
BIG = [sold(1, 4000, shares=[("big", None, 1000)]), sold(2, 4000, shares=[("big", None, 1000)])]
BIG_GROSS = {1: 5000, 2: 5000}


def test_keep_refunds_the_share_and_asks_no_more():
    extras = Extras(promotions=(promo("big", 2000),))
    assert steps(BIG, extras, [(1, 1)], [(2, 1)])[0] == [(4000, 0, 0), (4000, 0, 0)]


def test_reprice_charges_what_the_rest_no_longer_deserves_and_gives_it_back_at_the_end():
    extras = Extras(promotions=(promo("big", 2000, OnReturn.REPRICE),))
    told, last = steps(BIG, extras, [(1, 1)], [(2, 1)], held=threshold("big", 10000, BIG_GROSS, 2000))
    assert told == [(3000, 0, 1000), (5000, 0, -1000)]  # the cup alone costs 50.00
    assert (last.undone.money_minor, last.undone.charged_minor) == (8000, 0)


def test_a_charge_never_asks_money_of_who_brings_goods_back():
    lines = [sold(1, 100, shares=[("big", None, 25)]), sold(2, 7900, shares=[("big", None, 1975)])]
    extras = Extras(promotions=(promo("big", 2000, OnReturn.REPRICE),))
    told, _ = steps(lines, extras, [(1, 1)], [(2, 1)], held=threshold("big", 10000, {1: 125, 2: 9875}, 2000))
    assert told == [(0, 0, 100), (8000, 0, -100)]


def test_a_charge_is_taken_from_the_money_before_the_points():
    lines = [BIG[0]._replace(tendered_minor=3500), BIG[1]]
    extras = Extras(
        promotions=(promo("big", 2000, OnReturn.REPRICE),), spent=(SpentHere("points", 1, 350, 3500, 7, "k"),)
    )
    told, last = steps(lines, extras, [(1, 1)], [(2, 1)], held=threshold("big", 10000, BIG_GROSS, 2000))
    assert told == [(0, 3000, 1000), (4500, 500, -1000)]
    assert dict(last.undone.units) == {"k": 350}


def test_all_or_nothing_names_what_is_missing_until_the_bundle_is_whole():
    lines = [sold(1, 800, shares=[("set", None, 200)]), sold(2, 400, shares=[("set", None, 100)]), sold(3, 70)]
    extras = Extras(promotions=(promo("set", 300, OnReturn.ALL_OR_NOTHING),))
    lost = Held(lost=frozenset(("set",)))
    assert broken(lines=bring(lines, (1, 1)), extras=extras, held=lost) == (("set", ("2",)),)
    assert broken(lines=bring(lines, (1, 1), (2, 1)), extras=extras, held=lost) == ()
    assert broken(lines=bring(lines, (3, 1)), extras=extras, held=Held(deserved={"set": 300})) == ()


def test_one_of_two_whole_bundles_may_come_back():
    lines = [sold(1, 1600, "2", shares=[("set", None, 400)]), sold(2, 800, "2", shares=[("set", None, 200)])]
    extras = Extras(promotions=(promo("set", 600, OnReturn.ALL_OR_NOTHING),))
    one = bring(lines, (1, 1), (2, 1))
    assert broken(lines=one, extras=extras, held=Held(deserved={"set": 300})) == ()
    assert steps(lines, extras, [(1, 1), (2, 1)])[0] == [(1200, 0, 0)]


def test_a_gift_of_a_bundle_is_missed_too():
    lines = [sold(1, 5000), sold(2, 0, kind="reward", gift_of="free")]
    extras = Extras(
        promotions=(promo("free", 0, OnReturn.ALL_OR_NOTHING),), outcomes=(Outcome("free", "gift", {"sku": "sku2"}),)
    )
    lost = Held(lost=frozenset(("free",)))
    assert broken(lines=bring(lines, (1, 1)), extras=extras, held=lost) == (("free", ("2",)),)
    assert broken(lines=bring(lines, (1, 1), (2, 1)), extras=extras, held=lost) == ()


def test_limits_coupons_and_counters_are_free_when_nothing_uses_them_any_more():
    lines = [
        sold(1, 900, "2", shares=[("ten", "C1", 100)]),
        sold(2, 500, "4", shares=[("four", None, 100)]),
    ]
    coupon = CouponUsed(UUID(int=5), "C1", "ten")
    extras = Extras(
        promotions=(promo("ten", 100, coupon="C1"), promo("four", 100)),
        coupons=(coupon,),
        takes=(("ten/program/count/lifetime", 1), ("four/budget/minor/lifetime", 100)),
        counted=(
            Counted("promo/ten/day/2026-01-01", 1),
            Counted("promo/four:minor/day/2026-01-01", 100),
            Counted("earn/base/day/2026-01-01", 14),
            Counted("right/rare/lifetime", 4, (2,)),
        ),
        issued=(Issued(UUID(int=6), "four"),),
        stock=(StockTaken("high-street", "sku2", Decimal(4)),),
    )
    held = lambda lines: Held(clawed={"base": (sum(int(x.returned) for x in lines), 6)})  # noqa: E731
    _, first = steps(lines, extras, [(1, 1), (2, 1)], held=held)
    assert first.takes == (("four/budget/minor/lifetime", 25),)
    assert first.counted == (
        ("earn/base/day/2026-01-01", 5),
        ("promo/four:minor/day/2026-01-01", 25),
        ("right/rare/lifetime", 1),
    )
    assert (first.coupons, first.issued) == ((), ())
    assert first.stock == (("high-street/sku2", Decimal(1)),)
    _, second = steps(lines, extras, [(1, 1), (2, 1)], [(1, 1)], held=held)
    assert second.coupons == (coupon,)
    assert second.takes == (("ten/program/count/lifetime", 1),)
    assert second.undone.promotions == {Applying("ten", "C1")}
    _, third = steps(lines, extras, [(1, 1), (2, 1)], [(1, 1)], [(2, 3)], held=held)
    assert third.issued == extras.issued
    assert dict(third.undone.takes) == dict(extras.takes)
    assert dict(third.undone.counted) == {c.key: c.amount for c in extras.counted}


def test_what_cannot_be_undone_is_said():
    lines = [sold(1, 5000)]
    kinds = ("gift", "audience", "tier", "notify", "webhook", "challenge", "random_reward", "cashier_message")
    extras = Extras(outcomes=tuple(Outcome("p", kind, {"sku": "mug"}) for kind in kinds))
    _, last = steps(lines, extras, [(1, "0.5")])
    assert last.not_undone == ()
    _, last = steps(lines, extras, [(1, "0.5")], [(1, "0.5")])
    assert [n.what for n in last.not_undone] == [
        "gift:mug", "audience", "notify", "webhook", "challenge", "random_reward",
    ]  # fmt: skip


def test_the_rest_asks_for_what_has_not_come_back_and_only_of_what_acted():
    basket = Basket("GBP", None, "web", None, "Europe/London", (  # type: ignore[arg-type]
        house.line("1", 1000, "3")._replace(n=1, member_minor=900), house.line("2", 500)._replace(n=2),
        house.line("3", 70)._replace(n=3),
    ))  # fmt: skip
    lines = bring([sold(1, 1000, "3"), sold(2, 500), sold(3, 70)], (1, 1), (2, 1))
    rest = rest_of(question=Question(basket), lines=lines, only=frozenset(("a",)))
    assert [(x.n, x.quantity, x.amount_minor, x.member_minor) for x in rest.basket.lines] == [
        (1, 2, 667, 600), (3, 1, 70, None),
    ]  # fmt: skip
    assert (rest.only, rest.spend) == (frozenset(("a",)), ())


def test_more_than_there_is_moves_nothing():
    with pytest.raises(OrderMoved):
        bring([sold(1, 1000)], (1, 2))


POLICIES = st.sampled_from([OnReturn.KEEP, OnReturn.REPRICE])


@st.composite
def orders(draw):
    """A decided order, and ways to return all of it."""
    keys = [f"p{i}" for i in range(draw(st.integers(0, 3)))]
    lines, paid = [], 0
    for n in range(1, draw(st.integers(1, 4)) + 1):
        gross = draw(st.integers(0, 4000))
        shares, left = [], gross
        for key in keys:
            part = draw(st.integers(0, left))
            left -= part
            if part:
                shares.append((key, f"C{key}" if key == "p0" else None, part))
        tendered = draw(st.integers(0, left)) if draw(st.booleans()) else 0
        paid += tendered
        lines.append(sold(n, left, str(draw(st.integers(1, 5))), shares, tendered))
    goods = sum(x.net_minor for x in lines)
    if draw(st.booleans()):
        lines.append(sold(9, draw(st.integers(-min(goods - paid, 50), 50)), kind="adjustment"))
    first = draw(st.integers(0, paid))
    spent = tuple(
        SpentHere(f"u{i}", i, draw(st.integers(minor, minor * 3)), minor, i, f"k{i}")
        for i, minor in enumerate((first, paid - first), 1)
        if minor
    )
    off = {k: sum(s.minor for x in lines for s in x.shares if s.promotion == k) for k in keys}
    extras = Extras(
        promotions=tuple(promo(k, off[k], draw(POLICIES), "Cp0" if k == "p0" else None) for k in keys),
        coupons=(CouponUsed(None, "Cp0", "t"),) if keys else (),
        spent=spent,
        takes=tuple((f"{k}/budget/minor/lifetime", off[k]) for k in keys)
        + tuple((f"{k}/program/times/day/2026-01-01", 2) for k in keys),
        counted=(Counted("earn/base/lifetime", 40), Counted("right/r/lifetime", 3, (1,))),
        stock=(StockTaken("s", "sku1", lines[0].quantity),),
    )
    units = [x.n for x in lines if x.kind == "goods" for _ in range(int(x.quantity))]
    ways = []
    for _ in range(2):
        order, way = draw(st.permutations(units)), []
        while order:
            size = draw(st.integers(1, len(order)))
            way.append([(n, 1) for n in order[:size]])
            order = order[size:]
        ways.append(way)
    return lines, extras, ways, draw(st.dictionaries(st.sampled_from(["p0", "p1", "p2"]), st.integers(0, 9000)))


@given(orders())
def test_any_split_of_a_full_return_ends_as_one_return_does(told):
    lines, extras, ways, minimum = told
    total, paid = sum(x.net_minor for x in lines), sum(x.tendered_minor for x in lines)
    pieces = sum(int(x.quantity) for x in lines if x.kind == "goods")

    def held(now):
        rest = sum(
            sum(s.minor for s in x.shares) + x.net_minor for x in now if x.kind == "goods" and x.returned < x.quantity
        )
        still = {a.key for a in extras.promotions if rest >= minimum.get(a.key, 0)}
        back = sum(int(x.returned) for x in now)
        return Held(
            deserved={key: kept(now, key) for key in still},
            lost=frozenset(a.key for a in extras.promotions) - still,
            clawed={"base": (back, pieces)},
        )

    ends = []
    for way in (*ways, [[(x.n, x.quantity) for x in lines if x.kind == "goods"]]):
        now, undone = lines, Undone()
        for back in way:
            now = bring(now, *back)
            done = settle(lines=now, extras=extras, undone=undone, held=held(now))
            assert done.money_minor >= 0
            assert done.points_minor >= 0
            assert all(amount >= 0 for _, amount in (*done.takes, *done.counted, *done.units))
            undone = done.undone
            # neither makes nor loses value: what is back is money, or points, or charged
            goods = sum(x.net_minor for x in now if x.kind == "goods")
            value = sum(x.returned_minor for x in now)
            if goods == total:
                assert undone.money_minor + undone.points_minor + undone.charged_minor == value
            assert undone.money_minor + undone.points_minor <= max(total, goods)
            assert undone.points_minor <= paid
        ends.append(undone)
    assert ends[0] == ends[1] == ends[2]
    goods = sum(x.net_minor for x in lines if x.kind == "goods")
    if goods:
        assert (ends[0].money_minor, ends[0].points_minor) == (total - paid, paid)
    assert ends[0].charged_minor == 0
    assert dict(ends[0].units) == {s.key: s.amount for s in extras.spent}
    assert dict(ends[0].takes) == {key: amount for key, amount in extras.takes if amount}
    assert dict(ends[0].counted) == {c.key: c.amount for c in extras.counted}
    assert ends[0].coupons == {c.code for c in extras.coupons}


def test_what_is_kept_as_json_is_read_back_the_same():
    extras = Extras(
        session="s",
        promotions=(promo("a", 5, OnReturn.REPRICE, "C"),),
        coupons=(CouponUsed(UUID(int=1), "C", "t"), CouponUsed(None, "D", "t", True)),
        spent=SPENT,
        takes=(("k", 1),),
        counted=(Counted("right/x", 2, (1, 2)),),
        issued=(Issued(UUID(int=2), "a"),),
        outcomes=(Outcome("a", "gift", {"sku": "x"}),),
        stock=(StockTaken("s", "x", Decimal("1.5")),),
    )
    assert extras_from_json(extras_to_json(extras)) == extras
    undone = Undone(
        money_minor=1,
        units={"k": 2},
        stock={"s/x": Decimal("1.5")},
        coupons=frozenset(("C",)),
        promotions=frozenset((Applying("a", "C"), Applying("a", None))),
    )
    assert undone_from_json(undone_to_json(undone)) == undone

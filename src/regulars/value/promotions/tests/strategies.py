"""Promotions and questions by chance, for properties."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from regulars.value.promotions.terms import (
    COUPON,
    Act,
    Action,
    AmountOff,
    Audiences,
    Basis,
    Basket,
    Birthday,
    Budget,
    Bundle,
    BundlePart,
    BuyGet,
    CheapestFree,
    CouponHeld,
    Earn,
    FixedPrice,
    Gift,
    Goods,
    GoodsList,
    Hours,
    Limit,
    LimitPeriod,
    Line,
    MemberFacts,
    MemberPrice,
    Min,
    NthItem,
    OnExcess,
    OnReturn,
    OutcomeKind,
    Per,
    PercentOf,
    PercentOff,
    Prize,
    Promotion,
    Question,
    RandomReward,
    Rate,
    Schedule,
    Spend,
    Step,
    Target,
    Tender,
    Thresholds,
    Zone,
)

KEYS = st.from_regex(r"[a-z][a-z0-9_.-]{0,8}", fullmatch=True)
MINOR = st.integers(1, 10**9)
PPM = st.integers(1, 1_000_000)
COUNT = st.integers(1, 1_000)
NAMES = st.dictionaries(st.sampled_from(["en", "zh-Hans"]), st.text("abc 减", min_size=1, max_size=9), max_size=2)
TEXTS = st.text("abcXYZ09-/ é茶", min_size=1, max_size=8).filter(lambda t: t.strip() and t.isprintable())
SETS = st.frozensets(TEXTS, max_size=4)


def some(strategy, most=3):
    return st.lists(strategy, max_size=most, unique=True).map(tuple)


LISTS = st.builds(
    GoodsList,
    skus=SETS,
    categories=SETS,
    brands=SETS,
    attributes=st.dictionaries(KEYS, st.frozensets(TEXTS, min_size=1, max_size=3), max_size=2),
)
GOODS = st.builds(Goods, include=LISTS, exclude=LISTS)
BOUNDS = st.dates(date(2020, 1, 1), date(2030, 1, 1)) | st.datetimes(
    datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC) | st.none()
).map(lambda at: at.replace(second=0, microsecond=0, fold=0))


def _wall(bound):
    return bound.replace(tzinfo=None) if isinstance(bound, datetime) else datetime(bound.year, bound.month, bound.day)


SCHEDULES = (
    st.builds(
        Schedule,
        starts=st.none() | BOUNDS,
        ends=st.none() | BOUNDS,
        weekdays=st.sets(st.integers(1, 7)).map(sorted).map(tuple),
        hours=st.sets(
            st.tuples(st.integers(0, 1_439), st.integers(0, 1_440)).filter(lambda h: h[0] != h[1]), max_size=3
        ).map(lambda hours: tuple(Hours(start=a, to=b) for a, b in sorted(hours))),
        rrule=st.none() | st.sampled_from(["FREQ=WEEKLY;BYDAY=MO,FR", "FREQ=MONTHLY;BYDAY=-1SU", "FREQ=DAILY"]),
        member_day=st.none() | st.integers(1, 31),
        birthday=st.none()
        | st.just(Birthday(is_month=True))
        | st.builds(Birthday, before=st.integers(0, 30), after=st.integers(0, 30)),
        zone=st.sampled_from(Zone),
    )
    .filter(lambda s: s.starts is None or s.ends is None or _wall(s.starts) <= _wall(s.ends))
    .filter(lambda s: s != Schedule())
)


@st.composite
def thresholds(draw):
    starts = sorted(draw(st.sets(MINOR, min_size=1, max_size=4)))
    if draw(st.booleans()):
        steps = [Step(from_minor=n, minor=draw(st.integers(1, n))) for n in starts]
        return Thresholds(steps=tuple(steps), is_repeated=draw(st.booleans()))
    return Thresholds(steps=tuple([Step(from_minor=n, ppm=draw(PPM)) for n in starts]))


@st.composite
def earns(draw):
    way = draw(st.sampled_from(["fixed", "rates", "per_unit", "times"]))
    said = {
        "fixed": st.integers(1, 10**6),
        "per_unit": st.integers(1, 10**6),
        "rates": st.fixed_dictionaries({"GBP": st.builds(Rate, points=st.integers(7, 7), per_minor=MINOR)}),
        "times": st.fractions(Fraction(1), 9, max_denominator=99)
        .filter(lambda f: f > 1)
        .map(lambda f: (f.numerator, f.denominator)),
    }[way]
    basis = Basis.AFTER_DISCOUNT if way == "times" else draw(st.sampled_from(Basis))
    return Earn(unit=draw(st.sampled_from(["points", "stars"])), basis=basis, **{way: draw(said)})


ACTS = st.one_of(
    st.builds(lambda key, n: Act(kind=OutcomeKind.ISSUE_COUPON, body={"template": key, "count": n}), KEYS, st.integers(1, 9)),
    st.builds(lambda key, n: Act(kind=OutcomeKind.CHALLENGE, body={"key": key, "steps": n}), KEYS, st.integers(1, 9)),
    st.builds(lambda key, a: Act(kind=OutcomeKind.AUDIENCE, body={"key": key, "action": a}), KEYS, st.sampled_from(["add", "remove"])),
    st.builds(lambda a, b: Act(kind=OutcomeKind.TIER, body={"ladder": a, "level": b}), KEYS, KEYS),
    st.builds(lambda a, t: Act(kind=OutcomeKind.NOTIFY, body={"purpose": a, "text": {"en": t}}), KEYS, TEXTS),
    st.builds(lambda t: Act(kind=OutcomeKind.CASHIER_MESSAGE, body={"text": {"en": t}}), TEXTS),
    st.builds(lambda key: Act(kind=OutcomeKind.WEBHOOK, body={"name": key}), KEYS),
)  # fmt: skip
GIFTS = st.builds(Gift, sku=TEXTS, quantity=COUNT) | st.builds(
    Gift, quantity=COUNT, choose_from=st.lists(TEXTS, min_size=1, max_size=3, unique=True).map(tuple)
)
PRIZES = st.builds(
    lambda weight, stock, gives: {"weight": weight, "stock": stock, "kind": gives[0], "body": gives[1]},
    st.integers(1, 99),
    st.none() | COUNT,
    st.sampled_from([("", {}), ("gift", {"sku": "mug", "quantity": 2}), ("earn", {"unit": "points", "fixed": 5})])
    | ACTS.map(lambda a: (a.kind.value, a.body)),
)
REWARDS = st.builds(
    lambda prizes, cap: RandomReward(prizes=tuple(Prize(key=k, **p) for k, p in prizes.items()), cap=cap),
    st.dictionaries(KEYS, PRIZES, min_size=1, max_size=3),
    st.none() | COUNT,
)
EFFECTS = st.one_of(
    st.builds(PercentOff, ppm=PPM, target=st.sampled_from(Target)),
    st.builds(AmountOff, minor=MINOR, target=st.sampled_from(Target)),
    st.builds(FixedPrice, minor=st.integers(0, 10**6)),
    st.just(MemberPrice()),
    st.builds(BuyGet, buy=COUNT, get=COUNT, ppm=PPM, goods=st.none() | GOODS, is_cheapest_first=st.booleans()),
    st.builds(NthItem, n=st.integers(2, 99), ppm=PPM),
    st.builds(CheapestFree, of=st.integers(2, 99)),
    st.builds(
        Bundle,
        parts=st.lists(st.builds(BundlePart, goods=GOODS, quantity=COUNT), min_size=1, max_size=3).map(tuple),
        minor=st.integers(0, 10**6),
    ),
    thresholds(),
    GIFTS,
    REWARDS,
    earns(),
    ACTS,
)
LIMITS = st.lists(
    st.builds(
        Limit,
        limit=MINOR,
        action=st.sampled_from(Action),
        per=st.sampled_from([p for p in Per if p is not Per.COUPON]),
        period=st.sampled_from(LimitPeriod),
        on_excess=st.sampled_from(OnExcess),
    ),
    max_size=4,
    unique_by=lambda x: (x.action, x.per, x.period),
).map(tuple)


@st.composite
def promotions(draw, *, coupon: str | None = None):
    others = draw(some(KEYS.map("z{}".format)))
    return Promotion(
        key=f"{COUPON}{coupon}" if coupon else draw(KEYS),
        coupon=coupon,
        effects=tuple(draw(st.lists(EFFECTS, min_size=1, max_size=3))),
        name=draw(NAMES),
        note=draw(st.sampled_from(["", "Agreed with finance."])),
        is_paused=draw(st.booleans()),
        priority=draw(st.integers(-9, 9)),
        group=draw(st.none() | KEYS),
        is_exclusive=draw(st.booleans()),
        always=frozenset(others[:1]),
        never=frozenset(others[1:]),
        when=draw(st.sampled_from([None, "basket.goods_minor >= 5000", "member.orders == 0"])),
        lines=draw(st.sampled_from([None, "line.category == 'tea'"])),
        schedule=draw(st.none() | SCHEDULES),
        stores=draw(some(KEYS)),
        channels=draw(some(KEYS)),
        brands=draw(some(KEYS)),
        tiers=draw(some(KEYS)),
        audiences=Audiences(any=frozenset(draw(some(KEYS))), none=frozenset(draw(some(KEYS)))),
        tenders=draw(some(TEXTS)),
        members_only=draw(st.booleans()),
        goods=draw(GOODS),
        min=draw(st.just(Min()) | st.builds(Min, minor=MINOR, quantity=st.integers(0, 9), of_goods=st.booleans())),
        percent_of=draw(st.sampled_from(PercentOf)),
        cap_minor=draw(st.none() | MINOR),
        limits=draw(LIMITS),
        budget=draw(st.none() | st.builds(Budget, minor=MINOR, is_hot=st.booleans())),
        funder=draw(st.none() | KEYS),
        on_return=draw(st.sampled_from(OnReturn)),
    )


MOMENTS = st.datetimes(
    datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))])
).map(lambda at: at.replace(fold=0))
QUANTITIES = st.decimals(min_value=0, max_value=10**5, places=3, allow_nan=False).map(Decimal)
LINES = st.builds(
    Line,
    id=TEXTS,
    n=st.integers(1, 99),
    sku=TEXTS,
    quantity=QUANTITIES,
    amount_minor=st.integers(-1000, 10**9),
    uom=st.sampled_from(["", "kg"]),
    tax_rate=st.none() | st.sampled_from([Decimal("0.20"), Decimal("0.055")]),
    tax_included=st.booleans(),
    kind=st.sampled_from(["goods", "shipping", "adjustment"]),
    category=st.none() | TEXTS,
    brand=st.none() | TEXTS,
    attributes=st.dictionaries(KEYS, st.sampled_from(["x", 3, True, None]), max_size=2),
    member_minor=st.none() | st.integers(0, 999),
    categories=some(TEXTS),
)
MEMBERS = st.builds(
    MemberFacts,
    member_id=st.uuids(),
    status=st.sampled_from(["active", "suspended"]),
    tier=st.none() | KEYS,
    active=st.dictionaries(KEYS, st.integers(0, 10**12), max_size=2),
    attributes=st.dictionaries(KEYS, st.sampled_from(["x", 3, False]), max_size=2),
    joined_at=MOMENTS,
    birth_month=st.none() | st.integers(1, 12),
    birth_day=st.none() | st.integers(1, 28),
    zone=st.just("Asia/Shanghai"),
    locale=st.just("zh-Hans"),
    counters=st.dictionaries(KEYS, st.integers(0, 10**15), max_size=3),
    audiences=st.frozensets(KEYS, max_size=3),
    consents=st.frozensets(KEYS, max_size=3),
    orders=st.none() | st.integers(0, 99),
)
COUPONS = st.builds(
    CouponHeld,
    code=TEXTS,
    template=KEYS,
    coupon_id=st.none() | st.uuids(),
    refused=st.sampled_from(["", "expired"]),
    detail=st.sampled_from(["", "Ended."]),
)
QUESTIONS = st.builds(
    Question,
    basket=st.builds(
        Basket,
        currency=st.just("GBP"),
        occurred_at=MOMENTS,
        channel=KEYS,
        store=st.none() | KEYS,
        store_zone=st.just("Europe/London"),
        lines=st.lists(LINES, max_size=3).map(tuple),
        tenders=st.lists(
            st.builds(Tender, type=KEYS, amount_minor=st.integers(0, 999), token=st.none()), max_size=2
        ).map(tuple),
    ),
    member=st.none() | MEMBERS,
    coupons=st.lists(COUPONS, max_size=2).map(tuple),
    left=st.dictionaries(KEYS, st.integers(-9, 10**12), max_size=3),
    spend=st.lists(st.builds(Spend, unit=KEYS, amount=st.none() | st.integers(1, 999)), max_size=2).map(tuple),
    seed=st.binary(max_size=16),
    only=st.none() | st.frozensets(KEYS, max_size=3),
    identifiers=some(TEXTS),
)

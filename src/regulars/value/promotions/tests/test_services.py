"""Rules in the database: written whole per version, read compiled, never changed."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from regulars.governance.publishing import services as publishing
from regulars.kernel.errors import Invalid
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import DebtPolicy, Unit, UnitKind
from regulars.value.promotions import services
from regulars.value.promotions.models import RuleRow, VersionRow
from regulars.value.promotions.services import units
from regulars.value.promotions.terms import NoSuchVersion
from regulars.value.promotions.tests.baskets import basket, member

pytestmark = pytest.mark.django_db
DOCUMENT = """
program: {key: shop, name: Shop, zone: Europe/London, currency: GBP}
stores: [{key: north, name: North, kind: region}, {key: leeds, name: Leeds, kind: store, parent: north}]
channels: [{key: web, name: Web, kind: web}]
units: [{key: points, kind: spendable}, {key: growth, kind: measure}]
earn_rules:
  - {key: base, unit: points, rate: {points: 1, per: 1.00}}
  - {key: growth, unit: growth, rate: {points: 2, per: 1.00}, stores: [north]}
ladders: [{key: main, measure: growth, levels: [{key: member, enter: 0}, {key: gold, enter: 100}]}]
"""


@pytest.fixture(autouse=True)
def _no_memory():
    services.forget()


@pytest.fixture
def program_id():
    return publishing.apply(document=DOCUMENT, actor="staff:1").program_id


def test_a_snapshot_decides_by_the_version_it_is_of(program_id):
    told = DOCUMENT.replace("points: 1, per", "points: 3, per")
    assert publishing.apply(document=told, actor="staff:1").number == 2
    bought = basket(500, store="leeds")
    for version, points in ((1, 5), (2, 15), (None, 15)):
        rules = services.snapshot(program_id=program_id, version=version)
        decision = services.evaluate(basket=bought, member=member(), snapshot=rules, now=bought.occurred_at)
        assert {e.rule: e.amount for e in decision.earned} == {"base": points, "growth": 10}
        assert rules.version == (version or 2)
    assert rules.base_tier == "member"
    assert rules.policies.claims_within_days == 30


def test_a_version_that_was_never_published_is_not_found(program_id):
    with pytest.raises(NoSuchVersion):
        services.snapshot(program_id=program_id, version=7)


def test_a_snapshot_inside_a_transaction_is_not_remembered(program_id):
    first = services.snapshot(program_id=program_id, version=1)
    assert services.snapshot(program_id=program_id, version=1) is not first


@pytest.mark.django_db(transaction=True)
def test_a_remembered_snapshot_costs_no_query(django_assert_num_queries):
    program_id = publishing.apply(document=DOCUMENT, actor="staff:1").program_id
    first = services.snapshot(program_id=program_id, version=1)
    with django_assert_num_queries(0):
        assert services.snapshot(program_id=program_id, version=1) is first


@pytest.mark.parametrize(
    "sql",
    [
        "update promotions_rule set body = '{}'",
        "update promotions_rule set version = 9",
        "delete from promotions_rule",
        "update promotions_version set policies = '{}'",
        "delete from promotions_version",
    ],
)
def test_r1_a_published_rule_never_changes(program_id, sql):
    before = list(RuleRow.objects.values_list("key", "body"))
    with pytest.raises((IntegrityError, InternalError), match="R1_a_published_rule_never_changes"):  # noqa: SIM117
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert list(RuleRow.objects.values_list("key", "body")) == before
    assert VersionRow.objects.count() == 1


def test_faulty_rules_write_nothing(program_id):
    with pytest.raises(Invalid) as no:
        services.apply(program_id, 2, {"earn_rules": [{"key": "x", "unit": "points"}]}, "staff:1")
    assert [path for path, _ in no.value.errors] == ["earn_rules.0"]
    assert VersionRow.objects.count() == 1


def test_a_plan_tells_what_is_new_changed_and_gone(program_id):
    document = {
        "program": {"currency": "GBP"},
        "earn_rules": [
            {"key": "base", "unit": "points", "rate": {"points": 2, "per": "1.00"}},
            {"key": "gift", "unit": "points", "fixed": 5},
        ],
        "policies": {"claims_within_days": 7},
    }
    changes = {c.path: c.action for c in services.plan(program_id, document)}
    assert changes == {
        "policies": "change",
        "earn_rules.base": "change",
        "earn_rules.gift": "add",
        "earn_rules.growth": "retire",
    }


def test_the_decision_looks_at_the_purchase_and_not_at_the_clock(program_id):
    rules = services.snapshot(program_id=program_id)
    bought = basket(500)
    said = [
        services.evaluate(basket=bought, member=member(), snapshot=rules, now=now)
        for now in (bought.occurred_at, datetime(2030, 1, 1, tzinfo=UTC))
    ]
    assert said[0] == said[1]


@given(
    st.sampled_from(
        [
            {"kind": "rolling", "months": 12},
            {"kind": "rolling", "days": 1},
            {"kind": "end_of", "period": "quarter", "after": 1},
            {"kind": "fixed", "on": "2026-03-29"},
            {"kind": "by_tier", "tiers": {"gold": {"kind": "never"}}, "otherwise": {"kind": "rolling", "days": 30}},
        ]
    ),
    st.sampled_from(
        [
            {"kind": "at_once"},
            {"kind": "after", "days": 14},
            {"kind": "fixed", "on": "2026-03-29"},
            {"kind": "event", "event": "delivered", "deadline_days": 30},
        ]
    ),
    st.lists(st.datetimes(datetime(2026, 3, 27), datetime(2026, 3, 31)), min_size=1, max_size=5),
    st.sampled_from(["Europe/London", "Asia/Shanghai", "America/Los_Angeles"]),
    st.sampled_from([None, "gold"]),
)
def test_remembered_lives_of_lots_are_what_the_ledger_would_say(expiry, activation, moments, zone, tier):
    unit = Unit(
        slot=1, key="p", names={}, kind=UnitKind.SPENDABLE, scale=0, expiry=expiry, activation=activation,
        debt_policy=DebtPolicy.OWE, value_micro=None, adjust_limit=None, renewed_by=(), transferable=False,
    )  # fmt: skip
    times = units.times_of(unit, zone)
    for moment in moments:
        at = moment.replace(tzinfo=UTC)
        parcel = ledger.parcel(unit=unit, amount=1, earned_at=at, zone=zone, tier=tier)
        assert tuple(times(at, tier)) == (parcel.activates_at, parcel.event, parcel.deadline, parcel.expires_at)

"""Promotions as documents: written and read again they are the same; every fault has its path; bodies are kept once."""

from __future__ import annotations

import threading

import orjson
import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from hypothesis import HealthCheck, Phase, given, settings

from regulars.governance.publishing import services as publishing
from regulars.value.promotions import services
from regulars.value.promotions.models import BodyRow, PromotionRow
from regulars.value.promotions.rules import document, policies
from regulars.value.promotions.rules.writing_promotions import write_promotion
from regulars.value.promotions.terms import Promotion, Question
from regulars.value.promotions.tests import strategies
from regulars.value.promotions.tests.baskets import basket, member

quick = settings(
    max_examples=80,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
CASES = (
    "program: {key: shop, name: Shop, zone: Europe/London, currency: GBP}\nunits: [{key: points, kind: spendable}]\n"
)


def written(one: Promotion) -> dict:
    return orjson.loads(orjson.dumps(write_promotion(one, "GBP"), default=str))


@quick
@given(strategies.promotions())
def test_promotions_written_and_read_again_are_the_same(one):
    told = {"program": {"currency": "GBP"}, "promotions": [written(one)]}
    (again,), faults = document.read_promotions(told, beside=one.always | one.never)
    assert faults == []
    assert again == one
    assert written(again) == written(one)


@quick
@given(strategies.promotions(coupon="five"))
def test_what_coupons_give_is_written_and_read_again_the_same(one):
    told = {"program": {"currency": "GBP"}, "coupon_templates": [{"key": "five", "gives": written(one)}]}
    whole = document.read_whole(told)
    assert "key" not in written(one)
    assert [f for f in whole.faults if "there is no " not in f[1]] == []
    assert whole.gives == (one,)


POLICIES = {
    "returns": "proportional",
    "claims_within_days": 30,
    "future_tolerance_minutes": 10,
    "stacking": {
        "objective": "best_margin",
        "most": 3,
        "cap_percent": "33.3333",
        "cap": "20.00",
        "groups": [{"key": "g", "most": 2, "cap": "4.00"}, {"key": "h"}],
    },
    "points_tender": [
        {"unit": "points", "points": 100, "amount": "1.00", "min": 100, "step": 50, "most_percent": "50"}
    ],
    "earns": {"on_points_tender": True},
}


def test_policies_written_and_read_again_are_the_same():
    whole = document.read_whole({"program": {"currency": "GBP"}, "policies": POLICIES})
    assert whole.faults == []
    told = policies.write_policies(whole.policies, "GBP")
    assert orjson.loads(orjson.dumps(told, default=str)) == POLICIES


FAULTS = [
    ({"effects": []}, "effects", "is missing"),
    ({"effects": [{"kind": "nothing"}]}, "effects.0.kind", "must be one of"),
    ({"effects": [{"kind": "order_percent"}]}, "effects.0.percent", "is missing"),
    ({"effects": [{"kind": "order_percent", "percent": 101}]}, "effects.0.percent", "at most 100"),
    ({"effects": [{"kind": "order_percent", "percent": "1.00001"}]}, "effects.0.percent", "four|4 decimals"),
    ({"effects": [{"kind": "order_amount", "amount": "1.005"}]}, "effects.0.amount", "at most 2 decimals"),
    ({"effects": [{"kind": "order_amount", "amount": 1, "percent": 3}]}, "effects.0.percent", "no such field"),
    ({"effects": [{"kind": "buy_x_get_y", "buy": 0, "get": 1}]}, "effects.0.buy", "between 1"),
    ({"effects": [{"kind": "nth_item", "n": 1, "percent": 50}]}, "effects.0.n", "between 2"),
    ({"effects": [{"kind": "bundle", "price": 5}]}, "effects.0.parts", "is missing"),
    ({"effects": [{"kind": "bundle", "price": 5, "parts": [{}]}]}, "effects.0.parts.0.goods", "is missing"),
    ({"effects": [{"kind": "thresholds", "steps": [{"from": 5, "off": 6}]}]}, "effects.0.steps.0.off", "more than"),
    ({"effects": [{"kind": "thresholds", "steps": [{"from": 5}]}]}, "effects.0.steps.0", "exactly one"),
    ({"effects": [{"kind": "gift"}]}, "effects.0", "exactly one of sku"),
    ({"effects": [{"kind": "random_reward", "prizes": [{"key": "a"}]}]}, "effects.0.prizes.0.weight", "is missing"),
    ({"effects": [{"kind": "earn", "unit": "gold", "fixed": 1}]}, "effects.0.unit", "no unit 'gold'"),
    ({"effects": [{"kind": "earn", "unit": "points"}]}, "effects.0", "exactly one of rate"),
    ({"effects": [{"kind": "issue_coupon", "template": "x"}]}, "effects.0.template", "no coupon template"),
    ({"effects": [{"kind": "tier", "ladder": "l", "level": "x"}]}, "effects.0.ladder", "no ladder"),
    ({"when": "basket.nothing > 3"}, "when", "basket.nothing"),
    ({"lines": "line.sku"}, "lines", "not true or false"),
    ({"schedule": {"starts": "2026-05-01", "ends": "2026-04-01"}}, "schedule.ends", "before starts"),
    ({"schedule": {"hours": [{"from": "9:00", "to": "25:00"}]}}, "schedule.hours.0.to", "time of day"),
    ({"schedule": {"hours": [{"from": "9:00", "to": "9:00"}]}}, "schedule.hours.0.to", "must differ"),
    ({"schedule": {"rrule": "FREQ=HOURLY"}}, "schedule.rrule", "FREQ must be"),
    ({"schedule": {"rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"}}, "schedule.rrule", "say `starts`"),
    ({"schedule": {"member_day": 32}}, "schedule.member_day", "between 1 and 31"),
    ({"schedule": {"zone": "moon"}}, "schedule.zone", "must be one of"),
    ({"stores": ["paris"]}, "stores.0", "no store 'paris'"),
    ({"channels": ["fax"]}, "channels.0", "no channel 'fax'"),
    ({"tiers": ["gold"]}, "tiers.0", "no level 'gold'"),
    ({"with": {"never": ["nobody"]}}, "with.never.0", "no promotion 'nobody'"),
    ({"with": {"always": ["p"]}}, "with.always", "the promotion itself"),
    ({"goods": {"include": {"skus": ["a", "a"]}}}, "goods.include.skus.1", "said twice"),
    ({"goods": {"include": {"skus": [str(n) for n in range(10_001)]}}}, "goods.include.skus", "at most 10000"),
    ({"goods": {"inlcude": {}}}, "goods.inlcude", "no such field"),
    ({"min": {"amount": 1, "minor": 100}}, "min.minor", "not both"),
    ({"limits": [{"per": "coupon", "limit": 1}]}, "limits.0.per", "per coupon"),
    ({"limits": [{"limit": 1}, {"limit": 2}]}, "limits.1.period", "another limit"),
    ({"limits": [{"action": "minor", "limit": "0.001"}]}, "limits.0.limit", "at most 2 decimals"),
    ({"budget": {}}, "budget.amount", "is missing"),
    ({"audiences": {"any": ["No Key"]}}, "audiences.any.0", "lower-case"),
    ({"state": "asleep"}, "state", "must be one of"),
]


@pytest.mark.parametrize(("body", "path", "says"), FAULTS, ids=[path for _, path, _ in FAULTS])
def test_every_fault_of_a_promotion_is_told_with_its_path(body, path, says):
    said = {"key": "p", "effects": [{"kind": "order_percent", "percent": 10}], **body}
    told = {
        "program": {"currency": "GBP"},
        "promotions": [said],
        "coupon_templates": [],
        "units": [{"key": "points"}],
        **{section: [] for section in ("stores", "channels", "ladders", "brands")},
    }
    faults = document.read_whole(told).faults
    assert [f[0] for f in faults] == [f"promotions.0.{path}"]
    assert any(part in faults[0][1] for part in says.split("|"))
    gives = {
        **told,
        "promotions": [],
        "coupon_templates": [{"key": "t", "gives": {k: v for k, v in said.items() if k != "key"}}],
    }
    if "coupon" not in path and "coupon" not in says and "template" not in path and "always" not in path:
        assert [f[0] for f in document.read_whole(gives).faults] == [f"coupon_templates.0.gives.{path}"]


def test_two_promotions_of_one_key_are_a_fault():
    one = {"key": "p", "effects": [{"kind": "member_price"}]}
    faults = document.read_whole({"promotions": [one, one]}).faults
    assert faults == [("promotions.1.key", "'p' is the key of another promotion too")]


@quick
@given(strategies.QUESTIONS)
def test_a_question_is_kept_and_read_back_exactly(question: Question):
    kept = orjson.loads(orjson.dumps(services.question_to_json(question)))
    assert services.question_from_json(kept) == question


@pytest.mark.django_db
def test_two_thousand_promotions_with_ten_thousand_goods_are_kept_once_and_read_back():
    skus = [f"sku-{n:05}" for n in range(10_000)]
    many = [{"key": f"p{n}", "effects": [{"kind": "order_percent", "percent": 1 + n % 50}]} for n in range(1_999)]
    long = {"key": "long", "goods": {"include": {"skus": skus[::-1]}}, "effects": [{"kind": "member_price"}]}
    program_id = publishing.apply(document=CASES, actor="staff:1").program_id
    told = {"program": {"currency": "GBP"}, "promotions": [*many, long]}
    services.apply(program_id, 7, told, "staff:1")
    assert (PromotionRow.objects.count(), BodyRow.objects.count()) == (2_000, 2_000)
    services.apply(program_id, 8, {**told, "promotions": [{**many[0], "priority": 3}, *many[1:], long]}, "staff:1")
    assert (PromotionRow.objects.count(), BodyRow.objects.count()) == (4_000, 2_001)
    back = services.describe(program_id, 8)["promotions"]
    assert [p["key"] for p in back] == [*(p["key"] for p in many), "long"]
    assert back[-1]["goods"]["include"]["skus"] == skus
    with connection.cursor() as cursor:
        cursor.execute("select sum(pg_column_size(body)) from promotions_body where pg_column_size(body) > 2000")
        assert cursor.fetchone()[0] < 60_000  # 130,000 bytes of JSON


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["promotions_promotion", "promotions_body"])
@pytest.mark.parametrize("verb", ["update {} set program_id = program_id", "delete from {}"])
def test_r1_a_published_promotion_never_changes(table, verb):
    told = CASES + "promotions: [{key: p, effects: [{kind: member_price}]}]\n"
    publishing.apply(document=told, actor="staff:1")
    with pytest.raises((IntegrityError, InternalError), match="R1_a_published_rule_never_changes"):  # noqa: SIM117
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(verb.format(table))
    assert PromotionRow.objects.count() == 1


@pytest.mark.django_db
def test_a_paused_promotion_is_kept_and_does_not_act_and_a_trial_may_wake_it():
    told = CASES + (
        "promotions:\n"
        "  - {key: p, state: paused, effects: [{kind: order_percent, percent: 10}], limits: [{per: program, limit: 5,"
        " period: lifetime}]}\n"
        "  - {key: q, effects: [{kind: order_percent, percent: 1}], when: member.orders == 0}\n"
    )
    program_id = publishing.apply(document=told, actor="staff:1").program_id
    assert publishing.apply(document=told, actor="staff:1").unchanged
    base = services.snapshot(program_id=program_id)
    assert [p.key for p in base.promotions] == ["q"]
    assert base.names == {"member.orders"}
    assert base.limits(store=None, day=basket(1).occurred_at.date()) == {}
    (p,) = document.read_promotions(
        {
            "program": {"currency": "GBP"},
            "promotions": [{**services.describe(program_id)["promotions"][0], "state": "running"}],
        }
    )[0]
    woken = services.snapshot_with(base=base, promotions=[p])
    assert woken.limits(store=None, day=basket(1).occurred_at.date()) == {"p/program/count/lifetime": 5}
    verdict = services.decide(question=Question(basket=basket(1000)), snapshot=woken)
    assert verdict.pricing.total_minor == 900
    assert services.decide(question=Question(basket=basket(1000)), snapshot=base).pricing.total_minor == 1000


@pytest.mark.django_db(transaction=True)
def test_versions_swap_under_load_without_a_wrong_or_refused_answer():
    def told(percent: int) -> str:
        return CASES + f"promotions: [{{key: p, effects: [{{kind: order_percent, percent: {percent}}}]}}]\n"

    program_id = publishing.apply(document=told(1), actor="staff:1").program_id
    services.forget()
    over, wrong, seen = threading.Event(), [], set()

    def ask() -> None:
        try:
            while not over.is_set():
                snapshot = services.snapshot(program_id=program_id)
                question = Question(basket=basket(100_000), member=member())
                off = services.decide(question=question, snapshot=snapshot).pricing.discount_minor
                seen.add(snapshot.version)
                if off != 1_000 * snapshot.version:
                    wrong.append((snapshot.version, off))
        except Exception as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for percent in range(2, 12):
        assert publishing.apply(document=told(percent), actor="staff:1").number == percent
    over.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(seen) > 1

"""Every basket of the pricing table costs what was worked out by hand, to the minor unit."""

from pathlib import Path

import pytest

from regulars.value.promotions.rules import decide
from regulars.value.promotions.tests import pricing_table

PAGE = Path(__file__).parents[5] / "docs" / "pricing-table.md"
CASES = list(pricing_table.cases())


@pytest.mark.parametrize("case", CASES, ids=[f"{c.chapter}: {c.name}" for c in CASES])
def test_the_basket_costs_what_was_worked_out_by_hand(case):
    snapshot, question = pricing_table.snapshot_of(case), pricing_table.question_of(case)
    verdict = decide(question=question, snapshot=snapshot)
    assert pricing_table.answers(case, verdict) == case.said["expect"]
    pricing = verdict.pricing
    assert pricing.subtotal_minor - pricing.discount_minor == pricing.total_minor
    assert pricing.total_minor == sum(line.net_minor for line in pricing.lines)
    assert pricing.discount_minor == sum(a.discount_minor for a in pricing.applied)
    for line in pricing.lines:
        assert line.amount_minor - line.discount_minor == line.net_minor
        assert line.discount_minor == sum(s.minor for s in line.shares)
        assert line.net_minor >= min(0, line.amount_minor)
    assert verdict.digest == decide(question=question, snapshot=snapshot).digest


def test_the_table_has_every_chapter_and_enough_baskets():
    assert len(CASES) >= 120
    assert len({c.name for c in CASES}) == len(CASES)
    titles = " ".join(c.title for c in pricing_table.chapters()).lower()
    for word in (
        "rounding stacking thresholds buy caps price shipping zero taxes tenders limits coupons weighed 5,000".split()
    ):
        assert word in titles


@pytest.mark.skipif(not PAGE.parent.exists(), reason="the documentation is not beside an installed package")
def test_the_page_is_written_from_the_table():
    assert PAGE.read_text("utf-8") == pricing_table.page(), "run scripts/pricing_table.py"

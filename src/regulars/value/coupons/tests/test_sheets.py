"""Codes that lie on sheets: found and used like any other, and never a second time."""

from __future__ import annotations

import pytest

from regulars.value.coupons import services as coupons
from regulars.value.coupons.services import sheets
from regulars.value.coupons.terms import CodeTaken, UnknownCode
from regulars.value.coupons.tests import house

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few(stored):
    if stored == "rows":
        pytest.skip("about sheets")


def test_looking_at_a_code_gives_it_no_row_and_using_it_gives_it_one():
    shop = house.program()
    codes = house.batch(shop, 40)
    held = house.find(shop, *codes)
    looked = [coupons.look_up(program_id=shop, code=c, who=["a"]) for c in codes]
    assert [c.coupon_id for c in looked] == [h.coupon_id for h in held]
    assert [c.code for c in looked] == codes
    assert coupons.by_ids(program_id=shop, coupon_ids=[c.coupon_id for c in looked]) == tuple(looked)
    assert house.rows("select count(*) from coupons_coupon") == [(0,)]
    house.redeem(shop, codes[17])
    assert house.rows("select id, code, state from coupons_coupon") == [(held[17].coupon_id, codes[17], "redeemed")]
    assert [house.state(shop, c) for c in codes] == ["open"] * 17 + ["redeemed"] + ["open"] * 22
    assert coupons.discrepancies() == []


def test_a_code_beside_those_on_sheets_is_unknown():
    shop, other = house.program(), house.program(key="other")
    codes = house.batch(shop, 40)
    for code in (codes[0][:-1], codes[0] + "A", "A" * len(codes[0]), "Z" * len(codes[0]), "\u00e9" * 6):
        with pytest.raises(UnknownCode):
            coupons.look_up(program_id=shop, code=code, who=["a"])
    for code in codes:
        with pytest.raises(UnknownCode):
            coupons.look_up(program_id=other, code=code, who=[code])
    with pytest.raises(UnknownCode):
        coupons.redeem(program_id=other, held=house.find(shop, codes[0]), order="o", actor="a")
    assert house.rows("select count(*) from coupons_coupon") == [(0,)]


def test_nobody_brings_a_code_that_lies_on_a_sheet(tmp_path):
    shop, other = house.program(), house.program(key="other")
    codes = house.batch(shop, 40)
    with pytest.raises(CodeTaken):
        coupons.share(program_id=shop, template="ten", code=codes[5], actor="a")
    coupons.share(program_id=other, template="ten", code=codes[5], actor="a")
    file, rejects = tmp_path / "pool.txt", tmp_path / "rejects.csv"
    file.write_text("\n".join(["OURS1", codes[7].lower(), "OURS2"]), "utf-8")
    done = coupons.import_pool(program_id=shop, template="ten", path=file, rejects=rejects, actor="a")
    assert (done.stored, done.rejected) == (2, 1)
    assert rejects.read_text("utf-8").splitlines() == [f"2,{codes[7].lower()},is a code already"]
    assert coupons.discrepancies() == []


def test_a_shared_code_is_passed_over_when_codes_are_laid_on_sheets():
    shop = house.program()
    first = coupons.begin_batch(program_id=shop, template="ten", size=30, key="a", actor="a")
    row = sheets.BatchRow.objects.select_related("series").get(pk=first.batch_id)
    coming = house.coming(row)
    coupons.share(program_id=shop, template="ten", code=coming[3], actor="a")
    coupons.make_batch(program_id=shop, batch_id=first.batch_id)
    assert len(set(house.made(shop))) == 31
    assert set(coming) < set(house.made(shop))
    assert coupons.discrepancies() == []


def test_a_withdrawn_batch_withdraws_what_lies_on_sheets_once():
    shop = house.program()
    codes = house.batch(shop, 40)
    house.redeem(shop, codes[0])
    coupons.reserve(program_id=shop, held=house.find(shop, codes[1]), owner="x", actor="a")
    coupons.release(program_id=shop, owner="x", actor="a")
    batch_id = coupons.batches(program_id=shop)[0].batch_id
    assert coupons.void_batch(program_id=shop, batch_id=batch_id, actor="a", reason="leaked") == 39
    assert coupons.void_batch(program_id=shop, batch_id=batch_id, actor="a", reason="again") == 0
    assert [h.refused for h in house.find(shop, *codes)] == ["already_used", *["voided"] * 39]
    lines = b"".join(coupons.codes_of(program_id=shop, batch_id=batch_id)).decode().splitlines()[1:]
    assert [line.split(",")[:2] for line in lines] == [[codes[0], "redeemed"], *([c, "voided"] for c in codes[1:])]


def test_one_code_of_a_sheet_is_withdrawn_alone():
    shop = house.program()
    codes = house.batch(shop, 3)
    one = coupons.look_up(program_id=shop, code=codes[1], who=["a"]).coupon_id
    coupons.withdraw(program_id=shop, coupon_id=one, actor="a", reason="leaked")
    assert [house.state(shop, c) for c in codes] == ["open", "voided", "open"]
    assert house.told(shop, one) == ["made", "voided"]

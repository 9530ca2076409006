"""Batches and pools: exactly as many as said, once, whatever kills the worker; exported as a stream."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import connection, transaction

from regulars.value.coupons import services as coupons
from regulars.value.coupons.services import making, sheets
from regulars.value.coupons.terms import (
    BatchDiffers,
    BatchRunning,
    CouponLimit,
    TooFewCodes,
    UnknownBatch,
)
from regulars.value.coupons.tests import house

pytestmark = pytest.mark.django_db


def begin(shop, size=10, key="b", template="ten", **more):
    return coupons.begin_batch(program_id=shop, template=template, size=size, key=key, actor="a", **more)


def test_a_batch_is_begun_once_and_makes_what_it_says():
    shop = house.program()
    begun = begin(shop, 1_000)
    assert begin(shop, 1_000) == begun
    with pytest.raises(BatchDiffers):
        begin(shop, 999)
    seen: list[tuple[int, int]] = []
    done = coupons.make_batch(
        program_id=shop, batch_id=begun.batch_id, part=300, told=lambda made, size: seen.append((made, size))
    )
    assert seen == [(300, 1000), (600, 1000), (900, 1000), (1000, 1000)]
    assert (done.made, done.done_at is not None) == (1_000, True)
    assert coupons.make_batch(program_id=shop, batch_id=begun.batch_id) == done
    assert (len(house.made(shop)), len(set(house.made(shop)))) == (1_000, 1_000)
    assert {h.refused for h in house.find(shop, *house.made(shop))} == {""}
    assert coupons.discrepancies() == []


def test_batches_of_one_pattern_and_single_coupons_never_meet():
    shop = house.program(house.template(), house.template("other"))
    mary = house.member(shop)
    codes = set(house.batch(shop, 500)) | set(house.batch(shop, 500, template="other"))
    codes |= {house.issued(shop, mary).code for _ in range(20)}
    assert len(codes) == 1_020


def test_a_pattern_that_could_be_guessed_or_spells_anothers_codes_is_refused():
    shop = house.program(
        house.template("short", code={"pattern": "A########"}),
        house.template("other", code={"pattern": "#########"}),
    )
    assert begin(shop, 20_000, template="short").size == 20_000
    with pytest.raises(TooFewCodes):  # 31 to the 7th is not a million times so many
        begin(shop, 10_000, key="c", template="short")
    with pytest.raises(TooFewCodes):
        begin(shop, 10, key="d", template="other")
    assert house.rows("select next from coupons_series") == [(20_000,)]


def test_a_worker_that_dies_in_the_middle_leaves_nothing_half_done(monkeypatch, stored):
    shop = house.program()
    begun = begin(shop, 900)

    def killed(made, size):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        coupons.make_batch(program_id=shop, batch_id=begun.batch_id, part=300, told=killed)
    module, name = (making, "_copy") if stored == "rows" else (sheets, "lay")
    copy = getattr(module, name)

    def torn(row, maker, images):  # dies after the codes were sent, before the progress was written
        copy(row, maker, images)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, name, torn)
    with pytest.raises(KeyboardInterrupt):
        coupons.make_batch(program_id=shop, batch_id=begun.batch_id, part=300)
    monkeypatch.setattr(module, name, copy)
    assert coupons.find_batch(program_id=shop, batch_id=begun.batch_id).made == 300
    assert coupons.unfinished() == [(shop, begun.batch_id)]
    with pytest.raises(BatchRunning):
        coupons.codes_of(program_id=shop, batch_id=begun.batch_id)
    coupons.make_batch(program_id=shop, batch_id=begun.batch_id, part=300)
    assert (len(house.made(shop)), len(set(house.made(shop)))) == (900, 900)
    assert coupons.discrepancies() == []


def test_the_export_is_a_stream_of_csv_with_states():
    shop = house.program(house.template(validity={"ends": "2099-12-31"}))
    codes = house.batch(shop, 12)
    house.redeem(shop, codes[3])
    batch_id = coupons.batches(program_id=shop)[0].batch_id
    parts = list(coupons.codes_of(program_id=shop, batch_id=batch_id))
    rows = list(csv.DictReader(io.StringIO(b"".join(parts).decode())))
    assert [r["code"] for r in rows] == sorted(codes)
    assert [r["state"] for r in rows].count("redeemed") == 1
    assert rows[0]["ends_at"] == "2100-01-01T00:00:00+00:00"
    with pytest.raises(UnknownBatch):
        coupons.find_batch(program_id=house.program(key="other"), batch_id=batch_id)


def test_a_withdrawn_batch_takes_back_what_nobody_has():
    shop = house.program()
    codes = house.batch(shop, 5)
    house.redeem(shop, codes[0])
    batch_id = coupons.batches(program_id=shop)[0].batch_id
    assert coupons.void_batch(program_id=shop, batch_id=batch_id, actor="a", reason="leaked") == 4
    assert [h.refused for h in house.find(shop, *codes)] == ["already_used", *["voided"] * 4]


def test_an_imported_pool_rejects_what_is_no_code_and_continues_where_it_was(tmp_path):
    shop = house.program()
    coupons.share(program_id=shop, template="ten", code="TAKEN1", actor="a")
    file, rejects = tmp_path / "pool.csv", tmp_path / "rejects.csv"
    file.write_text("name,code\nx,aBc-001\nx,ABC002\nx,abc001\nx,no\nx,taken1\nx,\nx,ABC003\n", "utf-8")

    def carry_in(**more):
        return coupons.import_pool(
            program_id=shop, template="ten", path=file, rejects=rejects, actor="a", part=2, **more
        )

    assert carry_in(dry_run=True).stored == 5
    assert house.rows("select count(*) from coupons_batch") == [(0,)]

    def killed(lines, size):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_in(told=killed)
    done = carry_in()
    assert (done.lines, done.stored, done.rejected) == (6, 3, 3)
    assert carry_in() == done
    assert list(csv.reader(rejects.open())) == [
        ["4", "abc001", "is a code already"],
        ["5", "no", "must have 4 to 64 signs"],
        ["6", "taken1", "is a code already"],
    ]
    (held,) = house.find(shop, "ABC 001")
    assert (held.code, held.refused) == ("ABC001", "")
    assert coupons.look_up(program_id=shop, code="abc001", who=["a"]).code == "aBc-001"  # as the others print it
    assert coupons.discrepancies() == []


def test_a_batch_made_beside_an_imported_pool_draws_other_codes_where_they_meet(tmp_path):
    shop, other = house.program(), house.program(key="other")
    begun = begin(shop, 100)
    with transaction.atomic():  # the codes that are about to be made, as if somebody had them already
        coupons.make_batch(program_id=shop, batch_id=begun.batch_id)
        codes = house.made(shop)
        transaction.set_rollback(True)
    assert other != shop
    file = tmp_path / "pool.txt"
    file.write_text("\n".join(codes[:7]), "utf-8")
    coupons.import_pool(program_id=shop, template="ten", path=file, actor="a")
    begun = begin(shop, 100)
    done = coupons.make_batch(program_id=shop, batch_id=begun.batch_id)
    assert done.made == 100
    assert (len(house.made(shop)), len(set(house.made(shop)))) == (107, 107)
    assert house.rows("select next from coupons_series") == [(107,)]
    assert coupons.discrepancies() == []


def test_a_bearer_code_with_a_limit_for_all_is_used_by_guests_too():
    shop = house.program(house.template(limits={"total": 1}))
    one, two = house.batch(shop, 2)
    assert house.redeem(shop, one) == 1
    with pytest.raises(CouponLimit):
        house.redeem(shop, two, order="o2")


def test_the_story_of_a_made_code_begins_with_its_batch():
    shop = house.program()
    (code,) = house.batch(shop, 1)
    coupon = coupons.look_up(program_id=shop, code=code, who=["a"])
    house.redeem(shop, code)
    assert house.told(shop, coupon.coupon_id) == ["made", "redeemed"]
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from coupons_event")
        assert cursor.fetchone() == (1,)  # a million codes made write no million chapters

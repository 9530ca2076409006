"""Coupons that a sale brings are drawn anew where a code is somebody's already; and no refusal that lasts says "later"."""

from __future__ import annotations

from uuid import UUID

import pytest

from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus
from regulars.value.checkout import services as checkout
from regulars.value.checkout.services import closing, tendering
from regulars.value.checkout.tests import house, shop
from regulars.value.coupons import services as coupons
from regulars.value.coupons.services import coining
from regulars.value.coupons.terms import AlreadyUsed
from regulars.value.orders.services import asking

pytestmark = pytest.mark.django_db
BRINGS = {"key": "brings", "members_only": True, "effects": [{"kind": "issue_coupon", "template": "five"}]}


def import_the_next_codes(program: int, folder, many: int) -> None:
    """A pool of somebody else's that has just the codes which would be drawn next."""
    found = coupons.template(program_id=program, key="five")
    coupons.coin(program_id=program, template="five")
    maker = coining.maker(program_id=program, pattern=found.pattern, alphabet=found.alphabet)
    next_ones = [maker.space // 2 + coining._numbers[n] for n in range(many)]
    pool = folder / "pool.txt"
    pool.write_text("\n".join(maker.encode(next_ones)))
    assert coupons.import_pool(program_id=program, template="five", path=pool, actor="staff:1").stored == many


def codes_of(member_id: UUID) -> list[str]:
    page = coupons.wallet(program_id=house.one("select program_id from members_member limit 1"), member_id=member_id)
    return [c.code for c in page.items]


@pytest.mark.parametrize("is_tendered", [False, True])
def test_a_sale_whose_coupon_draws_a_code_of_an_imported_pool_draws_another(tmp_path, is_tendered):
    program = shop.program(BRINGS)
    mary = house.member(program)
    import_the_next_codes(program, tmp_path, 3)
    quote = house.put(program, house.line("b", 1000, sku="book"), key="b", member_id=mary)
    if is_tendered:
        house.tender(program, "b", digest=quote.digest)
    done = house.close(program, "b", digest=quote.digest)
    assert done.state == "closed"
    assert len(codes_of(mary)) == 1
    assert coupons.discrepancies() == checkout.discrepancies() == []


def test_a_coupon_that_is_issued_by_hand_draws_another_code_too(tmp_path):
    program = shop.program(BRINGS)
    mary = house.member(program)
    import_the_next_codes(program, tmp_path, 2)
    shop.coupon(program, mary)
    assert len(codes_of(mary)) == 1
    page = coupons.open_claims(program_id=program, template="five", actor="staff:1")
    coupons.claim(program_id=program, token=page.token, member_id=mary, key="k", actor="key:1")
    assert len(codes_of(mary)) == 2


def refusing(monkeypatch, marked: str) -> None:
    """The database refuses each call of a function, as if what was read and what is true would never agree."""
    call = asking.call

    def refused(sql, params):
        if marked in sql:
            raise AlreadyUsed(coupon="X", reason="already_used")
        return call(sql, params)

    monkeypatch.setattr(asking, "call", refused)


def test_a_refusal_that_lasts_is_answered_as_itself_and_not_as_later(monkeypatch):
    program = shop.program()
    before = house.put(program, house.line("b", 1000, sku="book"), key="b")
    refusing(monkeypatch, "checkout_tender(")
    with pytest.raises(AlreadyUsed):
        house.tender(program, "b", digest=before.digest)
    refusing(monkeypatch, "orders_close(")
    with pytest.raises(AlreadyUsed):
        house.close(program, "b", digest=before.digest)
    assert house.one("select state from checkout_session") == "open"
    assert set(tendering.MOVED) < set(closing.FASTER)


def test_a_member_who_is_suspended_while_she_pays_gets_her_goods_without_points(monkeypatch):
    program = shop.program()
    mary = house.member(program)
    quote = house.put(program, house.line("b", 1000, sku="book"), key="b", member_id=mary)
    write = closing._write

    def late(found, decided, *rest):
        if house.one("select status from members_member where id = %s", mary) == "active":
            members.set_status(
                program_id=program, member_id=mary, status=MemberStatus.SUSPENDED, reason="asked", actor="staff:1"
            )
        return write(found, decided, *rest)

    monkeypatch.setattr(closing, "_write", late)
    done = house.close(program, "b")
    assert (done.state, done.due_minor) == ("closed", quote.due_minor)
    assert house.wallet(mary) == (0, 0)

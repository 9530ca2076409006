"""What staff of one store may do for the member who stands before them, and what a cashier does not see."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from regulars.interfaces.console.tests.conftest import PEOPLE, SYSTEM, Desk, as_person
from regulars.kernel import ids
from regulars.people.programs import services as programs
from regulars.people.staff import services as staff
from regulars.people.staff.terms import Role
from regulars.value.ledger import services as ledger


def at_the_bund(desk: Desk, role: Role) -> Client:
    person = staff.add_person(email=f"{role}{next(PEOPLE)}@shop.example", name=str(role), actor=SYSTEM)
    store = programs.store(program_id=desk.program_id, key="bund")
    staff.grant(user_id=person.id, role=role, program_id=desk.program_id, store_id=store.id, actor=SYSTEM)
    return as_person(person.id)


@pytest.mark.parametrize("is_at_a_store", [False, True])
def test_a_cashier_sees_no_journal_and_adjusts_nothing(desk: Desk, is_at_a_store: bool) -> None:
    cashier = at_the_bund(desk, Role.CASHIER) if is_at_a_store else desk.sits("cashier")
    for tab in ("", "?tab=journal", "?tab=lots", "?tab=timeline"):
        page = cashier.get(reverse("console_member", args=[desk.ann]) + tab)
        assert page.status_code == 200
        assert b"tab=journal#tabs" not in page.content
        assert b"tab=lots#tabs" not in page.content
        assert not page.context.get("lines")
        assert not [m for m in page.context.get("moments") or () if m["what"] == "journal"]
    assert cashier.get(reverse("console_act", args=[desk.ann, "adjust"])).status_code == 403
    assert cashier.get(reverse("console_proof", args=[desk.ann, 1])).status_code == 403


def test_a_manager_of_one_store_sees_the_books_of_a_member_and_adjusts_as_far_as_her_role_goes(desk: Desk) -> None:
    manager, place = at_the_bund(desk, Role.STORE_MANAGER), reverse("console_member", args=[desk.ann])
    adjust = reverse("console_act", args=[desk.ann, "adjust"])
    page = manager.get(place)
    assert page.context["lines"]
    assert adjust.encode() in page.content
    assert manager.get(reverse("console_proof", args=[desk.ann, 1])).status_code == 200
    told = {"unit": "points", "code": "complaint", "why": "spilt coffee", "do": "1"}
    assert manager.post(adjust, {**told, "amount": 1_000, "key": "a"}).status_code == 302
    assert manager.post(adjust, {**told, "amount": 1_001, "key": "b"}).status_code == 302
    assert [a.amount for a in ledger.adjustments(program_id=desk.program_id)] == [1_001]
    found = ledger.balances(program_id=desk.program_id, member_id=ids.decode("mem", desk.ann), zone="Asia/Shanghai")
    assert found["points"].active == 1_300
    for closed in ("console_ledger", "console_approvals", "console_proofs"):  # books of the whole program
        assert manager.get(reverse(closed)).status_code == 403

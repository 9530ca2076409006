"""Codes that prove an identifier."""

from datetime import timedelta

import pytest

from regulars.kernel import clock
from regulars.kernel.nights import Work
from regulars.people.members import services as members
from regulars.people.members.models import CodeRow
from regulars.people.members.terms import (
    Claim,
    HeldByAnother,
    IdentifierType,
    NoCode,
    NotConfirmable,
    OnConflict,
    TooManyCodes,
)
from regulars.people.members.tests.test_services import ACTOR, NOW, PHONE, news, phone, register

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today():
    with clock.at(NOW):
        yield


def made_code(program, member, identifier_id):
    news_ = members.send_code(program_id=program, member_id=member, identifier_id=identifier_id)
    return members.code_delivery(program_id=program, code_id=news_.code_id)


def test_the_right_code_makes_a_claim_count(program):
    done = register(program, phone(verified=False))
    waiting = done.pending[0].identifier_id
    letter = made_code(program, done.member_id, waiting)
    assert (letter.type, letter.value, len(letter.code)) == ("phone", "+8613800138000", 6)
    assert letter.code not in str(news("CodeMade"))
    came = members.confirm_code(
        program_id=program, member_id=done.member_id, identifier_id=waiting, code=letter.code, actor=ACTOR
    )
    assert (came.confirmed, came.moved_from) == (True, None)
    assert members.lookup(program_id=program, type="phone", value=PHONE) == [done.member_id]
    with pytest.raises(NoCode):
        members.confirm_code(
            program_id=program, member_id=done.member_id, identifier_id=waiting, code=letter.code, actor=ACTOR
        )


def test_five_wrong_codes_use_it_up_and_ten_minutes_too(program):
    done = register(program, phone(verified=False))
    ask = {"program_id": program, "member_id": done.member_id, "identifier_id": done.pending[0].identifier_id}
    letter = made_code(program, done.member_id, ask["identifier_id"])
    wrong = "000000" if letter.code != "000000" else "111111"
    left = [members.confirm_code(**ask, code=wrong, actor=ACTOR).tries_left for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(NoCode):
        members.confirm_code(**ask, code=letter.code, actor=ACTOR)
    letter = made_code(program, done.member_id, ask["identifier_id"])
    with clock.at(NOW + timedelta(minutes=10)), pytest.raises(NoCode):
        members.confirm_code(**ask, code=letter.code, actor=ACTOR)


def test_one_phone_gets_five_codes_an_hour_whoever_claims_it(program):
    for _ in range(5):
        done = register(program, phone(verified=False))
        made_code(program, done.member_id, done.pending[0].identifier_id)
    done = register(program, phone(verified=False))
    with pytest.raises(TooManyCodes):
        made_code(program, done.member_id, done.pending[0].identifier_id)
    with clock.at(NOW + timedelta(hours=1)):
        assert made_code(program, done.member_id, done.pending[0].identifier_id)


def test_a_card_gets_no_code(program):
    done = register(program, Claim(type=IdentifierType.CARD, value="1234 5678"))
    with pytest.raises(NotConfirmable):
        made_code(program, done.member_id, done.pending[0].identifier_id)


def test_a_recycled_phone_moves_only_where_the_caller_says_so(program):
    old = register(program, phone())
    new = register(program, phone(verified=False))
    ask = {"program_id": program, "member_id": new.member_id, "identifier_id": new.pending[0].identifier_id}
    letter = made_code(program, new.member_id, ask["identifier_id"])
    with pytest.raises(HeldByAnother):
        members.confirm_code(**ask, code=letter.code, actor=ACTOR)
    assert members.lookup(program_id=program, type="phone", value=PHONE) == [old.member_id]
    came = members.confirm_code(**ask, code=letter.code, actor=ACTOR, on_conflict=OnConflict.MOVE)
    assert (came.confirmed, came.moved_from) == (True, old.member_id)
    assert members.lookup(program_id=program, type="phone", value=PHONE) == [new.member_id]
    assert members.identifiers(program_id=program, member_id=old.member_id) == []
    assert [n["reason"] for n in news("IdentifierReleased")] == ["moved"]


def test_codes_are_forgotten_after_thirty_days(program):
    done = register(program, phone(verified=False))
    made_code(program, done.member_id, done.pending[0].identifier_id)
    night = Work(program_id=program, day=NOW.date(), at=NOW + timedelta(days=30), cursor="", limit=500)
    assert members.forget_old_codes(night) is None
    assert CodeRow.objects.count() == 1
    later = Work(program_id=program, day=NOW.date(), at=NOW + timedelta(days=30, seconds=1), cursor="", limit=500)
    assert [members.forget_old_codes(later) for _ in range(2)] == ["more", None]
    assert CodeRow.objects.count() == 0

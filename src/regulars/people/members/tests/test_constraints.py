"""Attempts to break each named constraint by SQL, and a search of every table for a person in the clear."""

import re
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from regulars.kernel import ids
from regulars.people.members import services as members
from regulars.people.members.terms import Attribute, AttributeType, Birthday, Claim, IdentifierType

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def register(program, *claims, **rest):
    return members.register(program_id=program, identifiers=claims, actor="key:1", **rest).member_id


def claim(kind, value, verified=True):
    return Claim(type=IdentifierType(kind), value=value, verified_at=NOW if verified else None)


@pytest.fixture
def two(program):
    """Two members: the first holds a phone and a payment token, the second claims the phone."""
    first = register(program, claim("phone", "13800138000"), claim("payment_token", "tok_1"), name="Ann Lee")
    second = register(program, claim("phone", "13800138000", verified=False), name="Bo")
    members.declare_attributes(
        program_id=program, declared=[Attribute(key="shoes", type=AttributeType.INTEGER)], actor="key:1"
    )
    waiting = members.identifiers(program_id=program, member_id=second)[0].identifier_id
    members.send_code(program_id=program, member_id=second, identifier_id=waiting)
    with connection.cursor() as cursor:
        cursor.execute("update members_member set repeat_key = 'k' where id = %s", [first])
    return {"a": first, "b": second, "new": ids.new_id()}


COPY_PHONE = (
    "insert into members_identifier (id, program_id, member_id, type, blind, hint, method, attested_by, created_at,"
    " verified_at) select %(new)s, program_id, member_id, type, blind, '', '', '', now(), {verified}"
    " from members_identifier where member_id = %(a)s and type = 'phone'"
)


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        ("M1_one_member_per_number", "update members_member set number = '1' where id in (%(a)s, %(b)s)"),
        ("M2_one_member_per_repeat_key", "update members_member set repeat_key = 'k' where id = %(b)s"),
        ("M3_status_is_known", "update members_member set status = 'asleep' where id = %(a)s"),
        ("M4_merged_into_another", "update members_member set merged_into = id where id = %(a)s"),
        ("M5_birthday_is_whole", "update members_member set birth_month = 13, birth_day = 1 where id = %(a)s"),
        ("M5_birthday_is_whole", "update members_member set birth_month = 1 where id = %(a)s"),
        ("M6_forgotten_has_no_key", "update members_member set forgotten_at = now() where id = %(a)s"),
        ("M6_forgotten_has_no_key", "update members_member set wrapped_key = null where id = %(a)s"),
        ("M7_a_name_can_be_found", "update members_person set name_blind = null where member_id = %(a)s"),
        ("M8_one_verified_holder", "update members_identifier set verified_at = now() where member_id = %(b)s"),
        ("M9_one_claim_per_member", COPY_PHONE.format(verified="null")),
        ("M10_type_is_known", "update members_identifier set type = 'shoe' where member_id = %(b)s"),
        ("M11_live_identifiers_can_be_found", "update members_identifier set blind = null where member_id = %(b)s"),
        (
            "M12_payment_tokens_are_never_kept",
            "update members_identifier set hint = '1' where type = 'payment_token'",
        ),
        (
            "M12_payment_tokens_are_never_kept",
            "update members_identifier set sealed = 'x' where type = 'payment_token'",
        ),
        ("M13_five_tries_at_most", "update members_code set tries_left = 6"),
        ("M13_five_tries_at_most", "update members_code set tries_left = -1"),
        (
            "M14_one_attribute_per_key",
            "insert into members_attribute (program_id, key, type, label, choices, personal)"
            " select program_id, key, type, label, choices, personal from members_attribute",
        ),
        ("M15_attribute_type_is_known", "update members_attribute set type = 'float'"),
    ],
)
def test_sql_cannot_break(two, name, sql):
    with pytest.raises(IntegrityError) as no, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, {k: str(v) for k, v in two.items()} if "%(" in sql else None)
    assert no.value.__cause__.diag.constraint_name == name


def test_every_named_constraint_is_attacked():
    source = (__import__("pathlib").Path(members.__file__).parents[1] / "models.py").read_text()
    attacked = {mark.args[1][n][0] for mark in test_sql_cannot_break.pytestmark for n in range(len(mark.args[1]))}
    assert set(re.findall(r'"(M\d+_\w+)"', source)) == attacked


def test_no_table_holds_a_person_in_the_clear(program):
    members.declare_attributes(
        program_id=program,
        declared=[Attribute(key="doctor", type=AttributeType.TEXT, personal=True)],
        actor="key:1",
    )
    who = register(
        program,
        claim("phone", "13812345678"),
        claim("email", "Zephyrine.Quux@example.com", verified=False),
        claim("payment_token", "tok_zzqq_998877"),
        name="Zephyrine Quux",
        birthday=Birthday(month=5, day=1, year=1931),
        attributes={"doctor": "Moreau"},
    )
    waiting = next(i for i in members.identifiers(program_id=program, member_id=who) if i.type == "email")
    letter = members.code_delivery(
        program_id=program,
        code_id=members.send_code(program_id=program, member_id=who, identifier_id=waiting.identifier_id).code_id,
    )
    members.update(program_id=program, member_id=who, actor="key:1", notes="allergic to walnuts")
    members.confirm_code(
        program_id=program, member_id=who, identifier_id=waiting.identifier_id, code=letter.code, actor="key:1"
    )
    secrets = ["13812345678", "zephyrine", "quux", "tok_zzqq", "moreau", "walnuts", "1931-", letter.code]
    found = [(table, column, s) for table, column in _columns() for s in secrets if _holds(table, column, s)]
    assert found == []


def _columns():
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.table_name, c.column_name from information_schema.columns c join information_schema.tables t"
            " using (table_schema, table_name) where c.table_schema = 'public' and t.table_type = 'BASE TABLE'"
            " and c.data_type in ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY')"
        )
        return cursor.fetchall()


def _holds(table, column, secret):
    text = f'"{column}"::text'
    with connection.cursor() as cursor:
        cursor.execute(
            f'select exists(select from "{table}" where {text} ilike %s or {text} like %s)',
            [f"%{secret}%", f"%{secret.encode().hex()}%"],
        )
        return cursor.fetchone()[0]

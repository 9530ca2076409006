"""Members and opening balances come in once, and what cannot be read stays out with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection

from regulars.interfaces.imports import services
from regulars.interfaces.imports.rules import read_mapping
from regulars.interfaces.imports.tests.shop import ACTOR, a_shop, bring
from regulars.people.members import services as members
from regulars.people.members.terms import Newcomer

pytestmark = pytest.mark.django_db(transaction=True)


def test_members_come_in_encrypted_and_once(tmp_path: Path) -> None:
    program_id, path = a_shop(), tmp_path / "members.csv"
    path.write_bytes(
        "会员号,手机,姓名,生日,邮箱\n1,+8613800138000,王小明,1984-05-17,\n2,not a phone,李雷,,\n"
        "3,,韩梅梅,13-45,\n,1,2,3,4\n4,+44 20 7183 8750,Ann,,ann@example.com\n".encode("gb18030")
    )
    mapping = {
        "kind": "members",
        "columns": {"external": "会员号", "phone": "手机", "name": "姓名", "birthday": "生日", "email": "邮箱"},
        "zone": "Asia/Shanghai",
    }
    dry = services.dry_run(program_id=program_id, path=path, mapping=read_mapping(mapping))
    assert (dry["recorded"], dry["rows_rejected"]) == (2, 3)
    job = bring(program_id, path, mapping)
    assert (job.report["recorded"], job.rejected) == (2, 3)
    assert len(members.lookup(program_id=program_id, type="name", value="王小明")) == 1
    with connection.cursor() as cursor:
        cursor.execute("select string_agg(t::text, '') from imports_job t")
        assert "13800138000" not in cursor.fetchone()[0]
    again = bring(program_id, path, mapping)
    assert (again.report["recorded"], again.report["repeated"], again.rejected) == (0, 2, 3)


def test_opening_balances_are_lots_with_their_last_day_and_count_once(tmp_path: Path) -> None:
    program_id, path = a_shop(), tmp_path / "balances.csv"
    members.register_many(program_id=program_id, rows=[Newcomer(external="7")], actor=ACTOR)
    path.write_text(
        "who,unit,points,until\n7,points,500,2099-12-31\n7,points,20,\n8,points,5,\n7,stars,5,\n7,points,-5,\n7,points,5,2001-01-01\n"
    )
    mapping = {
        "kind": "balances",
        "columns": {"member": "who", "unit": "unit", "amount": "points", "expires_on": "until"},
    }
    job = bring(program_id, path, mapping)
    assert (job.report["recorded"], job.rejected) == (2, 4)
    assert set(job.report["reasons"]) == {"unknown_member", "unknown_unit", "bad_number:amount", "expired_already"}
    with connection.cursor() as cursor:
        cursor.execute(
            "select amount, expires_at from ledger_lot_facts where program_id = %s order by amount", [program_id]
        )
        assert [(a, str(e)) for a, e in cursor.fetchall()] == [(20, "None"), (500, "2100-01-01 00:00:00+00:00")]
    again = bring(program_id, path, mapping)
    assert (again.report["recorded"], again.report["repeated"]) == (0, 2)

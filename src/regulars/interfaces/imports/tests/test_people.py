"""Members and opening balances come in once, and what cannot be read stays out with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from regulars.interfaces.imports import services
from regulars.interfaces.imports.rules import read_mapping
from regulars.interfaces.imports.services import files, whole
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


def test_an_unclosed_quote_stays_out_alone_however_often_the_import_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program_id, path = a_shop(), tmp_path / "members.csv"
    rows = [f"{n},{chr(34) if n % 7 == 3 else ''}name {n}" for n in range(40)]
    path.write_text("\n".join(["id,name", *rows]) + "\n")
    monkeypatch.setattr(files, "BLOCK", 128)
    monkeypatch.setattr(whole, "_AT_ONCE", 3)
    job = services.start(
        program_id=program_id,
        path=path,
        mapping={"kind": "members", "columns": {"external": "id", "name": "name"}},
        actor=ACTOR,
    )
    inner, calls = whole._apply, [0]

    def dying(*args: Any) -> Any:
        calls[0] += 1
        if calls[0] % 4 == 0:
            raise RuntimeError("killed")
        return inner(*args)

    monkeypatch.setattr(whole, "_apply", dying)
    for _ in range(20):
        try:
            job = services.run(program_id=program_id, job_id=job.id)
            break
        except RuntimeError:
            continue
    assert calls[0] > 12
    assert (job.report["rows"], job.report["recorded"], job.report["repeated"]) == (40, 34, 0)
    assert job.report["reasons"] == {"unclosed_quote": 6}
    assert [r.line for r in services.rejects(program_id=program_id, job_id=job.id)] == [5, 12, 19, 26, 33, 40]
    rejected = Path(str(job.rejects_path)).read_text("utf-8").splitlines()
    assert rejected[:2] == ["line,reason,id,name", '5,unclosed_quote,"3,""name 3"']
    assert len(rejected) == 7

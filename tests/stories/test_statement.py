"""Pain of not knowing why: a member gets in hand what happened to her points, and anybody can prove it."""

import json
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from regulars.cli.verify_statement import command
from regulars.kernel import clock
from regulars.people.staff import services as staff
from tests.stories.cast import a_caller, a_member, a_program, an_order

pytestmark = pytest.mark.django_db
TODAY = clock.local_day(clock.now(), "Asia/Shanghai")


@pytest.fixture
def shop():
    program = a_program()
    till = a_caller(program)
    till.program, till.ada, till.bob = program, a_member(program, "ADA", "+8613800138000"), a_member(program, "BOB")
    till.post("/orders", an_order("1", till.ada, (120_000,)))
    back = {"ref": "R1", "occurred_at": "2026-01-06T12:00:00+08:00", "lines": [{"id": "1", "quantity": "1"}]}
    given = {"unit": "points", "kind": "spend", "amount": 50, "reason": "goodwill"}
    transfer = {"from": till.ada, "to": till.bob, "unit": "points", "amount": 40, "reason": "gift"}
    till.post("/orders", an_order("0", till.ada, (50_000,)))
    assert till.post("/orders/till:0/returns", back)[0] == 201
    assert till.post(f"/members/{till.ada}/points", given)[0] == 200
    assert till.post("/transfers", transfer)[0] == 201
    return till


def a_statement(shop, member=None, first=TODAY - timedelta(days=30), last=TODAY, more=""):
    return shop.get(f"/members/{member or shop.ada}/statement?from={first}&to={last}{more}")


def points(statement):
    return next(u for u in statement["units"] if u["unit"] == "points")


def test_a_member_sees_why_her_balance_is_what_it_is_and_can_prove_it(shop, tmp_path):
    status, told = a_statement(shop)
    assert status == 200, told
    _, held = shop.get(f"/members/{shop.ada}/balances")
    active = next(b["active"] for b in held["items"] if b["unit"] == "points")
    assert points(told)["closing"]["active"] == active
    assert points(told)["opening"]["total"] + sum(points(told)["totals"].values()) == active
    first = told["entries"][0]
    assert first["source"] == {"type": "order", "ref": "till/1", "line": None}
    assert {"rule": "base", "unit": "points", "amount": 1200} in first["rules"]
    assert first["rule_version"] == 1
    file, key = tmp_path / "statement.json", tmp_path / "key"
    file.write_text(json.dumps(told, ensure_ascii=False, indent=2))
    key.write_text(shop.get("/statement-key")[1]["key"])
    proven = CliRunner().invoke(command, [str(file), "--key", str(key), "--database"])
    assert (proven.exit_code, proven.output) == (0, "Whole: signed by the key given, and it adds up; the ledger says the same.\n")  # fmt: skip


def test_a_long_history_comes_in_parts_that_follow_each_other(shop, tmp_path):
    files, after = [], 0
    while after is not None:
        _, part = a_statement(shop, more=f"&limit=2&after={after}")
        assert len(part["entries"]) <= 2
        files.append(tmp_path / f"{after}.json")
        files[-1].write_text(json.dumps(part))
        after = part["part"]["next"]
    assert len(files) > 1
    whole = CliRunner().invoke(command, [*map(str, files), "--database"])
    assert whole.exit_code == 0, whole.output
    gap = CliRunner().invoke(command, [str(files[0]), *map(str, files[2:])])
    assert (gap.exit_code, "the parts" in gap.output) == (1, True)


def test_personal_data_is_in_it_only_when_asked_and_then_it_is_written_down(shop):
    _, plain = a_statement(shop)
    assert "person" not in plain
    assert "13800138000" not in json.dumps(plain)
    assert shop.bob not in json.dumps(plain)
    status, asked = a_statement(shop, more="&include=contact")
    assert (status, asked["person"]["phone"]) == (200, "+8613800138000")
    seen = [e for e in staff.entries(program_id=shop.program).items if e.action == "members.reveal"]
    assert len(seen) == 1
    lesser = a_caller(shop.program, scopes=["points:read"])
    lesser.ada = shop.ada
    assert a_statement(lesser, more="&include=name")[0] == 403
    assert a_statement(lesser)[0] == 200


def test_moves_of_level_are_told_with_their_cause(shop):
    from regulars.value.tiers import services as tiers

    tiers.review_all(program_id=shop.program, cause="order")
    _, told = a_statement(shop)
    moves = [(m["from"], m["to"]) for m in told["levels"]]
    assert moves in ([], [("green", "gold")])
    shop.post("/orders", an_order("2", shop.ada, (120_000,)))
    tiers.review_all(program_id=shop.program, cause="order")
    _, told = a_statement(shop)
    assert told["levels"][-1]["to"] == "gold"
    assert told["levels"][-1]["cause"]


def test_nonsense_is_refused_with_the_field_that_is_wrong(shop):
    assert a_statement(shop, first=TODAY, last=TODAY - timedelta(days=1))[0] == 422
    assert a_statement(shop, first="yesterday")[0] == 422
    assert a_statement(shop, first=date(1, 1, 1))[0] == 422
    assert a_statement(shop, member="nobody")[0] == 404
    assert a_caller(shop.program, scopes=["members:read"]).get(f"/members/{shop.ada}/statement?from=2026-01-01&to=2026-01-02")[0] == 403  # fmt: skip


def test_a_member_without_any_history_gets_an_empty_statement(shop):
    status, told = a_statement(shop, member=a_member(shop.program, "EVE"))
    assert (status, told["units"], told["entries"]) == (200, [], [])

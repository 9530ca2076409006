"""The shape of the house. Each rule has a line that it must catch."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import tidy_rules
from tests.tidy_rules import faults, foreign_tables, numbered

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
PYTHON = sorted(
    p
    for top in (SOURCE / "regulars", ROOT / "tests", ROOT / "benchmarks", ROOT / "scripts")
    for p in top.rglob("*.py")
    if "migrations" not in p.parts and p != Path(__file__) and p.name != "tidy_rules.py"
)
SQL = sorted((SOURCE / "regulars").rglob("*.sql"))
TEXTS = (".md", ".yaml", ".yml", ".toml", ".sql", ".html", ".js", ".css", ".sh", ".ini", ".cfg", ".json", ".po", "")


def dotted(path: Path) -> str:
    base = SOURCE if path.is_relative_to(SOURCE) else ROOT
    return ".".join(path.relative_to(base).with_suffix("").parts)


@pytest.mark.parametrize("path", PYTHON, ids=lambda p: dotted(p))
def test_a_module_is_tidy(path):
    assert faults(path.read_text(), dotted(path)) == []


@pytest.mark.parametrize("path", SQL, ids=lambda p: str(p.relative_to(SOURCE)))
def test_only_a_context_names_its_own_tables(path):
    context = path.relative_to(SOURCE / "regulars").parts[1]
    assert foreign_tables(path.read_text(), context) == []
    assert len(path.read_text().splitlines()) <= tidy_rules.FILE_LINES


def test_no_text_names_an_issue_or_a_machine():
    try:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a checkout")
    files = [ROOT / name for name in listed.splitlines() if Path(name).suffix in TEXTS]
    found = {str(p): list(numbered(p.read_text(errors="replace"))) for p in files if p.is_file()}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_every_context_says_what_it_promises():
    contexts = [p.parent for floor in tidy_rules.FLOORS for p in (SOURCE / "regulars" / floor).glob("*/services*")]
    assert [str(c) for c in contexts if not (c / "README.md").exists()] == []


def test_every_context_is_known_to_the_rule_about_tables():
    folders = {
        p.parent.name for floor in tidy_rules.FLOORS for p in (SOURCE / "regulars" / floor).glob("*/__init__.py")
    }
    assert folders <= tidy_rules.CONTEXT_NAMES


SERVICES, RULES = "regulars.value.orders.services", "regulars.value.tiers.rules"


@pytest.mark.parametrize(
    ("name", "bad", "reason"),
    [
        (SERVICES, "from regulars.value.ledger.models import LotRow", "not a front door"),
        (SERVICES, "from regulars.value.ledger import models", "not a front door"),
        (SERVICES, "from regulars.value.promotions import rules", "not a front door"),
        ("regulars.interfaces.http_api.orders", "from regulars.value.orders import models", "not a front door"),
        ("regulars.cli.verify", "from regulars.people.members.models import MemberRow", "not a front door"),
        (RULES, "x = 1.5", "float"),
        (RULES, "x = 3 / 2", "float"),
        (RULES, "x /= 2", "float"),
        (RULES, "x = float('3')", "float"),
        (RULES, "from django.utils import timezone", "pure"),
        (RULES, "x = clock.now()", "pure"),
        ("regulars.value.tiers.rules.climbing", "import random", "pure"),
        (SERVICES, "def f():\n    import json", "import inside"),
        (SERVICES, "def f():\n    import json  # noqa: PLC0415", "import inside"),
        (SERVICES, "def f():\n" + "    pass\n" * 61, "longer than"),
        (SERVICES, "pass\n" * 401, "more than"),
        (SERVICES, "import json", "what this module is for"),
        (SERVICES, "def f(*, x): pass", "f has no docstring"),
        ("regulars.kernel.ids", "def f(): pass", "f has no docstring"),
        (SERVICES, "def f(a, b, c, d, e): pass", "without keyword"),
        (SERVICES, "x = datetime.now(UTC)", "not kernel.clock"),
        ("regulars.kernel.outbox", "x = time.time()", "not kernel.clock"),
        ("regulars.kernel.outbox", "x = django.utils.timezone.now()", "not kernel.clock"),
        (SERVICES, "assert x", "kernel.errors.sure"),
        ("regulars.value.orders.models", "class OrderRow(models.Model):\n    '''One order.'''", "kept"),
        (SERVICES, "cursor.execute('select 1 from ledger_lot')", "ledger_lot is a table of another"),
        (SERVICES, "cursor.execute('update members_member set status = 1')", "members_member is a table of another"),
        ("regulars.value.orders.tests.test_services", "def test_return(): assert 1", "not a sentence"),
        ("regulars.value.orders.tests.test_services", "def test_a_return_is_taken(): pass", "asserts nothing"),
        (SERVICES, "# see issue 7", "names an issue"),  # tidy: allowed
        (SERVICES, "# fixes #12", "names an issue"),  # tidy: allowed
        (SERVICES, "x = '/work/main/x'", "names an issue or a machine"),  # tidy: allowed
    ],
)
def test_each_rule_catches_its_line(name, bad, reason):
    assert any(reason in fault for fault in faults(bad, name))


@pytest.mark.parametrize(
    ("name", "good"),
    [
        (SERVICES, '"""Doc."""\nfrom regulars.value.ledger import services as ledger'),
        (SERVICES, '"""Doc."""\nfrom regulars.value.ledger.terms import Lot'),
        (SERVICES, '"""Doc."""\nfrom regulars.value.orders import rules'),
        (SERVICES, '"""Doc."""\nx = "select * from ledger_context(1)"'),
        (SERVICES, '"""Doc."""\nx = "insert into kernel_fact values (1)"'),
        (SERVICES, '"""Doc."""\nx = "select * from members_facts join orders_line using (id)"'),
        ("regulars.people.members.services", '"""Doc."""\nx = 3 / 2'),
        ("regulars.kernel.clock", '"""Doc."""\nx = datetime.now(UTC)'),
    ],
)
def test_a_good_line_is_left_alone(name, good):
    assert faults(good, name) == []


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("select * from members_member m", ["members_member"]),
        ("insert into ledger_lot select 1", ["ledger_lot"]),
        ("delete from ledger_lot", ["ledger_lot"]),
        ("update only members_member set x = 1", ["members_member"]),
        ("select 1 from orders_order join ledger_lot using (id)", ["ledger_lot"]),
        ("perform ledger_earn(1); select * from ledger_context(2)", []),
        ("insert into kernel_fact (kind) values ('x')", []),
        ("-- select from members_member", []),
    ],
)
def test_tables_of_others_are_found_in_sql(sql, tables):
    assert foreign_tables(sql, "orders") == tables

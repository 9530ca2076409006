"""The rules of tidiness that linters cannot say, each a function from a parsed module to its faults."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

FLOORS = ("people", "value", "governance")
FRONT_DOORS = {"services", "terms"}
FILE_LINES, FUNCTION_LINES, MOST_POSITIONAL = 400, 60, 4
CLOCKS = {
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("timezone", "now"),
    ("timezone", "localdate"), ("timezone", "localtime"), ("time", "time"), ("time", "time_ns"),
}  # fmt: skip
IMPURE = ("django", "psycopg", "random", "secrets", "os", "pathlib", "socket", "requests")
ASSERTING = ("raises", "assert", "expect", "check", "refuse", "prove", "run_state", "validate", "agree")
# written beside a change by the commit functions; the temporary table that bulk functions are handed
SHARED_TABLES = {"kernel_fact", "kernel_idempotency", "ledger_batch"}
_TABLES = re.compile(
    r"\b(?:from|join|insert\s+into|delete\s+from|update(?!\s+of)|truncate(?:\s+table)?|references)\s+(?:only\s+)?"
    r"([a-z]+_[a-z_]+)\b(?!\s*\()",
    re.I,
)
_NUMBERED = re.compile(
    r"\bissues?\s+#?\d|\((?:fixes |closes )?#\d+\)|(?:fixes|closes)\s+#\d|/work/\w|\bsession \d", re.I
)


@dataclass(frozen=True)
class Module:
    """One Python file: its dotted name and its text."""

    dotted: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def parts(self) -> list[str]:
        return self.dotted.split(".")

    @property
    def context(self) -> tuple[str, ...]:
        return context_of(self.dotted)

    @property
    def is_test(self) -> bool:
        return "tests" in self.parts or self.parts[-1] in ("conftest", "tidy_rules")

    @property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        return [n for n in self.nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


Fault = str
Rule = Callable[[Module], Iterator[Fault]]


def context_of(dotted: str) -> tuple[str, ...]:
    """The floor and context a module belongs to, or nothing."""
    parts = dotted.split(".")
    return tuple(parts[1:3]) if len(parts) > 2 and parts[1] in FLOORS else ()


def short_files(m: Module) -> Iterator[Fault]:
    if len(m.lines) > FILE_LINES:
        yield f"1: more than {FILE_LINES} lines ({len(m.lines)})"


def short_functions(m: Module) -> Iterator[Fault]:
    for f in m.functions:
        if (f.end_lineno or 0) - f.lineno >= FUNCTION_LINES:
            yield f"{f.lineno}: {f.name} is longer than {FUNCTION_LINES} lines"


def imports_at_the_top(m: Module) -> Iterator[Fault]:
    if m.is_test:
        return
    for f in m.functions:
        for node in ast.walk(f):
            if isinstance(node, ast.Import | ast.ImportFrom) and "noqa: PLC0415 - " not in m.lines[node.lineno - 1]:
                yield f"{node.lineno}: import inside {f.name}"


def module_docstrings(m: Module) -> Iterator[Fault]:
    if m.text.strip() and not m.parts[-1].startswith("test_") and ast.get_docstring(m.tree) is None:
        yield "1: no docstring says what this module is for"


def public_docstrings(m: Module) -> Iterator[Fault]:
    if m.is_test or not (m.context or m.parts[1:2] == ["kernel"]):
        return
    for node in m.tree.body:
        is_public = isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        if is_public and ast.get_docstring(node) is None:
            yield f"{node.lineno}: {node.name} has no docstring"


def few_positional_arguments(m: Module) -> Iterator[Fault]:
    if m.is_test or "services" not in m.parts:
        return
    for node in m.tree.body:
        if (
            isinstance(node, ast.FunctionDef)
            and not node.name.startswith("_")
            and len(node.args.args) > MOST_POSITIONAL
        ):
            yield f"{node.lineno}: {node.name} takes more than four arguments without keyword"


def no_floats_in_value(m: Module) -> Iterator[Fault]:
    if m.context[:1] != ("value",) or m.is_test:
        return
    for node in m.nodes:
        is_division = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
        is_literal = isinstance(node, ast.Constant) and type(node.value) is float
        if is_division or is_literal or (isinstance(node, ast.Name) and node.id == "float"):
            yield f"{node.lineno}: float in value/"


def pure_rules(m: Module) -> Iterator[Fault]:
    if "rules" not in m.parts or m.is_test or not m.context:
        return
    for node in m.nodes:
        for name in _imported(node):
            if any(name == bad or name.startswith(f"{bad}.") for bad in IMPURE):
                yield f"{node.lineno}: rules are pure, but {name} is imported"
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "clock.now":
            yield f"{node.lineno}: rules are pure, but they ask the clock"


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [a.name for a in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
    return []


def front_doors(m: Module) -> Iterator[Fault]:
    """From another context only `services` and `terms`; tests may also build its rows."""
    if m.is_test or m.parts[1:2] == ["simulator"]:
        return
    for node in m.nodes:
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        parts = node.module.split(".")
        if parts[0] != "regulars" or len(parts) < 3 or parts[1] not in FLOORS or tuple(parts[1:3]) == m.context:
            continue
        for name in [parts[3]] if len(parts) > 3 else [a.name for a in node.names]:
            if name not in FRONT_DOORS:
                yield f"{node.lineno}: {name} is not a front door of {'.'.join(parts[:3])}"


def one_clock(m: Module) -> Iterator[Fault]:
    if m.is_test or m.dotted in ("regulars.kernel.clock", "regulars.cli.bench") or m.parts[0] == "benchmarks":
        return
    for node in m.nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if (owner, node.attr) in CLOCKS:
                yield f"{node.lineno}: {owner}.{node.attr} is not kernel.clock"


def sure_not_assert(m: Module) -> Iterator[Fault]:
    if not m.is_test and m.parts[0] == "regulars":
        for node in m.nodes:
            if isinstance(node, ast.Assert):
                yield f"{node.lineno}: assert outside a test: use kernel.errors.sure"


def tables_say_how_long_they_keep(m: Module) -> Iterator[Fault]:
    if m.is_test or m.parts[0] != "regulars":
        return
    for node in m.tree.body:
        if isinstance(node, ast.ClassDef) and _is_table(node) and "Kept:" not in (ast.get_docstring(node) or ""):
            yield f"{node.lineno}: {node.name} does not say how long its rows are kept"


def _is_table(node: ast.ClassDef) -> bool:
    meta = next((n for n in node.body if isinstance(n, ast.ClassDef) and n.name == "Meta"), None)
    is_abstract = meta is not None and "abstract = True" in ast.unparse(meta)
    return node.name.endswith("Row") and bool(node.bases) and not is_abstract


def own_tables_in_strings(m: Module) -> Iterator[Fault]:
    if not m.context or m.is_test:
        return
    for node in m.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for name in foreign_tables(node.value, m.context[1]):
                yield f"{node.lineno}: {name} is a table of another context"


def tests_are_sentences(m: Module) -> Iterator[Fault]:
    for f in m.functions if m.is_test or m.parts[0] == "tests" else []:
        if f.name.startswith("test_") and f.name.count("_") < 3 and not m.dotted.endswith("test_tidy"):
            yield f"{f.lineno}: {f.name} is not a sentence"


def tests_can_fail(m: Module) -> Iterator[Fault]:
    """A test asserts, or calls something of this file that does."""
    if not (m.is_test or m.parts[0] == "tests"):
        return
    asserting = {f.name for f in m.functions if _asserts(f, set())}
    for f in m.functions:
        if f.name.startswith("test_") and not _asserts(f, asserting):
            yield f"{f.lineno}: {f.name} asserts nothing"


def _asserts(f: ast.AST, helpers: set[str]) -> bool:
    for node in ast.walk(f):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in helpers or any(word in name for word in ASSERTING):
                return True
    return False


def no_workplace(m: Module) -> Iterator[Fault]:
    yield from numbered(m.text)


def numbered(text: str) -> Iterator[Fault]:
    """Numbers of issues and paths of one machine, in any text."""
    for number, line in enumerate(text.splitlines(), 1):
        if _NUMBERED.search(line) and "tidy: allowed" not in line:
            yield f"{number}: names an issue or a machine's path: {line.strip()[:80]}"


def foreign_tables(sql: str, context: str) -> list[str]:
    """The tables that a SQL text names and that are neither its context's own nor published facts."""
    without_comments = re.sub(r"--[^\n]*", "", sql)
    found = []
    for name in _TABLES.findall(without_comments):
        prefix = name.split("_")[0].lower()
        if (
            prefix in CONTEXT_NAMES
            and prefix != context
            and name not in SHARED_TABLES
            and not name.endswith("_facts")
        ):
            found.append(name)
    return found


CONTEXT_NAMES = {
    "kernel", "programs", "staff", "members", "consent", "events", "ledger", "tiers", "promotions", "orders",
    "identity", "publishing", "assurance", "imports", "audiences", "catalog", "coupons", "checkout", "allowances",
    "agreements", "care", "benefits", "rewards", "subscriptions",
}  # fmt: skip

RULES: list[Rule] = [
    short_files,
    short_functions,
    imports_at_the_top,
    module_docstrings,
    public_docstrings,
    few_positional_arguments,
    no_floats_in_value,
    pure_rules,
    front_doors,
    one_clock,
    sure_not_assert,
    tables_say_how_long_they_keep,
    own_tables_in_strings,
    tests_are_sentences,
    tests_can_fail,
    no_workplace,
]


def faults(text: str, dotted: str) -> list[Fault]:
    """Every fault in one module, as `line: reason`."""
    module = Module(dotted, text)
    return [fault for rule in RULES for fault in rule(module)]

"""What the commands of `regulars program` share: documents from anywhere, plans with colour, estimates in words."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import click
import orjson

from regulars.governance.publishing import services as publishing
from regulars.governance.publishing.services import wholes
from regulars.governance.publishing.terms import SCHEDULE_PREFIX, Plan, UnknownBlueprint
from regulars.kernel import ids, money
from regulars.kernel.errors import Invalid, NotFound
from regulars.people.programs import services as programs

_COLOURS = {
    "added": "green",
    "changed": "cyan",
    "removed": "red",
    "adverse": "yellow",
    "moves": "magenta",
    "refused": "bright_red",
    "notice": "yellow",
    "quiet": None,
}


def document(what: str) -> tuple[str | bytes, str]:
    """The text of a file, of standard input or of a blueprint, and what to call it in a note."""
    if what == "-":
        return sys.stdin.buffer.read(), "standard input"
    path = Path(what)
    if path.is_file():
        return path.read_bytes(), path.name
    try:
        return publishing.blueprint(key=what).text, f"blueprint {what}"
    except UnknownBlueprint as no:
        raise NotFound(f"{what!r} is no file and no blueprint. {no.detail}") from None


def program_id(key: str) -> int:
    """The program with a key.

    Raises: NoProgram.
    """
    return programs.get(key=key).id


def program_of(text: str | bytes, key: str | None) -> int:
    """The program that is named, or that the document names.

    Raises: NoProgram; Invalid.
    """
    if key is not None:
        return program_id(key)
    found = wholes.program_of(wholes.read(text), None)
    if found is None:
        raise NotFound("There is no such program yet: apply the document first.")
    return found.id


def schedule_id(ref: str) -> UUID:
    """The id behind `sch_…`.

    Raises: NotFound.
    """
    return ids.decode(SCHEDULE_PREFIX, ref)


def instant(text: str, program: int) -> datetime:
    """A moment as it is typed: with an offset, or on the program's wall clock.

    Raises: BadParameter.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no moment as 2027-01-31T09:00", param_hint="--at") from None
    zone = programs.by_id(program_id=program).zone
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))


def faults(error: Invalid) -> None:
    """Every fault on its line, and status 1."""
    for path, message in error.errors:
        sys.stderr.write(f"{path or 'document'}: {message}\n")
    sys.stderr.write(f"invalid: {len(error.errors)} fault{'s' if len(error.errors) != 1 else ''}; nothing changed\n")
    sys.exit(1)


def show_plan(plan: Plan) -> None:
    """A plan, with colour on a terminal and plain elsewhere."""
    show(publishing.lines(plan.changes, refused=plan.refused, notice=plan.notice, drift=plan.drift))


def show(lines: Iterable[Any]) -> None:
    """Lines of a diff; click leaves the colours out where nobody could see them."""
    for line in lines:
        click.secho(line.text, fg=_COLOURS.get(line.kind), bold=line.kind in ("adverse", "refused"))


def estimate(report: Mapping[str, Any]) -> Iterator[str]:
    """An estimate in words."""
    if report.get("error"):
        yield f"The estimate failed: {report['error']}"
        return
    if not report.get("population"):
        yield "No orders of last year: nothing to count by."
        return
    currency = report["currency"]

    def amount(minor: int) -> str:
        return f"{money.to_text(minor, currency)} {currency}"

    cost = report["cost_minor"]
    yield f"By {report['baskets']} of last year's {report['population']} orders (seed {report['seed']}):"
    yield (
        f"  members would have paid {amount(abs(cost['estimate']))} {'less' if cost['estimate'] >= 0 else 'more'}"
        f" (95 %: {amount(cost['low'])} to {amount(cost['high'])}) of {amount(report['sales_minor']['estimate'])}"
    )
    for unit, told in report["units"].items():
        worth = f", worth {amount(told['worth_minor'])}" if "worth_minor" in told else ""
        yield f"  {unit}: {told['estimate']:+} (95 %: {told['low']:+} to {told['high']:+}){worth}"
    yield f"  better for {report['better']} orders, worse for {report['worse']}"
    for one in report["promotions"]:
        yield f"  {one['key']}: {amount(one['minor'])} more on {one['baskets']} sampled orders"


def json_text(value: Any) -> str:
    """A value as indented JSON."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()

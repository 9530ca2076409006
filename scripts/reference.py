"""Write the reference from what runs: docs/reference/http-api.md, cli.md, and the links of index.md.

Usage: python scripts/reference.py          writes what changed (`make docs` does it)
       python scripts/reference.py --check  only says what is stale; status 1 if anything is

Needs neither a database nor a network.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import django

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "reference"
MADE = "<!-- Made by scripts/reference.py: do not edit; `make docs` makes it again. -->"
BEGIN, END = "<!-- made: begin -->", "<!-- made: end -->"
Schema = dict[str, Any]
KINDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "yes/no", "null": "nothing"}


def open_without_database() -> None:
    """Set the house up without starting a server: nothing here asks the database."""
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = "postgresql://nobody@localhost/none"
        for name in ("REGULARS_MASTER_KEY", "REGULARS_SECRET_KEY"):
            os.environ.setdefault(name, "00" * 32)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.settings")
    django.setup(set_prefix=False)


# --- the HTTP API ---------------------------------------------------------------------------------------------------


def cell(text: str) -> str:
    """Text that may stand in a table."""
    return " ".join(text.split()).replace("|", "\\|")


def anchor(name: str) -> str:
    """The place of a heading, as Python-Markdown names it."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", name).strip().lower())


def name_of(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


class HttpApi:
    """The OpenAPI document as pages for people."""

    def __init__(self, document: Schema, scopes: dict[tuple[str, str], str]) -> None:
        self.document = document
        self.scopes = scopes
        self.shapes: dict[str, Schema] = document["components"]["schemas"]
        used = Counter(name for _, _, call in self.calls() for name in set(self.top_shapes(call)))
        nested = {n for shape in self.shapes.values() for n in self.refs(shape.get("properties", {}))}
        self.inlined = {name for name, times in used.items() if times == 1 and name not in nested}

    def calls(self) -> Iterator[tuple[str, str, Schema]]:
        for path, methods in self.document["paths"].items():
            for method, call in methods.items():
                yield method.upper(), path, call

    def refs(self, node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if "$ref" in node:
                yield name_of(node)
            for part in node.values():
                yield from self.refs(part)
        elif isinstance(node, list):
            for part in node:
                yield from self.refs(part)

    def body(self, call: Schema) -> Schema | None:
        content = call.get("requestBody", {}).get("content", {})
        return next((part["schema"] for part in content.values()), None)

    def answers(self, call: Schema) -> dict[str, Schema]:
        good = {status: told for status, told in call["responses"].items() if int(status) < 400}
        return {str(s): next((c["schema"] for c in t.get("content", {}).values()), {}) for s, t in good.items()}

    def top_shapes(self, call: Schema) -> Iterator[str]:
        yield from filter(None, (name_of(s) for s in [self.body(call) or {}, *self.answers(call).values()]))

    def kind(self, schema: Schema) -> str:
        """The type of a field in few words, with links to shapes."""
        if name := name_of(schema):
            return f"[{name}](#{anchor(name)})"
        for many in ("anyOf", "oneOf", "allOf"):
            if many in schema:
                return " or ".join(dict.fromkeys(self.kind(part) for part in schema[many]))
        if "const" in schema:
            return f"`{schema['const']}`"
        if "enum" in schema:
            return ", ".join(f"`{value}`" for value in schema["enum"])
        if schema.get("type") == "array":
            return f"list of {self.kind(schema.get('items', {}))}{self.size(schema, 'Items')}"
        if schema.get("type") == "object":
            inside = schema.get("additionalProperties")
            return f"map of {self.kind(inside)}" if isinstance(inside, dict) and inside else "object"
        kind = KINDS.get(schema.get("type", ""), "any")
        kind = "instant" if schema.get("format") == "date-time" else kind
        kind = "day" if schema.get("format") == "date" else kind
        low, high = schema.get("minimum"), schema.get("maximum")
        span = f" ({low if low is not None else '…'} to {high})" if high is not None else ""
        span = f" ({low} or more)" if low is not None and high is None else span
        return kind + span + self.size(schema, "Length")

    def size(self, schema: Schema, what: str) -> str:
        low, high = schema.get(f"min{what}"), schema.get(f"max{what}")
        if high is None:
            return f" (at least {low})" if low else ""
        return f" (at most {high})" if not low else f" ({low} to {high})"

    def meaning(self, schema: Schema) -> str:
        said = schema.get("description", "")
        if not said:  # what an optional field says, it says of its one real type
            said = next((p["description"] for p in schema.get("anyOf", []) if p.get("description")), "")
        if schema.get("default") not in (None, "", [], {}):
            said = f"{said} Unless told: `{schema['default']}`.".strip()
        return cell(said)

    def table(self, shape: Schema, *, asked: bool) -> list[str]:
        needed = set(shape.get("required", []))
        rows = ["| field | type | meaning |", "|---|---|---|"]
        for name, field in shape.get("properties", {}).items():
            must = " \\*" if asked and name in needed else ""
            rows.append(f"| `{name}`{must} | {cell(self.kind(field))} | {self.meaning(field)} |")
        return rows if len(rows) > 2 else ["No fields."]

    def shown(self, schema: Schema, *, asked: bool) -> list[str]:
        """A body or an answer: its fields when only this call has it, else a link."""
        name = name_of(schema)
        if not name:
            return [f"{self.kind(schema) if schema else 'Nothing.'}"]
        if name not in self.inlined:
            return [f"[{name}](#{anchor(name)})"]
        shape = self.shapes[name]
        said = [cell(shape["description"]), ""] if shape.get("description") else []
        return [*said, *self.table(shape, asked=asked)]

    def call(self, method: str, path: str, call: Schema) -> Iterator[str]:
        yield from (f"### {call.get('summary', call['operationId'])}", "", f"`{method} {path}`", "")
        scope = self.scopes.get((method, path))
        yield from (f"Scope `{scope}`." if scope else "Needs no scope.", "")
        if call.get("description"):
            yield from (cell(call["description"]), "")
        told = [p for p in call.get("parameters", []) if p["name"] != "Idempotency-Key"]
        if told:
            yield from ("| parameter | in | type | meaning |", "|---|---|---|---|")
            for one in told:
                must = " \\*" if one.get("required") else ""
                said = self.meaning({**one["schema"], "description": one.get("description", "")})
                yield f"| `{one['name']}`{must} | {one['in']} | {cell(self.kind(one['schema']))} | {said} |"
            yield ""
        if len(told) < len(call.get("parameters", [])):
            yield from ("Takes an `Idempotency-Key` \\*.", "")
        if body := self.body(call):
            yield from ("**Body.**", "", *self.shown(body, asked=True), "")
        seen: dict[str, list[str]] = {}
        for status, schema in self.answers(call).items():
            seen.setdefault("\n".join(self.shown(schema, asked=False)), []).append(status)
        for text, statuses in seen.items():
            yield from (f"**Answer {' or '.join(statuses)}.**", "", text, "")
        no = sorted(status for status in map(str, call["responses"]) if int(status) >= 400)
        if no:
            yield from (f"**Refused with** {', '.join(no)}: [Problem](#problem).", "")

    def page(self, refusals: Iterable[tuple[str, int, str]]) -> str:
        lines = [MADE, "", "# The HTTP API", "", str(self.document["info"]["description"]).strip(), ""]
        lines += ["\\* marks what must be there. As a document: `/api/v1/openapi.json` of a running server.", ""]
        parts: dict[str, list[tuple[str, str, Schema]]] = {}
        for method, path, call in self.calls():
            parts.setdefault((call.get("tags") or ["Other"])[0], []).append((method, path, call))
        lines += ["| call | does | scope |", "|---|---|---|"]
        for calls in parts.values():
            for method, path, call in calls:
                says = call.get("summary", call["operationId"])
                scope = f"`{self.scopes[method, path]}`" if (method, path) in self.scopes else ""
                short = path.removeprefix("/api/v1")
                lines.append(f"| `{method} {short}` | [{cell(says)}](#{anchor(says)}) | {scope} |")
        lines.append("")
        for part, calls in parts.items():
            lines += [f"## {part}", ""]
            for one in calls:
                lines += self.call(*one)
        return "\n".join([*lines, *self.shape_pages(), *self.refusal_page(refusals)])

    def shape_pages(self) -> Iterator[str]:
        yield from ("## Shapes", "")
        bodies = {name_of(self.body(call) or {}) for _, _, call in self.calls()}
        for name in sorted(set(self.shapes) - self.inlined):
            shape = self.shapes[name]
            yield from (f"### {name}", "")
            if shape.get("description"):
                yield from (cell(shape["description"]), "")
            if "properties" in shape:
                yield from (*self.table(shape, asked=name in bodies or name.endswith("In")), "")
            else:
                yield from (cell(self.kind(shape)), "")

    def refusal_page(self, refusals: Iterable[tuple[str, int, str]]) -> Iterator[str]:
        yield from ("## Codes of refusals", "", "Stable: switch on `code`, never on the sentence.", "")
        yield from ("| code | status | means |", "|---|---:|---|")
        yield from (f"| `{code}` | {status} | {cell(means)} |" for code, status, means in refusals)
        yield ""


def scopes_of(api: Any) -> dict[tuple[str, str], str]:
    """(method, path) to the scope that its key needs."""
    found = {}
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                told = [a.scope for a in operation.auth_callbacks if hasattr(a, "scope")]
                for method in operation.methods if told else ():
                    whole = re.sub(r"\{\w+:", "{", "/api/v1/" + f"{prefix}/{path}".strip("/").replace("//", "/"))
                    found[(method, whole)] = told[0]
    return found


def refusals_of_the_api() -> list[tuple[str, int, str]]:
    """Code, status and first sentence of each refusal that a call can meet."""
    base = import_module("regulars.kernel.errors").Refusal
    for path in sorted((ROOT / "src" / "regulars").glob("*/*/terms.py")):
        import_module("regulars." + ".".join(path.relative_to(ROOT / "src" / "regulars").with_suffix("").parts))
    found, waiting = {}, [base]
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        place = one.__module__
        ours = place.startswith(("regulars.kernel.", "regulars.interfaces.http_api.")) or place.endswith(".terms")
        if ours and ".tests" not in place and not place.startswith("regulars.interfaces.imports") and one is not base:
            found[one.code] = (one.code, one.status, (one.__doc__ or "").strip().split("\n\n")[0])
    return [found[code] for code in sorted(found)]


def http_api() -> str:
    """The page of the HTTP API."""
    api = import_module("regulars.interfaces.http_api.api").api
    document = api.get_openapi_schema(path_prefix="/api/v1/")
    return HttpApi(document, scopes_of(api)).page(refusals_of_the_api())


# --- the command line -----------------------------------------------------------------------------------------------


def paragraphs(text: str) -> list[str]:
    """The help of a command, its paragraphs on a line each."""
    return [part for p in text.replace("\b", "").split("\n\n") if (part := " ".join(p.split()))]


def command_lines(name: str, command: click.Command, parent: click.Context | None, depth: int) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join(command.collect_usage_pieces(context))
    yield from (f"{'#' * depth} {context.command_path}", "", f"    {context.command_path} {usage}", "")
    for paragraph in paragraphs(command.help or ""):
        yield from (paragraph, "")
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    if options:
        yield from ("| option | meaning | unless told |", "|---|---|---|")
        for one in options:
            shown = ", ".join(f"`{o}`" for o in (*one.opts, *one.secondary_opts))
            metavar = "" if one.is_flag else f" {cell(one.make_metavar(context))}"
            default = one.default if isinstance(one.default, str | int) and not isinstance(one.default, bool) else ""
            default = "required" if one.required else f"`{default}`" if default != "" else ""
            yield f"| {shown}{metavar} | {cell(one.help or '')} | {default} |"
        yield ""
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            found = command.get_command(context, sub)
            if found is not None and not found.hidden:
                yield from command_lines(sub, found, context, depth + 1)


def cli() -> str:
    """The page of the command line."""
    top = import_module("regulars.cli").regulars
    lines = [MADE, "", "# The command line", ""]
    lines += [
        "A refusal is one line on standard error, `code: detail`. `--json` answers for programs where it is offered.",
        "",
    ]
    return "\n".join([*lines, *command_lines("regulars", top, None, 2)])


# --- all of it ------------------------------------------------------------------------------------------------------


def index() -> str:
    """The index page, with a link to each page of the folder between its marks."""
    text = (FOLDER / "index.md").read_text()
    titles = {"http-api.md": "The HTTP API", "cli.md": "The command line"}
    for page in sorted(FOLDER.glob("*.md")):
        if page.name not in (*titles, "index.md"):
            first = next(line for line in page.read_text().splitlines() if line.startswith("# "))
            titles[page.name] = first.removeprefix("# ")
    links = "\n".join(f"- [{title}]({name})" for name, title in titles.items())
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{links}\n{END}{rest.partition(END)[2]}"


def pages() -> dict[Path, str]:
    """What each made file should hold."""
    made = {FOLDER / "http-api.md": http_api(), FOLDER / "cli.md": cli(), FOLDER / "index.md": index()}
    return {path: text.rstrip() + "\n" for path, text in made.items()}


def main() -> int:
    """Write, or with --check only say, what is stale."""
    open_without_database()
    stale = {p: text for p, text in pages().items() if not p.exists() or p.read_text() != text}
    for path, text in stale.items():
        if "--check" not in sys.argv:
            path.write_text(text)
        sys.stderr.write(f"{path.relative_to(ROOT)}: {'stale' if '--check' in sys.argv else 'written'}\n")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())

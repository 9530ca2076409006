"""`regulars verify-statement`: needs no database, settings or network, unless it is asked to look in the books."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from regulars.cli.common import answer, as_json, service

MOST_BYTES = 50_000_000
# the rules alone: the front door, `services`, would want settings and a database, which whoever checks need not have
rules: Any = import_module("regulars.governance.assurance.rules")


@click.command("verify-statement")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", help="The program's public key (base64 or hex), or a file that holds it.")
@click.option("--database", is_flag=True, help="Compare with what the ledger of this database says, too.")
@click.option("--show", is_flag=True, help="Print the statement as text.")
@as_json
def command(files: tuple[Path, ...], key: str | None, database: bool, show: bool, as_json: bool) -> None:
    """Check a statement: that it is what the program signed, and that it adds up. Several FILES are the parts of one.

    Without --key the key inside is taken: that shows that nothing was changed since it was signed, not who signed
    it. Exit status: 0 whole, 1 something is wrong (each line says where and what), 2 no statement at all.
    """
    wanted = _key(key)
    documents = [_read(path) for path in files]
    faults = []
    for path, document in zip(files, documents, strict=True):
        found = rules.check(document, wanted)
        if database and not found:
            found = service("governance.assurance.services").statement_faults(document)
        faults += [(path.name, where, what) for where, what in found]
    if len(documents) > 1 and not faults:
        documents.sort(key=lambda d: int(d["part"]["after"]))
        faults += [("the parts", where, what) for where, what in rules.check_parts(documents)]
    if show and not faults and not as_json:
        for document in documents:
            click.echo("\n".join(rules.as_text(document)) + "\n")
    answer(
        {
            "whole": not faults,
            "key_given": wanted is not None,
            "compared_with_books": database,
            "faults": [{"file": f, "where": w, "what": t} for f, w, t in faults],
        },
        as_json=as_json,
        text=lambda a: [
            *(f"{f['file']}: {f['where']}: {f['what']}" for f in a["faults"]),
            *([_verdict(documents, wanted, database)] if a["whole"] else [f"{len(a['faults'])} faults"]),
        ],
    )
    sys.exit(1 if faults else 0)


def _verdict(documents: list[dict[str, Any]], wanted: str | None, database: bool) -> str:
    last = documents[-1]
    told = "Whole: signed by the key inside it (give --key to be sure whose that is), and it adds up"
    if wanted is not None:
        told = "Whole: signed by the key given, and it adds up"
    if database:
        told += "; the ledger says the same"
    if last["part"]["next"] is not None:
        return f"{told}. It is a part: more follows journal {last['part']['through']}."
    return f"{told}."


def _key(told: str | None) -> str | None:
    if told is None:
        return None
    try:
        path = Path(told)
        return str(rules.key_text(path.read_text("ascii") if len(told) < 4_096 and path.is_file() else told))
    except (ValueError, OSError) as no:
        raise click.BadParameter("a key is 32 bytes as base64 or hex", param_hint="--key") from no


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise rules.NotAStatement("it is too large")
        found: dict[str, Any] = rules.read(path.read_bytes())
        return found
    except (rules.NotAStatement, OSError) as no:
        raise click.BadParameter(f"{path} is no statement: {no}", param_hint="FILES") from no

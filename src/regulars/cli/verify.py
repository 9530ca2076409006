"""`regulars verify`."""

from __future__ import annotations

import sys
import time

import click

from regulars.cli.common import answer, as_json, chosen_programs, service


@click.command("verify")
@click.option("--program", "key", help="Only the program with this key.")
@as_json
def command(key: str | None, as_json: bool) -> None:
    """Prove the ledger and every context's promises over the whole database. Status 1 when anything is broken."""
    program_id = chosen_programs(key)[0].id if key else None
    began = time.perf_counter()
    broken = service("governance.assurance.services").discrepancies(program_id=program_id)
    seconds = time.perf_counter() - began
    rows = [{name: getattr(d, name) for name in d.__dataclass_fields__} for d in broken]
    answer(
        {"clean": not rows, "seconds": round(seconds, 3), "discrepancies": rows},
        as_json=as_json,
        text=lambda a: [
            *(" ".join(f"{name}={value}" for name, value in row.items()) for row in a["discrepancies"]),
            f"{len(rows)} discrepancies" if rows else f"Every promise holds ({seconds:.1f} s).",
        ],
    )
    sys.exit(1 if rows else 0)

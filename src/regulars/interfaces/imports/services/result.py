"""What a batch of a file came to."""

from __future__ import annotations

from regulars.interfaces.imports.terms import Reject

Rows = list[tuple[int, dict[str, str | None]]]


class Result:
    """How many rows came in, how many were there already, and which stay out."""

    def __init__(self) -> None:
        self.recorded, self.repeated = 0, 0
        self.rejects: list[Reject] = []

    def reject(self, line: int, reason: str) -> None:
        """A row stays out."""
        self.rejects.append(Reject(line=line, reason=reason))

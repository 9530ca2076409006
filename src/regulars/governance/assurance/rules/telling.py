"""A statement as lines of text, for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regulars.governance.assurance.rules.summing import effect

_SAID = {
    "earned": "earned",
    "spent": "spent",
    "given_back": "given back",
    "expired": "expired",
    "clawed_back": "taken back",
    "transferred": "transferred",
    "exchanged": "exchanged",
    "adjusted": "adjusted",
    "merged": "from or to a merged member",
}


def as_text(document: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a statement: the period, each unit's sums, each journal with its cause, moves of level."""
    period, part = document["period"], document["part"]
    yield f"{document['program']['name']}, member {document['member']['number']}"
    yield f"{period['from']} to {period['to']} ({document['program']['zone']})"
    if not period["is_over"]:
        yield "This period was not over when the statement was made."
    if part["after"] or part["next"] is not None:
        more = f"; more after it: ask with after={part['next']}" if part["next"] is not None else ""
        yield f"A part of a longer statement: journals {part['after'] + 1} to {part['through']}{more}"
    for unit in document["units"]:
        yield ""
        yield f"{unit['unit']:<24}{'opening':<28}{unit['opening']['total']:>14,}"
        for name, amount in unit["totals"].items():
            yield f"{'':<24}{_SAID.get(name, name):<28}{amount:>+14,}"
        yield f"{'':<24}{'closing':<28}{unit['closing']['total']:>14,}"
    if document["entries"]:
        yield ""
    for entry in document["entries"]:
        for move in entry["moves"]:
            if move["as"] not in ("inside", "let_go"):
                cause = cause_of(entry)
                yield f"{entry['occurred_at'][:10]}  {effect(move):>+12,} {move['unit']:<12} {move['as']}: {cause}"
    for move in document["levels"]:
        yield f"{move['at'][:10]}  level {move['from']} -> {move['to']} ({move['cause']})"


def cause_of(entry: Mapping[str, Any]) -> str:
    """Why a journal was written, in short: its source, the rules that gave, their version, a reason."""
    source = entry["source"] or {}
    parts = [" ".join(p for p in (source.get("type"), source.get("ref"), source.get("line")) if p)]
    if entry["rules"]:
        parts.append(", ".join(f"{r['rule']} {r['amount']:+,}" for r in entry["rules"]))
    if entry["rule_version"] is not None:
        parts.append(f"version {entry['rule_version']}")
    parts += [entry["reason"] or "", f"undoes journal {entry['reverses']}" if entry["reverses"] else ""]
    return "; ".join(p for p in parts if p) or entry["kind"]

"""Whether a statement is what was signed, and adds up in itself. Pure; needs no database and no network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from regulars.governance.assurance.rules import sealing, summing
from regulars.governance.assurance.rules.shaping import Fault, shape_faults
from regulars.kernel import clock

FORM = 1


def check(document: Mapping[str, Any], key: str | None = None) -> list[Fault]:
    """Everything that is wrong with a statement: (where, what). Nothing: it is whole.

    Args: key: the program's public key as base64url; None takes the one inside, which proves only that nothing was
    changed since somebody signed it.
    """
    shape = list(shape_faults(document))
    if any(where.split(".")[0] == "seal" for where, _ in shape):
        return shape
    faults = [*shape, *_seal(document, key)]
    if not shape:
        faults += [*_period(document), *_entries(document), *_units(document), *_levels(document)]
    return faults


def _seal(document: Mapping[str, Any], key: str | None) -> Iterator[Fault]:
    seal = document["seal"]
    if key is not None and seal["key"] != key:
        yield "seal.key", "is not the key that was given"
    if not _is_signed(key or seal["key"], sealing.message(seal["digests"]), seal["signature"]):
        yield "seal", "the signature does not fit: the seal was changed, or somebody else signed it"
    told, found = seal["digests"], sealing.digests(document)
    for name in sorted(told.keys() | found.keys(), key=_natural):
        if name not in found:
            yield name, "is missing: it was signed and is not here"
        elif name not in told:
            yield name, "was added: nobody signed it"
        elif told[name] != found[name]:
            yield name, "was changed after it was signed"


def _is_signed(key: str, message: bytes, signature: str) -> bool:
    try:
        public = Ed25519PublicKey.from_public_bytes(sealing.bytes_of_text(key))
        public.verify(sealing.bytes_of_text(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _natural(name: str) -> tuple[str, int, str]:
    head, _, rest = name.partition("/")
    return head, int(rest) if rest.isdecimal() and rest.isascii() and len(rest) < 20 else -1, rest


def _period(document: Mapping[str, Any]) -> Iterator[Fault]:
    if document["statement"] != FORM:
        yield "statement", f"is of form {document['statement']}; this program knows form {FORM}"
    period, zone = document["period"], document["program"]["zone"]
    try:
        ZoneInfo(zone)
        begins = clock.day_starts(date.fromisoformat(period["from"]), zone)
        ends = clock.day_ends(date.fromisoformat(period["to"]), zone)
    except (ZoneInfoNotFoundError, ValueError, OverflowError, OSError):
        yield "program.zone", f"{zone!r} is no zone in which days can be counted"
        return
    if begins >= ends:
        yield "period", "ends before it begins"
    if _at(period["begins_at"]) != begins:
        yield "period.begins_at", f"is not the beginning of {period['from']} in {zone}: {begins.isoformat()}"
    if _at(period["ends_at"]) != ends:
        yield "period.ends_at", f"is not the end of {period['to']} in {zone}: {ends.isoformat()}"
    if period["is_over"] != (_at(document["made_at"]) >= ends):
        yield "period.is_over", "does not fit when it was made"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _entries(document: Mapping[str, Any]) -> Iterator[Fault]:
    part, entries, last = document["part"], document["entries"], document["part"]["after"]
    begins, ends = (_at(document["period"][name]) for name in ("begins_at", "ends_at"))
    known = {u["unit"] for u in document["units"]}
    for entry in entries:
        where = f"entries/{entry['seq']}"
        if entry["seq"] <= last:
            yield where, f"stands after {last}: journals are told once, in order"
        last = entry["seq"]
        if not begins <= _at(entry["recorded_at"]) < ends:
            yield f"{where}.recorded_at", "does not lie within the period"
        for n, move in enumerate(entry["moves"]):
            if move["unit"] not in known:
                yield f"{where}.moves/{n}.unit", f"there is no unit {move['unit']!r} in this statement"
            for side in ("from", "to"):
                if move[side] not in summing.ACCOUNTS and move[side] not in summing.OTHERS:
                    yield f"{where}.moves/{n}.{side}", f"there is no account {move[side]!r}"
            if move["amount"] <= 0:
                yield f"{where}.moves/{n}.amount", "must be above 0"
            if move["as"] != summing.meaning(entry["kind"], move["from"], move["to"]):
                yield f"{where}.moves/{n}.as", "is not what these accounts and this kind mean"
    if part["through"] != last:
        yield "part.through", f"is not the last journal told: {last}"
    if part["next"] is not None and (part["next"] != part["through"] or len(entries) != part["limit"]):
        yield "part.next", "must be the last journal told, of a part that is full"
    if len(entries) > part["limit"]:
        yield "part.limit", "is less than what is told"


def _units(document: Mapping[str, Any]) -> Iterator[Fault]:
    seen = set()
    for unit in document["units"]:
        where = f"units/{unit['unit']}"
        if unit["unit"] in seen:
            yield where, "is told twice"
        seen.add(unit["unit"])
        moves = [m for e in document["entries"] for m in e["moves"] if m["unit"] == unit["unit"]]
        opening, closing, sums = unit["opening"], unit["closing"], summing.totals(moves)
        for name in ("opening", "closing"):
            if unit[name]["total"] != summing.worth(unit[name]):
                yield f"{where}.{name}.total", f"should be {summing.worth(unit[name])}"
        for account, after in summing.moved(opening, moves).items():
            if closing[account] != after and account != "total":
                yield f"{where}.closing.{account}", f"says {closing[account]}; the journals lead to {after}"
        for name in sorted(sums.keys() | unit["totals"].keys()):
            if unit["totals"].get(name, 0) != sums.get(name, 0):
                told = unit["totals"].get(name, 0)
                yield f"{where}.totals.{name}", f"says {told}; the journals sum to {sums.get(name, 0)}"
        if opening["total"] + sum(unit["totals"].values()) != closing["total"]:
            yield where, "what it began with and what happened do not make what it ended with"


def _levels(document: Mapping[str, Any]) -> Iterator[Fault]:
    begins, ends = (_at(document["period"][name]) for name in ("begins_at", "ends_at"))
    for place, move in enumerate(document["levels"], start=1):
        where = f"levels/{move['n']}"
        if move["n"] != place:
            yield where, f"should be numbered {place}"
        if not begins <= _at(move["at"]) < ends:
            yield f"{where}.at", "does not lie within the period"


def check_parts(documents: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Whether the parts of one long statement, each whole in itself, follow each other without a gap."""
    faults: list[Fault] = []
    for n, (one, following) in enumerate(pairwise(documents), start=2):
        where = f"part {n}"
        for name in ("program", "member"):
            if one[name] != following[name]:
                faults.append((where, f"is of another {name}"))
        if any(one["period"][x] != following["period"][x] for x in ("from", "to")):
            faults.append((where, "is of another period"))
        if one["part"]["next"] != following["part"]["after"]:
            faults.append((where, f"begins after {following['part']['after']}, not after {one['part']['through']}"))
        ends = {u["unit"]: u["closing"] for u in one["units"]}
        for unit in following["units"]:
            if any(unit["opening"].values()) and ends.get(unit["unit"]) != unit["opening"]:
                faults.append((f"{where} units/{unit['unit']}", "does not open as the part before closes"))
    if documents and documents[0]["part"]["after"] != 0:
        faults.append(("part 1", "is not the first: give the parts before it too"))
    if documents and documents[-1]["part"]["next"] is not None:
        faults.append((f"part {len(documents)}", "is not the last: there is more in this period"))
    return faults

"""Changes as people read them: one heading a change, one line a value, marked where something is taken away. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from regulars.governance.publishing.rules import harming
from regulars.governance.publishing.rules.differing import differences, short
from regulars.governance.publishing.rules.reading import plain
from regulars.governance.publishing.terms import Change, Field, Notice, Refused

WORDS = {"add": "added", "change": "changed", "retire": "removed"}
_SIGNS = {"added": "+", "changed": "~", "removed": "-"}
_MOST_LINES = 40


class Line(NamedTuple):
    """A line of a diff. `kind`: `added`, `changed`, `removed`, `adverse`, `moves`, `refused`, `notice`, `quiet`."""

    kind: str
    text: str


def change(
    *,
    path: str,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    adverse: bool,
    today: str = "",
) -> Change:
    """One change of a context, told by section and key, with what differs and what it takes from members.

    Args: today: ISO day in the program's zone, by which an object that is removed had ended already.
    """
    section, _, key = path.partition(".")
    old, new = dict(plain(before or {})), dict(plain(after or {}))
    moves = tuple(m for m in new.pop("moves", None) or () if isinstance(m, Mapping))
    word = WORDS[action]
    if word == "changed":
        fields = tuple(differences(old, new))
    else:
        fields = tuple(
            Field(path=name, before=None if word == "added" else v, after=v if word == "added" else None)
            for name, v in (new or old).items()
            if name != "key" and v not in (None, "", [], {}, False)
        )
    ended = word == "removed" and _has_ended(old, today)
    found = harming.reasons(section=section, change=word, fields=fields, before=old, after=new, has_ended=ended)
    is_adverse = bool(found) or (adverse and not ended)
    codes = found or (("moves",) if moves else ("gone",) if word == "removed" else ("other",)) if is_adverse else ()
    if moves and adverse and "moves" not in codes:
        codes = (*codes, "moves")
    return Change(
        section=section,
        key=key,
        change=word,
        detail="; ".join(_field(f, word) for f in fields),
        adverse=is_adverse,
        needs_notice=is_adverse and section in harming.TERMS,
        reasons=codes,
        fields=fields,
        moves=moves,
    )


def _has_ended(old: Mapping[str, Any], today: str) -> bool:
    schedule = old.get("schedule")
    ends = old.get("ends_on") or old.get("ends") or (schedule.get("ends") if isinstance(schedule, Mapping) else None)
    return bool(today) and isinstance(ends, str) and ends[:10] < today


def noted_change(
    changes: Iterable[Change], before: Mapping[str, str], after: Mapping[str, str]
) -> tuple[Change, ...]:
    """The changes, and beside them the notes that publishing keeps where these differ."""
    found = list(changes)
    gone = {f"{c.section}.{c.key}" for c in found if c.change == "removed"}
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) == after.get(name) or name in gone:
            continue
        section, _, key = name.partition(".")
        field = Field(path="note", before=before.get(name), after=after.get(name))
        place = next((n for n, c in enumerate(found) if (c.section, c.key) == (section, key)), None)
        if place is None:
            detail = _field(field, "changed")
            found.append(Change(section=section, key=key, change="changed", detail=detail, fields=(field,)))
            continue
        one = found[place]
        detail = "; ".join(p for p in (one.detail, _field(field, one.change)) if p)
        found[place] = replace(one, fields=(*one.fields, field), detail=detail)
    return tuple(found)


def _field(field: Field, word: str) -> str:
    path = field.path or "all of it"
    if word == "changed":
        return f"{path}: {short(field.before)} → {short(field.after)}"
    return f"{path}: {short(field.after if word == 'added' else field.before)}"


def lines(
    changes: tuple[Change, ...],
    *,
    refused: tuple[Refused, ...] = (),
    notice: Notice | None = None,
    drift: tuple[Change, ...] = (),
) -> Iterator[Line]:
    """A plan line by line, to be coloured by kind."""
    if not changes:
        yield Line("quiet", "Nothing would change.")
    for one in changes:
        sign = f"{_SIGNS[one.change]}{'!' if one.adverse else ' '}"
        yield Line(one.change, f"{sign} {one.section}{'.' if one.key else ''}{one.key}")
        for field in one.fields[:_MOST_LINES]:
            yield Line(_kind(field, one), f"     {_field(field, one.change)}")
        if len(one.fields) > _MOST_LINES:
            yield Line("quiet", f"     and {len(one.fields) - _MOST_LINES} more")
        for move in one.moves:
            yield Line("moves", f"     {_move(move)}")
        if one.adverse:
            yield Line("adverse", "     ! " + "; ".join(harming.sentence(r) for r in one.reasons))
    if changes:
        yield from _summed(changes, notice)
    for no in refused:
        yield Line("refused", f"refused: {no.path + ': ' if no.path else ''}{no.message}")
    for one in drift:
        yield Line("quiet", f"drift: {one.section}.{one.key} differs in the database from the version in force")


def _summed(changes: tuple[Change, ...], notice: Notice | None) -> Iterator[Line]:
    harm = [c for c in changes if c.adverse]
    quiet = len(changes) - len(harm)
    yield Line(
        "quiet", f"{len(changes)} change{'s' if len(changes) != 1 else ''}: {quiet} safe, {len(harm)} adverse."
    )
    if notice is not None:
        yield Line(
            "notice",
            f"Members are to be told {notice.days} days before; told now, it may apply from"
            f" {notice.earliest_at:%Y-%m-%d %H:%M} UTC.",
        )


def _kind(field: Field, one: Change) -> str:
    if one.change != "changed":
        return one.change
    return "added" if field.before is None else "removed" if field.after is None else "changed"


def _move(move: Mapping[str, Any]) -> str:
    was, will = move.get("from") or "none", move.get("to") or "none"
    samples = move.get("sample") or ()
    some = f", as {', '.join(map(str, list(samples)[:5]))}" if isinstance(samples, list | tuple) and samples else ""
    return f"{was} → {will}: {move.get('members', '?')} members{some}"


def told(changes: tuple[Change, ...], **more: Any) -> str:
    """The changes as text: `+` added, `~` changed, `-` removed, `!` takes something from members."""
    return "\n".join(line.text for line in lines(changes, **more)) + "\n"

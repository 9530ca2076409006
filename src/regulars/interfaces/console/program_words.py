"""Words of the program's pages: what a change takes from members, how documents stand; changes ready to show."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from regulars.governance.publishing.terms import Change, Plan

MOST_FIELDS = 60

REASONS: dict[str, Any] = {
    "gone": _("it is no longer there"),
    "dearer": _("it costs more"),
    "higher": _("more is asked for"),
    "less": _("it gives less"),
    "shorter": _("it lasts less long"),
    "later": _("it comes later"),
    "fewer": _("some of it is no longer there"),
    "narrower": _("it may hold for fewer members or purchases"),
    "harder": _("it is harder to keep or to get back"),
    "moves": _("members would fall to a lower level"),
    "other": _("it may take something from members"),
}
CHANGES: dict[str, Any] = {
    "added": pgettext_lazy("change", "added"),
    "changed": pgettext_lazy("change", "changed"),
    "removed": pgettext_lazy("change", "removed"),
}
SECTIONS: dict[str, Any] = {
    "program": _("Program"),
    "brands": _("Brands"),
    "stores": _("Stores"),
    "channels": _("Channels"),
    "audiences": _("Audiences"),
    "preferences": _("Preferences"),
    "units": _("Units"),
    "policies": _("Policies"),
    "earn_rules": _("Earn rules"),
    "promotions": _("Promotions"),
    "coupon_templates": _("Coupon templates"),
    "ladders": _("Levels"),
    "rewards": _("Rewards"),
    "benefits": _("Benefits"),
    "packs": _("Benefit packs"),
    "plans": _("Paid memberships"),
    "offline": _("Offline tills"),
}
SCHEDULES: dict[str, tuple[Any, str]] = {
    "waiting": (pgettext_lazy("schedule", "waiting"), "rg-info"),
    "applied": (pgettext_lazy("schedule", "applied"), "rg-good"),
    "refused": (pgettext_lazy("schedule", "refused"), "rg-bad"),
    "withdrawn": (pgettext_lazy("schedule", "withdrawn"), ""),
}
DOCUMENTS: dict[str, tuple[Any, str]] = {
    "draft": (pgettext_lazy("document", "draft"), ""),
    "submitted": (pgettext_lazy("document", "waits for approval"), "rg-info"),
    "approved": (pgettext_lazy("document", "approved"), "rg-good"),
    "published": (pgettext_lazy("document", "published"), "rg-good"),
    "discarded": (pgettext_lazy("document", "discarded"), ""),
}
STEPS: dict[str, Any] = {
    "written": pgettext_lazy("step", "written"),
    "submitted": pgettext_lazy("step", "submitted"),
    "approved": pgettext_lazy("step", "approved"),
    "scheduled": pgettext_lazy("step", "scheduled"),
    "published": pgettext_lazy("step", "published"),
    "discarded": pgettext_lazy("step", "discarded"),
}


def diff(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Changes ready to show: each with its fields, its reasons in the reader's language, and who would move."""
    return [
        {
            "section": SECTIONS.get(c.section, c.section),
            "key": c.key,
            "change": c.change,
            "word": CHANGES[c.change],
            "adverse": c.adverse,
            "reasons": [REASONS.get(r, r) for r in c.reasons],
            "fields": [(f.path, _value(f.before), _value(f.after)) for f in c.fields[:MOST_FIELDS]],
            "more": max(0, len(c.fields) - MOST_FIELDS),
            "moves": [_move(m) for m in c.moves],
        }
        for c in changes
    ]


def told(changes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What members were told, ready to show."""
    return [
        {
            "section": SECTIONS.get(c.get("section", ""), c.get("section")),
            "key": c.get("key"),
            "change": c.get("change"),
            "word": CHANGES.get(c.get("change", ""), c.get("change")),
            "adverse": True,
            "reasons": [REASONS.get(r, r) for r in c.get("reasons", ())],
            "fields": [(f["path"], _value(f["before"]), _value(f["after"])) for f in c.get("fields", ())],
            "more": 0,
            "moves": [],
        }
        for c in changes
    ]


def _value(value: Any) -> str | None:
    """A value as a document would have it: no quotes around a text, no words of Python."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_inside(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return " | ".join(str(_value(one)) for one in value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _inside(value: Any) -> str:
    return (
        f"{{{_value(value)}}}"
        if isinstance(value, Mapping)
        else f"[{_value(value)}]"
        if isinstance(value, list | tuple)
        else str(_value(value))
    )


def _move(move: Mapping[str, Any]) -> dict[str, Any]:
    samples = move.get("sample")
    return {
        "from": move.get("from") or "–",
        "to": move.get("to") or "–",
        "members": move.get("members", 0),
        "samples": [str(s) for s in samples][:5] if isinstance(samples, list | tuple) else [],
    }


def plan(found: Plan) -> dict[str, Any]:
    """A plan ready to show."""
    return {
        "diff": diff(found.changes),
        "safe": sum(1 for c in found.changes if not c.adverse),
        "adverse": sum(1 for c in found.changes if c.adverse),
        "refused": found.refused,
        "notice": found.notice,
        "drift": diff(found.drift),
        "needs_approval": any(c.needs_notice for c in found.changes),
    }

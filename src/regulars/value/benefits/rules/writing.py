"""Benefits and packs as the document writes them, without what is as by default. Pure."""

from __future__ import annotations

from typing import Any

from regulars.kernel import money
from regulars.value.benefits.terms import YEARLY, Benefit, Given, Kind, LeapDay, OnReversal, Pack, Period, Quota


def benefit(b: Benefit, currency: str) -> dict[str, Any]:
    """One entry of the section `benefits`. Amounts are texts, because YAML's numbers are binary fractions."""
    w = b.whose
    whose = {
        "levels": list(b.told_levels),
        "plans": list(w.plans),
        "packs": list(w.packs),
        "audiences": list(w.audiences),
        "everyone": w.everyone,
    }
    window = {"before_days": b.before_days, "after_days": b.after_days}
    entry = {
        "name": dict(b.names),
        "note": b.note,
        "for": {k: x for k, x in whose.items() if x},
        "quota": _quota(b),
        "gives": [given(g) for g in b.gives],
        "choose": {"pick": b.choose.pick, "of": list(b.choose.of)} if b.choose else {},
        "day": days(b),
        "milestones": list(b.milestones),
        "window": {k: x for k, x in window.items() if x},
        "leap_day": b.leap_day.value if b.leap_day is not LeapDay.FEB28 else "",
        "cost": money.to_text(b.cost_minor, currency) if b.cost_minor else "",
        "funder": b.funder,
        "on_reversal": b.on_reversal.value if b.on_reversal is not OnReversal.RETURN else "",
    }
    return {"key": b.key, "kind": b.kind.value, **{k: x for k, x in entry.items() if x}}


def _quota(b: Benefit) -> dict[str, Any]:
    if b.kind in YEARLY:
        return {} if b.quota == Quota(times=1, period=Period.OCCASION) else {"times": b.quota.times}
    if b.kind is Kind.CHOICE:
        return {} if b.quota.period is Period.LIFETIME else {"period": b.quota.period.value}
    return {} if b.quota.times is None else {"times": b.quota.times, "period": b.quota.period.value}


def given(g: Given) -> dict[str, Any]:
    """One thing that a benefit gives."""
    if g.unit:
        return {"points": {"unit": g.unit, "amount": g.amount}}
    if g.template:
        return {"coupon": {"template": g.template, "count": g.count}}
    return {"reward": {"key": g.reward}}


def days(b: Benefit) -> dict[str, Any]:
    """Which days are member days; empty where nothing is said."""
    if b.days is None:
        return {}
    d = b.days
    said = {"of_month": d.of_month, "weekdays": d.weekdays, "nth": d.nth, "dates": [x.isoformat() for x in d.dates]}
    return {k: list(x) for k, x in said.items() if x}


def pack(p: Pack) -> dict[str, Any]:
    """One entry of the section `packs`."""
    entry = {"name": dict(p.names), "note": p.note, "benefits": list(p.benefits)}
    return {"key": p.key, **{k: x for k, x in entry.items() if x}}

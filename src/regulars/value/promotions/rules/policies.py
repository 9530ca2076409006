"""Policies of a program document: returns, claims and clocks, how promotions combine, what points pay."""

from __future__ import annotations

from typing import Any

from regulars.kernel.reading import Reader
from regulars.value.promotions.rules import parts
from regulars.value.promotions.rules.known import Known
from regulars.value.promotions.terms import (
    WHOLE_PPM,
    GroupPolicy,
    Objective,
    OldTerms,
    Policies,
    ReturnPolicy,
    StackingPolicy,
    TenderRate,
)

_MOST_NOTICE_DAYS = 365
_MOST_GROUPS, _MOST_RATES, _MOST_AT_ONCE = 200, 32, 100


def read_policies(entry: Reader, known: Known) -> Policies:
    """The section `policies`; whatever is left out is as usual."""
    earns = entry.child("earns")
    policies = Policies(
        returns=entry.choice("returns", ReturnPolicy, ReturnPolicy.PROPORTIONAL),
        claims_within_days=entry.whole("claims_within_days", 30, most=3_650) or 0,
        future_tolerance_minutes=entry.whole("future_tolerance_minutes", 10, most=1_440) or 0,
        stacking=_stacking(entry.child("stacking"), known),
        points_tender=_tender_rates(entry, known),
        earns_on_points_tender=earns.flag("on_points_tender") if earns is not None else False,
        notice_days=entry.whole("notice_days", 0, most=_MOST_NOTICE_DAYS) or 0,
        old_terms_days=_old_terms(entry.child("old_terms")),
        lowest_price_days=entry.whole("lowest_price_days", 0, most=_MOST_NOTICE_DAYS) or 0,
    )
    if earns is not None:
        earns.done()
    entry.done()
    return policies


def _old_terms(entry: Reader | None) -> int:
    """How many days the terms of before are kept for who has not confirmed; 0 where they are not."""
    if entry is None:
        return 0
    keep = entry.choice("keep", OldTerms, OldTerms.NONE)
    days = entry.whole("most_days", least=1, most=_MOST_NOTICE_DAYS)
    if keep is OldTerms.UNTIL_CONFIRMED and days is None:
        entry.fault("most_days", "is missing: how many days at most?")
    if keep is OldTerms.NONE and days is not None:
        entry.fault("most_days", "means nothing where old terms are not kept")
    entry.done()
    return days or 0


def _stacking(entry: Reader | None, known: Known) -> StackingPolicy:
    if entry is None:
        return StackingPolicy()
    groups: dict[str, GroupPolicy] = {}
    for said in entry.children("groups", most=_MOST_GROUPS):
        key = said.key()
        if key in groups:
            said.fault("key", f"{key!r} is the key of another group too")
        most = said.whole("most", 1, least=1, most=_MOST_AT_ONCE) or 1
        groups[key] = GroupPolicy(most=most, cap_minor=parts.minor(said, "cap", known.currency))
        said.done()
    found = StackingPolicy(
        objective=entry.choice("objective", Objective, Objective.BEST_FOR_MEMBER),
        most=entry.whole("most", least=1, most=_MOST_AT_ONCE),
        cap_ppm=parts.percent(entry, "cap_percent"),
        cap_minor=parts.minor(entry, "cap", known.currency),
        groups=groups,
    )
    entry.done()
    return found


def _tender_rates(entry: Reader, known: Known) -> tuple[TenderRate, ...]:
    found: list[TenderRate] = []
    for said in entry.children("points_tender", most=_MOST_RATES):
        unit = said.key("unit")
        if unit and known.units is not None and unit not in known.units:
            said.fault("unit", f"there is no unit {unit!r} in this program")
        elif unit and any(rate.unit == unit for rate in found):
            said.fault("unit", f"there is another rate of {unit!r}")
        rate = TenderRate(
            unit=unit,
            points=parts.required(said, "points", said.whole("points", least=1, most=10**9)),
            minor=parts.required(said, "amount", parts.minor(said, "amount", known.currency)),
            min_points=said.whole("min", 0, most=10**12) or 0,
            step=said.whole("step", 1, least=1, most=10**9) or 1,
            most_ppm=parts.percent(said, "most_percent") or WHOLE_PPM,
        )
        said.done()
        found.append(rate)
    return tuple(found)


def write_policies(policies: Policies, currency: str) -> dict[str, Any]:
    """The section `policies`; what is usual is not said, but for what was always said."""
    stacking, usual = policies.stacking, StackingPolicy()
    told: dict[str, Any] = {
        "objective": stacking.objective.value if stacking.objective is not usual.objective else None,
        "most": stacking.most,
        "cap_percent": parts.percent_text(stacking.cap_ppm) if stacking.cap_ppm is not None else None,
        "cap": parts.amount_text(stacking.cap_minor, currency) if stacking.cap_minor is not None else None,
        "groups": [_group(key, stacking.groups[key], currency) for key in sorted(stacking.groups)] or None,
    }
    combined = {name: value for name, value in told.items() if value is not None}
    return {
        "returns": policies.returns.value,
        "claims_within_days": policies.claims_within_days,
        "future_tolerance_minutes": policies.future_tolerance_minutes,
        **({"stacking": combined} if combined else {}),
        **({"points_tender": [_rate(r, currency) for r in policies.points_tender]} if policies.points_tender else {}),
        **({"earns": {"on_points_tender": True}} if policies.earns_on_points_tender else {}),
        **({"notice_days": policies.notice_days} if policies.notice_days else {}),
        **(
            {"old_terms": {"keep": OldTerms.UNTIL_CONFIRMED.value, "most_days": policies.old_terms_days}}
            if policies.old_terms_days
            else {}
        ),
        **({"lowest_price_days": policies.lowest_price_days} if policies.lowest_price_days else {}),
    }


def _group(key: str, group: GroupPolicy, currency: str) -> dict[str, Any]:
    cap = {} if group.cap_minor is None else {"cap": parts.amount_text(group.cap_minor, currency)}
    return {"key": key, **({"most": group.most} if group.most != 1 else {}), **cap}


def _rate(rate: TenderRate, currency: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "unit": rate.unit,
        "points": rate.points,
        "amount": parts.amount_text(rate.minor, currency),
    }
    if rate.min_points:
        told["min"] = rate.min_points
    if rate.step != 1:
        told["step"] = rate.step
    if rate.most_ppm != WHOLE_PPM:
        told["most_percent"] = parts.percent_text(rate.most_ppm)
    return told

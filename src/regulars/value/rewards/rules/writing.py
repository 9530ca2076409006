"""The section `rewards` in its one canonical form. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regulars.value.rewards.rules.document import BY
from regulars.value.rewards.terms import CancelUntil, Price, Reward, Session

_PLAIN = Reward(key="")


def write(rewards: tuple[Reward, ...], *, decimals: int) -> dict[str, Any]:
    """The section in its one canonical form."""
    return {"rewards": [write_one(r, decimals=decimals) for r in rewards]}


def write_one(r: Reward, *, decimals: int) -> dict[str, Any]:
    """One entry, without what is as by default. Args: decimals: of the program's currency."""
    f, c = r.fulfilment, r.cancel
    fulfilment = {
        "by": f.by.value if f.by is not BY[r.kind] else None,
        "within_days": f.within_days,
        "fetch_days": f.fetch_days,
        "give_back": None if f.give_back else False,
    }
    cancel = {"until": c.until.value if c.until is not CancelUntil.SENT else None, "hours": c.hours}
    entry: dict[str, Any] = {
        "key": r.key,
        "name": dict(r.names),
        "about": dict(r.about),
        "note": r.note,
        "kind": r.kind.value,
        "price": _written(r.prices, decimals),
        "price_by_level": {level: _written(ps, decimals) for level, ps in sorted(r.by_level.items())},
        "stock": r.stock,
        "per_member": r.per_member and {"times": r.per_member.times, "period": r.per_member.period.value},
        "levels": list(r.levels),
        "audiences": list(r.audiences),
        "starts": r.starts_on.isoformat() if r.starts_on else None,
        "ends": r.ends_on.isoformat() if r.ends_on else None,
        "stores": list(r.stores),
        "fulfilment": _said(fulfilment),
        "cancel": _said(cancel),
        "pay_within_hours": r.pay_hours if r.pay_hours != _PLAIN.pay_hours else None,
        "waiting_list": None if r.offer_hours is None else True if r.offer_hours == 24 else {"hours": r.offer_hours},
        "auto": r.auto and {"unit": r.auto.unit, "at": r.auto.at},
        "gives": r.gives and {"template": r.gives.template, "count": r.gives.count},
        "sessions": [_session(s) for s in r.sessions],
        "cause": r.cause and _said({"key": r.cause.key, "name": dict(r.cause.names), "target": r.cause.target}),
    }
    return {k: v for k, v in entry.items() if v is not None and v not in ("", [], {})}


def _said(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in entry.items() if v is not None}


def _session(s: Session) -> dict[str, Any]:
    told = {"key": s.key, "name": dict(s.names), "starts": s.starts.isoformat(timespec="minutes"), "seats": s.seats}
    return {k: v for k, v in {**told, "store": s.store}.items() if v not in ("", {})}


def _written(prices: tuple[Price, ...], decimals: int) -> list[dict[str, Any]]:
    out = []
    for n, p in enumerate(prices):
        amount = f"{money_text(p.minor, decimals)}" if p.minor else None
        key = p.key if p.key != str(n + 1) else None
        out.append({k: v for k, v in {"key": key, "units": dict(p.units), "amount": amount}.items() if v})
    return out


def money_text(minor: int, decimals: int) -> str:
    """An amount of money in major units, exactly.

    >>> money_text(990, 2), money_text(500, 0)
    ('9.90', '500')
    """
    whole, rest = divmod(minor, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}" if decimals else str(whole)

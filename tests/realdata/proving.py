"""What has to hold after a replay, asked of the tables by set-based SQL that uses nothing of the engine."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from regulars.governance.assurance import services as assurance
from regulars.value.checkout import services as checkout
from tests.realdata import program
from tests.realdata.replaying import Opened

_UNEXPLAINED = """
with line as (
  select l.*, coalesce((select sum((s->>2)::bigint) from jsonb_array_elements(l.shares) s), 0) shared,
         coalesce((select min((s->>2)::bigint) from jsonb_array_elements(l.shares) s), 1) least
    from orders_line l where l.program_id = %(p)s)
select 'line', order_id::text, n from line
 where shared <> discount_minor or discount_minor < 0 or (discount_minor > 0 and amount_minor < 0) or least <= 0
union all
select 'order', o.id::text, 0 from orders_order o
  join (select order_id, sum(amount_minor) amount, sum(discount_minor) discount from line group by 1) l on l.order_id = o.id
 where o.program_id = %(p)s and (o.total_minor <> l.amount or o.subtotal_minor <> l.amount + l.discount
   or l.discount <> (select coalesce(sum((e->>2)::bigint), 0) from jsonb_array_elements(o.extras->'promotions') e))
"""
_BY_PROMOTION = """
select promotion, count(distinct order_id), sum(minor) from (
  select l.order_id, s->>0 promotion, (s->>2)::bigint minor from orders_line l, jsonb_array_elements(l.shares) s
   where l.program_id = %(p)s
  union all
  select o.id, e->>0, 0 from orders_order o, jsonb_array_elements(o.extras->'outcomes') e where o.program_id = %(p)s
) x group by 1 order by 3 desc
"""
# every use of a limited promotion by an order of which nothing came back: at most so many, at most so much
_USED = """
with used as (
  select distinct o.id, o.member_id, o.store_id, (o.occurred_at at time zone %(zone)s)::date as day, e.key
    from orders_order o,
    lateral (select x->>0 from jsonb_array_elements(o.extras->'promotions') x
             union select x->>0 from jsonb_array_elements(o.extras->'outcomes') x) e(key)
   where o.program_id = %(p)s and o.state = 'placed' and e.key = %(promotion)s)
select coalesce(max(n), 0), coalesce(max(minor), 0) from (
  select count(*) n, sum(m.minor) minor from used u
    left join lateral (select sum((x->>2)::bigint) minor from orders_order o, jsonb_array_elements(o.extras->'promotions') x
                        where o.id = u.id and x->>0 = %(promotion)s) m on true
   group by {by}) t
"""
_PERIODS = {"lifetime": "1", "day": "day", **{p: f"date_trunc('{p}', day)" for p in ("week", "month", "year")}}
_SCOPES = {"member": "member_id", "program": "2", "store": "store_id"}
_REDEEMED = """
select o.ref, c->>'code', c->>'template', (c->>'shared')::boolean, o.occurred_at, o.state,
       (select array_agg(l.sku) from orders_line l, jsonb_array_elements(l.shares) s
         where l.order_id = o.id and s->>1 = c->>'code'),
       (select array_agg(l.sku) from orders_line l where l.order_id = o.id)
  from orders_order o, jsonb_array_elements(o.extras->'coupons') c where o.program_id = %(p)s order by o.occurred_at
"""


class Redeemed(NamedTuple):
    """A coupon that an order used, as the order's row says."""

    key: str
    code: str
    template: str
    is_shared: bool
    day: date
    state: str
    skus: list[str]
    household: str | None


def ask(sql: str, **params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def prove_all(opened: Opened, notes: list[dict[str, Any]], *, replays: int, least: int = 40) -> list[Redeemed]:
    """Everything that has to hold; one order in so many is replayed. Returns what coupons were redeemed.

    `least`: so many of the fifty promotions must have acted at all.
    """
    faults = [n for n in notes if n["what"] == "fault"]
    assert not faults, "\n".join(f"{n['why']} {n['of']}\n{n['trace']}" for n in faults[:5])
    assert assurance.discrepancies() == []
    played = [s for s in opened.shop.sales if not s.is_credit]
    assert ask("select count(*) from orders_order where program_id = %(p)s", p=opened.program_id) == [(len(played),)]
    acted = prove_discounts(opened, Counter(k for n in notes for k in n.get("earned", ())))
    assert acted >= least
    prove_limits(opened)
    prove_replays(opened, replays)
    prove_attempts(opened, notes)
    return prove_coupons(opened, notes)


def prove_discounts(opened: Opened, earned: Counter[str]) -> int:
    """Every penny taken off is the share of a promotion of the program, or of a coupon of it; how many acted."""
    unexplained = ask(_UNEXPLAINED, p=opened.program_id)
    assert unexplained == []
    acted = ask(_BY_PROMOTION, p=opened.program_id)
    known = {p["key"] for p in program.fifty(opened.shop)}
    templates = {f"coupon:{t}" for t in ("come-back", "tenth", *(k.template for k in opened.shop.coupons))}
    assert {key for key, _, _ in acted} <= known | templates
    own = {key: (n, int(minor)) for key, n, minor in acted if key in known}
    own |= {key: (n, 0) for key, n in earned.items() if key in known}
    coupons = [(n, int(minor)) for key, n, minor in acted if key in templates]
    print(
        f"{opened.shop.key}: {len(own)} of 50 promotions acted: {own}; not: {sorted(known - {*own})}", file=sys.stderr
    )
    print(f"{opened.shop.key}: coupons took off {sum(m for _, m in coupons)}", file=sys.stderr)
    return len(own)


def prove_limits(opened: Opened) -> None:
    """No limit was passed and no budget overspent: counted anew from the orders, and as the counters stand."""
    usage = dict(ask("select key, used from promotions_usage where program_id = %(p)s", p=opened.program_id))
    for one in program.fifty(opened.shop):
        if budget := one.get("budget"):
            most = int(float(budget["amount"]) * 100)
            slots = sum(u for k, u in usage.items() if k.startswith(f"{one['key']}/budget/"))
            assert 0 < slots <= most, one["key"]
            assert _used(opened, one["key"], "1")[1] <= most
        for limit in one.get("limits", ()):
            is_money = limit["action"] == "minor"
            most = int(float(limit["limit"]) * 100) if is_money else limit["limit"]
            mine = [u for k, u in usage.items() if k.startswith(f"{one['key']}/") and f"/{limit['period']}/" in k]
            assert max(mine, default=0) <= most, one["key"]
            if limit["per"] in _SCOPES:
                by = f"{_SCOPES[limit['per']]}, {_PERIODS[limit['period']]}"
                assert _used(opened, one["key"], by)[is_money] <= most, one["key"]
        for effect in one["effects"]:
            for prize in effect.get("prizes", ()):
                assert usage.get(f"{one['key']}/prize:{prize['key']}/count/lifetime", 0) <= prize.get("stock", 0)


def _used(opened: Opened, promotion: str, by: str) -> tuple[int, int]:
    names = {"1": "1::text", "2": "2::text"}
    by = ", ".join(names.get(b, b) for b in by.split(", ", 1))
    sql = _USED.replace("{by}", by)
    ((n, minor),) = ask(sql, p=opened.program_id, promotion=promotion, zone=opened.shop.zone)
    return n, int(minor)


def prove_replays(opened: Opened, every: int) -> None:
    """A decision made again from what its order keeps is the same, and names all that the order says it brought."""
    sql = "select id, extras from orders_order where program_id = %(p)s and hashtext(ref) %% %(n)s = 0 order by occurred_at"
    rows = ask(sql, p=opened.program_id, n=every)
    assert rows
    for order, kept in rows:
        extras = json.loads(kept)
        again = checkout.replay(program_id=opened.program_id, order=order)
        assert again.differences == (), order
        said = {(a["key"], a["coupon"]) for a in again.answer["applied"] if a["kind"] == "promotion"}
        assert {(key, coupon) for key, coupon, _, _ in extras["promotions"]} <= said
        assert {o[0] for o in extras["outcomes"]} <= {e["promotion"] for e in again.answer["effects"]}
    print(f"{opened.shop.key}: {len(rows)} orders replayed", file=sys.stderr)


def prove_attempts(opened: Opened, notes: list[dict[str, Any]]) -> None:
    """A redemption outside a rule was refused with that rule's reason; what only the basket decides is told apart."""
    seen: Counter[tuple[str, str, str]] = Counter()
    zone = ZoneInfo(opened.shop.zone)
    for note in notes:
        if note["what"] != "sale":
            continue
        day = datetime.fromisoformat(note["at"]).astimezone(zone).date()
        for meant, code, _, state, reason in note["coupons"]:
            seen[meant, state, reason] += 1
            if meant == "shared":
                kind = opened.codes[code]
                campaign = opened.shop.campaign(kind.campaign)
                if day < campaign.starts or day > campaign.ends:
                    assert (state, reason) == ("refused", "not_yet" if day < campaign.starts else "expired"), note
                elif note["customer"] not in campaign.households:
                    assert (state, reason) == ("refused", "not_entitled"), note
                else:
                    assert state != "refused" or reason == "limit_reached", note
            elif meant == "again":
                assert (state, reason) == ("refused", "already_used"), note
            elif meant == "foreign":
                assert state == "refused", note
                assert reason in ("not_yours", "expired"), note
            elif meant == "unknown":
                assert (state, reason) == ("refused", "unknown_code"), note
            else:
                assert state != "refused", note
                assert state == "applied" or reason, note
    for which, count in sorted(seen.items()):
        print(f"{opened.shop.key}: {which} {count}", file=sys.stderr)


def prove_coupons(opened: Opened, notes: list[dict[str, Any]]) -> list[Redeemed]:
    """Only whom a campaign targeted redeemed its coupons, inside its window, on its goods, each code and kind once."""
    customer = {n["key"]: n["customer"] for n in notes if n["what"] == "sale"}
    zone = ZoneInfo(opened.shop.zone)
    found = []
    kinds = {k.template: k for k in opened.shop.coupons}
    for ref, code, template, shared, at, state, skus, _ in ask(_REDEEMED, p=opened.program_id):
        if template in kinds:
            day = at.astimezone(zone).date()
            found.append(Redeemed(ref, code, template, shared, day, state, skus or [], customer[ref]))
    for one in found:
        kind = kinds[one.template]
        campaign = opened.shop.campaign(kind.campaign)
        assert one.household in campaign.households, one
        assert campaign.starts <= one.day <= campaign.ends, one
        assert one.skus, one
        assert kind.goods.issuperset(one.skus), one
    told = Counter(
        c[2] for n in notes if n["what"] == "sale" for c in n["coupons"] if c[3] == "applied" and c[2] in kinds
    )
    assert Counter(r.template for r in found) == told
    kept = [r for r in found if r.state == "placed"]
    assert max(Counter(r.code for r in kept if not r.is_shared).values(), default=0) <= 1
    assert max(Counter((r.household, r.template) for r in kept).values(), default=0) <= 1
    print(
        f"{opened.shop.key}: {len(found)} coupons redeemed of {len({r.template for r in found})} kinds",
        file=sys.stderr,
    )
    return found

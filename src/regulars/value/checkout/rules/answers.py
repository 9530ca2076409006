"""The JSON of a session: what it costs, saves and earns, what was not applied and why, and what would unlock it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from regulars.kernel import ids
from regulars.value.catalog.terms import Barred
from regulars.value.checkout.terms import SessionState
from regulars.value.orders.terms import Holding, OrderState
from regulars.value.promotions.terms import PricedLine, Question, Unapplied, Unlock, Verdict

MOST_HINTS = 20
# what a cashier can say across the counter comes first
_NEARNESS = {
    kind: n for n, kind in enumerate(("spend_minor", "add_units", "points", "join", "tier", "coupon", "tender"))
}


class Quoted(NamedTuple):
    """What an answer is made of. `earned` by unit, `by_line` by the line's n and unit.

    `terms`: the older version whose terms decided, where the member keeps them.
    """

    key: str
    question: Question
    verdict: Verdict
    version: int
    digest: bytes
    barred: tuple[Barred, ...]
    earned: Mapping[str, int]
    by_line: Mapping[int, Mapping[str, int]]
    balances: Mapping[str, Holding]
    terms: int | None = None


class Standing(NamedTuple):
    """Where the session stands, which changes while what was quoted does not."""

    state: SessionState | OrderState
    revision: int
    expires_at: datetime
    tender_until: datetime | None = None
    order_id: UUID | None = None


class Explained(NamedTuple):
    """The long part of an answer, the same whatever becomes of the session: two lists of JSON, and both as kept."""

    rejected: bytes
    hints: bytes
    packed: bytes


class Lasting(NamedTuple):
    """The parts of an answer that a decision always has, whatever becomes of the session, as JSON without braces.

    Before them come where the session stands, and between `between` and `search` what she holds.
    """

    quote: bytes
    between: bytes
    search: bytes
    explained: Explained


class Written(NamedTuple):
    """An answer as it is told (`json`), and as it is kept: its short part packed, its long part by itself."""

    json: bytes
    packed: bytes
    lasting: Lasting

    @property
    def explained(self) -> bytes:
        """The long part as it is kept."""
        return self.lasting.explained.packed

    @property
    def kept(self) -> tuple[bytes, bytes]:
        """Both parts as they are kept."""
        return self.packed, self.explained


def write(quoted: Quoted, standing: Standing, lasting: Lasting | None = None) -> Written:
    """`answer` as JSON. Args: lasting: of the very same decision, where it was told before."""
    told = lasting if lasting is not None else _lasting(quoted)
    head, holds = _bare(_standing(quoted, standing)), _bare(_holds(quoted))
    short = _WHOLE % (head, told.quote, b"null", told.between, b"null", holds, told.search)
    long = told.explained
    whole = _WHOLE % (head, told.quote, long.rejected, told.between, long.hints, holds, told.search)
    return Written(whole, pack(short), told)


def _lasting(quoted: Quoted) -> Lasting:
    quote, between, search = _decided(quoted)
    return Lasting(_bare(quote), _bare(between), _bare(search), explain(quoted))


_WHOLE = b'{%b,%b,"rejected":%b,%b,"hints":%b,%b,%b}'


def _bare(part: dict[str, Any]) -> bytes:
    return orjson.dumps(part)[1:-1]


def explain(quoted: Quoted) -> Explained:
    """What did not act and what would unlock it. Most of it, if not all, was said of other baskets before."""
    unapplied, refused = quoted.verdict.pricing.unapplied, quoted.verdict.earning.rejected
    if refused or quoted.barred or len(unapplied) > _MOST_REASONS:
        return _explain(quoted)
    reasons = tuple(map(id, unapplied))
    told = _explained_before.get(reasons)
    if told is None:
        if len(_explained_before) >= _MOST_EXPLAINED:
            _explained_before.clear()
        told = _explained_before[reasons] = unapplied, _explain(quoted)
    return told[1]


def _explain(quoted: Quoted) -> Explained:
    known = _seen.get
    written = [(known(id(u)) or _written(u))[1] for u in quoted.verdict.pricing.unapplied]
    rejected = [one.rejected for one in written] + [orjson.dumps(row) for row in _refused_rules(quoted.verdict)]
    hints = [orjson.dumps(row) for row in _barred_hints(quoted)]
    if len(hints) < MOST_HINTS:
        near = [one for one in written if one.nearness is not None]
        near.sort(key=_BY_NEARNESS)
        hints += [one.hint for one in near[: MOST_HINTS - len(hints)]]
    told = _listed(rejected), _listed(hints[:MOST_HINTS])
    return Explained(*told, pack(b'{"rejected":%b,"hints":%b}' % told))


def _listed(rows: list[bytes]) -> bytes:
    return b"[%b]" % b",".join(rows)


class _Written(NamedTuple):
    """What is said of a promotion that did not act, as JSON: in `rejected`, and as a hint if it is near."""

    rejected: bytes
    nearness: tuple[int, int] | None
    hint: bytes


_MOST_WRITTEN = 5_000
_BY_NEARNESS = itemgetter(1)
_written_before: dict[Unapplied, _Written] = {}
# The same by the object's id, which is its own as long as it is kept here: most of what is said of a basket a version
# says of every basket, by one object, and asking for what an object says is slower than asking for the object.
_seen: dict[int, tuple[Unapplied, _Written]] = {}
_MOST_EXPLAINED, _MOST_REASONS = 128, 500  # some ten megabytes at most
# And for baskets of which all the same is said: those of the same few goods, or told once more.
_explained_before: dict[tuple[int, ...], tuple[tuple[Unapplied, ...], Explained]] = {}


def _written(unapplied: Unapplied) -> tuple[Unapplied, _Written]:
    told = _written_before.get(unapplied)
    if told is None:
        unlock = unapplied.unlock
        told = _Written(
            orjson.dumps(_unapplied(unapplied)),
            _nearness(unlock) if unlock is not None else None,
            orjson.dumps({"key": unapplied.key, **(_unlock(unlock) or {})}),
        )
        if len(_written_before) >= _MOST_WRITTEN:
            _written_before.clear()
        _written_before[unapplied] = told
    if len(_seen) >= _MOST_WRITTEN:
        _seen.clear()
    _seen[id(unapplied)] = found = unapplied, told
    return found


def answer(quoted: Quoted, standing: Standing) -> dict[str, Any]:
    """The whole answer; ids only, nobody's phone."""
    quote, between, search = _decided(quoted)
    return {
        **_standing(quoted, standing),
        **quote,
        "rejected": _rejected(quoted.verdict),
        **between,
        "hints": _hints(quoted),
        **_holds(quoted),
        **search,
    }


def _standing(quoted: Quoted, standing: Standing) -> dict[str, Any]:
    return {"key": quoted.key, **standing_json(standing)}


def _holds(quoted: Quoted) -> dict[str, Any]:
    return {"balances": {unit: h._asdict() for unit, h in quoted.balances.items()}}


def _decided(quoted: Quoted) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What a decision says but for its long part: before what was rejected, between that and the hints, and after."""
    basket, verdict, pricing = quoted.question.basket, quoted.verdict, quoted.verdict.pricing
    member, search = quoted.question.member, pricing.search
    quote = {
        "digest": quoted.digest.hex(),
        "version": quoted.version,
        **({"terms_version": quoted.terms} if quoted.terms is not None else {}),
        "member": ids.encode("mem", member.member_id) if member else None,
        "channel": basket.channel,
        "store": basket.store,
        "currency": basket.currency,
        "occurred_at": _instant(basket.occurred_at),
        "subtotal": pricing.subtotal_minor,
        "discount_total": pricing.discount_minor,
        "total": pricing.total_minor,
        "due": verdict.due_minor,
        "lines": _lines(quoted),
        "effects": [{"promotion": o.promotion, "kind": o.kind, "body": dict(o.body)} for o in pricing.outcomes],
        "earn": dict(quoted.earned),
        "spend": [{"unit": s.unit, "amount": s.amount, "minor": s.minor} for s in verdict.spend],
        "applied": _applied(verdict),
    }
    between = {"coupons": _coupons(quoted), "not_entitled": [_barred(quoted, b) for b in quoted.barred]}
    after = {"search": {"exact": search.is_exact, "explored": search.explored, "gap_minor": search.gap_minor}}
    return quote, between, after


def standing_json(standing: Standing) -> dict[str, Any]:
    """The part of an answer that says where the session stands."""
    return {
        "state": standing.state,
        "revision": standing.revision,
        "expires_at": _instant(standing.expires_at),
        "tender_until": _instant(standing.tender_until) if standing.tender_until else None,
        "order": ids.encode("ord", standing.order_id) if standing.order_id else None,
    }


def _instant(at: datetime) -> str:
    return at.isoformat() if at.tzinfo is UTC else at.astimezone(UTC).isoformat()


def _lines(quoted: Quoted) -> list[dict[str, Any]]:
    lines = zip(quoted.question.basket.lines, quoted.verdict.pricing.lines, strict=True)
    return [
        {
            "id": line.id,
            "n": line.n,
            "sku": line.sku,
            "quantity": format(line.quantity.normalize(), "f"),
            "amount_minor": priced.amount_minor,
            "discount_minor": priced.discount_minor,
            "net_minor": priced.net_minor,
            "tendered_minor": priced.tendered_minor,
            "shares": _shares(priced),
            "earned": dict(quoted.by_line.get(line.n, {})),
        }
        for line, priced in lines
    ]


def _shares(priced: PricedLine) -> list[dict[str, Any]]:
    return [{"promotion": s.promotion, "coupon": s.coupon, "minor": s.minor} for s in priced.shares]


def _applied(verdict: Verdict) -> list[dict[str, Any]]:
    promotions = [
        {
            "key": a.key,
            "kind": "promotion",
            "coupon": a.coupon,
            "discount_minor": a.discount_minor,
            "wanted_minor": a.wanted_minor,
        }
        for a in verdict.pricing.applied
    ]
    rules = [
        {"key": e.rule, "kind": "earn_rule", "unit": e.unit, "amount": e.amount, "wanted": e.wanted}
        for e in verdict.earning.earned
    ]
    return promotions + rules


def _rejected(verdict: Verdict) -> list[dict[str, Any]]:
    return [_unapplied(u) for u in verdict.pricing.unapplied] + _refused_rules(verdict)


def _unapplied(unapplied: Unapplied) -> dict[str, Any]:
    return {
        "key": unapplied.key,
        "kind": "promotion",
        "coupon": unapplied.coupon,
        "code": unapplied.code,
        "detail": unapplied.detail,
        "unlock": _unlock(unapplied.unlock),
    }


def _refused_rules(verdict: Verdict) -> list[dict[str, Any]]:
    return [
        {"key": r.rule, "kind": "earn_rule", "coupon": None, "code": r.code, "detail": r.detail, "unlock": None}
        for r in verdict.earning.rejected
    ]


def _unlock(unlock: Any) -> dict[str, Any] | None:
    if unlock is None:
        return None
    return {
        "kind": unlock.kind,
        "amount": unlock.amount,
        "what": unlock.what,
        "at": _instant(unlock.at) if unlock.at else None,
        "text": unlock.text,
    }


def _coupons(quoted: Quoted) -> list[dict[str, Any]]:
    """Every code of the basket with what became of it: none is passed over in silence."""
    pricing = quoted.verdict.pricing
    used = {a.coupon for a in pricing.applied} | {o.body.get("coupon") for o in pricing.outcomes}
    why = {u.coupon: u for u in reversed(pricing.unapplied) if u.coupon}
    told = []
    for coupon in quoted.question.coupons:
        row = {"code": coupon.code, "template": coupon.template, "state": "applied", "reason": "", "detail": ""}
        if coupon.refused:
            row |= {"state": "refused", "reason": coupon.refused, "detail": coupon.detail}
        elif coupon.code not in used:
            no = why.get(coupon.code)
            row |= {"state": "not_applied", "reason": no.code if no else "", "detail": no.detail if no else ""}
        told.append(row)
    return told


def _barred(quoted: Quoted, barred: Barred) -> dict[str, Any]:
    return {
        "line": quoted.question.basket.lines[barred.n - 1].id,
        "sku": barred.sku,
        "right": barred.right,
        "code": barred.why.value,
        "detail": barred.detail,
        "unlock": _unlock(barred.unlock),
    }


def _hints(quoted: Quoted) -> list[dict[str, Any]]:
    """What would unlock more: what bars a line first, then the nearest, at most twenty. `rejected` has them all."""
    near = [(u.key, u.unlock) for u in quoted.verdict.pricing.unapplied if u.unlock is not None]
    near.sort(key=lambda hint: _nearness(hint[1]))
    hints = [{"key": key, **(_unlock(unlock) or {})} for key, unlock in near[:MOST_HINTS]]
    return (_barred_hints(quoted) + hints)[:MOST_HINTS]


def _barred_hints(quoted: Quoted) -> list[dict[str, Any]]:
    return [{"key": b.right, **(_unlock(b.unlock) or {})} for b in quoted.barred if b.unlock is not None]


def _nearness(unlock: Unlock) -> tuple[int, int]:
    return _NEARNESS.get(unlock.kind, len(_NEARNESS)), unlock.amount


def pack(told: bytes) -> bytes:
    """JSON as it is kept: with two hundred promotions it is long, and every telling keeps some."""
    return zlib.compress(told, 1)


def unpack(kept: bytes, explained: bytes | None = None) -> dict[str, Any]:
    """An answer out of what is kept of it; without its long part, that is None."""
    found: dict[str, Any] = orjson.loads(zlib.decompress(kept))
    if explained is not None:
        found.update(orjson.loads(zlib.decompress(explained)))
    return found

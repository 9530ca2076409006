"""Purchase rights: which lines this person may buy now, and what would let her buy the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from zoneinfo import ZoneInfo

from regulars.value.catalog.terms import Ask, Barred, Buyer, Entitlement, Right, Span, Take, Unlock, Why, Window

PREFIX = "right/"
# How many days after its first day a period's counter may be forgotten; a lifetime never is.
KEPT_DAYS = {Span.DAY: 70, Span.WEEK: 140, Span.MONTH: 250, Span.YEAR: 1_600, Span.WINDOW: 1_600}
_OPEN = "open"  # a window without a beginning


def entitled(*, asks: Sequence[Ask], buyer: Buyer | None, at: datetime, zone: str) -> Entitlement:
    """Which lines may not be bought, each with the first right that says so and what would unlock it.

    Lines are looked at in the order given; lines that may be bought use up limited rights (`takes`), those that may
    not use nothing. Units are whole: a part of one counts as one. A guest (`buyer` None) has no tier or audience and
    cannot have what is limited per member. Pure; `services.entitled` is the same function.

    Args: at: the moment of the purchase, aware. zone: of the program, for days, weeks, months and years.
    """
    barred: list[Barred] = []
    takes: list[Take] = []
    used: dict[str, int] = {}
    for ask in asks:
        mine: list[Take] = []
        for right in ask.rights:
            if not _stands(right, at):
                continue
            no = _barred(ask, right, buyer, at, zone, used, mine)
            if no is not None:
                barred.append(no)
                break
        else:
            takes += mine
            for take in mine:
                used[take.key] = used.get(take.key, 0) + take.units
    return Entitlement(tuple(barred), tuple(takes))


def units_of(quantity: Decimal) -> int:
    """Whole units of a quantity: a part of one counts as one; goods that come back count as none.

    >>> units_of(Decimal("0.250")), units_of(Decimal(3)), units_of(Decimal(-1))
    (1, 3, 0)
    """
    return max(0, int(quantity.to_integral_value(rounding=ROUND_CEILING)))


def counted(counters: Mapping[str, int], takes: Iterable[Take], day: date) -> dict[str, int]:
    """The account's counters after a purchase: takes added, our own counters of long ago forgotten, others untouched.

    Args: day: the local day of the purchase in the program's zone.
    """
    out = {key: value for key, value in counters.items() if not _is_over(key, day)}
    for take in takes:
        out[take.key] = out.get(take.key, 0) + take.units
    return out


def uncounted(counters: Mapping[str, int], takes: Iterable[Take]) -> dict[str, int]:
    """The account's counters after goods came back: takes subtracted, never below zero; forgotten ones stay so."""
    out = dict(counters)
    for take in takes:
        if take.key in out:
            out[take.key] = max(0, out[take.key] - take.units)
    return out


def _stands(right: Right, at: datetime) -> bool:
    return (right.starts_at is None or right.starts_at <= at) and (right.ends_at is None or at < right.ends_at)


def _barred(
    ask: Ask,
    right: Right,
    buyer: Buyer | None,
    at: datetime,
    zone: str,
    used: Mapping[str, int],
    takes: list[Take],
) -> Barred | None:
    """Why a right refuses a line; None when it does not, and then what it uses up is added to `takes`."""

    def no(why: Why, detail: str, unlock: Unlock | None = None) -> Barred:
        return Barred(ask.n, ask.sku, right.key, why, detail, unlock)

    limited = right.most is not None
    who = _who(right.members_only or limited, right.tiers, right.audiences, buyer)
    if who is not None:
        return no(*who)
    window: Window | None = None
    if right.windows:
        window = _open_window(right.windows, buyer, at)
        if window is None:
            return no(*_when(right, buyer, at))
    if right.most is not None and buyer is not None:
        key = key_of(right, at, zone, window)
        units = units_of(ask.quantity)
        left = max(0, right.most - buyer.counters.get(key, 0) - used.get(key, 0))
        if units > left:
            unlock = Unlock("fewer_units", left, ask.sku, None, f"{left} can still be had.") if left else None
            if unlock is None:
                again = _next_period(right.span, at, zone)
                unlock = Unlock("wait_until", at=again, text="Wait for the next period.") if again else None
            return no(Why.LIMIT_REACHED, f"At most {right.most} per {_span_words(right.span)}, {left} left.", unlock)
        if units:
            takes.append(Take(ask.n, key, units))
    return None


def _span_words(span: Span) -> str:
    return "member" if span is Span.LIFETIME else f"member and {span.value}"


_Verdict = tuple[Why, str, Unlock | None]


def _who(members_only: bool, tiers: Sequence[str], audiences: Sequence[str], buyer: Buyer | None) -> _Verdict | None:
    """Why a person is not among those named; None when she is."""
    if buyer is None:
        if not (members_only or tiers or audiences):
            return None
        return Why.MEMBERS_ONLY, "Only members can buy this.", Unlock("join", text="Become a member.")
    if not (tiers or audiences) or buyer.tier in tiers or not buyer.audiences.isdisjoint(audiences):
        return None
    if tiers:
        text = f"Reach {tiers[0]}."
        return Why.TIER_ONLY, f"Only for {', '.join(tiers)}.", Unlock("tier", what=tiers[0], text=text)
    detail = f"Only for members of {', '.join(audiences)}."
    return Why.AUDIENCE_ONLY, detail, Unlock("audience", what=audiences[0], text=detail)


def _open_window(windows: Iterable[Window], buyer: Buyer | None, at: datetime) -> Window | None:
    """The first window that is open and lets her in."""
    return next((w for w in windows if _is_open(w, at) and _admits(w, buyer)), None)


def _is_open(window: Window, at: datetime) -> bool:
    return (window.from_at is None or window.from_at <= at) and (window.until_at is None or at < window.until_at)


def _admits(window: Window, buyer: Buyer | None) -> bool:
    return _who(window.members_only, window.tiers, window.audiences, buyer) is None


def _when(right: Right, buyer: Buyer | None, at: datetime) -> _Verdict:
    """Why no window is open for her: what opens an open one, else when the next one of hers opens, else too late."""
    windows = right.windows
    coming = [w.from_at for w in windows if w.from_at is not None and w.from_at > at and _admits(w, buyer)]
    if coming and right.ends_at is not None:
        coming.append(right.ends_at)  # from then on the goods are for all
    opened = next((w for w in windows if _is_open(w, at)), None)
    if opened is not None:
        who = _who(opened.members_only, opened.tiers, opened.audiences, buyer)
        if who is not None and not coming:
            return who
        if who is not None and who[2] is not None:
            until = min(coming)
            text = f"{who[2].text} Or wait until {_instant(until)}."
            return who[0], f"{who[1]} For you from {_instant(until)}.", who[2]._replace(at=until, text=text)
    if coming:
        first = min(coming)
        return Why.NOT_YET, f"On sale from {_instant(first)}.", Unlock("wait_until", at=first, text="Wait.")
    later = [w for w in windows if w.from_at is not None and w.from_at > at]
    if later:  # others' windows come, hers does not
        soonest = min(later, key=lambda w: w.from_at or at)
        who = _who(soonest.members_only, soonest.tiers, soonest.audiences, buyer)
        if who is not None:
            return who
    if right.ends_at is not None:
        return (
            Why.NOT_YET,
            f"On sale from {_instant(right.ends_at)}.",
            Unlock("wait_until", at=right.ends_at, text="Wait."),
        )
    return Why.OVER, "The time to buy this is over.", None


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="minutes").replace("+00:00", "Z")


def key_of(right: Right, at: datetime, zone: str, window: Window | None = None) -> str:
    """The counter of a limited right: `right/<key>/<span>/<first day>`; a lifetime has no day.

    >>> key_of(Right("shoe", most=1, span=Span.WEEK), datetime(2026, 1, 1, tzinfo=UTC), "UTC")
    'right/shoe/week/2025-12-29'
    """
    head = f"{PREFIX}{right.key}/{right.span.value}"
    if right.span is Span.LIFETIME:
        return head
    if right.span is Span.WINDOW:
        begins = (window.from_at if window is not None else None) or right.starts_at
        return f"{head}/{begins.astimezone(UTC):%Y-%m-%dT%H%MZ}" if begins is not None else f"{head}/{_OPEN}"
    return f"{head}/{_first_day(right.span, at.astimezone(ZoneInfo(zone)).date()).isoformat()}"


def _first_day(span: Span, day: date) -> date:
    if span is Span.WEEK:
        return day - timedelta(days=day.weekday())
    if span is Span.MONTH:
        return day.replace(day=1)
    return day.replace(month=1, day=1) if span is Span.YEAR else day


def _next_period(span: Span, at: datetime, zone: str) -> datetime | None:
    """When the next day, week, month or year begins in a zone; None for a span that does not come again."""
    if span in (Span.LIFETIME, Span.WINDOW):
        return None
    first = _first_day(span, at.astimezone(ZoneInfo(zone)).date())
    longest = {Span.DAY: 1, Span.WEEK: 7, Span.MONTH: 31, Span.YEAR: 366}[span]
    following = _first_day(span, first + timedelta(days=longest))
    return datetime(following.year, following.month, following.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _is_over(key: str, day: date) -> bool:
    """Whether a counter is one of ours that began too long ago to matter."""
    if not key.startswith(PREFIX):
        return False
    parts = key.rsplit("/", 2)
    if len(parts) < 3 or parts[1] not in KEPT_DAYS or parts[2] == _OPEN:
        return False
    return (day - date.fromisoformat(parts[2][:10])).days > KEPT_DAYS[Span(parts[1])]

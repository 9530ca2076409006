"""Numbers, money, instants, codes and names as the console writes them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import template
from django.template.defaultfilters import date as as_date
from django.utils import timezone, translation
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from regulars.interfaces.console import desk, naming, words
from regulars.kernel import ids, money, wording

register = template.Library()


@register.filter
def number(value: Any) -> str:
    """A whole number or decimal with its thousands apart: 12,345."""
    if value in (None, ""):
        return "–"
    text = f"{value:,}" if isinstance(value, int | Decimal) else str(value)
    return text.rstrip("0").rstrip(".") if isinstance(value, Decimal) and "." in text else text


@register.filter
def decimal(value: Decimal) -> str:
    """A quantity without zeros at its end."""
    return f"{value.normalize():f}"


@register.filter
def signed(value: int) -> str:
    """A movement: +120 or −30, with a real minus."""
    return f"+{value:,}" if value > 0 else f"−{-value:,}" if value < 0 else "0"


@register.filter
def cash(minor: Any, currency: str) -> str:
    """Money with its sign: ¥1,234.50; currencies without a well-known sign by their code."""
    if minor is None:
        return "–"
    return wording.cash(int(minor), currency)


@register.filter
def round_cash(minor: Any, currency: str) -> str:
    """Money for a glance: from a thousand on without the minor part."""
    digits = money.exponent(currency)
    text = cash(minor, currency)
    return text[: -digits - 1] if digits and minor is not None and abs(int(minor)) >= 1000 * 10**digits else text


def _is_chinese() -> bool:
    return wording.is_chinese(translation.get_language())


def _local(instant: datetime) -> datetime:
    return instant.astimezone(timezone.get_current_timezone())


@register.filter
def day(value: Any) -> str:
    """A local day: 5 Jan 2026, 2026年1月5日."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        value = _local(value)
    return wording.day(value, translation.get_language())


@register.filter
def moment(value: Any) -> str:
    """An instant in the program's zone, to the minute."""
    if value is None:
        return "–"
    return local_moment(_local(value))


@register.filter
def local_moment(value: datetime) -> str:
    """A time that is told as clocks of the program show it, without a zone."""
    return as_date(value, "Y年n月j日 H:i" if _is_chinese() else "j M Y, H:i")


@register.filter
def told_day(text: str) -> str:
    """The day of an instant or day that is told as text, as its reader writes it."""
    return wording.day(text, translation.get_language())


@register.simple_tag
def when(value: Any) -> str:
    """An instant as people read it, with the exact one for machines and on hover."""
    if value is None:
        return "–"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(), value.isoformat(), moment(value)
    )


@register.simple_tag
def last_day(value: Any) -> str:
    """The last local day of something that ends at an exclusive instant."""
    if value is None:
        return pgettext("expiry", "never")
    if isinstance(value, date) and not isinstance(value, datetime):
        return day(value)
    return day(value - timedelta(microseconds=1))


@register.simple_tag
def runs(begins: Any, ends: Any) -> str:
    """From when to when something runs."""
    if begins is None and ends is None:
        return _("always")
    if ends is None:
        return _("from %(day)s") % {"day": day(begins)}
    last = day(ends - timedelta(microseconds=1))
    return _("until %(day)s") % {"day": last} if begins is None else f"{day(begins)} – {last}"


@register.filter
def last_step(steps: Any) -> str:
    """Who did the last thing of a list of steps."""
    return steps[-1].actor if steps else ""


@register.filter
def rejected(reason: str) -> str:
    """Why a row stayed out, in words; the field in question behind it, by its name in the mapping."""
    code, _, field = reason.partition(":")
    return f"{words.word('reject', code)}{f' ({field})' if field else ''}"


@register.filter
def word(code: Any, table: str) -> Any:
    """What a code is called."""
    return words.word(table, code)


@register.simple_tag
def badge(code: Any, table: str) -> str:
    """A code as a small coloured label."""
    return format_html(
        '<span class="rg-badge rg-{}">{}</span>', words.TONE.get(str(code), "plain"), words.word(table, code)
    )


@register.filter
def public_id(value: UUID, prefix: str) -> str:
    """The public form of an id."""
    return ids.encode(prefix, value)


@register.filter
def who(actor: str) -> str:
    """Who it was: a person's name, or the actor as the books have it."""
    return " + ".join(desk.name_of(part) for part in actor.split("+")) if actor else "–"


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """The value of a mapping, or nothing."""
    return mapping.get(key) if mapping else None


@register.filter
def unit_name(key: str, units: Any) -> str:
    """A unit in the reader's language; `units`: names by key."""
    return str((units or {}).get(key, key))


@register.simple_tag
def named(at_desk: Any, kind: str, key: Any) -> str:
    """What a thing of the program is called, its key as a hint; see `naming.Names.of` for the kinds."""
    if not key:
        return "–"
    name = naming.of(at_desk).of(kind, key)
    return format_html('<span title="{}">{}</span>', key, name) if name and name != str(key) else str(name)


@register.simple_tag
def named_all(at_desk: Any, kind: str, keys: Any) -> str:
    """Several of them, one after the other."""
    return format_html_join(", ", "{}", ((named(at_desk, kind, key),) for key in keys))


@register.simple_tag
def plain_name(at_desk: Any, kind: str, key: Any) -> str:
    """The name alone, inside another sentence or an option of a form."""
    return naming.of(at_desk).of(kind, key)


@register.filter
def care_kind(kind: str) -> str:
    """What a kind of adviser is called; a program's own kind by its key, as words."""
    return _("Adviser") if kind == "adviser" else kind.replace("-", " ").replace("_", " ").capitalize()


@register.filter
def for_n(name: str, amount: Any) -> str:
    """The name of a unit beside an amount: 1 Point, 2 Points."""
    return wording.counted(name, amount, translation.get_language())


@register.filter
def at(values: Any, place: int) -> str:
    """The value at a place of a list, as a number."""
    value = values[place]
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"


@register.filter
def serves(at_desk: Any, permission: str) -> bool:
    """Whether she may do something for a member who stands before her."""
    return bool(at_desk and at_desk.serves(permission))


@register.filter
def may(at_desk: Any, permission: str) -> bool:
    """Whether she may do something in this program."""
    return bool(at_desk and at_desk.may(permission))


@register.filter
def lasting(seconds: int) -> str:
    """How long something takes or waits, in one unit."""
    for size, text in ((86_400, _("%(n)s days")), (3_600, _("%(n)s h")), (60, _("%(n)s min")), (1, _("%(n)s s"))):
        if seconds >= size:
            return text % {"n": seconds // size}
    return "–"


@register.filter
def order_ref(source_ref: str) -> str:
    """How an order is looked up, from the way a journal names it: `till/A-1` → `till:A-1`."""
    return source_ref.replace("/", ":", 1)


@register.filter
def chosen(field: Any) -> Any:
    """What a form's field holds, as a person reads it."""
    value = field.value()
    choices = dict(getattr(field.field, "choices", ()))
    return choices.get(value, choices.get(_whole(value), value))


def _whole(value: Any) -> Any:
    return int(value) if str(value).lstrip("-").isdecimal() else value


@register.filter
def told(facts: Any) -> str:
    """What else an audit entry knows, beside the reason: `unit: points · amount: 5`."""
    known = ((key, value) for key, value in facts.items() if key != "reason" and value not in (None, "", []))
    return " · ".join(f"{key}: {', '.join(map(str, v)) if isinstance(v, list) else v}" for key, v in known)

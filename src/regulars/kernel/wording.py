"""Amounts, days and names of units as a reader of a language has them: English or Chinese."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation

from regulars.kernel import money
from regulars.kernel.errors import Invalid

SIGNS = {
    "CNY": "¥",
    "JPY": "¥",
    "GBP": "£",
    "USD": "$",
    "EUR": "€",
    "KRW": "₩",
    "INR": "₹",
    "HKD": "HK$",
    "TWD": "NT$",
}
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_ONE = ((re.compile(r"([^aeiou])ies$", re.I), r"\1y"), (re.compile(r"(ch|sh|x|ss|zz)es$", re.I), r"\1"))
_ALWAYS_S = re.compile(r"(ss|us|is|os)$", re.I)  # Bonus, Plus, Kudos: no plurals to be undone


def is_chinese(language: str | None) -> bool:
    """Whether a reader of this language reads Chinese; every other reads English."""
    return (language or "").lower().startswith("zh")


def counted(name: str, amount: object, language: str | None) -> str:
    """The name of a unit beside an amount: one of it is not many.

    A program names a unit once in each language, and in English by its plural. Chinese has no plural.

    >>> counted("Points", 1, "en"), counted("Points", 2, "en"), counted("积分", 1, "zh-Hans")
    ('Point', 'Points', '积分')
    >>> counted("Pennies", -1, "en"), counted("Bonus", 1, "en"), counted("Growth", 1, "en")
    ('Penny', 'Bonus', 'Growth')
    """
    if is_chinese(language) or str(amount).lstrip("+-−") != "1" or not name.isascii() or _ALWAYS_S.search(name):
        return name
    for many, one in _ONE:
        if many.search(name):
            return many.sub(one, name)
    return re.sub(r"(?<=[a-z])s$", "", name, flags=re.I)


def figure(value: object) -> str:
    """A number with its thousands apart, as both languages write it; anything else as it stands.

    >>> figure(12345), figure("1500.50"), figure("4/3")
    ('12,345', '1,500.50', '4/3')
    """
    try:
        return f"{Decimal(str(value)):,}"
    except InvalidOperation:
        return str(value)


def cash(minor: int, currency: str) -> str:
    """Money with its sign; currencies without a well-known one by their code.

    >>> cash(123450, "CNY"), cash(-5, "GBP"), cash(1000, "CHF")
    ('¥1,234.50', '−£0.05', 'CHF 10.00')
    """
    digits = money.exponent(currency)
    text = f"{Decimal(abs(minor)).scaleb(-digits):,.{digits}f}"
    sign = "−" if minor < 0 else ""
    return f"{sign}{SIGNS[currency]}{text}" if currency in SIGNS else f"{sign}{currency} {text}"


def price(amount: object, currency: str) -> str:
    """An amount as a program document says it, as money; what is none as it stands. Whole amounts stay whole.

    >>> price("9.90", "CNY"), price(10, "CNY"), price("free", "CNY")
    ('¥9.90', '¥10', 'free CNY')
    """
    try:
        value = Decimal(str(amount))
        text = cash(money.to_minor(value, currency), currency)
    except (InvalidOperation, Invalid):
        return f"{amount} {currency}".strip()
    digits = money.exponent(currency)
    return text[: -digits - 1] if digits and value == value.to_integral_value() else text


def day(value: object, language: str | None) -> str:
    """A day as its reader writes it; a text that is no ISO day stays as it is.

    >>> day("2026-01-05", "en"), day("2026-01-05", "zh-Hans"), day("some day", "en")
    ('5 Jan 2026', '2026年1月5日', 'some day')
    """
    if not isinstance(value, date):
        try:
            value = date.fromisoformat(str(value)[:10])
        except ValueError:
            return str(value)
    if is_chinese(language):
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"

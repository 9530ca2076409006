"""Normal forms: two ways of writing one phone, e-mail or name become one text."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

from regulars.kernel.errors import Invalid
from regulars.people.members.terms import IdentifierType

LONGEST = 200
_REGION_OF = {
    "CNY": "CN", "GBP": "GB", "USD": "US", "JPY": "JP", "HKD": "HK", "TWD": "TW", "SGD": "SG", "KRW": "KR",
    "AUD": "AU", "CAD": "CA", "INR": "IN", "THB": "TH", "MYR": "MY", "IDR": "ID", "VND": "VN", "PHP": "PH",
    "CHF": "CH", "SEK": "SE", "NOK": "NO", "DKK": "DK", "PLN": "PL", "BRL": "BR", "MXN": "MX", "ZAR": "ZA",
    "NZD": "NZ", "AED": "AE", "SAR": "SA", "TRY": "TR", "EUR": "DE", "MOP": "MO",
}  # fmt: skip
_CHINESE_MOBILE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@.]+(?:\.[^\s@.]+)+")


def region(*, locale: str, currency: str) -> str:
    """The region whose phone numbers need no country code: the locale's, else the currency's, else none ("").

    >>> region(locale="zh-Hans-HK", currency="CNY"), region(locale="en", currency="GBP")
    ('HK', 'GB')
    """
    for part in re.split(r"[-_]", locale)[1:]:
        if len(part) == 2 and part.isalpha():
            return part.upper()
    return _REGION_OF.get(currency, "")


def identifier(kind: IdentifierType, value: str, *, region: str, path: str = "value") -> str:
    """The one text by which an identifier is compared.

    Args: region: ISO 3166 code for phones written without a country code, or "".
    Raises: Invalid with `path` when the value cannot be an identifier of this type.
    """
    text = unicodedata.normalize("NFKC", value).strip()
    if not text:
        raise Invalid(errors=[(path, "must not be empty")])
    if len(text) > LONGEST:
        raise Invalid(errors=[(path, f"must be at most {LONGEST} characters")])
    if any(unicodedata.category(c) == "Cc" for c in text):
        raise Invalid(errors=[(path, "must not hold control characters")])
    if kind is IdentifierType.PHONE:
        return phone(text, region=region, path=path)
    if kind is IdentifierType.EMAIL:
        return email(text, path=path)
    if kind is IdentifierType.CARD:
        return card(text, path=path)
    return text


def phone(text: str, *, region: str, path: str = "value") -> str:
    """A phone number in E.164.

    >>> phone("138 0013-8000", region="CN"), phone("+44 20 7946 0018", region="CN")
    ('+8613800138000', '+442079460018')
    """
    bare = re.sub(r"[\s\-().·]", "", text)
    if region == "CN" or bare.startswith("+86"):  # most numbers of a big import; the full parser is 50 times slower
        known = _CHINESE_MOBILE.fullmatch(bare)
        if known:
            return f"+86{known[1]}"
    try:
        parsed = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException as no:
        raise Invalid(errors=[(path, "is not a phone number; write it with its country code: +44 …")]) from no
    if not phonenumbers.is_possible_number(parsed):
        raise Invalid(errors=[(path, "is not a possible phone number")])
    form = str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    if phonenumbers.parse(form, None) != phonenumbers.PhoneNumber(
        country_code=parsed.country_code,
        national_number=parsed.national_number,
        italian_leading_zero=parsed.italian_leading_zero,
        number_of_leading_zeros=parsed.number_of_leading_zeros,
    ):  # its digits begin like a prefix for dialling out: written, it would be read as another number
        raise Invalid(errors=[(path, "is not a possible phone number")])
    return form


def email(text: str, *, path: str = "value") -> str:
    """An e-mail address without spaces around it and in one case; mailboxes that differ in case alone do not exist.

    >>> email(" Ann.Lee@Example.COM ")
    'ann.lee@example.com'
    """
    text = unicodedata.normalize("NFKC", text.strip().casefold())
    if not _EMAIL.fullmatch(text):
        raise Invalid(errors=[(path, "is not an e-mail address")])
    return text


def card(text: str, *, path: str = "value") -> str:
    """A card number without blanks and dashes, in capitals."""
    text = unicodedata.normalize("NFKC", re.sub(r"[\s\-]", "", text).upper())
    if not text:
        raise Invalid(errors=[(path, "must not be empty")])
    return text


def name(text: str) -> str:
    """The form of a name for exact look-up: NFKC, one case, single blanks; the order of its parts is left alone.

    >>> name("  ÉMILIE  zola "), name("王 小明"), name("王小明")
    ('émilie zola', '王 小明', '王小明')
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())

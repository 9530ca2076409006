"""What the editor of promotions offers: effects with their fields, facts with their operators, everything by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from regulars.interfaces.console.promoting.effects import EFFECTS, Spec, field

DAYS = [
    ("mon", _("Mon")),
    ("tue", _("Tue")),
    ("wed", _("Wed")),
    ("thu", _("Thu")),
    ("fri", _("Fri")),
    ("sat", _("Sat")),
    ("sun", _("Sun")),
]
PER = [
    ("member", _("a member")),
    ("program", _("all members together")),
    ("store", _("a store")),
    ("coupon", _("a coupon template")),
    ("identifier", _("an identifier")),
]
PERIODS = [
    ("basket", _("basket")),
    ("day", _("day")),
    ("week", _("week")),
    ("month", _("month")),
    ("year", _("year")),
    ("lifetime", _("ever")),
]
PARTS: list[tuple[str, Any, list[Spec]]] = [
    (
        "basics",
        _("What it is called"),
        [
            field("key", "text", _("Key"), required=True, hint=_("Small letters, digits, dots and hyphens")),
            field("name", "names", _("Name on receipts")),
            field("note", "text", _("Note for colleagues")),
        ],
    ),
    ("effects", _("What it gives"), [field("effects", "effects", _("Effects"))]),
    (
        "goods",
        _("Which goods"),
        [
            field("goods", "goods", _("Goods")),
            field("min.amount", "money", _("At least for"), hint=_("Money in the basket, before discounts")),
            field("min.quantity", "whole", _("At least pieces")),
            field(
                "min.of",
                "choice",
                _("Counted over"),
                choices=[("goods", _("these goods")), ("basket", _("the whole basket"))],
            ),
        ],
    ),
    (
        "when",
        _("When and where"),
        [
            field("schedule.starts", "day", _("First day"), hint=_("A day, or a moment as 2026-05-01T09:00")),
            field("schedule.ends", "day", _("Last day"), hint=_("A day counts whole; a moment ends it")),
            field("schedule.weekdays", "keys", _("Days of the week"), choices=DAYS),
            field(
                "schedule.hours",
                "rows",
                _("Hours"),
                fields=[
                    field("from", "text", _("From"), placeholder="09:00"),
                    field("to", "text", _("To"), placeholder="11:30"),
                ],
            ),
            field("schedule.member_day", "whole", _("Member day (day of the month)")),
            field("schedule.birthday", "birthday", _("Around the birthday")),
            field("schedule.rrule", "text", _("Recurring days (RFC 5545)"), placeholder="FREQ=MONTHLY;BYDAY=1FR"),
            field(
                "schedule.zone",
                "choice",
                _("Whose clock"),
                choices=[("store", _("the store's")), ("program", _("the program's")), ("member", _("the member's"))],
            ),
            field("stores", "keys", _("Stores"), options="stores"),
            field("channels", "keys", _("Channels"), options="channels"),
            field("brands", "keys", _("Brands of stores"), options="brands"),
        ],
    ),
    (
        "who",
        _("For whom"),
        [
            field("members_only", "flag", _("Members only")),
            field("tiers", "keys", _("Levels"), options="tiers"),
            field("audiences.any", "keys", _("In one of the audiences"), options="audiences"),
            field("audiences.none", "keys", _("In none of the audiences"), options="audiences"),
            field("plans", "keys", _("With one of the paid plans"), options="plans"),
            field("benefits", "keys", _("With one of the benefits"), options="benefits"),
            field("uses_benefit", "choice", _("Each sale uses one of"), options="benefits"),
            field("tenders", "list", _("Paid with"), hint=_("One kind a line: wechat, card, cash …")),
        ],
    ),
    (
        "conditions",
        _("More conditions"),
        [
            field("when", "condition", _("The basket"), of="when"),
            field("lines", "condition", _("Each line"), of="lines"),
        ],
    ),
    (
        "limits",
        _("How often and how much"),
        [
            field(
                "limits",
                "rows",
                _("Limits"),
                fields=[
                    field("limit", "money_or_whole", _("At most")),
                    field("action", "choice", _("of"), choices=[("times", _("times")), ("minor", _("money off"))]),
                    field("per", "choice", _("for"), choices=PER),
                    field("period", "choice", pgettext_lazy("limit", "per"), choices=PERIODS),
                    field(
                        "on_excess",
                        "choice",
                        _("above it"),
                        choices=[("cap", _("cut to what is left")), ("reject", _("nothing at all"))],
                    ),
                ],
            ),
            field("budget.amount", "money", _("Budget in all")),
            field("budget.hot", "flag", _("Many tills at once (spread the budget)")),
            field("cap", "money", _("At most off one basket")),
            field("funder", "text", _("Who pays for it"), hint=_("Empty: the program")),
        ],
    ),
    (
        "stacking",
        _("Beside other promotions"),
        [
            field("priority", "whole", _("Priority"), hint=_("Higher goes first"), signed=True),
            field("group", "text", _("Group of which only one applies")),
            field("exclusive", "flag", _("Only alone")),
            field("with.always", "keys", _("May always join"), options="promotions"),
            field("with.never", "keys", _("Never joins"), options="promotions"),
            field(
                "percent_of",
                "choice",
                _("Percentages are of"),
                choices=[("running", _("what others left of the price")), ("original", _("the first price"))],
            ),
            field(
                "on_return",
                "choice",
                _("When goods come back"),
                choices=[
                    ("keep", _("what is kept keeps its discount")),
                    ("reprice", _("the rest is priced anew")),
                    ("all_or_nothing", _("it ends with the first return")),
                ],
            ),
        ],
    ),
]

OPERATORS: dict[str, list[tuple[str, Any]]] = {
    "string": [
        ("==", _("is")),
        ("!=", _("is not")),
        ("in", _("is one of")),
        ("not in", _("is none of")),
        ("startsWith", _("begins with")),
        ("contains", _("contains")),
    ],
    "int": [
        (">=", _("at least")),
        ("<=", _("at most")),
        (">", _("more than")),
        ("<", _("less than")),
        ("==", _("is")),
        ("!=", _("is not")),
    ],
    "bool": [("yes", _("is so")), ("no", _("is not so"))],
    "list<string>": [("has", _("holds")), ("lacks", _("does not hold"))],
    "map<string, int>": [("at>=", _("at least, of")), ("at<=", _("at most, of"))],
    "map<string, string>": [("at==", _("is, for")), ("at!=", _("is not, for"))],
    "timestamp": [("t>=", _("from")), ("t<", _("before"))],
}
OPERATORS["double"] = OPERATORS["int"]
FACTS: dict[str, Any] = {
    "member.status": _("Member: status"),
    "member.tier": _("Member: level"),
    "member.active": _("Member: balance"),
    "member.attributes": _("Member: attribute"),
    "member.locale": _("Member: language"),
    "member.joined_at": _("Member: joined"),
    "member.days": _("Member: days since joining"),
    "member.birth_month": _("Member: month of birth"),
    "member.birth_day": _("Member: day of birth"),
    "member.is_birthday": _("Member: has birthday"),
    "member.is_birth_month": _("Member: month of birthday"),
    "member.audiences": _("Member: audiences"),
    "member.consents": _("Member: consents"),
    "member.orders": _("Member: orders so far"),
    "member.benefits": _("Member: benefits she may use now"),
    "member.plans": _("Member: paid plans"),
    "member.is_member": _("A member buys"),
    "basket.currency": _("Basket: currency"),
    "basket.total_minor": _("Basket: total (in cents)"),
    "basket.goods_minor": _("Basket: goods (in cents)"),
    "basket.units": _("Basket: pieces"),
    "basket.lines": _("Basket: lines"),
    "basket.skus": _("Basket: goods"),
    "basket.categories": _("Basket: money by category (in cents)"),
    "basket.brands": _("Basket: money by brand (in cents)"),
    "tender.types": _("Paid with"),
    "tender.minor": _("Paid with: money (in cents)"),
    "store": _("Store"),
    "channel": _("Channel"),
    "now": _("Moment"),
    "local.date": _("Local day"),
    "local.month": _("Local month"),
    "local.day": _("Local day of the month"),
    "local.weekday": _("Local day of the week"),
    "local.hour": _("Local hour"),
    "local.minute": _("Local minute"),
    "line.sku": _("Line: goods"),
    "line.kind": _("Line: kind"),
    "line.category": _("Line: category"),
    "line.categories": _("Line: category and those above it"),
    "line.brand": _("Line: brand"),
    "line.amount_minor": _("Line: amount (in cents)"),
    "line.quantity": _("Line: pieces"),
    "line.thousandths": _("Line: thousandths of a piece"),
    "line.uom": _("Line: unit of measure"),
    "line.attributes": _("Line: attribute"),
    "line.member_minor": _("Line: member price (in cents)"),
}
WORDS = {
    "add_effect": _("Add an effect"),
    "add_row": _("Add"),
    "add_condition": _("Add a condition"),
    "remove": _("Remove"),
    "choose": _("Choose …"),
    "any": _("any"),
    "and": _("and"),
    "value": _("Value"),
    "of_which": _("Of which"),
    "as_text": _("As CEL"),
    "by_choosing": _("By choosing"),
    "too_free": _("This condition is written freely; change it as text."),
    "sound": _("Can be understood"),
    "include": _("These goods"),
    "exclude": _("But not these"),
    "skus": _("Skus"),
    "categories": _("Categories"),
    "brands": _("Brands"),
    "attributes": _("Attributes (key: value, value)"),
    "all_goods": _("Empty: all goods"),
    "one_a_line": _("One a line"),
    "no_faults": _("The promotion is sound."),
    "faults": _("Still to do:"),
    "checking": _("Looking …"),
    "offline": _("The check could not be reached."),
    "conflicts_none": _("No other promotion touches the same goods at the same time."),
    "unsaved": _("Not saved yet"),
    "english": _("English"),
    "chinese": _("Chinese"),
    "birthday_no": _("whenever"),
    "birthday_month": _("the whole month"),
    "birthday_days": _("some days"),
    "days_before": _("days before"),
    "days_after": _("days after"),
    "not_yaml": _("This cannot be read:"),
}


def plain(value: Any) -> Any:
    """Lazy texts as texts, for JSON."""
    if isinstance(value, Mapping):
        return {str(name): plain(v) for name, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value if isinstance(value, str | int | bool | type(None)) else str(value)


def vocabulary(*, facts: Mapping[str, Mapping[str, str]], options: Mapping[str, Iterable[tuple[str, Any]]]) -> Any:
    """All that the editor's script needs, in the reader's language, as JSON values.

    Args: facts: by kind of condition (`when`, `lines`), name → CEL type. options: keys of the program with names.
    """
    return plain(
        {
            "effects": [{"kind": k, "label": label, "fields": fields} for k, (label, fields) in EFFECTS.items()],
            "parts": [{"key": k, "label": label, "fields": fields} for k, label, fields in PARTS],
            "operators": OPERATORS,
            "facts": {
                of: [{"name": n, "type": kind, "label": FACTS.get(n, n)} for n, kind in known.items()]
                for of, known in facts.items()
            },
            "options": {name: list(entries) for name, entries in options.items()},
            "words": WORDS,
        }
    )

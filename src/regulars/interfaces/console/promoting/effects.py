"""The effects that the editor offers, each with its fields."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Spec = dict[str, Any]


def field(name: str, kind: str, label: Any, **more: Any) -> Spec:
    """One field of the editor; the script knows its kinds (text, whole, money, percent, flag, choice, keys …)."""
    return {"name": name, "kind": kind, "label": label, **more}


_PERCENT = field("percent", "percent", _("Percent off"), required=True)
_AMOUNT = field("amount", "money", _("Amount off"), required=True)
EFFECTS: dict[str, tuple[Any, list[Spec]]] = {
    "order_percent": (_("Percent off the goods together"), [_PERCENT]),
    "order_amount": (_("Amount off the goods together"), [_AMOUNT]),
    "line_percent": (_("Percent off each line"), [_PERCENT]),
    "line_amount": (_("Amount off each line"), [_AMOUNT]),
    "unit_percent": (_("Percent off each piece"), [_PERCENT]),
    "unit_amount": (_("Amount off each piece"), [_AMOUNT]),
    "fixed_price": (_("Fixed price a piece"), [field("price", "money", _("Price"), required=True)]),
    "member_price": (_("Member price of the catalog"), []),
    "shipping_percent": (_("Percent off the shipping"), [_PERCENT]),
    "shipping_amount": (_("Amount off the shipping"), [_AMOUNT]),
    "buy_x_get_y": (
        _("Buy some, get some cheaper"),
        [
            field("buy", "whole", _("Buy"), required=True),
            field("get", "whole", _("Get"), required=True),
            field("percent", "percent", _("Percent off what is got"), hint=_("Empty: free")),
            field(
                "first",
                "choice",
                _("Which are cheaper"),
                choices=[("cheapest", _("the cheapest")), ("dearest", _("the dearest"))],
            ),
            field("goods", "goods", _("What may be got"), hint=_("Empty: the same goods")),
        ],
    ),
    "nth_item": (
        _("Every n-th piece cheaper"),
        [field("n", "whole", _("Every n-th"), required=True), _PERCENT],
    ),
    "cheapest_free": (_("The cheapest is free"), [field("of", "whole", _("One free of every"), required=True)]),
    "bundle": (
        _("Bundle for one price"),
        [
            field(
                "parts",
                "rows",
                _("Parts"),
                fields=[field("goods", "goods", _("Goods")), field("quantity", "whole", _("Pieces"))],
            ),
            field("price", "money", _("Price of the bundle"), required=True),
        ],
    ),
    "thresholds": (
        _("Spend and save"),
        [
            field(
                "steps",
                "rows",
                _("Steps"),
                fields=[
                    field("from", "money", _("From")),
                    field("off", "money", _("Amount off")),
                    field("percent", "percent", _("or percent off")),
                ],
            ),
            field("repeat", "flag", _("For every time the step is reached")),
        ],
    ),
    "gift": (
        _("Gift"),
        [
            field("sku", "text", _("Goods (sku)")),
            field("choose_from", "list", _("or one of these"), hint=_("One sku a line")),
            field("quantity", "whole", _("Pieces")),
        ],
    ),
    "random_reward": (
        _("Random reward"),
        [
            field(
                "prizes",
                "rows",
                _("Prizes"),
                fields=[
                    field("key", "text", _("Key")),
                    field("weight", "whole", _("Weight")),
                    field("stock", "whole", _("How many there are")),
                ],
                hint=_("What each prize brings is written in the YAML view."),
            ),
            field("cap", "whole", _("At most so many prizes")),
        ],
    ),
    "earn": (
        _("Extra points"),
        [
            field("unit", "choice", _("Unit"), options="units", required=True),
            field("rate.points", "whole", _("So many for each")),
            field("rate.per", "money", _("… of this money")),
            field("fixed", "whole", _("So many, once")),
            field("per_unit", "whole", _("So many a piece")),
            field("times", "text", _("Times the usual"), hint=_("2, 1.5 or 4/3")),
        ],
    ),
    "issue_coupon": (
        _("Issue a coupon"),
        [
            field("template", "choice", _("Coupon template"), options="templates", required=True),
            field("count", "whole", _("How many")),
        ],
    ),
    "challenge": (
        _("Steps of a challenge"),
        [field("key", "text", _("Key"), required=True), field("steps", "whole", _("Steps"))],
    ),
    "audience": (
        _("Add to an audience, or remove"),
        [
            field("key", "choice", _("Audience"), options="audiences", required=True),
            field("action", "choice", _("What to do"), choices=[("add", _("add")), ("remove", _("remove"))]),
        ],
    ),
    "tier": (
        _("Raise to a level"),
        [
            field("ladder", "choice", _("Ladder"), options="ladders"),
            field("level", "choice", _("Level"), options="tiers"),
        ],
    ),
    "notify": (_("Send a message"), [field("text", "names", pgettext_lazy("message", "Text"), required=True)]),
    "cashier_message": (
        _("Message for the cashier"),
        [field("text", "names", pgettext_lazy("message", "Text"), required=True)],
    ),
    "webhook": (_("Call a webhook"), [field("name", "text", _("Name"), required=True)]),
}

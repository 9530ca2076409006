"""How django-unfold looks here: name, colours, navigation."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

# One green, dark enough for white letters on 600 and for text on white (WCAG AA).
_PRIMARY = {
    "50": "oklch(98.2% .018 155.8)",
    "100": "oklch(95.6% .04 163)",
    "200": "oklch(90.5% .08 164)",
    "300": "oklch(84.5% .12 164.9)",
    "400": "oklch(76.5% .15 163.2)",
    "500": "oklch(64% .14 162.5)",
    "600": "oklch(50.8% .118 165.6)",
    "700": "oklch(43.2% .095 166.9)",
    "800": "oklch(37.8% .077 168.9)",
    "900": "oklch(31% .06 170)",
    "950": "oklch(26.2% .051 172.6)",
}


def _may(permission: str) -> Any:
    """Whether the link shows: where she may, somewhere; each page asks again for its program."""
    return lambda request: request.grants.may_somewhere(permission)


def _item(title: Any, icon: str, name: str, permission: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(name), "permission": _may(permission), **more}


WAITING = "regulars.interfaces.console.desk.waiting_badge"

NAVIGATION: list[dict[str, Any]] = [
    {
        "items": [
            {"title": _("Overview"), "icon": "space_dashboard", "link": reverse_lazy("admin:index")},
            _item(_("Members"), "groups", "console_members", "members:read"),
            _item(_("My members"), "assignment_ind", "console_own_desk", "care:write"),
            _item(_("Advisers"), "support_agent", "console_advisers", "care:read"),
            _item(_("Audiences"), "groups_2", "console_audiences", "members:read"),
            _item(_("Orders"), "receipt_long", "console_orders", "orders:read"),
            _item(_("Baskets"), "shopping_cart", "console_sessions", "orders:read"),
        ],
    },
    {
        "title": _("Promotions"),
        "separator": True,
        "items": [
            _item(_("Promotions"), "local_offer", "console_promotions", "program:read"),
            _item(_("Drafts"), "edit_note", "console_drafts", "program:read"),
            _item(_("Coupons"), "confirmation_number", "console_coupons", "coupons:read"),
            _item(_("Levels"), "stairs", "console_levels", "program:read"),
            _item(_("Benefits"), "loyalty", "console_benefits", "benefits:read"),
            _item(_("Rewards"), "redeem", "console_rewards", "rewards:read"),
            _item(_("Paid membership"), "card_membership", "console_subscriptions", "subscriptions:read"),
        ],
    },
    {
        "title": _("Ledger"),
        "separator": True,
        "items": [
            _item(_("Statements"), "account_balance", "console_ledger", "ledger:read"),
            _item(_("Waiting for approval"), "rule", "console_approvals", "ledger:read", badge=WAITING),
            _item(_("Proofs"), "verified", "console_proofs", "ledger:read"),
        ],
    },
    {
        "title": _("Catalog"),
        "separator": True,
        "items": [
            _item(_("Products"), "inventory_2", "console_products", "program:read"),
            _item(_("Categories"), "category", "console_categories", "program:read"),
            _item(_("Stock"), "warehouse", "console_stock", "program:read"),
            _item(_("Purchase rights"), "lock_open", "console_rights", "program:read"),
            _item(_("Parity"), "balance", "console_parity", "program:read"),
        ],
    },
    {
        "title": _("Program"),
        "separator": True,
        "items": [
            _item(_("Versions"), "history_edu", "console_versions", "program:read"),
            _item(_("Told and confirmed"), "handshake", "console_told", "program:read"),
            _item(_("Stores"), "storefront", "admin:programs_storerow_changelist", "program:read"),
            _item(_("Brands"), "sell", "admin:programs_brandrow_changelist", "program:read"),
            _item(_("Channels"), "lan", "admin:programs_channelrow_changelist", "program:read"),
        ],
    },
    {
        "title": _("Operation"),
        "separator": True,
        "items": [
            _item(_("Imports"), "upload_file", "console_imports", "imports:run"),
            _item(_("Offline tills"), "point_of_sale", "console_tills", "tills:read"),
            _item(_("Outbox"), "outbox", "console_outbox", "outbox:manage"),
            _item(_("API keys"), "key", "admin:staff_keyrow_changelist", "keys:manage"),
        ],
    },
    {
        "title": _("Staff"),
        "separator": True,
        "items": [
            _item(_("People"), "badge", "admin:staff_staffuser_changelist", "staff:read"),
            _item(_("Grants"), "admin_panel_settings", "admin:staff_grantrow_changelist", "staff:read"),
            _item(_("Audit trail"), "policy", "console_audit", "audit:read"),
        ],
    },
]


def navigation(request: Any) -> list[dict[str, Any]]:
    """The links for one request: the badge only where something waits, one link as the place where she is."""
    badge, here = import_string(WAITING)(request), _here(request.path)
    return [
        {
            **group,
            "items": [
                {
                    **item,
                    "active": partial(_is_here, here, str(item["link"])),
                    **({"badge": badge} if "badge" in item else {}),
                }
                for item in group["items"]
            ],
        }
        for group in NAVIGATION
    ]


def _is_here(here: str, link: str, _request: Any) -> bool:
    return here == link


def _here(path: str) -> str:
    """The nearest link above a page: of `member/…` it is `members/`. The first page is above none but itself."""
    links = [str(item["link"]) for group in NAVIGATION for item in group["items"]][1:]
    return max((k for k in links if path.startswith((k, f"{k[:-2]}/"))), key=len, default=path)


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Regulars",
    "SITE_HEADER": "Regulars",
    "SITE_URL": None,
    "SITE_SYMBOL": "loyalty",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("console/favicon.svg")},
    ],
    "SHOW_LANGUAGES": True,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "COLORS": {"primary": _PRIMARY},
    "STYLES": [lambda request: static("console/console.css")],
    "SCRIPTS": [lambda request: static("console/console.js")],
    "ACCOUNT": {
        "navigation": [
            {"title": _("Password"), "link": reverse_lazy("account_change_password")},
            {"title": _("Second factor"), "link": reverse_lazy("mfa_index")},
        ],
    },
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": navigation},
}

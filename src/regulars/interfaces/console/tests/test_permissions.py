"""Every address of the console, walked by every role and by a stranger: what the table of roles says, and no more."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from regulars.interfaces.console import urls
from regulars.interfaces.console.views.acting import ACTS
from regulars.interfaces.console.views.drafting import ACTS as DRAFT_ACTS
from regulars.kernel import ids
from regulars.people.members import services as members
from regulars.people.staff import rules
from regulars.people.staff.models import StaffUser
from regulars.people.staff.terms import Role
from regulars.people.staff.tests.helpers import granted, program, tree

pytestmark = pytest.mark.django_db

NOBODY = "mrg_00000000000000000000000000"
# What each page needs. A page that is not here fails the test below: think what it should need, then write it down.
PAGES: dict[str, str | None] = {
    "console_overview": None,
    "console_subscriptions": "subscriptions:read",
    "console_subscription": "subscriptions:read",
    "console_subscription_act": "subscriptions:write",
    "console_subscribe": "subscriptions:write",
    "console_subscription_income": "subscriptions:read",
    "console_choose": None,
    "console_members": "members:read",
    "console_search": "members:read",
    "console_member": "members:read",
    "console_reveal": "members:reveal",
    "console_proof": "ledger:read",
    "console_statement": "ledger:read",
    "console_care": "care:read",
    "console_care_reveal": "members:reveal",
    "console_care_act": "care:write",
    "console_advisers": "care:read",
    "console_adviser_appoint": "care:write",
    "console_own_desk": "care:write",
    "console_merge": "members:merge",
    "console_unmerge": "members:merge",
    "console_orders": "orders:read",
    "console_order": "orders:read",
    "console_why": "orders:read",
    "console_sessions": "orders:read",
    "console_session": "orders:read",
    "console_promotions": "program:read",
    "console_promotion": "program:read",
    "console_promotion_steer": "program:apply",
    "console_drafts": "program:read",
    "console_draft_new": "program:apply",
    "console_draft_look": "program:read",
    "console_draft_condition": "program:read",
    "console_draft_try": "program:read",
    "console_draft": "program:read",
    "console_draft_week": "program:read",
    "console_audience": "members:read",
    "console_audiences": "members:read",
    "console_categories": "program:read",
    "console_coupon": "coupons:read",
    "console_coupon_codes": "coupons:write",
    "console_coupons": "coupons:read",
    "console_rewards": "rewards:read",
    "console_reward_desk": "rewards:read",
    "console_reward": "rewards:read",
    "console_redemption": "rewards:read",
    "console_redemption_reveal": "members:reveal",
    "console_redemption_act": "rewards:write",
    "console_member_rewards": "rewards:read",
    "console_levels": "program:read",
    "console_member_levels": "members:read",
    "console_benefits": "benefits:read",
    "console_member_benefits": "benefits:read",
    "console_parity": "program:read",
    "console_product": "program:read",
    "console_products": "program:read",
    "console_rights": "program:read",
    "console_stock": "program:read",
    "console_tills": "tills:read",
    "console_till_register": "tills:manage",
    "console_till_rotate": "tills:manage",
    "console_till_resolve": "tills:manage",
    "console_till_revoke": "tills:manage",
    "console_ledger": "ledger:read",
    "console_approvals": "ledger:read",
    "console_decide": "points:approve",
    "console_proofs": "ledger:read",
    "console_imports": "imports:run",
    "console_import": "imports:run",
    "console_import_steer": "imports:run",
    "console_import_rejects": "imports:run",
    "console_outbox": "outbox:manage",
    "console_replay": "outbox:manage",
    "console_audit": "audit:read",
    "console_versions": "program:read",
    "console_change": "program:apply",
    "console_version": "program:read",
    "console_drift": "program:read",
    "console_schedules": "program:read",
    "console_told": "program:read",
    "console_documents": "program:read",
    "console_document": "program:read",
    "console_estimate": "program:read",
}
# What sending the form of a page needs, where reading needs less.
SENT = {
    "console_coupons": "coupons:write",
    "console_member_rewards": "rewards:write",
    "console_benefits": "benefits:write",
    "console_member_benefits": "benefits:write",
    "console_member_levels": "members:write",
    "console_drift": "program:apply",
    "console_schedules": "program:apply",
}
OPEN = {"set_language"}  # for strangers too: the log-in page has the switcher
# for who serves her, anywhere
OF_A_MEMBER = (
    *("proof", "statement", "care", "care_reveal", "care_act", "own_desk"),
    *("rewards", "reward_desk", "reward", "redemption", "redemption_reveal", "redemption_act", "member_rewards"),
    *("member_levels", "member_benefits", "subscribe"),
)
BY_ACT = {"console_act", "console_draft_act"}


@pytest.fixture
def town() -> int:
    return program().id


@pytest.fixture
def ref(town: int) -> str:
    return ids.encode("mem", members.register(program_id=town, actor="system:test", name="Ann Lee").member_id)


def browser(role: Role | None, program_id: int, store_id: int | None = None) -> Client:
    client = Client()
    if role is not None:
        who = granted(f"{role}-{store_id or 'all'}", role, program_id, store_id)
        client.force_login(StaffUser.objects.get(id=who.id))
    return client


def address(name: str, ref: str) -> str:
    known: dict[str, Any] = {
        "ref": ref,
        "name": "note",
        "seq": 1,
        "merge_ref": NOBODY,
        "adjustment_id": 1,
        "number": 1,
        "key": "none",
        "code": "NONE",
        "sku": "none",
    }
    pattern = next(p for p in urls.urlpatterns if getattr(p, "name", None) == name).pattern
    if name in ("console_order", "console_why"):
        known["ref"] = "ord_00000000000000000000000000"
    elif name in ("console_document", "console_estimate"):
        known["ref"] = f"{'pdr' if name == 'console_document' else 'est'}_00000000000000000000000000"
    elif name.startswith("console_draft"):
        known["ref"] = "drf_00000000000000000000000000"
    elif name.startswith("console_import"):
        known["ref"] = "imp_00000000000000000000000000"
    return reverse(name, kwargs={part: known[part] for part in pattern.converters})


def addresses(ref: str) -> dict[str, str | None]:
    """All our own addresses with the permission that each needs."""
    acts = {reverse("console_act", args=[ref, name]): act.permission for name, act in ACTS.items()}
    drafted = "drf_00000000000000000000000000"
    acts |= {reverse("console_draft_act", args=[drafted, name]): p for name, (p, _done) in DRAFT_ACTS.items()}
    return {address(name, ref): wanted for name, wanted in PAGES.items()} | acts


def test_every_page_of_the_console_is_in_this_table() -> None:
    named = {name for p in urls.urlpatterns if (name := getattr(p, "name", None))}
    assert named == set(PAGES) | OPEN | BY_ACT


def test_a_stranger_is_sent_to_the_door_from_everywhere(town: int, ref: str) -> None:
    client = browser(None, town)
    for place in [*addresses(ref), *_lists()]:
        for answer in (client.get(place), client.post(place)):
            assert (answer.status_code, "login" in answer.headers.get("Location", "")) == (302, True), place


@pytest.mark.parametrize("role", list(Role))
def test_each_role_opens_what_its_permissions_name_and_nothing_else(town: int, ref: str, role: Role) -> None:
    client = browser(role, town)
    sent = {address(name, ref): wanted for name, wanted in SENT.items()}
    for place, wanted in addresses(ref).items():
        for method, needed in ((client.get, wanted), (client.post, sent.get(place, wanted))):
            status = method(place).status_code
            assert status < 500, place
            may = needed is None or needed in rules.ROLES[role]
            assert (status != 403) == may, (place, needed, status)


@pytest.mark.parametrize("role", [Role.CASHIER, Role.STORE_MANAGER])
def test_a_grant_at_one_store_opens_no_page_of_the_whole_program(town: int, ref: str, role: Role) -> None:
    client = browser(role, town, tree(town)["e1"].id)
    of_a_member = {
        *(address(f"console_{name}", ref) for name in OF_A_MEMBER),
        *(reverse("console_act", args=[ref, name]) for name in ACTS),
    }
    for place, wanted in addresses(ref).items():
        is_near = wanted in rules.NOT_BOUND_BY_STORE or place in of_a_member
        may = wanted is None or (wanted in rules.ROLES[role] and is_near)
        assert (client.get(place).status_code != 403) == may, (place, wanted)


def _lists() -> dict[str, tuple[str, str]]:
    found = {}
    for model in admin.site._registry:
        label, name = model._meta.app_label, model._meta.model_name or ""
        found[reverse(f"admin:{label}_{name}_changelist")] = (label, f"view_{name}")
        found[reverse(f"admin:{label}_{name}_add")] = (label, f"add_{name}")
    return found


@pytest.mark.parametrize("role", [Role.CASHIER, Role.ANALYST, Role.AUDITOR])
def test_lists_and_forms_of_the_admin_follow_the_same_table(town: int, role: Role) -> None:
    client = browser(role, town)
    for place, (label, codename) in _lists().items():
        wanted = rules.admin_permission(label, codename)
        status = client.get(place).status_code
        assert status in (200, 403), place
        if wanted is None or wanted not in rules.ROLES[role]:
            assert status == 403, place


def test_members_and_orders_of_another_program_do_not_exist_at_this_desk(town: int, ref: str) -> None:
    client = browser(Role.OWNER, program("elsewhere").id)
    own = {"console_member", "console_proof", "console_merge", "console_order"}
    for name in own:
        assert client.get(address(name, ref)).status_code == 404, name
    for name in ACTS:
        assert client.get(reverse("console_act", args=[ref, name])).status_code == 404, name
    revealed = client.post(address("console_reveal", ref), {"reason": "curious"})
    assert revealed.status_code == 404
    assert b"Ann" not in revealed.content


def test_a_form_sent_from_a_strangers_page_is_refused(town: int, ref: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(StaffUser.objects.get(id=granted("boss", "owner", town).id))
    for place in addresses(ref):
        assert client.post(place, {"why": "x", "do": "1"}).status_code == 403, place

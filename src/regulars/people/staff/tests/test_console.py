"""Log-in with a second factor, and the console's forms, asked as a browser asks."""

from __future__ import annotations

import re
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.urls import reverse

from regulars.people.programs import services as programs
from regulars.people.programs.models import StoreRow
from regulars.people.staff import services as staff
from regulars.people.staff.models import AuditRow, GrantRow, KeyRow, StaffUser
from regulars.people.staff.tests.helpers import PASSWORD, SYSTEM, granted, person, program, tree

pytestmark = pytest.mark.django_db


def log_in(client, who):
    client.force_login(StaffUser.objects.get(id=who.id))
    return client


def code_now(secret):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def test_a_person_logs_in_with_e_mail_password_and_code(client):
    who = staff.add_person(email="boss@shop.example", actor=SYSTEM, password=PASSWORD)
    secret = generate_totp_secret()
    TOTP.activate(StaffUser.objects.get(id=who.id), secret)
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored
    assert get_adapter().decrypt(stored) == secret
    login = reverse("account_login")
    answer = client.post(login, {"login": "Boss@Shop.example", "password": PASSWORD})
    assert answer.headers["Location"] == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session, "the password alone opens nothing"
    assert client.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code == 200
    assert "_auth_user_id" not in client.session
    answer = client.post(reverse("mfa_authenticate"), {"code": code_now(secret)})
    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(who.id)


def test_nobody_signs_up_and_the_admins_own_door_leads_to_the_one_with_a_second_factor(client):
    before = StaffUser.objects.count()
    client.post(reverse("account_signup"), {"email": "x@shop.example", "password1": PASSWORD, "password2": PASSWORD})
    assert StaffUser.objects.count() == before
    answer = client.get(reverse("admin:login"))
    assert answer.status_code == 302
    assert "/accounts/login/" in answer.headers["Location"]
    who = staff.add_person(email="boss@shop.example", actor=SYSTEM, password=PASSWORD)
    client.post(reverse("admin:login"), {"username": who.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_guessing_a_password_is_stopped_by_a_counter_that_all_processes_share(client):
    staff.add_person(email="boss@shop.example", actor=SYSTEM, password=PASSWORD)
    for _ in range(6):
        client.post(reverse("account_login"), {"login": "boss@shop.example", "password": "wrong"})
    client.post(reverse("account_login"), {"login": "boss@shop.example", "password": PASSWORD})
    assert "_auth_user_id" not in client.session, "even the right one has to wait"


def test_who_lacks_a_required_second_factor_is_sent_to_set_it_up(client, settings):
    who = granted("boss", "owner", program().id)
    settings.REGULARS_REQUIRE_2FA = True
    log_in(client, who)
    answer = client.get(reverse("admin:index"))
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("mfa_activate_totp"))
    TOTP.activate(StaffUser.objects.get(id=who.id), generate_totp_secret())
    assert client.get(reverse("admin:index")).status_code == 200


def test_lists_show_the_rows_of_ones_own_programs_only(client):
    town, other = program(), program("elsewhere")
    tree(town.id)
    programs.define_store(program_id=other.id, key="foreign", name="Foreign", actor=SYSTEM)
    staff.make_key(program_id=other.id, name="Foreign key", scopes=["orders:read"], actor=SYSTEM)
    granted("stranger", "owner", other.id)
    log_in(client, granted("boss", "owner", town.id))
    for model in (
        "programs_programrow",
        "programs_storerow",
        "programs_brandrow",
        "programs_channelrow",
        "staff_staffuser",
        "staff_grantrow",
        "staff_keyrow",
        "staff_auditrow",
    ):
        answer = client.get(reverse(f"admin:{model}_changelist"))
        assert answer.status_code == 200, model
        if model != "staff_staffuser":
            assert b"oreign" not in answer.content, model
    people = client.get(reverse("admin:staff_staffuser_changelist")).content
    assert b"boss@" in people
    assert b"stranger@" not in people
    store = StoreRow.objects.get(key="foreign")
    assert client.get(reverse("admin:programs_storerow_change", args=[store.id])).status_code == 302


def test_a_cashier_sees_neither_keys_nor_staff_nor_the_trail(client):
    log_in(client, granted("clerk", "cashier", program().id))
    for model in ("staff_staffuser", "staff_grantrow", "staff_keyrow", "staff_auditrow"):
        assert client.get(reverse(f"admin:{model}_changelist")).status_code == 403
    assert client.get(reverse("admin:programs_storerow_changelist")).status_code == 200
    assert client.get(reverse("admin:programs_storerow_add")).status_code == 403


def test_a_store_is_made_and_changed_in_a_form_with_a_reason_that_is_written_down(client):
    town = program()
    boss = granted("boss", "owner", town.id)
    log_in(client, boss)
    form = {
        "program": town.id,
        "key": "sh01",
        "name": "Bund",
        "kind": "store",
        "zone": "Asia/Shanghai",
        "currency": "CNY",
        "opening_hours": '{"mon": [["09:00", "21:00"]]}',
        "address": "",
        "active": "on",
        "reason": "opens in May",
    }
    add = reverse("admin:programs_storerow_add")
    assert client.post(add, {**form, "reason": ""}).status_code == 200
    bad = client.post(add, {**form, "zone": "Mars", "currency": "RMB"})
    assert (bad.status_code, StoreRow.objects.count()) == (200, 0)
    assert b"Mars" in bad.content, "the fault is shown, and what was typed is still there"
    assert b"ISO 4217" in bad.content
    assert client.post(add, form).status_code == 302
    store = programs.store(program_id=town.id, key="sh01")
    assert (store.name, dict(store.opening_hours)) == ("Bund", {"mon": (("09:00", "21:00"),)})
    entry = staff.entries(program_id=town.id, actor=boss.actor).items[0]
    assert (entry.action, entry.object, entry.facts) == (
        "console.add",
        f"programs.storerow:{store.id}",
        {"reason": "opens in May"},
    )
    change = reverse("admin:programs_storerow_change", args=[store.id])
    assert client.post(change, {**form, "name": "The Bund", "reason": "renamed"}).status_code == 302
    assert programs.store(program_id=town.id, key="sh01").name == "The Bund"
    assert staff.entries(program_id=town.id, actor=boss.actor).items[0].facts["reason"] == "renamed"


def test_a_grant_is_given_and_taken_away_in_forms_and_a_refusal_is_shown(client):
    town = program()
    boss, new = granted("boss", "owner", town.id), person("new")
    log_in(client, boss)
    form = {
        "user": new.id,
        "role": "service",
        "program": town.id,
        "store": "",
        "adjust_limit": "20000",
        "reason": "r",
    }
    answer = client.post(reverse("admin:staff_grantrow_add"), form)
    assert (answer.status_code, GrantRow.objects.filter(user_id=new.id).count()) == (200, 0)
    assert b"Your own adjustment limit there is 10000." in answer.content
    answer = client.post(reverse("admin:staff_grantrow_add"), {**form, "adjust_limit": "20"})
    assert answer.status_code == 302
    given = GrantRow.objects.get(user_id=new.id)
    client.post(reverse("admin:staff_grantrow_delete", args=[given.id]), {"post": "yes"})
    assert not GrantRow.objects.filter(user_id=new.id).exists()
    own = GrantRow.objects.get(user_id=boss.id)
    client.post(reverse("admin:staff_grantrow_delete", args=[own.id]), {"post": "yes"})
    assert GrantRow.objects.filter(id=own.id).exists(), "the last owner stays"
    acts = list(AuditRow.objects.filter(actor=boss.actor).order_by("id").values_list("action", flat=True))
    assert acts == ["staff.grant", "staff.revoke"]


def test_a_key_is_made_in_a_form_and_its_secret_shown_once(client):
    town = program()
    log_in(client, granted("boss", "owner", town.id))
    form = {
        "program": town.id,
        "name": "Till",
        "scopes": ["orders:write"],
        "store": "",
        "expires_at_0": "",
        "expires_at_1": "",
        "ip_allow": "203.0.113.0/24, 2001:db8::/32",
        "adjust_limit": "5",
        "rate_per_minute": "600",
        "reason": "new till",
    }
    answer = client.post(reverse("admin:staff_keyrow_add"), form, follow=True)
    found = re.search(rb"rk_live_[a-z2-7]{6}_[a-z2-7]{52}", answer.content)
    assert found
    assert staff.key_by_secret(found.group().decode(), "203.0.113.5").adjust_limit == 5
    again = client.get(reverse("admin:staff_keyrow_changelist")).content
    assert found.group() not in again
    key = KeyRow.objects.get()
    shown = client.get(reverse("admin:staff_keyrow_change", args=[key.id]))
    assert shown.status_code == 200
    assert bytes(key.hash).hex().encode() not in shown.content
    client.post(reverse("admin:staff_keyrow_changelist"), {"action": "revoke_selected", "_selected_action": [key.id]})
    assert KeyRow.objects.get().revoked_at is not None


def test_a_person_is_added_and_deactivated_in_forms(client):
    town = program()
    boss = granted("boss", "owner", town.id)
    log_in(client, boss)
    form = {"email": "new@shop.example", "name": "New", "locale": "zh-hans", "password": "short", "reason": "hired"}
    add = reverse("admin:staff_staffuser_add")
    assert client.post(add, form).status_code == 200
    assert not StaffUser.objects.filter(email="new@shop.example").exists()
    assert client.post(add, {**form, "password": PASSWORD}).status_code == 302
    new = StaffUser.objects.get(email="new@shop.example")
    assert new.check_password(PASSWORD)
    change = reverse("admin:staff_staffuser_change", args=[new.id])
    assert client.post(change, {"name": "Newer", "locale": "en", "reason": "left"}).status_code == 302
    new.refresh_from_db()
    assert (new.name, new.is_active) == ("Newer", False)
    mine = reverse("admin:staff_staffuser_change", args=[boss.id])
    assert client.post(mine, {"name": "Boss", "locale": "en", "reason": "x"}).status_code == 200, "the last owner"
    assert StaffUser.objects.get(id=boss.id).is_active


def test_a_list_asks_a_bounded_number_of_queries(client, django_assert_max_num_queries):
    town = program()
    for n in range(60):
        programs.define_store(program_id=town.id, key=f"s{n:02d}", name=f"S{n}", actor=SYSTEM)
    log_in(client, granted("boss", "owner", town.id))
    with django_assert_max_num_queries(12):
        assert client.get(reverse("admin:programs_storerow_changelist")).status_code == 200


def test_nobody_changes_her_own_address_past_the_audit_trail(client):
    who = granted("boss", "owner", program().id)
    log_in(client, who)
    client.post(reverse("account_email"), {"action_add": "", "email": "thief@shop.example"})
    assert client.get(reverse("account_email")).status_code == 302
    assert list(EmailAddress.objects.values_list("email", flat=True)) == [who.email]


def test_a_filter_that_no_text_can_equal_finds_nothing(client):
    log_in(client, granted("boss", "owner", program().id))
    assert client.get("/console/audit/?actor=%00").status_code == 200


def test_logging_in_makes_a_new_session_and_leads_to_our_own_pages_only(client):
    staff.add_person(email="boss@shop.example", actor=SYSTEM, password=PASSWORD)
    client.session.save()
    planted = "0123456789abcdef0123456789abcdef"
    client.cookies["regulars_session"] = planted
    body = {"login": "boss@shop.example", "password": PASSWORD, "next": "https://evil.example/"}
    answer = client.post(reverse("account_login"), body)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/console/")
    assert client.cookies["regulars_session"].value != planted

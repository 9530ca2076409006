"""Who may do what: the table, word for word, and what holds for every set of grants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.people.staff import rules
from regulars.people.staff.terms import Role

# The table a second time, read the other way round: a change of either must be meant.
WHO = {
    "members:read": "owner marketer service store_manager cashier analyst auditor",
    "members:reveal": "owner service store_manager",
    "members:write": "owner service store_manager cashier",
    "members:merge": "owner service",
    "points:adjust": "owner service store_manager",
    "points:approve": "owner store_manager",
    "orders:read": "owner marketer service store_manager cashier analyst auditor",
    "orders:write": "owner service store_manager cashier",
    "coupons:read": "owner marketer service store_manager cashier analyst auditor",
    "coupons:write": "owner marketer service store_manager",
    "rewards:read": "owner marketer service store_manager cashier analyst auditor",
    "rewards:write": "owner marketer service store_manager cashier",
    "benefits:read": "owner marketer service store_manager cashier analyst auditor",
    "benefits:write": "owner marketer service store_manager cashier",
    "subscriptions:read": "owner marketer service store_manager cashier analyst auditor",
    "subscriptions:write": "owner service store_manager",
    "care:read": "owner service store_manager cashier",
    "care:write": "owner service store_manager",
    "tills:read": "owner service store_manager",
    "tills:manage": "owner store_manager",
    "ledger:read": "owner marketer service store_manager analyst auditor",
    "reports:read": "owner marketer store_manager analyst auditor",
    "program:read": "owner marketer service store_manager cashier analyst auditor",
    "program:apply": "owner marketer",
    "program:approve": "owner",
    "imports:run": "owner",
    "privacy:write": "owner service",
    "staff:read": "owner store_manager auditor",
    "staff:manage": "owner store_manager",
    "keys:manage": "owner",
    "audit:read": "owner auditor",
    "outbox:manage": "owner",
}
PATHS = ["/a/", "/a/b/", "/a/b/c/", "/ab/", "/d/"]

reaches = st.lists(
    st.builds(
        rules.Reach,
        role=st.sampled_from(Role),
        program_id=st.integers(1, 2),
        path=st.one_of(st.none(), st.sampled_from(PATHS)),
        adjust_limit=st.one_of(st.none(), st.integers(0, 10**6)),
    ),
    max_size=5,
)
places = st.tuples(st.integers(1, 2), st.one_of(st.none(), st.sampled_from(PATHS)))


def test_the_table_of_roles_is_this():
    assert set(WHO) == rules.PERMISSIONS
    assert set(rules.ROLES) == set(rules.ADJUST_LIMITS) == set(Role)
    for permission, roles in WHO.items():
        assert {str(r) for r in Role if permission in rules.ROLES[r]} == set(roles.split()), permission


def test_who_only_looks_changes_nothing():
    writing = {p for p in rules.PERMISSIONS if p.split(":")[1] != "read"}
    for role in (Role.ANALYST, Role.AUDITOR):
        assert not rules.ROLES[role] & writing


@given(reaches, st.sampled_from(sorted(rules.PERMISSIONS)), places)
def test_another_program_and_a_wider_place_are_never_reached(grants, permission, place):
    program, path = place
    allowed = rules.may(grants, permission, program, path)
    if not any(g.program_id == program for g in grants):
        assert not allowed
    if permission not in rules.NOT_BOUND_BY_STORE and path is None and all(g.path for g in grants):
        assert not allowed, "a grant at a store says nothing about the whole program"
    # what is allowed at a place is allowed everywhere below it
    if allowed:
        for below in PATHS:
            if path is None or below.startswith(path):
                assert rules.may(grants, permission, program, below)


@given(reaches, reaches, st.sampled_from(sorted(rules.PERMISSIONS)), places)
def test_one_more_grant_never_takes_anything_away(grants, more, permission, place):
    assert rules.may(grants, permission, *place) <= rules.may(grants + more, permission, *place)
    assert rules.limit_at(grants, *place) <= rules.limit_at(grants + more, *place)


@given(reaches, places)
def test_what_is_held_is_what_may_be_done_there(grants, place):
    held = rules.held(grants, *place)
    for permission in rules.PERMISSIONS:
        if permission in held:
            assert rules.may(grants, permission, *place)
        elif permission not in rules.NOT_BOUND_BY_STORE:
            assert not rules.may(grants, permission, *place)
    if rules.limit_at(grants, *place) > 0:
        assert "points:adjust" in held


def test_a_store_whose_key_begins_like_another_is_not_below_it():
    grant = rules.Reach(role=Role.STORE_MANAGER, program_id=1, path="/a/")
    assert rules.may([grant], "orders:write", 1, "/a/b/")
    assert not rules.may([grant], "orders:write", 1, "/ab/")


@pytest.mark.parametrize(
    ("role", "own", "expected"),
    [
        (Role.OWNER, None, 10_000),
        (Role.SERVICE, None, 500),
        (Role.SERVICE, 20, 20),
        (Role.STORE_MANAGER, 0, 0),
        (Role.CASHIER, 999, 0),  # a limit gives no permission
        (Role.AUDITOR, None, 0),
    ],
)
def test_the_limit_of_a_grant(role, own, expected):
    assert rules.limit_of(role, own) == expected


@pytest.mark.parametrize(
    ("label", "codename", "expected"),
    [
        ("members", "view_memberrow", "members:read"),
        ("members", "change_memberrow", "members:write"),
        ("members", "delete_memberrow", None),
        ("staff", "view_auditrow", "audit:read"),
        ("staff", "change_auditrow", None),
        ("staff", "view_keyrow", "keys:manage"),
        ("staff", "delete_grantrow", "staff:manage"),
        ("staff", "delete_staffuser", None),
        ("mfa", "view_authenticator", None),
        ("sessions", "change_session", None),
    ],
)
def test_what_the_admin_asks_is_one_of_our_permissions_or_nothing(label, codename, expected):
    assert rules.admin_permission(label, codename) == expected

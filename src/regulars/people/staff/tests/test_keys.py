"""API keys: the secret is shown once, the hash is kept, the refusals are exact."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from regulars.kernel import clock
from regulars.kernel.errors import Forbidden, Invalid
from regulars.people.programs.terms import NoProgram
from regulars.people.staff import services as staff
from regulars.people.staff.models import AuditRow, KeyRow
from regulars.people.staff.services import api_keys
from regulars.people.staff.terms import (
    AddressNotAllowed,
    KeyExpired,
    MissingScope,
    MoreThanYouHave,
    NoKey,
    UnknownKey,
)
from regulars.people.staff.tests.helpers import SYSTEM, granted, program, tree

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def a_key(program_id, **more):
    return staff.make_key(
        **{"program_id": program_id, "name": "Till", "scopes": ["orders:write", "orders:read"], "actor": SYSTEM}
        | more
    )


@pytest.mark.django_db
def test_a_key_is_known_by_its_secret_and_only_its_hash_is_kept():
    town = program()
    with clock.at(NOW):
        key, secret = a_key(town.id, adjust_limit=50, rate_per_minute=60, store_id=tree(town.id)["e1"].id)
        found = staff.key_by_secret(secret)
    assert found == key
    assert (key.program_id, key.name, key.scopes) == (town.id, "Till", frozenset({"orders:read", "orders:write"}))
    assert (key.adjust_limit, key.rate_per_minute, key.created_by, key.created_at) == (50, 60, SYSTEM, NOW)
    row = KeyRow.objects.get()
    assert bytes(row.hash) == hashlib.sha256(secret.encode()).digest()
    assert len(secret) == 67
    assert key.prefix == secret[:14]
    assert secret not in str(KeyRow.objects.values().get()) + str(list(AuditRow.objects.values()))
    assert row.last_used_at == NOW


@pytest.mark.django_db
def test_two_keys_have_nothing_in_common():
    town = program()
    secrets = {a_key(town.id)[1] for _ in range(20)}
    assert len(secrets) == len({s[8:14] for s in secrets}) == 20


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong", ["", "rk_live_", "Bearer x", "rk_live_" + "a" * 59, "rk_live_aaaaaa_" + "a" * 52, "é" * 67, "x" * 10**6]
)
def test_an_unknown_secret_is_unknown(wrong):
    a_key(program().id)
    with pytest.raises(UnknownKey) as no:
        staff.key_by_secret(wrong, "10.0.0.1")
    assert no.value.status == 401


@pytest.mark.django_db
def test_an_expired_key_is_refused_from_its_very_instant():
    with clock.at(NOW):
        _, secret = a_key(program().id, expires_at=NOW + timedelta(hours=1))
    with clock.at(NOW + timedelta(minutes=59, seconds=59)):
        assert staff.key_by_secret(secret)
    with clock.at(NOW + timedelta(hours=1)), pytest.raises(KeyExpired) as no:
        staff.key_by_secret(secret)
    assert no.value.status == 401


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ip", "allowed"),
    [
        ("203.0.113.9", True),
        ("::ffff:203.0.113.9", True),
        ("2001:db8::1", True),
        ("203.0.114.1", False),
        ("2001:db9::1", False),
        (None, False),
        ("nonsense", False),
    ],
)
def test_a_key_may_be_bound_to_networks(ip, allowed):
    key, secret = a_key(program().id, ip_allow=["203.0.113.0/24", " 2001:db8::/32 "])
    assert [str(n) for n in key.ip_allow] == ["203.0.113.0/24", "2001:db8::/32"]
    if allowed:
        assert staff.key_by_secret(secret, ip).id == key.id
    else:
        with pytest.raises(AddressNotAllowed) as no:
            staff.key_by_secret(secret, ip)
        assert (no.value.status, isinstance(no.value, Forbidden)) == (403, True)


@pytest.mark.django_db
def test_a_bad_key_is_refused_with_every_fault_and_nothing_is_made():
    town = program()
    with pytest.raises(Invalid) as no:
        a_key(
            town.id,
            name=" ",
            scopes=["orders:read", "all"],
            expires_at=NOW.replace(year=2020),
            store_id=0,
            ip_allow=["10.0.0.0/8", "10.0.0.1/8"],
            adjust_limit=-1,
            rate_per_minute=0,
        )
    assert [path for path, _ in no.value.errors] == [
        "ip_allow.1",
        "name",
        "scopes",
        "expires_at",
        "adjust_limit",
        "rate_per_minute",
        "store_id",
    ]
    with pytest.raises(NoProgram):
        a_key(0)
    assert (KeyRow.objects.count(), AuditRow.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_only_owners_make_and_revoke_keys_and_none_above_their_own_limit():
    town, other = program(), program("other")
    owner, clerk = granted("owner", "owner", town.id), granted("clerk", "service", town.id)
    key, secret = a_key(town.id, actor=owner.actor, adjust_limit=10_000, reason="new tills")
    for actor, program_id, limit, why in (
        (owner.actor, town.id, 10_001, MoreThanYouHave),
        (owner.actor, other.id, 0, Forbidden),
        (clerk.actor, town.id, 0, Forbidden),
        (f"key:{key.id}", town.id, 0, Forbidden),
    ):
        with pytest.raises(why):
            a_key(program_id, actor=actor, adjust_limit=limit)
    with pytest.raises(Forbidden):
        staff.revoke_key(program_id=town.id, key_id=key.id, actor=clerk.actor)
    with pytest.raises(NoKey):
        staff.revoke_key(program_id=other.id, key_id=key.id, actor=SYSTEM)
    assert staff.key_by_secret(secret).id == key.id
    assert KeyRow.objects.count() == 1


@pytest.mark.django_db
def test_a_revoked_key_is_unknown_and_stays_in_the_list():
    town = program()
    key, secret = a_key(town.id)
    with clock.at(NOW):
        assert staff.revoke_key(program_id=town.id, key_id=key.id, actor=SYSTEM).revoked_at == NOW
    staff.revoke_key(program_id=town.id, key_id=key.id, actor=SYSTEM)
    with pytest.raises(UnknownKey):
        staff.key_by_secret(secret)
    assert [(k.id, k.revoked_at) for k in staff.keys(program_id=town.id)] == [(key.id, NOW)]
    assert AuditRow.objects.filter(action="staff.revoke_key").count() == 1


@pytest.mark.django_db
def test_no_scope_contains_another():
    key, _ = a_key(program().id, scopes=["orders:write"])
    staff.require_scope(key, "orders:write")
    with pytest.raises(MissingScope) as no:
        staff.require_scope(key=key, scope="orders:read")
    assert (no.value.status, no.value.facts) == (403, {"scope": "orders:read"})


@pytest.mark.django_db(transaction=True)
def test_in_the_rush_a_key_costs_no_query_and_a_revoked_one_dies_at_once(django_assert_num_queries):
    town = program()
    key, secret = a_key(town.id)
    staff.key_by_secret(secret)
    with django_assert_num_queries(0):
        for _ in range(100):
            staff.key_by_secret(secret)
    staff.revoke_key(program_id=town.id, key_id=key.id, actor=SYSTEM)
    with pytest.raises(UnknownKey):
        staff.key_by_secret(secret)


@pytest.mark.django_db
def test_the_last_use_is_written_at_most_once_a_minute():
    key, secret = a_key(program().id)
    for second, expected in ((0, 0), (30, 0), (59, 0), (60, 60), (61, 60)):
        api_keys._noted.clear()  # as if another process were asked each time
        with clock.at(NOW + timedelta(seconds=second)):
            staff.key_by_secret(secret)
        assert KeyRow.objects.get(id=key.id).last_used_at == NOW + timedelta(seconds=expected)


@pytest.mark.django_db
def test_a_key_bound_to_a_store_has_no_scope_that_reaches_beyond_stores():
    town = program()
    with pytest.raises(Invalid) as no:
        a_key(town.id, scopes=["orders:write", "program:write"], store_id=tree(town.id)["e1"].id)
    assert [path for path, _ in no.value.errors] == ["scopes"]

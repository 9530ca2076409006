"""Secrets: what is sealed opens only for its member, purpose and program, through every rotation."""

from __future__ import annotations

import logging
import os
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from regulars.kernel import secrets
from regulars.kernel.errors import Invalid
from regulars.kernel.models import ProgramKeyRow
from regulars.kernel.secrets import keys

pytestmark = pytest.mark.django_db
PHONE = "+44 7700 900123"


@pytest.fixture(autouse=True)
def _cold() -> Any:
    secrets.forget_cached()
    yield
    secrets.forget_cached()


def test_a_sealed_field_opens_to_the_same_text() -> None:
    member = secrets.new_data_key(1)
    sealed = secrets.seal(1, member, PHONE, "phone")
    assert len(member) == 65
    assert len(sealed) == len(PHONE) + 29
    assert PHONE.encode() not in sealed
    assert secrets.open(1, member, sealed, "phone") == PHONE
    assert secrets.open(1, memoryview(member), memoryview(sealed), "phone") == PHONE  # type: ignore[arg-type]
    assert secrets.seal(1, member, PHONE, "phone") != sealed


@given(st.text())
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_survives_even_half_a_surrogate(plain: str) -> None:
    member = secrets.new_data_key(1)
    for text in (plain, plain + "\ud83d"):
        assert secrets.open(1, member, secrets.seal(1, member, text, "name"), "name") == text


def test_a_sealed_field_opens_for_nothing_else() -> None:
    member, other, foreign = secrets.new_data_key(1), secrets.new_data_key(1), secrets.new_data_key(2)
    sealed = secrets.seal(1, member, PHONE, "phone")
    attempts = [
        (1, other, sealed, "phone"),
        (1, member, sealed, "email"),
        (2, member, sealed, "phone"),
        (2, foreign, sealed, "phone"),
        (1, foreign, sealed, "phone"),
        (1, b"", sealed, "phone"),
        (1, member[:-1], sealed, "phone"),
        (1, b"\x02" + member[1:], sealed, "phone"),
        (1, member[:1] + b"\x00\x00\x00\x09" + member[5:], sealed, "phone"),
        (1, member, b"", "phone"),
        (1, member, sealed[:5], "phone"),
        (1, member, b"\x02" + sealed[1:], "phone"),
    ]
    for n in range(1, len(sealed)):
        attempts.append((1, member, sealed[:n] + bytes([sealed[n] ^ 1]) + sealed[n + 1 :], "phone"))
    for attempt in attempts:
        with pytest.raises(secrets.CannotOpen) as caught:
            secrets.open(*attempt)
        assert PHONE not in str(caught.value)
        assert caught.value.__cause__ is None


def test_nothing_shown_or_logged_holds_a_key_or_a_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    member = secrets.new_data_key(1)
    sealed = secrets.seal(1, member, PHONE, "phone")
    secrets.blind(1, "phone", PHONE)
    with pytest.raises(secrets.CannotOpen) as caught:
        secrets.open(1, secrets.new_data_key(1), sealed, "phone")
    program_key = keys.live(1, keys.DATA)
    shown = caplog.text + repr(program_key) + str(caught.value) + repr(secrets.box(1, member))
    for hidden in (
        PHONE,
        program_key.raw.hex(),
        repr(program_key.raw),
        keys.master_key().hex(),
        repr(keys.master_key()),
    ):
        assert hidden not in shown


def test_many_fields_open_in_one_go() -> None:
    fields = []
    for n, member in enumerate(secrets.new_data_keys(1, 5)):
        box = secrets.box(1, member)
        fields += [
            (member, box.seal(f"name {n}", "name"), "name"),
            (member, box.seal(f"phone {n}", "phone"), "phone"),
        ]
    assert secrets.open_many(1, fields) == [f"{what} {n}" for n in range(5) for what in ("name", "phone")]
    assert secrets.open_many(1, []) == []


def test_a_blind_hash_finds_the_value_of_its_kind_and_program_only() -> None:
    found = secrets.blind(1, "phone", PHONE)
    assert len(found) == 16
    assert found == secrets.blind(1, "phone", PHONE)
    assert secrets.blind_many(1, "phone", [PHONE, "x"]) == [found, secrets.blind(1, "phone", "x")]
    assert (
        len(
            {
                found,
                secrets.blind(1, "email", PHONE),
                secrets.blind(2, "phone", PHONE),
                secrets.blind(1, "phone", "x"),
            }
        )
        == 4
    )


def test_rotation_keeps_everything_readable_and_the_blind_hashes() -> None:
    member = secrets.new_data_key(1)
    sealed = secrets.seal(1, member, PHONE, "phone")
    blind, public = secrets.blind(1, "phone", PHONE), secrets.verify_key(1)
    assert secrets.rotate_program_key(1) == 2
    assert secrets.open(1, member, sealed, "phone") == PHONE
    assert secrets.blind(1, "phone", PHONE) == blind
    assert secrets.verify_key(1) == public
    newer = secrets.new_data_key(1)
    assert (member[4], newer[4]) == (1, 2)
    moved = secrets.rewrap(1, member)
    assert moved[4] == 2
    assert secrets.open(1, moved, sealed, "phone") == PHONE
    assert secrets.rewrap(1, moved) == moved
    assert [name for name, _ in secrets.rewrap_many(1, [("old", member), ("new", newer)])] == ["old"]
    rows = ProgramKeyRow.objects.filter(program_id=1, kind="data").order_by("version")
    assert [(r.version, r.retired_at is None) for r in rows] == [(1, False), (2, True)]
    assert secrets.rotate_program_key(1) == 3
    assert secrets.open(1, secrets.rewrap(1, member), sealed, "phone") == PHONE


def test_the_master_key_can_change(settings: Any) -> None:
    old, new = bytes(settings.MASTER_KEY), os.urandom(32)
    member = secrets.new_data_key(1)
    secrets.rotate_program_key(1)
    sealed, blind = secrets.seal(1, member, PHONE, "phone"), secrets.blind(1, "phone", PHONE)
    secrets.make_keys(program_id=2)
    assert secrets.rotate_master(old=old, new=new) == 6
    assert secrets.rotate_master(old=old, new=new) == 0
    secrets.forget_cached()
    with pytest.raises(secrets.WrongMasterKey, match="REGULARS_MASTER_KEY"):
        secrets.open(1, member, sealed, "phone")
    settings.MASTER_KEY = new
    assert secrets.open(1, member, sealed, "phone") == PHONE
    assert secrets.blind(1, "phone", PHONE) == blind
    assert secrets.verify(secrets.verify_key(2), b"head", secrets.sign(2, b"head"))


def test_a_master_rotation_with_a_wrong_key_changes_nothing(settings: Any) -> None:
    secrets.make_keys(program_id=1)
    before = list(ProgramKeyRow.objects.order_by("id").values_list("wrapped", flat=True))
    with pytest.raises(secrets.WrongMasterKey):
        secrets.rotate_master(old=os.urandom(32), new=os.urandom(32))
    with pytest.raises(Invalid):
        secrets.rotate_master(old=bytes(settings.MASTER_KEY), new=b"short")
    assert list(ProgramKeyRow.objects.order_by("id").values_list("wrapped", flat=True)) == before


def test_signatures_verify_with_the_public_key_only() -> None:
    signature = secrets.sign(1, b"head of 3 March")
    assert len(signature) == 64
    assert len(secrets.verify_key(1)) == 32
    assert secrets.verify(secrets.verify_key(1), b"head of 3 March", signature)
    assert not secrets.verify(secrets.verify_key(1), b"head of 4 March", signature)
    assert not secrets.verify(secrets.verify_key(2), b"head of 3 March", signature)
    assert not secrets.verify(b"short", b"head of 3 March", signature)


def test_a_row_that_was_tampered_with_does_not_open() -> None:
    member = secrets.new_data_key(1)
    row = ProgramKeyRow.objects.get(program_id=1, kind="data")
    wrapped = bytes(row.wrapped)
    ProgramKeyRow.objects.filter(pk=row.pk).update(wrapped=wrapped[:-1] + bytes([wrapped[-1] ^ 1]))
    with pytest.raises(secrets.CannotOpen, match="data key of program 1"):
        secrets.box(1, member)
    secrets.make_keys(program_id=2)
    other = ProgramKeyRow.objects.get(program_id=2, kind="data")
    ProgramKeyRow.objects.filter(pk=row.pk).update(wrapped=other.wrapped)
    with pytest.raises(secrets.CannotOpen):
        secrets.box(1, member)


def test_the_constraints_refuse_a_second_live_key() -> None:
    secrets.make_keys(program_id=1)
    row = ProgramKeyRow.objects.get(program_id=1, kind="blind")
    for change, name in (
        ({"version": 1}, "one_program_key_per_version"),
        ({"version": 2}, "one_live_program_key_per_kind"),
        ({"version": 1, "kind": "other"}, "a_program_key_has_a_known_kind"),
        ({"version": 0, "program_id": 9}, "program_key_versions_begin_at_one"),
    ):
        values = {
            "program_id": 1,
            "kind": "blind",
            "wrapped": row.wrapped,
            "master_print": row.master_print,
            **change,
        }
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            ProgramKeyRow.objects.create(**values)


@pytest.mark.django_db(transaction=True)
def test_a_key_that_was_rolled_back_is_not_remembered() -> None:
    class Undo(Exception):
        pass

    with pytest.raises(Undo), transaction.atomic():
        ghost = secrets.blind(1, "phone", PHONE)
        assert secrets.blind(1, "phone", PHONE) == ghost
        lost = secrets.new_data_key(1)
        secrets.seal(1, lost, PHONE, "phone")
        raise Undo
    real, member = secrets.blind(1, "phone", PHONE), secrets.new_data_key(1)
    assert real != ghost
    secrets.forget_cached()
    assert secrets.blind(1, "phone", PHONE) == real
    sealed = secrets.seal(1, member, PHONE, "phone")
    assert secrets.open(1, member, sealed, "phone") == PHONE
    with pytest.raises(Undo), transaction.atomic():
        secrets.rotate_program_key(1)
        secrets.box(1, secrets.new_data_key(1))
        raise Undo
    assert secrets.rotate_program_key(1) == 2
    second = secrets.new_data_key(1)
    assert second[4] == 2
    secrets.forget_cached()
    assert secrets.open(1, second, secrets.seal(1, second, PHONE, "phone"), "phone") == PHONE


@pytest.mark.django_db(transaction=True)
def test_committed_keys_are_read_once(django_assert_num_queries: Any) -> None:
    secrets.make_keys(program_id=1)
    member = secrets.new_data_key(1)
    sealed = secrets.seal(1, member, PHONE, "phone")
    secrets.blind(1, "phone", PHONE), secrets.sign(1, b"x")
    with django_assert_num_queries(0):
        assert secrets.open(1, member, sealed, "phone") == PHONE
        secrets.blind(1, "email", PHONE)
        secrets.sign(1, b"x")
    with django_assert_num_queries(1):
        secrets.new_data_keys(1, 100)


@pytest.mark.django_db(transaction=True)
def test_a_restored_database_is_noticed_by_a_warm_process() -> None:
    member = secrets.new_data_key(1)
    secrets.box(1, member)
    ProgramKeyRow.objects.all().delete()
    other = secrets.new_data_key(1)
    assert secrets.open(1, other, secrets.seal(1, other, PHONE, "phone"), "phone") == PHONE
    with pytest.raises(secrets.CannotOpen):
        secrets.box(1, member)


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "CACHED", 3)
    for n in range(10):
        keys._keep((n, keys.DATA, 1), keys.ProgramKey(n, keys.DATA, 1, os.urandom(32)))
    assert [name[0] for name in keys._cache] == [7, 8, 9]


@pytest.mark.django_db(transaction=True)
def test_eight_processes_at_first_use_agree_on_one_key() -> None:
    start, found = Barrier(8), []

    def first_use() -> None:
        try:
            start.wait()
            member = secrets.new_data_key(7)
            found.append((secrets.blind(7, "phone", PHONE), member, secrets.seal(7, member, PHONE, "phone")))
        finally:
            connection.close()

    threads = [Thread(target=first_use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({blind for blind, _, _ in found}) == 1
    secrets.forget_cached()
    assert {secrets.open(7, member, sealed, "phone") for _, member, sealed in found} == {PHONE}
    assert ProgramKeyRow.objects.filter(program_id=7).count() == 2


@pytest.mark.django_db(transaction=True)
def test_rotations_and_registrations_at_once_lose_nothing() -> None:
    secrets.make_keys(program_id=1)
    start, sealed, failed = Barrier(6), [], []

    def work(rotates: bool) -> None:
        try:
            start.wait()
            for _ in range(5):
                if rotates:
                    secrets.rotate_program_key(1)
                else:
                    member = secrets.new_data_key(1)
                    sealed.append((member, secrets.seal(1, member, PHONE, "phone"), "phone"))
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work, args=(n < 3,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    secrets.forget_cached()
    assert secrets.open_many(1, sealed) == [PHONE] * 15
    versions = list(
        ProgramKeyRow.objects.filter(program_id=1, kind="data")
        .order_by("version")
        .values_list("version", "retired_at")
    )
    assert [v for v, _ in versions] == list(range(1, 17))
    assert [v for v, retired in versions if retired is None] == [len(versions)]

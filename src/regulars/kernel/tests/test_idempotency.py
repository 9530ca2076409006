"""Idempotency: one key acts once, however many ask at once, and the first answer stands."""

from __future__ import annotations

import time
from datetime import timedelta
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from regulars.kernel import clock, idempotency
from regulars.kernel.errors import Broken, Busy, Forbidden, Invalid, NotFound, Refusal
from regulars.kernel.idempotency import IdempotencyMismatch, InProgress, Stored
from regulars.kernel.models import IdempotencyRow

ONE, TWO = idempotency.hash_of("POST", "/members", b"{}"), idempotency.hash_of("POST", "/members", b"{ }")


class NotEnough(Refusal):
    """There is not enough for the test."""


def answered(refusal: Refusal) -> Stored:
    return Stored(status=refusal.status, body=refusal.code.encode(), replayed=False)


def once(do: Any, *, key: str = "k", request_hash: bytes = ONE, program_id: int = 1) -> Stored:
    return idempotency.once(program_id=program_id, key=key, request_hash=request_hash, do=do, refused=answered)


def created() -> Stored:
    return Stored(status=201, body=b'{"id":"mem_1"}', replayed=False)


def never() -> Stored:
    raise AssertionError("the work was done twice")


def together(*works: Any) -> None:
    failed: list[BaseException] = []

    def run(work: Any) -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


@pytest.mark.django_db
def test_the_same_key_gives_the_first_answer_again() -> None:
    assert once(created) == Stored(status=201, body=b'{"id":"mem_1"}', replayed=False)
    assert once(never) == Stored(status=201, body=b'{"id":"mem_1"}', replayed=True)


@pytest.mark.django_db
def test_keys_belong_to_a_program() -> None:
    once(created)
    assert once(lambda: Stored(status=200, body=b"other"), program_id=2).body == b"other"


@pytest.mark.django_db
def test_the_same_key_with_another_request_is_refused_and_changes_nothing() -> None:
    once(created)
    with pytest.raises(IdempotencyMismatch) as caught:
        once(never, request_hash=TWO)
    assert (caught.value.status, caught.value.code) == (422, "idempotency_mismatch")
    assert bytes(IdempotencyRow.objects.get().body) == b'{"id":"mem_1"}'
    assert (
        len({ONE, TWO, idempotency.hash_of("PUT", "/members", b"{}"), idempotency.hash_of("POST", "/m", b"{}")}) == 4
    )


@pytest.mark.django_db
def test_a_refusal_undoes_its_work_and_is_replayed() -> None:
    def refuses() -> Stored:
        IdempotencyRow.objects.create(program_id=9, key="work", request_hash=b"", status=200, body=b"")
        raise NotEnough("2 are missing")

    assert once(refuses) == Stored(status=409, body=b"not_enough", replayed=False)
    assert not IdempotencyRow.objects.filter(program_id=9).exists()
    assert once(never) == Stored(status=409, body=b"not_enough", replayed=True)


@pytest.mark.django_db
@pytest.mark.parametrize("refusal", [Busy(), InProgress(), Forbidden()])
def test_an_answer_that_means_later_is_not_kept(refusal: Refusal) -> None:
    def refuses() -> Stored:
        raise refusal

    with pytest.raises(type(refusal)):
        once(refuses)
    assert once(created).status == 201


@pytest.mark.django_db
def test_what_breaks_is_not_kept() -> None:
    with pytest.raises(ZeroDivisionError):
        once(lambda: 1 // 0)
    assert once(lambda: Stored(status=429, body=b"", replayed=False)).status == 429
    assert once(created).replayed is False


def test_which_answers_may_be_kept() -> None:
    assert [
        s for s in (200, 201, 400, 401, 403, 404, 408, 409, 422, 425, 429, 500, 503) if idempotency.may_keep(s)
    ] == [
        200,
        201,
        400,
        404,
        409,
        422,
    ]
    assert not idempotency.may_keep(409, "busy")
    assert not idempotency.may_keep(409, "in_progress")
    assert idempotency.may_keep(NotFound.status, NotFound.code)


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "键", "a\0b"])
def test_an_impossible_key_is_refused(key: str) -> None:
    with pytest.raises(Invalid, match="printable ASCII"):
        once(never, key=key)


@pytest.mark.django_db(transaction=True)
def test_a_key_is_claimed_only_inside_a_transaction() -> None:
    with pytest.raises(Broken):
        idempotency.claim(1, "k", ONE)


@pytest.mark.django_db
def test_only_answers_fit_into_the_table() -> None:
    for status in (100, 500):
        with pytest.raises(IntegrityError, match="only_answers_are_kept"), transaction.atomic():
            IdempotencyRow.objects.create(program_id=1, key="k", request_hash=ONE, status=status, body=b"")
    with pytest.raises(Broken):
        idempotency.keep(1, "k", ONE, 503, b"")


@pytest.mark.django_db(transaction=True)
def test_a_key_in_use_is_refused_at_once_and_free_after_commit_or_rollback() -> None:
    holds, go, seconds = Event(), Event(), []

    def slow() -> None:
        def work() -> Stored:
            holds.set()
            go.wait(10)
            return created()

        once(work)

    def impatient() -> None:
        holds.wait(10)
        began = time.monotonic()
        try:
            with pytest.raises(InProgress) as caught:
                once(never)
            assert (caught.value.status, caught.value.code, caught.value.retry_after_seconds) == (
                409,
                "in_progress",
                1,
            )
            assert once(created, key="another").status == 201
        finally:
            seconds.append(time.monotonic() - began)
            go.set()

    together(slow, impatient)
    assert seconds[0] < 2
    assert once(never).replayed
    with pytest.raises(ZeroDivisionError):
        once(lambda: 1 // 0, key="broken")
    assert once(created, key="broken").replayed is False


@pytest.mark.django_db(transaction=True)
def test_sixteen_requests_with_one_key_act_once() -> None:
    start, acted, answers = Barrier(16), [], []

    def request() -> None:
        def work() -> Stored:
            acted.append(1)
            time.sleep(0.01)
            return created()

        start.wait()
        while True:
            try:
                answers.append(once(work))
                return
            except InProgress:
                time.sleep(0.005)

    together(*[request] * 16)
    assert len(acted) == 1
    assert {a.body for a in answers} == {b'{"id":"mem_1"}'}
    assert sorted(a.replayed for a in answers) == [False] + [True] * 15


@pytest.mark.django_db(transaction=True)
def test_the_last_commit_is_seen_by_whoever_gets_the_lock_next() -> None:
    for n in range(30):
        start, acted = Barrier(2), []

        def request(start: Barrier = start, acted: list[int] = acted, n: int = n) -> None:
            start.wait()
            while True:
                try:
                    once(lambda: acted.append(1) or created(), key=f"k{n}")  # type: ignore[func-returns-value]
                    return
                except InProgress:
                    continue

        together(request, request)
        assert acted == [1]


@pytest.mark.django_db(transaction=True)
def test_a_first_answer_is_never_overwritten() -> None:
    with transaction.atomic():
        idempotency.keep(1, "k", ONE, 201, b"first")
        idempotency.keep(1, "k", TWO, 409, b"second")
    assert once(never).body == b"first"


@pytest.mark.django_db(transaction=True)
def test_old_answers_are_forgotten_in_batches() -> None:
    now = clock.now()
    for days, count in ((40, 7), (31, 5), (29, 3)):
        with clock.at(now - timedelta(days=days)):
            for n in range(count):
                idempotency.keep(1, f"{days}-{n}", ONE, 200, b"")
    assert idempotency.forget_old(days=35, batch=3) == 7
    assert idempotency.forget_old() == 5
    assert idempotency.forget_old() == 0
    assert sorted(IdempotencyRow.objects.values_list("key", flat=True)) == ["29-0", "29-1", "29-2"]
    assert once(created, key="40-0").replayed is False

"""Rate limits: exact to the token, bounded in memory, right under threads."""

from __future__ import annotations

import time
from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.kernel.errors import Broken
from regulars.kernel.ratelimit import Limit, Limiter, TooManyRequests

LIMIT = Limit(per_minute=60, burst=3, name="till")


class Watch:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_burst_passes_and_then_one_call_a_second() -> None:
    watch = Watch()
    limiter = Limiter(clock=watch)
    verdicts = [limiter.take("key", LIMIT) for _ in range(4)]
    assert [(v.allowed, v.remaining, v.reset_seconds) for v in verdicts] == [
        (True, 2, 1),
        (True, 1, 2),
        (True, 0, 3),
        (False, 0, 3),
    ]
    assert verdicts[3].retry_after_seconds == 1
    watch.seconds += 0.5
    assert not limiter.take("key", LIMIT).allowed
    watch.seconds += 0.5
    assert limiter.take("key", LIMIT).allowed
    watch.seconds += 3_600
    assert limiter.take("key", LIMIT).remaining == 2
    assert limiter.take("another", LIMIT).remaining == 2


def test_the_headers_say_limit_remaining_and_reset() -> None:
    limiter = Limiter(clock=Watch())
    assert limiter.take("key", LIMIT).headers() == {
        "RateLimit-Policy": '"till";q=3;w=3',
        "RateLimit": '"till";r=2;t=1',
    }
    limiter.take("key", LIMIT, weight=2)
    assert limiter.take("key", LIMIT, weight=2).headers() == {
        "RateLimit-Policy": '"till";q=3;w=3',
        "RateLimit": '"till";r=0;t=3',
        "Retry-After": "2",
    }


def test_a_refusal_carries_its_wait_and_takes_nothing() -> None:
    limiter = Limiter(clock=Watch())
    limiter.take("key", LIMIT, weight=2)
    with pytest.raises(TooManyRequests) as caught:
        limiter.must_take("key", LIMIT, weight=2)
    assert (caught.value.status, caught.value.code, caught.value.retry_after_seconds) == (429, "too_many_requests", 1)
    assert limiter.must_take("key", LIMIT).remaining == 0


def test_a_call_heavier_than_the_bucket_needs_a_full_bucket() -> None:
    limiter = Limiter(clock=Watch())
    assert limiter.take("key", LIMIT, weight=50).allowed
    assert limiter.take("key", LIMIT, weight=50).retry_after_seconds == 3


def test_impossible_limits_and_weights_are_refused() -> None:
    for build in (lambda: Limit(per_minute=0, burst=1), lambda: Limit(per_minute=1, burst=0)):
        with pytest.raises(Broken):
            build()
    with pytest.raises(Broken):
        Limiter().take("key", LIMIT, weight=0)


def test_memory_is_bounded_and_the_busy_stay() -> None:
    limiter = Limiter(most_keys=10, clock=Watch())
    for n in range(1_000):
        limiter.take("busy", LIMIT)
        limiter.take(n, LIMIT)
    assert len(limiter) == 10
    assert not limiter.take("busy", LIMIT).allowed


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 4)), max_size=60))
def test_never_more_passes_than_the_burst_and_what_time_has_brought(calls: list[tuple[float, int]]) -> None:
    watch = Watch()
    limiter, taken, began = Limiter(clock=watch), 0, watch.seconds
    for wait, weight in calls:
        watch.seconds += wait
        verdict = limiter.take("key", LIMIT, weight=weight)
        taken += min(weight, LIMIT.burst) if verdict.allowed else 0
        assert taken <= LIMIT.burst + (watch.seconds - began) * LIMIT.per_minute / 60 + 1e-6
        assert 0 <= verdict.remaining <= LIMIT.burst
        assert verdict.allowed or verdict.retry_after_seconds >= 1


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 3)), max_size=20), st.integers(1, 3))
def test_after_the_stated_wait_the_call_passes(calls: list[tuple[float, int]], weight: int) -> None:
    watch = Watch()
    limiter = Limiter(clock=watch)
    for wait, taken in calls:
        watch.seconds += wait
        limiter.take("key", LIMIT, weight=taken)
    verdict = limiter.take("key", LIMIT, weight=weight)
    if not verdict.allowed:
        watch.seconds += verdict.retry_after_seconds + 1e-9
        assert limiter.take("key", LIMIT, weight=weight).allowed


class Slow:
    """A key that lets other threads run whenever a bucket is read or written."""

    def __hash__(self) -> int:
        time.sleep(0.000_01)
        return 1


def test_eight_threads_share_one_bucket_exactly() -> None:
    limiter, start, key = Limiter(clock=Watch()), Barrier(8), Slow()
    limit, passed = Limit(per_minute=1, burst=300), []

    def calls() -> None:
        start.wait()
        passed.append(sum(limiter.take(key, limit).allowed for _ in range(50)))

    threads = [Thread(target=calls) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 300

"""Token buckets, per process: how many calls a key may make, and what the answer's headers say about it.

A bucket holds `burst` tokens and gains `per_minute` of them each minute; a call takes one (or its weight). Each
process has its own buckets, so the limit of the installation is at most the limit times the processes.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import ClassVar, NamedTuple

from regulars.kernel.errors import Refusal, sure

MOST_KEYS = 50_000  # buckets remembered; the one unused for longest goes first


class TooManyRequests(Refusal):
    """Too many calls with this key; wait as long as Retry-After says."""

    status = 429
    code: ClassVar[str] = "too_many_requests"

    @property
    def retry_after_seconds(self) -> int:
        return int(self.facts.get("retry_after_seconds", 1))


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many calls a minute on average, and so many at once at most."""

    per_minute: int
    burst: int
    name: str = "default"

    def __post_init__(self) -> None:
        sure(self.per_minute > 0 and self.burst > 0, "a limit lets something through")


class Verdict(NamedTuple):
    """Whether a call may pass, and what is left. Seconds are whole and rounded up."""

    allowed: bool
    limit: Limit
    remaining: int
    reset_seconds: int
    retry_after_seconds: int = 0

    def headers(self) -> dict[str, str]:
        """`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers), and `Retry-After` on refusal."""
        window = math.ceil(self.limit.burst * 60 / self.limit.per_minute)
        found = {
            "RateLimit-Policy": f'"{self.limit.name}";q={self.limit.burst};w={window}',
            "RateLimit": f'"{self.limit.name}";r={self.remaining};t={self.reset_seconds}',
        }
        if not self.allowed:
            found["Retry-After"] = str(self.retry_after_seconds)
        return found


class Limiter:
    """Buckets by key. Safe for threads; memory is bounded by `most_keys`.

    Args: clock: seconds that only grow (`time.monotonic`; another for tests).
    """

    def __init__(self, *, most_keys: int = MOST_KEYS, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_keys = most_keys
        self._clock = clock
        self._lock = Lock()
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # tokens, at

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable, limit: Limit, *, weight: int = 1) -> Verdict:
        """Take `weight` tokens if they are there. A refused call takes nothing.

        A weight above the burst could never pass; it is let through from a full bucket and empties it.
        """
        sure(weight >= 1, "a call weighs at least one")
        wanted = min(weight, limit.burst)
        rate = limit.per_minute / 60
        name = _name(key, limit)
        with self._lock:
            now = self._clock()
            tokens, at = self._buckets.get(name, (float(limit.burst), now))
            tokens = min(float(limit.burst), tokens + max(0.0, now - at) * rate)
            allowed = tokens >= wanted
            if allowed:
                tokens -= wanted
            self._buckets[name] = (tokens, now)
            self._buckets.move_to_end(name)
            while len(self._buckets) > self._most_keys:
                self._buckets.popitem(last=False)
        return Verdict(
            allowed=allowed,
            limit=limit,
            remaining=int(tokens),
            reset_seconds=math.ceil((limit.burst - tokens) / rate),
            retry_after_seconds=0 if allowed else max(1, math.ceil((wanted - tokens) / rate)),
        )

    def peek(self, key: Hashable, limit: Limit) -> Verdict:
        """Whether one call would pass now; takes nothing. For limits that count failures only."""
        with self._lock:
            now = self._clock()
            tokens, at = self._buckets.get(_name(key, limit), (float(limit.burst), now))
        rate = limit.per_minute / 60
        tokens = min(float(limit.burst), tokens + max(0.0, now - at) * rate)
        allowed = tokens >= 1
        return Verdict(
            allowed=allowed,
            limit=limit,
            remaining=int(tokens),
            reset_seconds=math.ceil((limit.burst - tokens) / rate),
            retry_after_seconds=0 if allowed else max(1, math.ceil((1 - tokens) / rate)),
        )

    def must_take(self, key: Hashable, limit: Limit, *, weight: int = 1) -> Verdict:
        """As `take`. Raises: TooManyRequests with `retry_after_seconds` among its facts."""
        verdict = self.take(key, limit, weight=weight)
        if not verdict.allowed:
            raise TooManyRequests(retry_after_seconds=verdict.retry_after_seconds)
        return verdict


def _name(key: Hashable, limit: Limit) -> Hashable:
    return key, limit.name, limit.per_minute, limit.burst  # a tuple of plain values is hashed without a call


limiter = Limiter()

"""Requests counted over all worker processes of one server: each writes its own small file, a scrape adds them up."""

from __future__ import annotations

import mmap
import os
import struct
import threading
from bisect import bisect_left
from pathlib import Path

BUCKETS_MS = (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000)
CLASSES = ("2xx", "3xx", "4xx", "5xx")
_SLOTS = len(CLASSES) * (len(BUCKETS_MS) + 2)  # per class: one count a bucket, one above all, the sum in microseconds
_BYTES = _SLOTS * 8
_NUMBERS = struct.Struct(f"={_SLOTS}Q")
_lock = threading.Lock()
_own: dict[int, mmap.mmap | bytearray] = {}
_numbers: dict[int, memoryview] = {}  # the same memory, number by number


def _memory() -> mmap.mmap | bytearray:
    """This process's numbers: a mapped file in REGULARS_TALLY (set by `regulars serve`), else plain memory."""
    pid = os.getpid()
    if pid not in _own:
        folder = os.environ.get("REGULARS_TALLY")
        if folder:
            with (Path(folder) / f"{pid}.tally").open("w+b") as file:
                file.truncate(_BYTES)
                _own[pid] = mmap.mmap(file.fileno(), _BYTES)
        else:
            _own[pid] = bytearray(_BYTES)
    return _own[pid]


def count(status: int, seconds: float) -> None:
    """Count one answer by its class and how long it took."""
    row = min(max(status // 100 - 2, 0), 3) * (len(BUCKETS_MS) + 2)
    ms = seconds * 1_000
    bucket = bisect_left(BUCKETS_MS, ms)
    with _lock:
        numbers = _numbers.get(os.getpid())
        if numbers is None:
            numbers = _numbers[os.getpid()] = memoryview(_memory()).cast("B").cast("Q")
        numbers[row + bucket] += 1
        numbers[row + len(BUCKETS_MS) + 1] += int(seconds * 1_000_000)


def totals() -> list[int]:
    """The numbers of all processes of this server, those that have ended included."""
    folder = os.environ.get("REGULARS_TALLY")
    if not folder:
        return list(_NUMBERS.unpack(bytes(_memory())))
    files = [path.read_bytes() for path in Path(folder).glob("*.tally")]
    return [
        sum(numbers) for numbers in zip(*(_NUMBERS.unpack(f) for f in files if len(f) == _BYTES), strict=True)
    ] or [0] * _SLOTS


def prometheus() -> list[str]:
    """The numbers as a Prometheus histogram with one label, the class of the status."""
    name, all_ = "regulars_http_request_seconds", totals()
    lines = [f"# HELP {name} Answers by class of status and time taken.", f"# TYPE {name} histogram"]
    for n, status in enumerate(CLASSES):
        row = all_[n * (len(BUCKETS_MS) + 2) : (n + 1) * (len(BUCKETS_MS) + 2)]
        so_far = 0
        for bound, more in zip(BUCKETS_MS, row, strict=False):
            so_far += more
            lines.append(f'{name}_bucket{{status="{status}",le="{bound / 1000:g}"}} {so_far}')
        whole = so_far + row[len(BUCKETS_MS)]
        lines.append(f'{name}_bucket{{status="{status}",le="+Inf"}} {whole}')
        lines.append(f'{name}_sum{{status="{status}"}} {row[-1] / 1_000_000:g}')
        lines.append(f'{name}_count{{status="{status}"}} {whole}')
    return lines

"""The till's journal: a file that is only ever appended to, each record chained to the one before.

One record is one line: 64 hex digits, a space, JSON, a line feed. The digits are the SHA-256 of the digits of the
record before (the first: 64 zeros), a line feed, and the JSON's bytes. `append` returns when the disk has the record.
A crash in the middle of a write leaves a torn last line, which opening cuts off (its sale was never confirmed to
anybody) and keeps beside the journal; a line that does not fit anywhere else is damage, and is never passed over.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from regulars_till.errors import JournalDamaged, JournalInUse

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

BEGIN = "0" * 64


def chained(before: str, body: bytes) -> str:
    """The digits of a record."""
    return hashlib.sha256(before.encode() + b"\n" + body).hexdigest()


def written(value: Any) -> bytes:
    """A value as the journal writes it: JSON with sorted names, no blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


class Journal:
    """An open journal. `head` is the digits of its last record."""

    def __init__(self, path: os.PathLike[str] | str) -> None:
        self.path = Path(path)
        self.head = BEGIN
        self.torn = 0  # bytes that opening cut off
        self._file: IO[bytes] = open(self.path, "a+b", buffering=0)  # noqa: SIM115 - it stays open
        try:
            self._lock()
            self.records = list(self._read())
        except BaseException:
            self._file.close()
            raise
        _fsync_folder(self.path.parent)

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise JournalInUse(f"{self.path} is open in another program") from None

    def _read(self) -> Iterator[tuple[str, dict[str, Any]]]:
        self._file.seek(0)
        content = self._file.read()
        at = 0
        while at < len(content):
            end = content.find(b"\n", at)
            line = content[at : end if end >= 0 else len(content)]
            found = _record(line, self.head) if end >= 0 else None
            if found is None:
                if end >= 0 and content[end + 1 :].strip(b"\0\r\n "):
                    raise JournalDamaged(f"{self.path}: the record at byte {at} does not fit the one before it")
                self._cut(content, at)
                return
            self.head = line[:64].decode()
            yield self.head, found
            at = end + 1

    def _cut(self, content: bytes, at: int) -> None:
        self.torn = len(content) - at
        with open(f"{self.path}.torn", "ab") as aside:
            aside.write(content[at:] + b"\n")
        self._file.truncate(at)
        os.fsync(self._file.fileno())

    def append(self, value: dict[str, Any]) -> str:
        """Write one record and wait until the disk has it; answers its digits."""
        body = written(value)
        head = chained(self.head, body)
        at = self._file.seek(0, os.SEEK_END)
        try:
            self._whole(head.encode() + b" " + body + b"\n")
            os.fsync(self._file.fileno())
        except BaseException:
            self._file.truncate(at)  # what was not confirmed must not be found later
            raise
        self.head = head
        self.records.append((head, value))
        return head

    def _whole(self, line: bytes) -> None:
        while line:
            line = line[self._file.write(line) or 0 :]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _record(line: bytes, before: str) -> dict[str, Any] | None:
    body = line[65:]
    if line[64:65] != b" " or line[:64] != chained(before, body).encode():
        return None
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _fsync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

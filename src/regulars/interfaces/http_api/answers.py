"""Answers as bytes, pages of lists, and calls that happen once however often they are sent."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse

from regulars.interfaces.http_api import problems
from regulars.kernel import idempotency, secrets
from regulars.kernel.errors import Invalid
from regulars.people.staff.terms import ApiKey

MEDIA_TYPE = "application/json"
PAGE_LIMIT = 200
_PURPOSE, _KEY_BYTES = "http_api.answer", 65  # as `secrets.new_data_key` makes them


def json(value: Any, status: int = 200, **headers: str) -> HttpResponse:
    """An answer of JSON; instants become RFC 3339 with offset, UUIDs text."""
    return HttpResponse(body(value), status=status, content_type=MEDIA_TYPE, headers=headers)


def body(value: Any) -> bytes:
    """The bytes of an answer."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def request_hash(request: HttpRequest) -> bytes:
    """What was asked, and with which rights: who may less must not read the answer that a stronger key was given."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    asked = f"{request.get_full_path()} {_rights(key.scopes, key.store_id)}"
    return idempotency.hash_of(request.method or "", asked, request.body)


@lru_cache(maxsize=1_024)
def _rights(scopes: frozenset[str], store_id: int | None) -> str:
    return f"{','.join(sorted(scopes))} {store_id or ''}"


def once(request: HttpRequest, idempotency_key: str, work: Callable[[], HttpResponse]) -> HttpResponse:
    """Do `work` in one transaction with the record of its answer; the same key gets the first answer again."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    fresh: list[bytes] = []

    def kept(answer: HttpResponse) -> idempotency.Stored:
        fresh.append(answer.content)
        sealed = _sealed(key.program_id, answer.content)
        return idempotency.Stored(status=answer.status_code, body=sealed, replayed=False)

    told = idempotency.once(
        program_id=key.program_id,
        key=idempotency_key,
        request_hash=request_hash(request),
        do=lambda: kept(work()),
        refused=lambda no: kept(problems.of_refusal(no)),
    )
    content = _opened(key.program_id, told.body) if told.replayed else fresh[-1]
    media = MEDIA_TYPE if told.status < 400 else problems.MEDIA_TYPE
    headers = {"Idempotent-Replayed": "true"} if told.replayed else {}
    return HttpResponse(content, status=told.status, content_type=media, headers=headers)


def maybe_once(request: HttpRequest, idempotency_key: str | None, work: Callable[[], HttpResponse]) -> HttpResponse:
    """As `once` where the caller sent a key; without one the work answers for itself."""
    return once(request, idempotency_key, work) if idempotency_key else work()


def _sealed(program_id: int, content: bytes) -> bytes:
    # an answer may tell a birthday, a hint of a phone, words that a caller sent: what is kept of it is ciphertext
    data_key = secrets.new_data_key(program_id)
    return data_key + secrets.seal(program_id, data_key, content.decode(), _PURPOSE)


def _opened(program_id: int, kept: bytes) -> bytes:
    return secrets.open(program_id, kept[:_KEY_BYTES], kept[_KEY_BYTES:], _PURPOSE).encode()


def cursor_text(parts: list[Any]) -> str:
    """An opaque cursor from the sort key of a page's last row."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def cursor_parts(text: str | None, *, size: int) -> list[Any] | None:
    """The sort key inside a cursor.

    Raises: Invalid when it is not one of ours.
    """
    parts = cursor_in(text)
    if parts is not None and len(parts) != size:
        raise _no_cursor()
    return list(parts) if parts is not None else None


def cursor_in(text: str | None) -> tuple[Any, ...] | None:
    """A page's cursor as its service wants it: the parts, their number unchecked (the service checks).

    Raises: Invalid when it is not one of ours.
    """
    if not text:
        return None
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError) as no:
        raise _no_cursor() from no
    if not isinstance(parts, list) or any(isinstance(p, list | dict) for p in parts):
        raise _no_cursor()
    return tuple(parts)


def _no_cursor() -> Invalid:
    return Invalid(errors=[("cursor", "is not a cursor of this list; start again without one")])


def cursor_out(parts: tuple[Any, ...] | None) -> str | None:
    """The opaque text of a cursor; None at the end of a list."""
    return cursor_text(list(parts)) if parts is not None else None


def after_text(text: str | None) -> str:
    """The key behind which a page begins, for lists in order of a text; "" at the beginning.

    Raises: Invalid when the cursor is not one of ours.
    """
    parts = cursor_parts(text, size=1)
    if parts is None:
        return ""
    if not isinstance(parts[0], str) or "\x00" in parts[0]:
        raise _no_cursor()
    return parts[0]


def decimal(value: Decimal) -> str:
    """A quantity as text, without zeros at its end.

    >>> decimal(Decimal("3.000000")), decimal(Decimal("0.480")), decimal(Decimal("100"))
    ('3', '0.48', '100')
    """
    return f"{value.normalize():f}"


def place(text: str | None) -> UUID | None:
    """A cursor that is an id.

    Raises: Invalid when it is not one of ours.
    """
    parts = cursor_parts(text, size=1)
    if parts is None:
        return None
    try:
        return UUID(parts[0])
    except (ValueError, AttributeError, TypeError) as no:
        raise _no_cursor() from no


def whole_parts(text: str | None, *, size: int) -> list[int] | None:
    """A cursor made of whole numbers.

    Raises: Invalid when it is not one of ours.
    """
    parts = cursor_parts(text, size=size)
    if parts is not None and any(type(p) is not int or not 0 <= p < 2**62 for p in parts):
        raise _no_cursor()
    return parts

"""The way to the house: any function that sends a request will do; this one needs only the standard library."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Mapping

# (method, path, body, headers) -> (status, body)
Send = Callable[[str, str, bytes, Mapping[str, str]], "tuple[int, bytes]"]


class HttpTransport:
    """Sends with urllib. `base` is the API's address with `/api/v1`; `secret` an API key with the scopes it needs."""

    def __init__(self, base: str, secret: str, timeout_seconds: int = 20) -> None:
        if not base.startswith(("https://", "http://")):
            raise ValueError("the address begins with https://")
        self._base = base.rstrip("/")
        self._secret = secret
        self._timeout = timeout_seconds

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        request = urllib.request.Request(self._base + path, data=body, method=method)  # noqa: S310 - checked above
        request.add_header("Authorization", f"Bearer {self._secret}")
        request.add_header("Content-Type", "application/json")
        for name, value in headers.items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:  # noqa: S310 - checked above
                return answer.status, answer.read()
        except urllib.error.HTTPError as no:
            return no.code, no.read()

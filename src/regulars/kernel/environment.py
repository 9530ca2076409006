"""What the environment says, read with a clear message for each value that cannot be meant."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from regulars.kernel.errors import Invalid

_HOST = re.compile(r"^(\*|\.?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])$")


def choice(name: str, options: tuple[str, ...], default: str, env: Mapping[str, str] = os.environ) -> str:
    """One of a few words.

    Raises: Invalid that lists them.
    """
    said = env.get(name, "").strip().lower() or default
    if said not in options:
        raise Invalid(errors=[(name, f"must be one of {', '.join(options)}; it is {said!r}")])
    return said


def whole(name: str, default: int, *, least: int, most: int, env: Mapping[str, str] = os.environ) -> int:
    """A whole number between two bounds.

    Raises: Invalid that names the bounds.
    """
    said = env.get(name, "").strip()
    if not said:
        return default
    if not re.fullmatch(r"\d{1,9}", said) or not least <= int(said) <= most:
        raise Invalid(errors=[(name, f"must be a whole number from {least} to {most}; it is {said!r}")])
    return int(said)


def switch(name: str, default: bool, env: Mapping[str, str] = os.environ) -> bool:
    """On or off: 1, 0, true, false, yes, no, on, off.

    Raises: Invalid for any other word.
    """
    said = choice(name, ("1", "0", "true", "false", "yes", "no", "on", "off"), "1" if default else "0", env)
    return said in ("1", "true", "yes", "on")


def hosts(name: str, default: str, env: Mapping[str, str] = os.environ) -> list[str]:
    """Host names, comma separated, without scheme and port; a leading dot takes subdomains in.

    Raises: Invalid that names the one that is none.
    """
    found = [h.strip() for h in (env.get(name) or default).split(",") if h.strip()]
    for host in found:
        if not _HOST.match(host):
            raise Invalid(errors=[(name, f"{host!r} is not a host name; give names only, as shop.example,[::1]")])
    return found


def email(name: str, env: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Django's e-mail settings from `smtp://user:password@host:587?from=shop@example.org`.

    `smtp` uses STARTTLS unless `?tls=0`, `smtps` TLS from the start, `console:` prints; unset prints too.
    Raises: Invalid with the reason.
    """
    said = env.get(name, "").strip()
    if not said or said == "console:":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    parts = urlsplit(said)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise Invalid(errors=[(name, "must look like smtp://user:password@host:587, smtps://host:465 or console:")])
    try:
        port = parts.port or (465 if parts.scheme == "smtps" else 587)
    except ValueError as no:
        raise Invalid(errors=[(name, "has a port that is no number")]) from no
    query = parse_qs(parts.query)
    unknown = sorted(set(query) - {"tls", "from"})
    if unknown:
        raise Invalid(errors=[(name, f"knows ?tls=0|1 and ?from=, not {unknown[0]}")])
    sender = query.get("from", [f"regulars@{parts.hostname}"])[0]
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and query.get("tls", ["1"])[0] != "0",
        "EMAIL_TIMEOUT": 10,
        "DEFAULT_FROM_EMAIL": sender,
        "SERVER_EMAIL": sender,
    }

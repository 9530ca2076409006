"""The ways a call can fail: the answer is no (`Refusal`), or the world is broken (`Broken`)."""

from __future__ import annotations

import re
from typing import Any, ClassVar

_REGISTRY: dict[str, type[Refusal]] = {}


class Refusal(Exception):
    """The answer is no, the caller may be told why, and nothing was changed.

    Subclasses set `status` (the HTTP status); `code` is the class name in snake case unless given.
    `facts` are JSON values that a program may read (never personal data).
    """

    status: ClassVar[int] = 409
    code: ClassVar[str] = "refusal"

    def __init__(self, detail: str = "", **facts: Any) -> None:
        super().__init__(detail or (type(self).__doc__ or "").strip().splitlines()[0])
        self.facts: dict[str, Any] = facts

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" not in cls.__dict__:
            cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        _REGISTRY[cls.code] = cls

    @property
    def detail(self) -> str:
        return str(self)


class NotFound(Refusal):
    """There is no such thing here."""

    status = 404


class Forbidden(Refusal):
    """You may not do this."""

    status = 403


class Invalid(Refusal):
    """What was sent cannot be understood; `errors` lists every fault with its path.

    Args: errors: `[(path, message), …]`, paths dotted (`lines.3.quantity`).
    """

    status = 422

    def __init__(self, detail: str = "", errors: list[tuple[str, str]] | None = None, **facts: Any) -> None:
        self.errors = errors or []
        super().__init__(detail or "; ".join(f"{p}: {m}" for p, m in self.errors) or "Invalid input.", **facts)


class Busy(Refusal):
    """Somebody else is changing the same thing; try again in a moment."""

    status = 409
    retry_after_seconds: ClassVar[int] = 1


class Broken(Exception):
    """Something that cannot happen has happened. Roll back, log, wake someone."""


def sure(fact: bool, says: str) -> None:
    """Stop at once unless `fact` holds. Unlike `assert`, it is never compiled away."""
    if not fact:
        raise Broken(says)


def refusal_named(code: str, detail: str, facts: dict[str, Any] | None = None) -> Exception:
    """The refusal that a stored function raised by its code; an unknown code is `Broken`."""
    found = _REGISTRY.get(code)
    if found is None:
        return Broken(f"the database refused with an unknown code {code}: {detail}")
    return found(detail, **(facts or {}))

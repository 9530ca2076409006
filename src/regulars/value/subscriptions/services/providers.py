"""Who moves money: providers by name, put here when the house starts."""

from __future__ import annotations

from regulars.value.subscriptions.terms import Provider, UnknownProvider

_known: dict[str, Provider] = {}


def install(*, name: str, provider: Provider) -> None:
    """Make a provider known under a name; subscriptions remember the name. The first one is the usual one."""
    _known[name] = provider


def names() -> tuple[str, ...]:
    """The providers that are installed, the usual one first."""
    return tuple(_known)


def named(name: str) -> Provider:
    """A provider by its name.

    Raises: UnknownProvider.
    """
    found = _known.get(name)
    if found is None:
        raise UnknownProvider(f"No payment provider {name!r} is installed.")
    return found


def usual(name: str | None) -> str:
    """The name asked for, or the first that is installed.

    Raises: UnknownProvider.
    """
    if name is None:
        if not _known:
            raise UnknownProvider
        return next(iter(_known))
    named(name)
    return name

"""Where two answers about one basket differ: what a cashier must be told before she asks for other money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regulars.value.checkout.terms import Difference

_HEAD = ("member", "currency", "subtotal", "discount_total", "total", "due", "earn", "spend", "effects")
_LINE = ("sku", "quantity", "amount_minor", "discount_minor", "net_minor", "tendered_minor", "shares", "earned")
MOST = 200


def differences(quoted: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Every number of a quote that is another one now: totals first, then lines in their order.

    >>> differences({"total": 5, "lines": []}, {"total": 4, "lines": []})
    (Difference(path='total', quoted=5, now=4),)
    """
    found = [Difference(name, quoted.get(name), now.get(name)) for name in _HEAD if quoted.get(name) != now.get(name)]
    before = {line["id"]: line for line in quoted.get("lines", ())}
    after = {line["id"]: line for line in now.get("lines", ())}
    for key in [*before, *(k for k in after if k not in before)]:
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            found.append(Difference(f"lines.{key}", old, new))
            continue
        found += [Difference(f"lines.{key}.{n}", old.get(n), new.get(n)) for n in _LINE if old.get(n) != new.get(n)]
    return tuple(found[:MOST])

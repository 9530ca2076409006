"""Which rules gave what, for many orders at once: for statements."""

from __future__ import annotations

from collections.abc import Iterable

import orjson
from django.db import connection

from regulars.value.orders.terms import Applied


def applied_of(*, program_id: int, named: Iterable[str]) -> dict[str, tuple[Applied, ...]]:
    """The rules that gave something, by order.

    Args: named: orders as the ledger names them, `source/ref`; whoever is not found is left out.
    """
    sources, refs = [], []
    for name in named:
        parts = name.split("/")
        for cut in range(1, len(parts)):  # a source and a ref may hold a slash themselves
            sources.append("/".join(parts[:cut]))
            refs.append("/".join(parts[cut:]))
    with connection.cursor() as cursor:
        cursor.execute(
            "select o.source || '/' || o.ref, (o.decision -> 'applied')::text"
            " from unnest(%s::text[], %s::text[]) as x(source, ref)"
            " join orders_order o on o.program_id = %s and o.source = x.source and o.ref = x.ref"
            " where o.decision -> 'applied' is not null",
            [sources, refs, program_id],
        )
        found = cursor.fetchall()
    return {name: tuple([Applied(*a) for a in orjson.loads(applied)]) for name, applied in found}

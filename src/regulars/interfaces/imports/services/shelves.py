"""Files of products and of counted stock. Rows of one sku are its prices; what a file does not say stays as it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from regulars.interfaces.imports.rules.goods import attribute_of, count_of, flag_of, price_of
from regulars.interfaces.imports.rules.people import Faulty
from regulars.interfaces.imports.services.result import Result, Rows
from regulars.interfaces.imports.terms import Kind, Mapping
from regulars.people.programs import services as programs
from regulars.people.programs.terms import NoStore
from regulars.value.catalog import services as catalog
from regulars.value.catalog.terms import Attribute, Count, Done, ProductTold


@dataclass
class _Product:
    """The rows of one sku in a batch: the last says what it is, each may say a price."""

    told: ProductTold
    lines: list[int] = field(default_factory=list)
    priced: list[int] = field(default_factory=list)  # the line of each price


def apply(*, program_id: int, rows: Rows, mapping: Mapping, result: Result) -> None:
    """Take over a batch of products or counts, good rows at least."""
    if mapping.kind == Kind.STOCK:
        _counts(program_id, rows, mapping, result)
    else:
        _products(program_id, rows, mapping, result)


def _products(program_id: int, rows: Rows, mapping: Mapping, result: Result) -> None:
    attributes = catalog.attributes(program_id=program_id)
    found: dict[str, _Product] = {}
    for line, row in rows:
        try:
            _read(program_id, line, row, mapping, attributes, found)
        except Faulty as no:
            result.reject(line, no.reason)
    said = {*mapping.columns, *mapping.constants, *(["attributes"] if mapping.attributes else [])}
    waiting = list(found.values())
    while waiting:
        done = catalog.put_many(
            program_id=program_id,
            batch=[one.told for one in waiting],
            only=frozenset(said & {"name", "category", "brand", "uom", "attributes", "active"}),
            keep_prices=True,
        )
        waiting = [
            again
            for one, outcome in zip(waiting, done, strict=True)
            if (again := _settled(one, outcome, result)) is not None
        ]


def _read(
    program_id: int,
    line: int,
    row: dict[str, str | None],
    mapping: Mapping,
    attributes: dict[str, Attribute],
    found: dict[str, _Product],
) -> None:
    sku, name = row.get("sku"), row.get("name")
    if not sku or not name:
        raise Faulty(f"missing:{'name' if sku else 'sku'}")
    program = programs.by_id(program_id=program_id)
    currency = program.currency
    if row.get("store"):
        try:
            currency = programs.store(program_id=program_id, key=str(row["store"])).currency
        except NoStore as no:
            raise Faulty("bad:store") from no
    price = price_of(row, mapping=mapping, zone=program.zone, currency=currency)
    values = {
        key: attribute_of(text, attributes.get(key))
        for key in mapping.attributes
        if (text := row.get(f"attributes.{key}"))
    }
    told = ProductTold(
        sku=sku,
        name=name,
        category=row.get("category") or None,
        brand=row.get("brand") or None,
        uom=row.get("uom") or "",
        attributes=values,
        active=flag_of(row.get("active"), "active"),
    )
    before = found.get(sku)
    one = _Product(told, before.lines, before.priced) if before else _Product(told)
    prices = before.told.prices or () if before else ()
    one.lines.append(line)
    if price is not None:
        prices = (*prices, price)
        one.priced.append(line)
    one.told = replace(told, prices=prices or None)
    found[sku] = one


def _settled(one: _Product, done: Done, result: Result) -> _Product | None:
    """Count an outcome; a product of which only some prices are bad is tried once more without them."""
    if done.outcome != "refused":
        if done.outcome == "unchanged":
            result.repeated += len(one.lines)
        else:
            result.recorded += len(one.lines)
        return None
    bad: dict[int, str] = {}
    for path, _ in done.errors:
        head, _, rest = path.partition(".")
        if head != "prices" or not rest:
            for line in one.lines:
                result.reject(line, f"bad:{path}"[:80])
            return None
        place, _, name = rest.partition(".")
        bad.setdefault(int(place), name or "price_told_twice")
    for place, name in bad.items():
        result.reject(one.priced[place], f"bad:{name}")
    prices = tuple(price for n, price in enumerate(one.told.prices or ()) if n not in bad)
    gone = {one.priced[place] for place in bad}
    left = [line for line in one.lines if line not in gone]
    if not left:
        return None
    priced = [line for n, line in enumerate(one.priced) if n not in bad]
    return _Product(replace(one.told, prices=prices or None), left, priced)


def _counts(program_id: int, rows: Rows, mapping: Mapping, result: Result) -> None:
    read: list[tuple[int, Count]] = []
    for line, row in rows:
        try:
            read.append((line, count_of(row, mapping=mapping)))
        except Faulty as no:
            result.reject(line, no.reason)
    done = catalog.count_stock(program_id=program_id, batch=[one for _, one in read])
    for (line, _), outcome in zip(read, done, strict=True):
        if outcome.outcome == "refused":
            result.reject(line, f"bad:{outcome.errors[0][0]}")
        elif outcome.outcome == "unchanged":
            result.repeated += 1
        else:
            result.recorded += 1

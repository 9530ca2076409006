"""Products, counts and audiences come in from files: once, whatever is run twice, and bad rows stay out."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from regulars.cli.imports import command
from regulars.interfaces.imports import services
from regulars.interfaces.imports.rules import read_mapping
from regulars.interfaces.imports.terms import BadMapping
from regulars.interfaces.imports.tests.shop import ACTOR, a_shop, bring
from regulars.people.audiences import services as audiences
from regulars.people.members import services as members
from regulars.people.members.terms import Newcomer
from regulars.value.catalog import services as catalog
from regulars.value.catalog.terms import Attribute, AttributeType, Category, Price

pytestmark = pytest.mark.django_db(transaction=True)
PRODUCTS = {
    "kind": "products",
    "source": "erp",
    "columns": {
        "sku": "no", "name": "what", "category": "shelf", "price": "price", "member_price": "club", "channel": "where",
        "starts_on": "from", "ends_on": "to",
    },
    "attributes": {"size": "size"},
}  # fmt: skip
HEADER = "no,what,shelf,price,club,where,from,to,size\n"


def shop() -> int:
    program_id = a_shop()
    catalog.put_categories(program_id=program_id, batch=[Category(key="mugs")])
    catalog.declare_attribute(program_id=program_id, told=Attribute(key="size", type=AttributeType.NUMBER))
    return program_id


def write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text(header + "".join(f"{row}\n" for row in rows), "utf-8")
    return path


def test_products_come_in_with_their_prices_and_once(tmp_path: Path) -> None:
    program_id = shop()
    path = write(
        tmp_path / "products.csv",
        "M1,Mug,mugs,5.00,4.50,,,,2",
        "M1,Mug,mugs,4.80,,web,2026-12-01,2026-12-24,2",
        "M2,Cup,,3.333,,,,,",  # no such money
        "M3,Pot,hats,9,,,,,",  # no such category
        "M4,Jug,,7,8,,,,",  # members pay more
        "M5,Can,,6,,moon,,,",  # no such channel
        "M6,Tin,,,,,,,big",  # no number
        ",Lid,,1,,,,,",
        "M7,Dish,,,,,,,",
    )
    dry = services.dry_run(program_id=program_id, path=path, mapping=read_mapping(PRODUCTS))
    assert (dry["recorded"], dry["rows_rejected"]) == (3, 6)
    assert catalog.products(program_id=program_id) == []
    job = bring(program_id, path, PRODUCTS)
    assert (job.report["recorded"], job.rejected) == (3, 6)
    assert job.report["reasons"] == {
        "bad_number:price": 1, "bad:category": 1, "bad:member_minor": 1, "bad:channel": 1, "bad_number:size": 1,
        "missing:sku": 1,
    }  # fmt: skip
    assert Path(job.rejects_path).read_text().splitlines()[0] == "line,reason," + HEADER.strip()
    mug = catalog.get(program_id=program_id, sku="M1")
    assert (mug.category, dict(mug.attributes)) == ("mugs", {"size": 2})
    assert [(p.price_minor, p.member_minor, p.channel) for p in mug.prices] == [(500, 450, ""), (480, None, "web")]
    assert mug.prices[1].ends_at.isoformat() == "2026-12-25T00:00:00+00:00"  # the last day is in it
    again = bring(program_id, path, PRODUCTS)
    assert (again.report["recorded"], again.report["repeated"], again.rejected) == (0, 3, 6)


def test_a_file_changes_only_what_it_says(tmp_path: Path) -> None:
    program_id = shop()
    bring(program_id, write(tmp_path / "a.csv", "M1,Mug,mugs,5.00,4.50,,,,2"), PRODUCTS)
    prices = {"kind": "products", "columns": {"sku": "no", "name": "what", "price": "price", "channel": "where"}}
    bring(program_id, write(tmp_path / "b.csv", "M1,Mug,,4.00,,web,,,"), prices)
    mug = catalog.get(program_id=program_id, sku="M1")
    assert (mug.category, dict(mug.attributes)) == ("mugs", {"size": 2})
    assert mug.prices == (
        Price(500, 450, currency="GBP"),
        Price(400, None, channel="web", currency="GBP"),
    )


def test_counts_come_in_once_and_need_the_moment_they_were_made(tmp_path: Path) -> None:
    program_id = shop()
    bring(program_id, write(tmp_path / "a.csv", "M1,Mug,,,,,,,", "M2,Cup,,,,,,,"), PRODUCTS)
    mapping = {"kind": "stock", "columns": {"sku": "sku", "quantity": "n"}}
    with pytest.raises(BadMapping) as no:
        read_mapping(mapping)
    assert [path for path, _ in no.value.errors] == ["constants.counted_at"]
    mapping = {**mapping, "constants": {"counted_at": "2026-01-01T00:00:00Z"}}
    path = write(tmp_path / "stock.csv", "M1,2.5", "M2,", "M9,1", "M1x,-1", header="sku,n\n")
    job = bring(program_id, path, mapping)
    assert (job.report["recorded"], job.rejected) == (2, 2)
    taken = catalog.take(program_id=program_id, store_id=None, quantities={"M1": Decimal(1), "M2": Decimal(99)})
    assert taken == {"M1": 1}
    again = bring(program_id, path, mapping)
    assert (again.report["recorded"], again.report["repeated"]) == (0, 2)
    assert catalog.stock_of(program_id=program_id, sku="M1")[0].quantity == Decimal("1.5")


def test_an_audience_is_filled_from_a_file_once(tmp_path: Path) -> None:
    program_id = shop()
    audiences.declare(program_id=program_id, key="spring", names={})
    rows = [Newcomer(external=str(n)) for n in range(3)]
    members.register_many(program_id=program_id, rows=rows, actor=ACTOR)
    path = write(
        tmp_path / "a.csv", "0,", "1,2099-12-31", "9,", ",2099-12-31", "2,2001-01-01", "0,", header="who,until\n"
    )
    mapping = {
        "kind": "audience", "source": "crm", "columns": {"member": "who", "expires_on": "until"},
        "constants": {"audience": "spring"},
    }  # fmt: skip
    job = bring(program_id, path, mapping)
    assert (job.report["recorded"], job.report["repeated"], job.rejected) == (2, 1, 3)
    assert job.report["reasons"] == {"unknown_member": 1, "missing:member": 1, "expired_already": 1}
    page = audiences.page(program_id=program_id, key="spring").items
    assert [m.source for m in page] == ["import:crm"] * 2
    again = bring(program_id, path, mapping)
    assert (again.report["recorded"], again.report["repeated"]) == (0, 3)
    job = bring(program_id, path, {**mapping, "constants": {"audience": "autumn"}})
    assert (job.report["recorded"], job.report["reasons"]["unknown_audience"]) == (0, 4)


def test_the_command_line_brings_in_products_and_says_what_stayed_out(tmp_path: Path) -> None:
    shop()
    path = write(tmp_path / "p.csv", "M1,Mug,mugs,5.00,,,,,", "M2,,,,,,,,")
    told = "columns: {sku: 'no', name: what, category: shelf, price: price}\n"
    (tmp_path / "m.yaml").write_text(told)
    done = CliRunner().invoke(command, ["products", str(path), "--mapping", str(tmp_path / "m.yaml")])
    assert done.exit_code == 3, done.output
    assert "1 rows were rejected" in done.output

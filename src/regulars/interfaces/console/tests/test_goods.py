"""Goods and audiences in the console: found, shown, compared, only by who may."""

from __future__ import annotations

from decimal import Decimal

import pytest

from regulars.interfaces.console.tests.conftest import Desk
from regulars.kernel import clock
from regulars.people.audiences import services as audiences
from regulars.value.catalog import services as catalog
from regulars.value.catalog.terms import Category, Count, Price, ProductTold, Right, RightTold, Window


@pytest.fixture
def shelf(desk: Desk) -> Desk:
    """Two products, one dearer in shops, one sold out at the Bund; an audience with Ann."""
    program = desk.program_id
    catalog.put_categories(program_id=program, batch=[Category(key="tea", parent="drinks"), Category(key="drinks")])
    prices = (Price(4_800, 4_200), Price(4_500, channel="web"))
    told = [
        ProductTold(sku="T/1", name="Green <tea>", category="tea", prices=prices),
        ProductTold(sku="T2", name="=cmd()", prices=(Price(900),)),
    ]
    assert [d.outcome for d in catalog.put_many(program_id=program, batch=told)] == ["created", "created"]
    catalog.count_stock(
        program_id=program, batch=[Count("T2", "bund", Decimal(0)), Count("T/1", "bund", Decimal("2.50"))]
    )
    right = Right("drop", tiers=("gold",), windows=(Window(from_at=clock.now()),), most=2)
    told_right = RightTold(right=right, skus=("T/1", "T/9"), categories=("tea",))
    catalog.put_right(program_id=program, told=told_right, levels=("gold",))
    audiences.declare(program_id=program, key="spring", names={"en": "Spring", "zh-Hans": "春季"}, note="invited")
    audiences.add(program_id=program, key="spring", refs=[desk.ann], source="crm", actor="system:test")
    return desk


def text(desk: Desk, path: str, role: str = "marketer", status: int = 200) -> str:
    answer = desk.sits(role).get(path)
    assert answer.status_code == status, path
    return answer.content.decode()


def test_a_product_is_found_by_its_sku_and_shown_whole(shelf: Desk) -> None:
    listed = text(shelf, "/console/products/")
    assert "T/1" in listed
    assert "Green &lt;tea&gt;" in listed
    found = shelf.sits("marketer").get("/console/products/?sku=T/1")
    assert (found.status_code, found.url) == (302, "/console/product/T/1/")
    shown = text(shelf, found.url)
    assert "48.00" in shown
    assert "45.00" in shown
    assert ">2.5<" in shown
    beside = text(shelf, "/console/products/?sku=T1")
    assert "No product has this sku" in beside
    assert "T2" in beside
    assert "T/1" not in beside
    text(shelf, "/console/product/none/", status=404)


def test_what_differs_between_places_is_shown_and_comes_as_a_file(shelf: Desk) -> None:
    shown = text(shelf, "/console/parity/")
    assert "T/1" in shown
    assert "T2" not in shown
    shown = text(shelf, "/console/parity/?places=web,store@bund")
    assert "T2" in shown
    assert "sold out" in shown
    answer = shelf.sits("marketer").get("/console/parity/?places=web,store@bund&as=csv")
    rows = b"".join(answer.streaming_content).decode().splitlines()
    assert rows[0].startswith("sku,name,price_differs,member_differs,stock_differs,web price_minor")
    assert rows[1:] == [
        "T/1,Green <tea>,True,True,False,4500,,,True,4800,4200,2.500000,True",
        "T2,'=cmd(),False,False,True,900,,,True,900,,0.000000,False",
    ]
    assert "there is no channel" in text(shelf, "/console/parity/?places=moon,web", status=422)


def test_lists_of_the_catalog_show_their_rows_and_say_when_there_are_none(shelf: Desk) -> None:
    assert "drinks" in text(shelf, "/console/categories/")
    shown = text(shelf, "/console/purchase-rights/")
    assert "drop" in shown
    assert "1 not in the catalog yet" in shown
    assert "T/9" in shown
    assert "sold out" in text(shelf, "/console/stock/?store=bund")
    assert "Nothing is tracked here." in text(shelf, "/console/stock/")
    text(shelf, "/console/stock/?store=moon", status=404)


def test_an_audience_shows_who_is_on_it_and_how_many(shelf: Desk) -> None:
    listed = text(shelf, "/console/audiences/")
    assert "Spring" in listed
    assert "invited" in listed
    shown = text(shelf, "/console/audience/spring/")
    assert "1 member" in shown
    assert "crm" in shown
    text(shelf, "/console/audience/none/", status=404)


def test_empty_pages_say_what_to_do(desk: Desk) -> None:
    assert "regulars import products" in text(desk, "/console/products/")
    assert "Everybody may buy everything." in text(desk, "/console/purchase-rights/")
    assert "No audience yet" in text(desk, "/console/audiences/")
    assert "are the same in all these places" in text(desk, "/console/parity/")

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.value.catalog import services as catalog
from regulars.value.catalog.models import PriceRow, ProductRow, StockRow
from regulars.value.catalog.terms import (
    MOST_AT_ONCE,
    Attribute,
    AttributeType,
    Category,
    Count,
    OutOfStock,
    Place,
    Price,
    ProductTold,
    Right,
    RightTold,
    UnknownProduct,
    UnknownRight,
    Window,
)

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SHOE = ProductTold(
    sku="S1",
    name="Shoe",
    category="shoes",
    brand="acme",
    uom="pair",
    attributes={"colour": "red", "size": 42, "vegan": True, "fabric": "felt"},
    prices=(Price(5_000, 4_500),),
)


def put(program, *told):
    return [done.outcome for done in catalog.put_many(program_id=program, batch=told)]


def goods(program, *skus, store=None, channel="web", at=NOON, **more):
    return catalog.goods(program_id=program, store_id=store, channel=channel, skus=skus, at=at, **more)


def count(program, sku, quantity, store=None, at=None):
    told = Count(sku, store, Decimal(quantity) if quantity is not None else None, at)
    return catalog.count_stock(program_id=program, batch=[told])[0].outcome


def left(program, sku="S1"):
    return {s.store: s.quantity for s in catalog.stock_of(program_id=program, sku=sku) if s.tracked}


def test_a_basket_sees_what_was_told_and_unknown_skus_are_left_out(program):
    assert put(program, SHOE) == ["created"]
    found = goods(program, "S1", "nobody-knows")
    assert list(found) == ["S1"]
    shoe = found["S1"]
    assert (shoe.name, shoe.category, shoe.categories, shoe.brand) == ("Shoe", "shoes", ("shoes", "clothes"), "acme")
    assert dict(shoe.attributes) == {"colour": "red", "size": 42, "vegan": True, "fabric": "felt"}
    assert (shoe.price_minor, shoe.member_minor, shoe.rights, shoe.stock, shoe.tracked) == (
        5_000,
        4_500,
        (),
        None,
        False,
    )
    assert goods(program, "nobody-knows") == {}


def test_telling_the_same_again_changes_nothing_and_says_so(program):
    put(program, SHOE)
    before = list(ProductRow.objects.values()), list(PriceRow.objects.values())
    assert put(program, SHOE) == ["unchanged"]
    assert (list(ProductRow.objects.values()), list(PriceRow.objects.values())) == before
    assert put(program, replace(SHOE, name="Boot")) == ["changed"]
    assert put(program, replace(SHOE, name="Boot", prices=None)) == ["unchanged"]
    assert put(program, replace(SHOE, name="Boot", prices=(Price(5_000, 4_400),))) == ["changed"]
    assert [(p.price_minor, p.member_minor) for p in catalog.get(program_id=program, sku="S1").prices] == [
        (5_000, 4_400)
    ]
    assert put(program, replace(SHOE, name="Boot", prices=())) == ["changed"]
    assert goods(program, "S1")["S1"].price_minor is None


def test_bad_products_are_refused_with_every_fault_and_good_ones_come_in(program):
    bad = ProductTold(sku="S2", name="", category="hats", attributes={"colour": "green", "size": "big", "x": 1})
    done = catalog.put_many(program_id=program, batch=[bad, SHOE, replace(SHOE, name="Twice")])
    assert [d.outcome for d in done] == ["refused", "created", "refused"]
    assert [path for path, _ in done[0].errors] == [
        "name", "category", "attributes.colour", "attributes.size", "attributes.x",
    ]  # fmt: skip
    assert done[2].errors == (("sku", "is told twice in this batch"),)
    assert [p.sku for p in catalog.products(program_id=program)] == ["S1"]
    with pytest.raises(UnknownProduct):
        catalog.get(program_id=program, sku="S2")


def test_too_many_at_once_are_refused_whole(program):
    with pytest.raises(Invalid):
        catalog.put_many(program_id=program, batch=[SHOE] * (MOST_AT_ONCE + 1))
    assert not ProductRow.objects.exists()


def test_the_nearest_price_in_force_is_the_price(program, store):
    prices = (
        Price(5_000),
        Price(4_000, starts_at=NOON - DAY, ends_at=NOON + DAY),  # a sale over the usual price
        Price(4_800, 4_700, channel="web"),
        Price(4_900, store="leeds"),
        Price(4_600, store="leeds", channel="web", starts_at=NOON),
        Price(6_000, currency="EUR"),
        Price(5_900, store="paris"),
    )
    put(program, replace(SHOE, prices=prices))

    def price(**where):
        found = goods(program, "S1", **where)["S1"]
        return found.price_minor, found.member_minor

    assert price(channel="store") == (4_000, None)
    assert price(channel="store", at=NOON + DAY) == (5_000, None)
    assert price(channel="store", at=NOON - DAY - timedelta(microseconds=1)) == (5_000, None)
    assert price(channel="web") == (4_800, 4_700)
    assert price(store=store["leeds"], channel="store") == (4_900, None)
    assert price(store=store["leeds"], channel="web") == (4_600, None)
    assert price(store=store["leeds"], channel="web", at=NOON - timedelta(microseconds=1)) == (4_900, None)
    assert price(store=store["paris"], channel="web", currency="EUR") == (5_900, None)
    assert price(channel="web", currency="EUR") == (6_000, None)
    assert price(channel="web", currency="JPY") == (None, None)


def test_line_minor_rounds_once_and_halves_away_from_zero():
    assert [catalog.line_minor(unit_minor=333, quantity=Decimal(q)) for q in ("1", "0.5", "1.5", "3")] == [
        333, 167, 500, 999,
    ]  # fmt: skip


def test_two_programs_never_see_each_others_goods(program, other_program):
    put(program, SHOE)
    put(other_program, ProductTold(sku="S1", name="Pen", prices=(Price(1),)))
    assert goods(program, "S1")["S1"].name == "Shoe"
    assert goods(other_program, "S1")["S1"].name == "Pen"
    assert catalog.discrepancies() == []


def test_stock_is_taken_and_given_back_exactly(program, store):
    put(program, SHOE, ProductTold(sku="S2", name="Lace"))
    assert count(program, "S1", "10.5", "leeds") == "created"
    take = {"program_id": program, "store_id": store["leeds"]}
    taken = catalog.take(**take, quantities={"S1": Decimal("2.5"), "S2": Decimal(9), "unknown": Decimal(1)})
    assert taken == {"S1": Decimal("2.5")}  # the others are not tracked
    assert left(program) == {"leeds": Decimal(8)}
    with pytest.raises(OutOfStock) as no:
        catalog.take(**take, quantities={"S1": Decimal("8.1")})
    assert no.value.facts == {"sku": "S1", "wanted": "8.1", "left": "8"}
    assert left(program) == {"leeds": Decimal(8)}
    catalog.give_back(**take, quantities={"S1": Decimal("1.5"), "unknown": Decimal(4)})
    row = catalog.stock_of(program_id=program, sku="S1")[0]
    assert (row.counted, row.taken, row.given_back, row.quantity) == (
        Decimal("10.5"),
        Decimal("2.5"),
        Decimal("1.5"),
        Decimal("9.5"),
    )
    assert catalog.take(program_id=program, store_id=store["paris"], quantities={"S1": Decimal(99)}) == {}
    assert goods(program, "S1", store=store["leeds"])["S1"].stock == Decimal("9.5")
    assert catalog.discrepancies() == []


def test_one_missing_piece_of_goods_leaves_the_whole_basket_on_the_shelf(program):
    put(program, SHOE, ProductTold(sku="S2", name="Lace"))
    count(program, "S1", 5)
    count(program, "S2", 1)
    with pytest.raises(OutOfStock):
        catalog.take(program_id=program, store_id=None, quantities={"S1": Decimal(1), "S2": Decimal(2)})
    assert (left(program), left(program, "S2")) == ({None: 5}, {None: 1})


def test_a_count_starts_anew_an_older_one_changes_nothing(program):
    put(program, SHOE)
    now = clock.now()
    assert count(program, "S1", 10, at=now - DAY) == "created"
    catalog.take(program_id=program, store_id=None, quantities={"S1": Decimal(4)})
    assert count(program, "S1", 10, at=now - DAY) == "unchanged"
    assert count(program, "S1", 99, at=now - 2 * DAY) == "unchanged"
    assert left(program) == {None: 6}
    assert count(program, "S1", 7, at=now - timedelta(hours=1)) == "changed"
    row = catalog.stock_of(program_id=program, sku="S1")[0]
    assert (row.quantity, row.taken, row.counted) == (7, 0, 7)
    assert count(program, "S1", None, at=now) == "changed"
    assert left(program) == {}
    assert catalog.take(program_id=program, store_id=None, quantities={"S1": Decimal(100)}) == {}


@pytest.mark.parametrize("quantity", ["-1", "NaN", "1e11", "0.0000001", "Infinity"])
def test_a_count_that_is_none_is_refused_and_nothing_is_written(program, quantity):
    put(program, SHOE)
    assert count(program, "S1", quantity) == "refused"
    assert count(program, "S9", 1) == "refused"
    assert count(program, "S1", 1, store="moon") == "refused"
    assert not StockRow.objects.exists()


def test_the_tree_of_categories_is_told_in_any_order_and_moves_whole(program):
    put(program, SHOE)
    done = catalog.put_categories(
        program_id=program,
        batch=[Category(key="clothes", parent="all"), Category(key="all"), Category(key="shoes", parent="clothes")],
    )
    assert [d.outcome for d in done] == ["changed", "created", "changed"]
    assert goods(program, "S1")["S1"].categories == ("shoes", "clothes", "all")
    with pytest.raises(Invalid) as no:
        catalog.put_categories(program_id=program, batch=[Category(key="all", parent="shoes")])
    assert no.value.errors == [("categories.0.parent", "'all' would lie below itself")]
    assert [(c.key, c.above) for c in catalog.categories(program_id=program)] == [
        ("all", ("all",)),
        ("clothes", ("clothes", "all")),
        ("shoes", ("shoes", "clothes", "all")),
    ]
    assert catalog.discrepancies() == []


def test_the_type_of_an_attribute_never_changes(program):
    with pytest.raises(Invalid) as no:
        catalog.declare_attribute(program_id=program, told=Attribute(key="size", type=AttributeType.TEXT))
    assert [path for path, _ in no.value.errors] == ["type"]
    wider = Attribute(key="colour", type=AttributeType.CHOICE, choices=("red", "blue", "green"))
    assert catalog.declare_attribute(program_id=program, told=wider)[1] is False
    assert put(program, replace(SHOE, attributes={"colour": "green"})) == ["created"]


LEVELS = ("green", "gold")
RIGHT = Right("drop", windows=(Window(NOON, None, tiers=("gold",)),), most=1, ends_at=NOON + 9 * DAY)


def test_a_right_stands_on_skus_and_on_all_below_a_category(program):
    put(program, SHOE, ProductTold(sku="S2", name="Hat"))
    assert (
        catalog.put_right(program_id=program, told=RightTold(right=RIGHT, skus=("S2", "S9")), levels=LEVELS)
        == "created"
    )
    clothes = RightTold(right=Right("club", members_only=True), categories=("clothes",))
    assert catalog.put_right(program_id=program, told=clothes, levels=LEVELS) == "created"
    assert catalog.put_right(program_id=program, told=clothes, levels=LEVELS) == "unchanged"
    found = goods(program, "S1", "S2")
    assert found["S1"].rights == (clothes.right,)
    assert found["S2"].rights == (RIGHT,)
    assert goods(program, "S2", at=NOON + 9 * DAY)["S2"].rights == ()
    assert catalog.put_right(program_id=program, told=replace(clothes, active=False), levels=LEVELS) == "changed"
    assert goods(program, "S1")["S1"].rights == ()
    assert [r.right.key for r in catalog.purchase_rights(program_id=program)] == ["club", "drop"]
    assert catalog.right(program_id=program, key="drop").skus == ("S2", "S9")


def test_a_faulty_right_is_refused_and_nothing_is_written(program):
    with pytest.raises(Invalid) as no:
        catalog.put_right(program_id=program, told=RightTold(right=Right("x"), categories=("hats",)), levels=LEVELS)
    assert [path for path, _ in no.value.errors] == ["", "categories.0"]
    with pytest.raises(UnknownRight):
        catalog.right(program_id=program, key="x")


def test_a_product_that_is_not_the_same_everywhere_is_shown(program, store):
    put(
        program,
        SHOE,
        ProductTold(sku="S2", name="Hat", prices=(Price(900), Price(800, channel="web"))),
        ProductTold(sku="S3", name="Old", prices=(Price(9), Price(8, channel="web")), active=False),
    )
    places = [Place("store"), Place("web"), Place("store", "leeds")]
    page = catalog.parity(program_id=program, places=places, at=NOON)
    assert [(d.sku, d.price_differs, d.stock_differs) for d in page.items] == [("S2", True, False)]
    assert [c.price_minor for c in page.items[0].cells] == [900, 800, 900]
    count(program, "S1", 0, "leeds")
    page = catalog.parity(program_id=program, places=places, at=NOON)
    assert [(d.sku, d.price_differs, d.stock_differs) for d in page.items] == [
        ("S1", False, True),
        ("S2", True, False),
    ]
    assert [c.sellable for c in page.items[0].cells] == [True, True, False]
    first = catalog.parity(program_id=program, places=places, at=NOON, limit=1)
    assert ([d.sku for d in first.items], first.after) == (["S1"], "S1")
    rest = catalog.parity(program_id=program, places=places, at=NOON, limit=1, after="S1")
    assert [d.sku for d in rest.items] == ["S2"]
    assert [d.sku for d in catalog.all_disparities(program_id=program, places=places)] == ["S1", "S2"]
    with pytest.raises(Invalid):
        catalog.parity(program_id=program, places=[Place("web"), Place("moon")])
    with pytest.raises(Invalid):
        catalog.parity(program_id=program, places=[Place("web")])


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ("insert into catalog_category (program_id,key,names,above,active) select program_id,key,'{}','[]',true from"
         " catalog_category", "K1_category_key_is_unique"),
        ("update catalog_category set key = 'A'", "K1_category_key_is_a_slug"),
        ("update catalog_category set parent_id = id", "K2_category_is_not_its_own_parent"),
        ("insert into catalog_attribute (program_id,key,kind,names,choices) select program_id,key,kind,'{}','[]' from"
         " catalog_attribute", "K1_attribute_key_is_unique"),
        ("update catalog_attribute set kind = 'blob'", "K3_attribute_type_is_known"),
        ("insert into catalog_product (program_id,sku,name,uom,attributes,active,updated_at) select program_id,sku,'','',"
         "'{}',true,now() from catalog_product", "K1_sku_is_unique"),
        ("update catalog_product set sku = ''", "K1_sku_says_something"),
        ("insert into catalog_price (program_id,product_id,channel,currency,price_minor) select program_id,product_id,"
         "channel,currency,1 from catalog_price", "K4_one_price_per_place_and_beginning"),
        ("update catalog_price set price_minor = -1, member_minor = null", "K4_price_is_not_negative"),
        ("update catalog_price set member_minor = price_minor + 1", "K4_member_price_is_not_above_the_price"),
        ("update catalog_price set starts_at = now(), ends_at = now()", "K4_a_price_ends_after_it_begins"),
        ("insert into catalog_stock (program_id,product_id,store_id,tracked,quantity,counted,counted_at,taken,given_back)"
         " select program_id,product_id,store_id,true,0,0,now(),0,0 from catalog_stock", "K5_one_stock_per_store"),
        ("update catalog_stock set quantity = -1, counted = -1", "K6_never_oversold|K7_stock_moves_are_not_negative"),
        ("update catalog_stock set quantity = -1, taken = counted + 1", "K6_never_oversold"),
        ("update catalog_stock set quantity = quantity + 1", "K7_stock_adds_up"),
        ("update catalog_stock set taken = -1, quantity = quantity + 1", "K7_stock_moves_are_not_negative"),
        ("insert into catalog_right (program_id,key,names,body,active,updated_at) select program_id,key,'{}','{}',true,"
         "now() from catalog_right", "K1_right_key_is_unique"),
        ("update catalog_right set key = ''", "K1_right_key_is_a_slug"),
        ("update catalog_right set starts_at = ends_at", "K8_a_right_ends_after_it_begins"),
        ("insert into catalog_scope (program_id,right_id,kind,value) select program_id,right_id,kind,value from"
         " catalog_scope", "K8_goods_are_named_once"),
        ("update catalog_scope set kind = 'brand'", "K8_goods_are_skus_or_categories"),
    ],
)  # fmt: skip
def test_sql_cannot_break(program, sql, constraint):
    put(program, SHOE)
    count(program, "S1", 3)
    catalog.put_right(program_id=program, told=RightTold(right=RIGHT, skus=("S1",)), levels=LEVELS)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_proofs_find_what_sql_can_break(program, other_program):
    put(program, SHOE)
    count(program, "S1", 3)
    assert catalog.discrepancies() == []
    with connection.cursor() as cursor:
        cursor.execute("update catalog_category set above = '[]' where key = 'shoes'")
        cursor.execute("update catalog_stock set program_id = %s", [other_program])
    assert [(d.promise[:3], d.what) for d in catalog.discrepancies(program_id=program)] == [
        ("K2 ", "category shoes"),
        ("K11", "product S1"),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "update catalog_category c set parent_id = (select id from catalog_category where key = 'shoes')"
            " where key = 'clothes'"
        )
    circles = [d.what for d in catalog.discrepancies(program_id=program) if d.expected == "a root"]
    assert sorted(circles) == ["category clothes", "category shoes"]

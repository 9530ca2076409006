"""The verbs of the catalog. The only code that reads or writes its tables."""

from regulars.value.catalog.rules import counted, entitled, uncounted
from regulars.value.catalog.services.comparing import ParityPage, all_disparities, parity, usual_places
from regulars.value.catalog.services.counting import count_stock, stock, stock_of
from regulars.value.catalog.services.entitling import purchase_rights, put_right, right, unknown_skus
from regulars.value.catalog.services.finding import goods, goods_of, line_minor, rights_of
from regulars.value.catalog.services.products import get, products, put, put_many
from regulars.value.catalog.services.proving import discrepancies
from regulars.value.catalog.services.remembering import forget_old_prices, lowest_prices
from regulars.value.catalog.services.shelves import attributes, categories, declare_attribute, put_categories
from regulars.value.catalog.services.taking import give_back, take

__all__ = [
    "ParityPage",
    "all_disparities",
    "attributes",
    "categories",
    "count_stock",
    "counted",
    "declare_attribute",
    "discrepancies",
    "entitled",
    "forget_old_prices",
    "get",
    "give_back",
    "goods",
    "goods_of",
    "line_minor",
    "lowest_prices",
    "parity",
    "products",
    "purchase_rights",
    "put",
    "put_categories",
    "put_many",
    "put_right",
    "right",
    "rights_of",
    "stock",
    "stock_of",
    "take",
    "uncounted",
    "unknown_skus",
    "usual_places",
]

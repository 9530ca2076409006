"""Rules of the catalog: who may buy what, what a product may say, and where prices differ."""

from regulars.value.catalog.rules.checking import attribute_faults, category_faults, count_faults, product_faults
from regulars.value.catalog.rules.comparing import disparity
from regulars.value.catalog.rules.entitling import counted, entitled, uncounted
from regulars.value.catalog.rules.writing import read_right, right_body, right_faults, unknown_who

__all__ = [
    "attribute_faults",
    "category_faults",
    "count_faults",
    "counted",
    "disparity",
    "entitled",
    "product_faults",
    "read_right",
    "right_body",
    "right_faults",
    "uncounted",
    "unknown_who",
]

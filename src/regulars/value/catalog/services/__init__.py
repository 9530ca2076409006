"""The verbs of the catalog. The only code that reads or writes its tables."""

from regulars.value.catalog.rules import counted, entitled, uncounted
from regulars.value.catalog.services.goods import goods, goods_of, line_minor, rights_of
from regulars.value.catalog.services.stock import give_back, take

__all__ = [
    "counted",
    "entitled",
    "give_back",
    "goods",
    "goods_of",
    "line_minor",
    "rights_of",
    "take",
    "uncounted",
]

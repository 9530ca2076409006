"""What a basket saves, and why: promotions compiled once, the best allowed combination, every reason. Pure."""

from regulars.value.promotions.rules.pricing.book import Book
from regulars.value.promotions.rules.pricing.deciding import decide

__all__ = ["Book", "decide"]

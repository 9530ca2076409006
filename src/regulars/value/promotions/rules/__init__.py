"""What a basket saves and earns. Pure: the same basket, member, rules and moment always give the same decision."""

from regulars.value.promotions.rules.compiled import Plan, compile_rules
from regulars.value.promotions.rules.deciding import evaluate
from regulars.value.promotions.rules.pricing import Book, decide

__all__ = ["Book", "Plan", "compile_rules", "decide", "evaluate"]

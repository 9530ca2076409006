"""What a basket earns. Pure: the same basket, member, rules and moment always give the same decision."""

from regulars.value.promotions.rules.compiled import Plan, compile_rules
from regulars.value.promotions.rules.deciding import evaluate

__all__ = ["Plan", "compile_rules", "evaluate"]

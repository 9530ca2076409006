"""Conditions that people write: CEL, checked against declared facts before it is ever used."""

from regulars.kernel.expressions.compiling import Activation, Expression, activation, compile, compile_condition
from regulars.kernel.expressions.terms import BadExpression, Context, Function, NoAnswer, Reason, Type

__all__ = [
    "Activation",
    "BadExpression",
    "Context",
    "Expression",
    "Function",
    "NoAnswer",
    "Reason",
    "Type",
    "activation",
    "compile",
    "compile_condition",
]

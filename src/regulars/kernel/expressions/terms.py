"""Words of expressions: types, contexts, reasons and the one refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar, Literal, get_args, get_origin

from regulars.kernel.errors import Invalid, sure

_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*\Z", re.ASCII | re.IGNORECASE)
_RESERVED = frozenset(
    "as break const continue else false for function if import in let loop namespace null package return true var "
    "void while has all exists exists_one map filter".split()
)


class BadExpression(Invalid):
    """The expression cannot be understood; every fault says where it is and what to do."""

    def under(self, path: str) -> list[tuple[str, str]]:
        """The faults as errors of the document that holds the expression at `path`."""
        return [(path, f"{at}: {message}" if at else message) for at, message in self.errors]


@dataclass(frozen=True)
class Type:
    """The type of a fact, by its CEL name; `Type.of(list[str])` reads Python's own."""

    name: str

    STRING: ClassVar[Type]
    INT: ClassVar[Type]
    BOOL: ClassVar[Type]
    DOUBLE: ClassVar[Type]
    TIMESTAMP: ClassVar[Type]
    DURATION: ClassVar[Type]

    @staticmethod
    def list_of(item: Type) -> Type:
        return Type(f"list<{item.name}>")

    @staticmethod
    def map_of(value: Type) -> Type:
        """A map from strings to `value`."""
        return Type(f"map<string, {value.name}>")

    @staticmethod
    def of(kind: Any) -> Type:
        """The type that a Python annotation means: `str`, `int`, `bool`, `float`, `datetime`, `timedelta`,
        `list[…]`, `dict[str, …]`.

        >>> Type.of(dict[str, list[int]]).name
        'map<string, list<int>>'
        """
        if isinstance(kind, Type):
            return kind
        if get_origin(kind) is list:
            return Type.list_of(Type.of(get_args(kind)[0]))
        if get_origin(kind) is dict:
            sure(get_args(kind)[0] is str, "maps of facts have strings for keys")
            return Type.map_of(Type.of(get_args(kind)[1]))
        found = _PYTHON.get(kind)
        sure(found is not None, f"{kind!r} is no type of a fact")
        return found  # type: ignore[return-value]


Type.STRING, Type.INT, Type.BOOL = Type("string"), Type("int"), Type("bool")
Type.DOUBLE, Type.TIMESTAMP, Type.DURATION = Type("double"), Type("timestamp"), Type("duration")
_PYTHON: dict[Any, Type] = {
    str: Type.STRING,
    int: Type.INT,
    bool: Type.BOOL,
    float: Type.DOUBLE,
    datetime: Type.TIMESTAMP,
    timedelta: Type.DURATION,
}


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function that expressions may call.

    Args: takes, gives: types, or Python annotations. do: what it does, when that needs nothing but the arguments;
    left out, each activation must bring it (`functions={name: callable}`), because it asks about one member.
    """

    name: str
    takes: tuple[Any, ...]
    gives: Any
    do: Callable[..., Any] | None = None

    @cached_property
    def types(self) -> tuple[tuple[Type, ...], Type]:
        return tuple(Type.of(t) for t in self.takes), Type.of(self.gives)


@dataclass(frozen=True, kw_only=True, eq=False)
class Context:
    """The facts and functions that one kind of expression may name, e.g. the conditions of a promotion.

    Contexts with the same content are equal, so a context may be built again for each use.
    Args: variables: dotted names (`member.tier`) to types or Python annotations. No name may be the beginning
    of another (`member` beside `member.tier`). functions: see `Function`.
    """

    name: str
    variables: Mapping[str, Any]
    functions: tuple[Function, ...] = ()

    def __post_init__(self) -> None:
        for name in self.variables:
            sure(_NAME.match(name) is not None, f"{name!r} cannot name a fact")
            sure(not _RESERVED & set(name.split(".")), f"{name!r} holds a word that CEL keeps for itself")
            for cut in range(1, name.count(".") + 1):
                shorter = ".".join(name.split(".")[:cut])
                sure(shorter not in self.variables, f"{shorter!r} and {name!r} cannot both be facts")
        sure(len({f.name for f in self.functions}) == len(self.functions), "each function is declared once")

    @cached_property
    def types(self) -> dict[str, Type]:
        """Every fact with its type, in order of names; for editors and documents."""
        return {name: Type.of(kind) for name, kind in sorted(self.variables.items())}

    @cached_property
    def _identity(self) -> tuple[Any, ...]:
        functions = tuple((f.name, f.types, f.do) for f in self.functions)
        return self.name, tuple(self.types.items()), functions

    @cached_property
    def _hash(self) -> int:
        return hash(self._identity)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Context) and self._identity == other._identity)


@dataclass(frozen=True, kw_only=True)
class NoAnswer:
    """Why an expression has no value: a fact is missing, or the facts at hand break it (division by zero)."""

    kind: Literal["missing", "error"]
    detail: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One part of a condition that does not hold: its source, why, and the facts that it lacks."""

    part: str
    kind: Literal["false", "missing", "error"]
    detail: str = ""
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.part} ({self.detail})" if self.detail else self.part

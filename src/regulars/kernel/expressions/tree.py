"""The checked tree of an expression, read from the bytes that the runtime gives.

The bytes are a `google.protobuf.Any` around `cel.expr.CheckedExpr` (cel-spec, proto/cel/expr/checked.proto and
syntax.proto). Six message types are read here, so that no protobuf library is needed for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_ID, _CONST, _IDENT, _SELECT, _CALL, _LIST, _STRUCT, _LOOP = 2, 3, 4, 5, 6, 7, 8, 9  # fields of Expr
_FREE = frozenset({"_&&_", "_||_", "!_", "@not_strictly_false"})  # of loops: what the macros themselves bring, about
_BALANCED = frozenset({"_&&_", "_||_"})  # the parser balances them: a long chain is not deep


@dataclass
class Tree:
    """What an expression uses, and how deep it is."""

    names: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    literals: list[tuple[str, str, int]] = field(default_factory=list)  # function, its literal text, offset
    calls: dict[str, int] = field(default_factory=dict)  # function to the offset of one call
    messages: list[tuple[str, int]] = field(default_factory=list)
    shadows: list[tuple[str, int]] = field(default_factory=list)
    open_patterns: list[int] = field(default_factory=list)
    built: list[int] = field(default_factory=list)  # loops that make a list: map and filter
    looped: int = 0  # operations inside loops
    conjuncts: int = 1
    depth: int = 0


def read(raw: bytes, variables: frozenset[str]) -> Tree:
    """Walk the checked tree once.

    Args: raw: what `serialize()` gave. variables: the names that the context declares.
    """
    checked = _one(_fields(raw), 2)
    top = _fields(checked)
    places = _places(_one(top, 5))
    tree = Tree()
    root = _one(top, 4)
    tree.conjuncts = _conjuncts(root)
    waiting: list[tuple[bytes, int, bool]] = [(root, 0, False)]
    while waiting:
        raw_node, depth, loops = waiting.pop()
        node = _fields(raw_node)
        at = places.get(_one(node, _ID, 0), 0)
        tree.depth = max(tree.depth, depth)
        for kind, body in node.items():
            if kind == _IDENT:
                name = bytes(_one(_fields(body[0]), 1, b"")).decode()
                if name in variables:
                    tree.names.add(name)
            elif kind == _SELECT:
                waiting.append((_one(_fields(body[0]), 1), depth + 1, loops))
            elif kind == _CALL:
                waiting += [(n, d, loops) for n, d in _call(_fields(body[0]), depth, at, loops, tree)]
            elif kind == _LIST:
                waiting += [(n, depth + 1, loops) for n in _fields(body[0]).get(1, [])]
            elif kind == _STRUCT:
                waiting += [(n, depth + 1, loops) for n in _struct(_fields(body[0]), at, tree)]
            elif kind == _LOOP:
                waiting += [
                    (n, depth + 1, loops or inside) for n, inside in _loop(_fields(body[0]), at, variables, tree)
                ]
    return tree


def _call(call: dict[int, list[Any]], depth: int, at: int, loops: bool, tree: Tree) -> list[tuple[bytes, int]]:
    function = bytes(_one(call, 2)).decode()
    tree.looped += loops and function not in _FREE
    tree.functions.add(function)
    tree.calls.setdefault(function, at)
    arguments = call.get(1, []) + call.get(3, [])
    if arguments:
        constant = _fields(arguments[-1]).get(_CONST)
        text = _fields(constant[0]).get(6) if constant else None
        if text:
            tree.literals.append((function, bytes(text[0]).decode("utf-8", "replace"), at))
        elif function == "matches":
            tree.open_patterns.append(at)
    deeper = depth if function in _BALANCED else depth + 1
    return [(argument, deeper) for argument in arguments]


def _struct(struct: dict[int, list[Any]], at: int, tree: Tree) -> Iterator[bytes]:
    name = bytes(_one(struct, 1, b"")).decode()
    if name:
        tree.messages.append((name, at))
    for raw in struct.get(2, []):
        entry = _fields(raw)
        yield from entry.get(3, [])
        yield from entry.get(4, [])


def _loop(loop: dict[int, list[Any]], at: int, variables: frozenset[str], tree: Tree) -> Iterator[tuple[bytes, bool]]:
    """The parts of a loop, and whether they run at each step.

    Items named like a fact are noted, and refused later, so that a name always means one thing.
    """
    own = {bytes(_one(loop, n, b"")).decode() for n in (1, 3, 8)}
    tree.shadows += [(name, at) for name in own & {name.partition(".")[0] for name in variables}]
    if _LIST in _fields(_one(loop, 4)):
        tree.built.append(at)
    for number in (2, 4, 5, 6, 7):
        yield from ((part, number in (5, 6)) for part in loop.get(number, []))


def _conjuncts(root: bytes) -> int:
    """How many parts `&&` joins at the top."""
    count, waiting = 0, [root]
    while waiting:
        call = _fields(waiting.pop()).get(_CALL)
        body = _fields(call[0]) if call else {}
        if body and bytes(_one(body, 2)) == b"_&&_":
            waiting += body.get(3, [])
        else:
            count += 1
    return count


def _places(source: bytes) -> dict[int, int]:
    """From the id of each node to its offset in characters (SourceInfo.positions)."""
    found = {}
    for raw in _fields(source).get(4, []):
        entry = _fields(raw)
        found[_one(entry, 1, 0)] = _one(entry, 2, 0)
    return found


def _one(fields: dict[int, list[Any]], number: int, default: Any = b"") -> Any:
    values = fields.get(number)
    return values[-1] if values else default


def _fields(raw: bytes) -> dict[int, list[Any]]:
    """The fields of one protobuf message: numbers for varints, slices for all else."""
    found: dict[int, list[Any]] = {}
    view, at = memoryview(raw), 0
    while at < len(view):
        tag, at = _varint(view, at)
        kind = tag & 7
        value: Any
        if kind == 0:
            value, at = _varint(view, at)
        elif kind == 2:
            size, at = _varint(view, at)
            value, at = view[at : at + size], at + size
        else:
            size = 8 if kind == 1 else 4
            value, at = view[at : at + size], at + size
        found.setdefault(tag >> 3, []).append(value)
    return found


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7

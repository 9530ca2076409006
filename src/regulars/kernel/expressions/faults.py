"""What the runtime's messages mean to the person who wrote the expression."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping

from regulars.kernel.expressions import text as source
from regulars.kernel.expressions.tree import Tree

_FAULT = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*?)(?=\n \| |\nERROR: |\s*\[[A-Z_]+\]\s*\Z|\Z)", re.DOTALL)
_UNKNOWN = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '(.*)'")
_PROTO = re.compile(r"google\.protobuf\.(Timestamp|Duration)")
_OPERATOR = re.compile(r"[_@!\[\]?:]*?(&&|\|\||==|!=|<=|>=|<|>|\+|-|\*|/|%|in|\[_\]|\?_:_|!|-)_?\Z")
_DOTTED = re.compile(r"[A-Za-z_][\w]*(?:\.[A-Za-z_][\w]*)*", re.ASCII)


def explained(message: str, text: str, facts: Collection[str], calls: Mapping[str, str]) -> list[tuple[str, str]]:
    """The runtime's message as `[(line:column, what is wrong and what to do)]`; each place once.

    Args: facts: the declared names. calls: how each declared function is called.
    """
    found: dict[str, str] = {}
    for line, column, said in _FAULT.findall(message):
        at = f"{line}:{column}" if int(line) > 0 else ""
        found.setdefault(at, _meaning(said, at, text, facts, calls))
    if not found or "recursion" in message:
        deep = "recursion" in message
        return [("", "the expression is nested too deep; split it" if deep else f"not understood: {_short(message)}")]
    return list(found.items())


def _meaning(said: str, at: str, text: str, facts: Collection[str], calls: Mapping[str, str]) -> str:
    unknown = _UNKNOWN.search(said)
    if unknown:
        return _unknown(_dotted(text, at) or unknown.group(1), facts, calls)
    overload = _OVERLOAD.search(said)
    if overload:
        operator, types = overload.group(1), _PROTO.sub(lambda m: m.group(1).lower(), overload.group(2).strip("()"))
        if operator in calls:
            return f"`{operator}` cannot take ({types}); it is called as {calls[operator]}"
        shown = _OPERATOR.sub(r"\1", operator) if "_" in operator or operator.startswith("@") else operator
        return f"`{shown}` cannot take ({types}); write values of the type that it takes: 'text', 12, 1.5, true"
    if "<EOF>' expecting" in said:
        return "the expression ends too early; something is missing here"
    if "expecting <EOF>" in said or "extraneous input" in said or "mismatched input" in said:
        return f"this was not expected here ({_short(said)}); join conditions with && or ||, compare with =="
    if "token recognition" in said:
        return "this sign does not belong here; text stands in quotes: 'gold'"
    if "reserved identifier" in said:
        return f"{_short(said)}: this word is kept by the language; choose another name"
    if "cannot be the operand of a select" in said:
        return f"{_short(said)}: nothing lies below this fact; remove what follows the dot"
    return _short(said)


def _unknown(name: str, facts: Collection[str], calls: Mapping[str, str]) -> str:
    if name in calls:
        return f"`{name}` is called as {calls[name]}"
    known = [*facts, *calls]
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    if not close:
        close = sorted(k for k in known if k.startswith(name.partition(".")[0] + "."))[:5]
    if close:
        return f"`{name}` is not known here; did you mean {' or '.join(f'`{c}`' for c in close)}?"
    return f"`{name}` is not known here, or not with these arguments; the reference lists what can be asked"


def _dotted(text: str, at: str) -> str:
    """The whole dotted name around a place: the runtime points at its last dot."""
    if not at:
        return ""
    line, column = (int(n) for n in at.split(":"))
    lines = text.split("\n")
    if line > len(lines):
        return ""
    for found in _DOTTED.finditer(lines[line - 1]):
        if found.start() <= column - 1 < found.end():
            return found.group()
    return ""


def _short(message: str) -> str:
    first = message.strip().split("\n")[0]
    first = re.sub(r"expecting \{.*?\}", "", first).removeprefix("Syntax error: ").strip()
    return first if len(first) <= 160 else first[:157] + "…"


def of_tree(tree: Tree, text: str, variables: Collection[str]) -> Iterator[tuple[str, str]]:
    """Faults that only the checked tree shows."""
    if tree.depth > source.DEEPEST:
        yield "", f"the expression is nested deeper than {source.DEEPEST}; split it"
    if tree.looped > source.MOST_LOOPED:
        message = f"{tree.looped} operations stand inside exists or all; at most {source.MOST_LOOPED} may"
        yield "", f"{message}: compare with a list, x in ['a', 'b'], or move out what is the same for every item"
    for offset in tree.built:  # the runtime copies the list at each step: 5,000 items take 400 MB
        yield source.place(text, offset), "map and filter are not offered; ask with exists, all or exists_one"
    for offset in tree.open_patterns:
        yield source.place(text, offset), "the pattern of matches() must be written out: channel.matches('^t')"
    if "dyn" in tree.calls:
        at = source.place(text, tree.calls["dyn"])
        yield at, "dyn() switches the check of types off; convert with int(), double() or string() instead"
    for name, offset in tree.messages:
        yield source.place(text, offset), f"`{name}` cannot be made here; use numbers, text, lists and maps"
    for name, offset in tree.shadows:
        yield source.place(text, offset), f"`{name}` is the name of a fact; choose another for the item of the list"
    for offset, inside in source.has_of(text):
        if inside in variables:
            message = (
                f"has() asks for a key of a map; `{inside}` is a fact: without it the condition is simply not met"
            )
            yield source.place(text, offset), message

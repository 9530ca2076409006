"""The source text of an expression: its limits, and the parts that `&&` joins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 2_000
DEEPEST = 24
MOST_PARTS = 64
MOST_LOOPED = 24  # times 10,000 steps: the dearest expression allowed takes about a second

# Tokens of CEL as far as brackets and operators need them; a string left open is an ordinary sign.
_TOKEN = re.compile(
    r"""
      (?P<space>\s+|//[^\n]*)
    | (?P<string>[bB]?(?:[rR](?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\r\n]*"|'[^'\r\n]*')
        |\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^\\"\r\n])*"|'(?:\\.|[^\\'\r\n])*'))
    | (?P<word>`[^`\n]*`|[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>&&|\|\||==|!=|<=|>=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True)
class Token:
    """One word, string or sign of the text, with its offset and how many brackets are open around it."""

    text: str
    at: int
    depth: int

    @property
    def end(self) -> int:
        return self.at + len(self.text)


def tokens(text: str) -> Iterator[Token]:
    """Everything but white space and comments. A bracket has the depth of what is outside it."""
    depth = 0
    for found in _TOKEN.finditer(text):
        if found.lastgroup == "space":
            continue
        piece = found.group()
        if piece in _CLOSE:
            depth -= 1
        yield Token(piece, found.start(), depth)
        if piece in _OPEN:
            depth += 1


def place(text: str, offset: int) -> str:
    """`line:column` of an offset, both from 1.

    >>> place("a &&\\n b", 6)
    '2:2'
    """
    before = text[:offset]
    return f"{before.count(chr(10)) + 1}:{offset - before.rfind(chr(10))}"


def faults(text: str) -> list[tuple[str, str]]:
    """What is wrong before any grammar is asked: size, depth, number of parts, signs that cannot be stored."""
    if not text.strip():
        return [("1:1", "the expression is empty; write a condition, or `true` for always")]
    if len(text) > LONGEST:
        return [(place(text, LONGEST), f"the expression has {len(text)} characters; at most {LONGEST} are allowed")]
    for offset, sign in enumerate(text):
        if (sign < " " and sign not in "\n\r\t") or "\ud800" <= sign <= "\udfff" or sign == "\x7f":
            return [(place(text, offset), f"the invisible sign U+{ord(sign):04X} does not belong here; remove it")]
    ands = 0
    for token in tokens(text):
        if token.depth >= DEEPEST and token.text in _OPEN:
            return [(place(text, token.at), f"brackets are nested deeper than {DEEPEST}; split the expression")]
        ands += token.text == "&&"
        if ands >= MOST_PARTS:
            message = f"more than {MOST_PARTS} parts are joined by &&; use a list: line.category in ['a', 'b']"
            return [(place(text, token.at), message)]
    return []


def has_of(text: str) -> Iterator[tuple[int, str]]:
    """Every `has(a.b.c)` with its offset and what stands between the brackets."""
    pieces = list(tokens(text))
    for n, token in enumerate(pieces[:-2]):
        if token.text == "has" and pieces[n + 1].text == "(" and (n == 0 or pieces[n - 1].text != "."):
            inside = []
            for after in pieces[n + 2 :]:
                if after.depth <= token.depth:
                    break
                inside.append(after.text)
            yield token.at, "".join(inside).lstrip(".")


def parts(text: str) -> tuple[str, ...]:
    """The texts that `&&` joins at the top, brackets around several of them opened; one text if none.

    Args: text: a valid expression.

    >>> parts("a && (b && (c || d)) && e == 'x && y'")
    ('a', 'b', 'c || d', "e == 'x && y'")
    """
    pieces = list(tokens(text))
    while len(pieces) > 2 and pieces[0].text == "(" and _closes_at_end(pieces):
        pieces = [Token(p.text, p.at, p.depth - 1) for p in pieces[1:-1]]
    top = {p.text for p in pieces if p.depth == 0}
    whole = text[pieces[0].at : pieces[-1].end] if pieces else text
    if "&&" not in top or "||" in top or "?" in top:
        return (whole,)
    found: list[str] = []
    start = 0
    for n, piece in enumerate(pieces + [Token("&&", 0, 0)]):
        if piece.depth == 0 and piece.text == "&&":
            found += parts(text[pieces[start].at : pieces[n - 1].end])
            start = n + 1
    return tuple(found)


def _closes_at_end(pieces: list[Token]) -> bool:
    """Whether the bracket that opens the text is closed by its last sign and not before."""
    return all(p.depth > 0 for p in pieces[1:-1]) and pieces[-1].text == ")" and pieces[-1].depth == 0

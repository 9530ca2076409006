"""Quotes of a CSV that are opened and never closed: found while the text flows by, so that they swallow no other row.

By the letter of CSV an open quote takes everything up to the next quote, wherever that is: hundreds of rows become
one value, and no reader says a word. Here a quoted value that goes over the end of a line must be followed by a
delimiter or the end of the row, and must not be longer than any value is. Where it is not so, only the line with the
quote is taken out, and reading goes on with the next one.
"""

from __future__ import annotations

import re
from collections import deque

LONGEST = 1 << 17  # bytes of one quoted value
_LONGEST_ROW = 1 << 22
_MORE, _NONE = -1, -2  # the end of a value is not told yet; it has none


class Quotes:
    """Text in UTF-8 flows through `feed`; a row with an unclosed quote comes out as `mark`, and goes to `taken`.

    `taken` has a pair for each mark, in order: the text of the row up to the end of the line with the quote, and how
    many line breaks are in it before the quote. At most a row is held back between two calls.
    """

    def __init__(self, *, delimiter: str, mark: bytes) -> None:
        value = rb'"[^"]*+(?:""[^"]*+)*+"'
        between = re.escape(delimiter.encode())
        self._value = re.compile(value)
        self._values = re.compile(value + b"(?:" + between + value + b")*+")
        self._edges = (b"", b"\n", b"\r", delimiter.encode())
        self._rest, self._is_dropping = b"", False
        self._doubtful = 0  # up to where values stand side by side of which only the first is believed
        self.mark = mark
        self.taken: deque[tuple[str, int]] = deque()

    def feed(self, data: bytes, *, final: bool) -> bytes:
        """The text that may be read now. Args: final: nothing follows."""
        if self._is_dropping:  # the line of an unclosed quote is longer than what came at once
            end = data.find(b"\n")
            if end < 0:
                return b""
            data, self._is_dropping = data[end:], False
        text, out = self._rest + data, []
        self._doubtful = 0
        row = at = told = 0  # where the present row begins; up to where it is understood; up to where it is in `out`
        over = -1  # the last quote whose value goes over the end of a line
        while (quote := text.find(b'"', at)) >= 0:
            row = _row(text, row, at, quote)
            if text[max(quote - 1, 0) : quote] in self._edges:
                end = self._end(text, quote, final)
            elif over < row:
                at = quote + 1  # in the middle of a value a quote is a letter like others
                continue
            else:  # but not behind a value of several lines: that one took its end from another row
                quote, end = over, _NONE
            if end == _MORE:
                break
            if end == _NONE:
                end = self._taken(text, row, quote, final)
                out += [text[told:row], self.mark]
                told = row = end
            elif text.find(b"\n", quote, end) >= 0:
                over = quote
            at = end
        else:
            row = _row(text, row, at, len(text))
        cut = row if not final and len(text) - row <= _LONGEST_ROW else len(text)
        if cut == len(text) and quote >= 0 and not final:
            cut = quote  # so long a row is none for any reader; no more of it is held
        self._rest = text[cut:]
        return b"".join([*out, text[told:cut]])

    def _end(self, text: bytes, quote: int, final: bool) -> int:
        """Where the values that begin with this quote end: all that stand side by side, or, in doubt, the first."""
        # what follows a doubtful one ends where that did: a row must not cost the square of its length
        side_by_side = self._values.match(text, quote) if quote >= self._doubtful else None
        if side_by_side is not None:
            end = self._doubtful = side_by_side.end()
            if end - quote <= LONGEST and text[end : end + 1] in self._edges and (end < len(text) or final):
                return end
        first = self._value.match(text, quote)
        end = len(text) if first is None else first.end()
        if end - quote > LONGEST:
            return _NONE
        if end == len(text) and not final:
            return _MORE
        if first is not None and (text[end : end + 1] in self._edges or b"\n" not in text[quote:end]):
            return end
        return _NONE

    def _taken(self, text: bytes, row: int, quote: int, final: bool) -> int:
        """Take out a row up to the end of the line with its unclosed quote; returns where that is."""
        end = text.find(b"\n", quote)
        if end < 0:
            end, self._is_dropping = len(text), not final
        self.taken.append((text[row:end].decode(errors="replace"), text.count(b"\n", row, quote)))
        return end


def _row(text: bytes, row: int, start: int, end: int) -> int:
    """Where the last row before a place begins, when no quoted value lies between start and end."""
    return max(row, text.rfind(b"\n", start, end) + 1, text.rfind(b"\r", start, end) + 1)

"""Rows that swallowed others: a quote opened by mistake joins all lines up to the next quote into one cell.

What a parser makes of such a row may have the right number of cells, so that whole rows would be gone without a word. Such a
row is known by its own text: after the closing quote something else than a separator follows, or it is never closed, or each of
its lines is a whole row by itself.
"""

import csv
import io
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from tianping.facts.formats.encoding import Text

FEWEST = 4
"""Columns from which on lines that each have as many separators as the heading are taken for rows. In a table of fewer, a cell
of several lines may well have such lines."""


class _Chunk(NamedTuple):
    """Bytes given to the parser; `line` is the line that they begin on or within, `last` the one they end within."""

    line: int
    last: int
    data: bytes


class Kept:
    """A stream that keeps what was read of it, from a line on, until it is no longer wanted. `line` is the first line."""

    def __init__(self, stream: Text, line: int) -> None:
        self._stream, self._line = stream, line
        self._chunks: deque[_Chunk] = deque()

    @property
    def closed(self) -> bool:
        return self._stream.closed

    def close(self) -> None:
        self._stream.close()

    def read(self, size: int) -> bytes:
        """As the stream's."""
        data = self._stream.read(size)
        last = self._line + data.count(b"\n")
        self._chunks.append(_Chunk(self._line, last, data))
        self._line = last
        return data

    def forget(self, line: int) -> None:
        """What stands before this line is not asked for again."""
        while self._chunks and self._chunks[0].last < line:
            self._chunks.popleft()

    def lines(self, line: int, count: int) -> list[bytes]:
        """So many lines from `line` on, without their breaks."""
        mine = [chunk for chunk in self._chunks if chunk.last >= line and chunk.line < line + count]
        if not mine:
            return []
        begin = line - mine[0].line
        return b"".join(chunk.data for chunk in mine).split(b"\n", begin + count)[begin : begin + count]

    def swallower(self, rows: Iterable[tuple[int, int]], width: int, separator: str) -> int | None:
        """The line of the first of these rows (line, lines) that swallowed others."""
        return next((line for line, count in rows if swallows(self.lines(line, count), width, separator)), None)


def swallows(lines: list[bytes], width: int, separator: str) -> bool:
    """Whether a row that stands on these lines is several rows, one of them with a quote too many."""
    parts = separator.encode()
    if width >= FEWEST and all(line.count(parts) == width - 1 for line in lines):
        return True
    text = b"\n".join(lines).decode("utf-8", "replace")
    try:
        next(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), None)
    except csv.Error as error:
        return "field larger" not in str(error)
    return False

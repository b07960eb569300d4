"""Bytes in UTF-8, GB18030 or UTF-16 → a stream of valid UTF-8, whatever they hold. What is no text is marked, never dropped."""

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tianping.errors import ImportRefused
from tianping.facts.formats.packed import Unpacked, unpacked

MARK = "\ufdd0"
"""A noncharacter, which no real text holds: two hexadecimal digits of a byte that is no text follow it, or CUT."""

CUT = "@@"
SAMPLE = 1 << 19
"""Bytes read at a time, and so what an encoding is decided by: the first of them that are not plain ASCII."""

LONGEST = 1 << 20
"""Bytes of the longest line; of a longer one the rest is left out and the place is marked."""

_FIRST_BREAK = re.compile(rb'[^"\r\n]*(?:"[^"]*"[^"\r\n]*)*(\r(?!\n)|\n|\r\n)')
"""The end of the first line; what stands in quotes ends none."""

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_COMMON = 0.75
"""The share of a GB18030 text's characters that are of the common set (GB 2312); of mistaken text far fewer are, of traditional
or rare names also."""


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no text become MARK with their digits."""
    assert isinstance(error, UnicodeDecodeError)
    return "".join(f"{MARK}{byte:02x}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error("tianping-mark", _mark)


def shown(text: str) -> str:
    """Marked bytes as people write them: `\\xff`."""
    return text.replace(MARK + CUT, "…").replace(MARK, "\\x")


def no_text(cell: str, encoding: str) -> str:
    """What is wrong with a cell that holds a mark."""
    if MARK + CUT in cell:
        return f"the line is longer than {LONGEST >> 20} MB; its rest was left out"
    return "holds a NUL byte" if set(re.findall(f"{MARK}(..)", cell)) == {"00"} else f"not {encoding.upper()} text"


def decide(data: bytes) -> str:
    """The encoding of text beginning like this: UTF-8 unless more lines of it are sound as GB18030, and look like Chinese."""
    whole = data.rfind(b"\n") + 1
    lines = [line for line in data[: whole or len(data)].split(b"\n") if not line.isascii()]
    unsound = {
        encoding: sum(not _sound(line, encoding, whole=whole > 0) for line in lines) for encoding in ("utf-8", "gb18030")
    }
    return "gb18030" if unsound["gb18030"] < unsound["utf-8"] and _looks_chinese(lines) else "utf-8"


def _sound(line: bytes, encoding: str, *, whole: bool) -> bool:
    """Whether the line can be decoded; one that is not whole may end within a character."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(line, final=whole)
    except UnicodeDecodeError:
        return False
    return True


def _looks_chinese(lines: list[bytes]) -> bool:
    """Mostly common characters; or rare and traditional ones, where it is neither damaged UTF-8 nor words with accents."""
    text = b"\n".join(lines)
    wide = [letter for letter in text.decode("gb18030", "ignore") if letter > "\x7f"]
    common = len("".join(wide).encode("gb2312", "ignore")) / 2 >= _COMMON * max(len(wide), 1)
    return common or not (_is_damaged(text) or 2 * len(_ACCENT.findall(text)) > len(wide))


_ACCENT = re.compile(rb"(?<=[A-Za-z])[\x81-\xfe](?=[A-Za-z])|(?<![\x80-\xff])[\x81-\xfe](?=[A-Za-z]{2})")
"""A letter with an accent in a word of plain ones: not what a Chinese character's two bytes stand among."""


def _is_damaged(text: bytes) -> bool:
    """Whether most of what is not ASCII is sound UTF-8."""
    sound = sum(len(letter.encode()) for letter in text.decode("utf-8", "ignore") if letter > "\x7f")
    return 2 * sound > sum(byte > 0x7F for byte in text)


class Text:
    """A file as UTF-8 bytes. `marked`: something in it was no text; `quotes` are counted as they go by. Where a lone CR ends
    the first line (Excel's "CSV (Macintosh)"), each one ends a line, and is given as LF."""

    def __init__(self, source: Unpacked) -> None:
        self._source = source
        self._decoder: codecs.IncrementalDecoder | None = None
        self._waiting = self._last = b""
        self._line = self.quotes = 0
        self._started = self._ended = self._cutting = self._returned = False
        self._returns: bool | None = None
        self.encoding = "utf-8"
        self.marked = self.closed = False

    def read(self, size: int) -> bytes:
        """The next bytes; the last line always ends with a line break."""
        while len(self._waiting) < size and self._fill():
            pass
        given, self._waiting = self._waiting[:size], self._waiting[size:]
        return given

    def _fill(self) -> bool:
        """Read more; False where there is nothing more."""
        if self._ended:
            return False
        if data := self._source.read(SAMPLE):
            self._take(self._decoded(data))
            return True
        self._ended = True
        self._take(self._decoder.decode(b"", final=True).encode() if self._decoder else b"")
        self._take(b"" if self._last == b"\n" else b"\n")
        return True

    def _decoded(self, data: bytes) -> bytes:
        if not self._started:
            self._started = True
            for bom, encoding in _BOMS:
                if data.startswith(bom):
                    self._begin(encoding)
                    data = data[len(bom) :]
        if self._decoder is None:
            if data.isascii():
                return data
            self._begin(decide(data))
        assert self._decoder is not None
        return self._decoder.decode(data).encode()

    def _begin(self, encoding: str) -> None:
        self.encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("tianping-mark")

    def _take(self, text: bytes) -> None:
        if b"\0" in text:
            text = text.replace(b"\0", f"{MARK}00".encode())
        text = self._shortened(self._broken(text))
        self.quotes += text.count(b'"')
        self.marked = self.marked or MARK.encode() in text
        self._waiting += text
        self._last = text[-1:] or self._last

    def _broken(self, text: bytes) -> bytes:
        """With its lines ended by LF. A CR that was the last byte may have been half of a CRLF."""
        if self._returns is None and (found := _FIRST_BREAK.match(text)):
            self._returns = found[1] == b"\r"
        if not self._returns:
            return text
        text, self._returned = text[1:] if self._returned and text[:1] == b"\n" else text, text[-1:] == b"\r"
        return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _shortened(self, text: bytes) -> bytes:
        """Without what goes beyond LONGEST in a line; nearly always everything."""
        first = text.find(b"\n")
        if not self._cutting and len(text) <= LONGEST and self._line + (first if first >= 0 else len(text)) <= LONGEST:
            self._line = len(text) - 1 - text.rfind(b"\n") if first >= 0 else self._line + len(text)
            return text
        return b"".join(self._cut(piece) for piece in text.splitlines(keepends=True))

    def _cut(self, piece: bytes) -> bytes:
        """A piece of one line (it may end it), or what is kept of it."""
        ends = piece.endswith(b"\n")
        room, self._line = LONGEST - self._line, 0 if ends else self._line + len(piece)
        was, self._cutting = self._cutting, not ends and (self._cutting or len(piece) > room)
        if was:
            return b"\n" if ends else b""
        if len(piece) <= room:
            return piece
        kept = piece[: max(room, 0)].decode("utf-8", "ignore").encode()
        return kept + f"{MARK}{CUT}".encode() + (b"\n" if ends else b"")

    def lines(self) -> Iterator[bytes]:
        """The lines that are left, without their breaks."""
        rest = b""
        while data := self.read(SAMPLE):
            *whole, rest = (rest + data).split(b"\n")
            yield from whole

    def skip(self, lines: int) -> None:
        """Leave out so many lines."""
        while lines and (self._waiting or self._fill()):
            breaks = self._waiting.count(b"\n")
            self._waiting = self._waiting.split(b"\n", lines)[-1] if breaks >= lines else b""
            lines -= min(breaks, lines)
        self.quotes = self._waiting.count(b'"')

    def more(self) -> bool:
        """Whether anything is left."""
        return bool(self._waiting) or (self._fill() and self.more())

    def line(self) -> str:
        """The next line."""
        while b"\n" not in self._waiting and self._fill():
            pass
        line, _, self._waiting = self._waiting.partition(b"\n")
        self.quotes = self._waiting.count(b'"')
        return line.decode()

    def close(self) -> None:
        self.closed = True

    @property
    def done(self) -> float:
        return self._source.done


@contextmanager
def text(path: Path) -> Iterator[Text]:
    """The file's text, unpacked."""
    with unpacked(path) as source:
        yield Text(source)


class Head(NamedTuple):
    """How a file begins: at most SAMPLE bytes of its text, and whether that is all of it."""

    text: str
    whole: bool
    encoding: str


def head(path: Path) -> Head:
    """The beginning of a text file. Raises ImportRefused for one that is empty."""
    with text(path) as stream:
        begins = stream.read(SAMPLE)
        more = stream.read(1)
    if not begins.strip():
        raise ImportRefused(f"{path} is empty; a file of facts begins with its column names")
    return Head(begins.decode("utf-8", "ignore"), not more, stream.encoding)

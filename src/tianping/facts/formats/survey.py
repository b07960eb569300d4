"""What a workbook would unpack to, found out before it is: a small file can hold more than any memory."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from tianping.errors import ImportRefused

UNPACKED = 1 << 31
"""Bytes of XML that a workbook may unpack to: 2 GB."""

RATIO = 500
"""How many times its own size it may unpack to beyond FREE."""

FREE = 1 << 26
CELLS = 20_000_000
"""Cells of a sheet, from its first to its last row and column: 300 thousand rows of 64 columns, and 2 GB of memory."""

LETTERS = 1 << 30
"""Bytes of text in the cells of a sheet, repeated text counted as often as it stands there."""

_CHUNK = 1 << 20
_LONGEST = 1 << 17
"""Bytes kept of a chunk for what it may have cut in two. No cell may hold more than 32,767 letters."""

_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,3})(\d{1,7})["']""")
_NOWHERE = re.compile(rb"""<(?:\w+:)?(?:c|row)\b[^<>]*?\sr\s*=\s*["']((?:[A-Za-z]{4}|[A-Za-z]*\d{8})[^"']{,9})""")
"""A cell beyond the last of any sheet, XFD1048576: who reads the workbook next would count its column round past the end."""
_ROW = re.compile(rb"<(?:\w+:)?row\b")
_STRING = re.compile(rb"</(?:\w+:)?si\s*>")
_SHARED = re.compile(rb"""\bt\s*=\s*["']s["'][^>]*>\s*<(?:\w+:)?v[^>]*>\s*(\d{1,9})\s*<""")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


def survey(path: Path, file: IO[bytes]) -> None:
    """Raises ImportRefused for a workbook too big to be read as one, or broken; leaves `file` at its beginning."""
    try:
        with zipfile.ZipFile(file) as book:
            parts = book.infolist()
            _small(path, sum(part.file_size for part in parts), sum(part.compress_size for part in parts))
            lengths = _lengths(book, parts)
            for part in parts:
                if part.filename.lower().startswith("xl/worksheets/") and not part.is_dir():
                    _sheet(path, book, part, lengths)
    except _BROKEN as error:
        what = str(error)[:100]  # of a broken directory it holds pages of bytes
        raise ImportRefused(f"{path} is no whole XLSX workbook; fetch it again, or save it again in Excel ({what})") from error
    finally:
        file.seek(0)


_OLD_DAYS = re.compile(rb"""<(?:\w+:)?workbookPr\b[^>]*\bdate1904\s*=\s*["'](?:1|true)["']""")
_FORMAT = re.compile(rb"<(?:\w+:)?numFmt\b[^>]*>")
_STYLE = re.compile(rb"<(?:\w+:)?xf\b[^>]*>")
_ZEROS = re.compile(rb"""\bformatCode\s*=\s*["'](0{2,})["']""")
_NUMBER = re.compile(rb"""\bnumFmtId\s*=\s*["'](\d+)["']""")
_STYLES = 1 << 24
"""Bytes of styles that are looked at."""


def differs(file: IO[bytes]) -> list[str]:
    """Where what a workbook shows is not what its cells hold, and nobody could tell from the cells; leaves `file` at its
    beginning. Of a broken one nothing: whoever reads it says so."""
    told = []
    try:
        with zipfile.ZipFile(file) as book:
            names = {name.lower(): name for name in book.namelist()}
            book_xml, styles = (_begins(book, names.get(f"xl/{part}.xml")) for part in ("workbook", "styles"))
    except _BROKEN:
        return []
    finally:
        file.seek(0)
    if _OLD_DAYS.search(book_xml):
        told.append("its calendar of 1904 where a time stands in a cell without a date format: format those cells as dates")
    if zeros := _zeros(styles):
        told.append(f"the zeros that a number format ({', '.join(zeros)}) shows before a number: format ids as text")
    return told


def _begins(book: zipfile.ZipFile, name: str | None) -> bytes:
    if name is None:
        return b""
    with book.open(name) as part:
        return part.read(_STYLES)


def _zeros(styles: bytes) -> list[str]:
    """The number formats of zeros only that some style uses."""
    found = {}
    for one in _FORMAT.findall(styles):
        number, zeros = _NUMBER.search(one), _ZEROS.search(one)
        if number and zeros:
            found[number[1]] = zeros[1].decode()
    used = {number[1] for one in _STYLE.findall(styles) if (number := _NUMBER.search(one))}
    return sorted(zeros for number, zeros in found.items() if number in used)


def _refused(path: Path, what: str) -> ImportRefused:
    return ImportRefused(f"{path} {what}: too much for a workbook; save the sheet as CSV and import that")


def _small(path: Path, whole: int, packed: int) -> None:
    if whole > UNPACKED or whole > max(FREE, RATIO * packed):
        raise _refused(path, f"unpacks to {whole >> 20} MB, {whole // max(packed, 1)} times its own size")


def _chunks(book: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """zipfile gives no more than the directory says, and says so where that is a lie."""
    with book.open(part) as stream:
        while data := stream.read(_CHUNK):
            yield data


def _lengths(book: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> npt.NDArray[np.int64]:
    """Bytes of each shared string."""
    ends: list[int] = []
    before, tail = 0, b""
    for part in parts:
        if part.filename.lower().endswith("sharedstrings.xml"):
            for data in _chunks(book, part):
                text = tail + data
                start = before - len(tail)
                ends += [start + found.end() for found in _STRING.finditer(text) if found.end() > len(tail)]
                before, tail = before + len(data), text[-32:]
    places = np.array([0, *ends], dtype=np.int64)
    return places[1:] - places[:-1]


def _sheet(path: Path, book: zipfile.ZipFile, part: zipfile.ZipInfo, lengths: npt.NDArray[np.int64]) -> None:
    rows = letters = top = right = 0
    tail = b""
    for data in _chunks(book, part):
        text = tail + data
        cut = text.rfind(b"<", max(len(text) - _LONGEST, 0))
        cut = text.rfind(b"<", 0, cut) if cut > 0 else cut
        text, tail = (text[:cut], text[cut:]) if cut > 0 else (text, b"")
        if far := _NOWHERE.search(text):
            raise ValueError(f"a cell is said to stand at {str(far[1], 'utf-8', 'replace')}, where no sheet has one")
        places = _PLACE.findall(text)
        top = max([top, *{int(row) for _, row in places}])
        right = max([right, *{_column(letter) for letter in {letter for letter, _ in places}}])
        rows += len(_ROW.findall(text))
        shared = np.array([int(index) for index in _SHARED.findall(text)], dtype=np.int64)
        letters += int(lengths[shared[shared < len(lengths)]].sum())
        if max(top, rows) * max(right, 1) > CELLS:
            raise _refused(path, f"has a sheet of {max(top, rows)} rows and {right} columns")
        if letters > LETTERS:
            raise _refused(path, f"holds more than {LETTERS >> 20} MB of text")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number

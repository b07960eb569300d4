"""JSON lines (one object a line), and small JSON files that are one array of objects → batches of strings.

An absent member is null in a batch and keeps what is known; a null or empty one is "" and clears it, as in a canonical CSV.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from tianping.errors import ImportRefused
from tianping.facts.formats.batch import MOST_COLUMNS, BadRow, Batch, Stamp, cells, gathered, named, stamp
from tianping.facts.formats.encoding import MARK, Text, head, no_text, shown, text

ROWS = 1 << 13
"""Objects of a batch before they are gathered."""

WHOLE = 1 << 26
"""Bytes of the longest array: it is read at once."""

Row = dict[str, str]


class _Item(NamedTuple):
    """What stands on `line`: an object, or why there is none."""

    line: int
    row: Row
    fault: str = ""
    text: str = ""


class _TwiceError(ValueError):
    """A member that stands in an object twice."""


def headings(path: Path) -> list[str]:
    """The names of all members, in the order they are met; the whole file is read for them."""
    return list(_names(stamp(path)))


@lru_cache(maxsize=64)
def _names(file: Stamp) -> tuple[str, ...]:
    path = file.path
    head(path)
    found: dict[str, None] = {}
    with text(path) as stream:
        for item in _items(path, stream):
            found.update(dict.fromkeys(item.row))
            if len(found) > MOST_COLUMNS:
                break
    if not found:
        raise ImportRefused(f"{path} holds no JSON object; give one object a line, its members named as the columns")
    return tuple(named(path, list(found)))


def batches(path: Path) -> Iterator[Batch]:
    """The rows of `path`; `_line` is the line an object begins on."""
    names = headings(path)
    with text(path) as stream:
        yield from gathered(_blocks(_items(path, stream), names, stream))


def _blocks(items: Iterator[_Item], names: list[str], stream: Text) -> Iterator[Batch]:
    while some := list(islice(items, ROWS)):
        good = [item for item in some if not item.fault]
        columns = [pa.array([item.row.get(name) for item in good], pa.string()) for name in names]
        bad = [
            BadRow(item.line, "", "", item.fault, json.dumps([item.text], ensure_ascii=False)) for item in some if item.fault
        ]
        yield Batch(cells(columns, pa.array([item.line for item in good], pa.int64())), bad, stream.done)


def _items(path: Path, stream: Text) -> Iterator[_Item]:
    lines = enumerate((line.decode() for line in stream.lines()), start=1)
    for number, line in lines:
        if line.lstrip().startswith("[") and path.name.lower().removesuffix(".gz").removesuffix(".zst").endswith(".json"):
            yield from _array(path, number, line, (line for _, line in lines))
        elif line.strip():
            yield _item(number, line)


def _item(number: int, line: str) -> _Item:
    if MARK in line:
        return _Item(number, {}, no_text(line, "utf-8"), shown(line))
    try:
        return _row(number, _DECODER.decode(line.strip()), line)
    except _TwiceError as error:
        return _Item(number, {}, str(error), line)
    except (ValueError, RecursionError) as error:
        return _Item(number, {}, f"not a JSON object: {error}", line)


def _array(path: Path, first: int, line: str, more: Iterator[str]) -> Iterator[_Item]:
    """The objects of an array that begins in `line`."""
    whole = _whole(path, line, more)
    at, number = whole.index("[") + 1, first
    while True:
        begins = _next(whole, at)
        number += whole.count("\n", at, begins)
        if whole.startswith("]", begins):
            return
        try:
            found, ends = _DECODER.raw_decode(whole, begins)
        except (ValueError, RecursionError) as error:
            raise ImportRefused(f"{path} is no JSON array of objects: it is broken near line {number} ({error})") from error
        yield _row(number, found, whole[begins:ends])
        number += whole.count("\n", begins, ends)
        at = ends


def _whole(path: Path, line: str, more: Iterator[str]) -> str:
    pieces, size = [line], len(line)
    for piece in more:
        pieces.append(piece)
        size += len(piece) + 1
        if size > WHOLE:
            now = "write one object a line and name it .jsonl"
            raise ImportRefused(f"{path} is one JSON array of more than {WHOLE >> 20} MB, too big to be read at once; {now}")
    whole = "\n".join(pieces)
    if MARK in whole:
        raise ImportRefused(
            f"{path} is no JSON text: line {whole[: whole.index(MARK)].count(chr(10)) + 1} {no_text(whole, 'utf-8')}"
        )
    return whole


def _next(whole: str, at: int) -> int:
    while at < len(whole) and whole[at] in " \t\r\n,":
        at += 1
    return at


def _row(number: int, found: object, source: str) -> _Item:
    if not isinstance(found, dict):
        return _Item(number, {}, "not a JSON object: give one object a line", source)
    row = {str(name): _cell(value) for name, value in found.items()}
    if "\\" in source and (fault := _unwritable("".join([*row, *row.values()]))):
        return _Item(number, {}, fault, source)
    return _Item(number, row)


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def _unwritable(letters: str) -> str:
    """Why escaped letters cannot be kept."""
    if "\0" in letters:
        return "holds a NUL byte"
    return "half of a surrogate pair is no text" if any("\ud800" <= letter <= "\udfff" for letter in letters) else ""


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, _ in pairs if sum(name == other for other, _ in pairs) > 1)
        raise _TwiceError(f'"{twice}" stands twice in one object')
    return found


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no number of JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=str, parse_float=str, parse_constant=_no_number)

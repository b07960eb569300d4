"""YAML that remembers where each thing stood and refuses what would make a line mean something else than it says:
a key given twice, aliases, tags of one's own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tianping.errors import Fault

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: plain `data`, the line of every place in it, and the faults found while reading."""

    file: str
    data: object
    lines: dict[Place, int]
    faults: tuple[Fault, ...]

    def line(self, place: Place) -> int:
        """The line of `place`, or of the nearest thing around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


_VALUES = {f"tag:yaml.org,2002:{kind}" for kind in ("bool", "float", "int", "null", "timestamp")}
_SPEAKER = yaml.SafeLoader("")


@cache
def _meant(word: str) -> object:
    """What a word without quotes is: a number, a day, yes or no, nothing, or itself. Raises ValueError for no day there is."""
    tag = _SPEAKER.resolve(yaml.ScalarNode, word, (True, False))  # type: ignore[no-untyped-call]
    return _SPEAKER.yaml_constructors[tag](_SPEAKER, yaml.ScalarNode(tag, word)) if tag in _VALUES else word


class _Reader:
    """Makes plain data of a parser's events. Aliases are told and read as empty: a file that unfolds itself, or never ends, is
    not for people. Tags are told and passed over: what a value is, its model says."""

    def __init__(self, file: str, parser: yaml.SafeLoader) -> None:
        self.file = file
        self.lines: dict[Place, int] = {}
        self.faults: list[Fault] = []
        self._next: Callable[[], Any] = parser.get_event

    def document(self) -> object:
        """The data of the one document, None where there is none. Raises YAMLError."""
        self._next()
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        data = self._value(self._next(), ())
        self._next()
        if not isinstance(after := self._next(), yaml.StreamEndEvent):
            raise yaml.composer.ComposerError(None, None, "but found another document", after.start_mark)
        return data

    def _value(self, event: Any, place: Place) -> object:
        line = event.start_mark.line + 1
        self.lines.setdefault(place, line)
        self._refuse(event)
        if isinstance(event, yaml.AliasEvent):
            return None
        if isinstance(event, yaml.MappingStartEvent):
            return dict(self._pairs(place))
        if isinstance(event, yaml.SequenceStartEvent):
            return [self._value(child, (*place, index)) for index, child in enumerate(self._until(yaml.SequenceEndEvent))]
        return self._scalar(event, line)

    def _scalar(self, event: Any, line: int) -> object:
        """In quotes it is text, whatever it says."""
        if not event.implicit[0] and event.tag is None:
            return event.value
        try:
            return _meant(event.value)
        except ValueError as error:
            self._tell(line, f'"{event.value}" cannot be read: {error}')
            return None

    def _pairs(self, place: Place) -> Iterator[tuple[str, object]]:
        seen: dict[str, int] = {}
        for event in self._until(yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                if not isinstance(event, yaml.AliasEvent):
                    self._tell(line, "a key is one word", "put a list or a mapping behind a key")
                self._skip(event)
                self._skip(self._next())
                continue
            self._refuse(event)
            key = event.value
            if key in seen:
                self._tell(line, f'"{key}" stands here a second time', f"first on line {seen[key]}; keep one")
                self._skip(self._next())
                continue
            seen[key] = line
            self.lines[(*place, key)] = line
            yield key, self._value(self._next(), (*place, key))

    def _until(self, end: type[yaml.Event]) -> Iterator[Any]:
        while not isinstance(event := self._next(), end):
            yield event

    def _skip(self, event: Any) -> None:
        """What begins with this event, for nothing but what is refused of it."""
        self._refuse(event)
        depth = _DEEPER.get(type(event), 0)
        while depth:
            self._refuse(event := self._next())
            depth += _DEEPER.get(type(event), 0)

    def _refuse(self, event: Any) -> None:
        """Tell of an alias or a tag, wherever it stands."""
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            self._tell(line, f'"*{event.anchor}" stands for another place', "write it out; aliases are refused")
        elif getattr(event, "tag", None) is not None:
            self._tell(line, f'the tag "{event.tag}" means nothing here', "take it out")

    def _tell(self, line: int, what: str, now: str = "") -> None:
        self.faults.append(Fault(self.file, line, what, now))


_DEEPER: dict[type[yaml.Event], int] = {
    yaml.MappingStartEvent: 1, yaml.SequenceStartEvent: 1, yaml.MappingEndEvent: -1, yaml.SequenceEndEvent: -1,
}  # fmt: skip
_Fast: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same in C where there is that, five times as fast. It lets tabs and `?` stand inside words, too, and says less well what
is wrong with a file that is not YAML."""


def load(path: Path, *, name: str | None = None) -> Document:
    """Read one YAML file. Broken YAML, aliases and duplicate keys become faults, never an exception. Faults call it `name`."""
    file = name or path.name
    raw = path.read_bytes()
    try:
        reader, data = _read(file, raw.decode("utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        return Document(file, None, {}, (_unreadable(file, raw, error),))
    if data is None and not reader.faults:
        reader.faults.append(Fault(file, 1, "the file is empty", "fill it or delete it"))
    return Document(file, data, reader.lines, tuple(reader.faults))


def _read(file: str, text: str) -> tuple[_Reader, object]:
    """A text's data, with what was met on the way. Raises YAMLError in the words of the careful parser."""
    try:
        reader = _Reader(file, _Fast(text))
        return reader, reader.document()
    except yaml.YAMLError:
        reader = _Reader(file, yaml.SafeLoader(text))
        return reader, reader.document()


def _unreadable(file: str, raw: bytes, error: Exception) -> Fault:
    if isinstance(error, UnicodeDecodeError):
        line = raw.count(b"\n", 0, error.start) + 1
        return Fault(file, line, "this is not text in UTF-8", "save it as UTF-8")
    if isinstance(error, yaml.MarkedYAMLError):
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return Fault(file, line, f"this is not YAML: {error.problem}")
    if isinstance(error, yaml.reader.ReaderError):
        line = raw.decode("utf-8").count("\n", 0, int(error.position)) + 1
        return Fault(file, line, f"this is not YAML: the character U+{int(error.character):04X} is not allowed", "take it out")
    return Fault(file, 1, "this is nested too deep to be read")

"""YAML that remembers where each thing stood and refuses what would make a line mean something else than it says:
a key given twice, aliases, tags of one's own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml.composer import Composer

from tianping.errors import Fault

Place = tuple[str | int, ...]
_UNTAGGED: dict[type[object], object] = {
    yaml.ScalarEvent: (True, False),
    yaml.SequenceStartEvent: True,
    yaml.MappingStartEvent: True,
}  # `implicit`, as the parser sets it where no tag stands


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


class _Composer(Composer):
    """Aliases are told and read as empty: a file that unfolds itself, or never ends, is not for people. Tags are told and
    passed over: what a value is, its model says."""

    def __init__(self) -> None:
        Composer.__init__(self)  # not `super()`: beside it stands a parser, whose turn is not now
        self.refused: list[tuple[int, str, str]] = []

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[attr-defined]  # of the parser beside it
        mark = event.start_mark
        line = mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            self.refused.append((line, f'"*{event.anchor}" stands for another place', "write it out; aliases are refused"))
            self.get_event()  # type: ignore[attr-defined]
            return yaml.ScalarNode("tag:yaml.org,2002:null", "", mark, mark)
        if event.tag is not None:
            self.refused.append((line, f'the tag "{event.tag}" means nothing here', "take it out"))
            event.tag, event.implicit = None, _UNTAGGED[type(event)]
        return super().compose_node(parent, index)


class _Careful(_Composer, yaml.SafeLoader):
    """Says what is wrong with a file that is not YAML."""

    def __init__(self, text: str) -> None:
        yaml.SafeLoader.__init__(self, text)
        _Composer.__init__(self)


_Parser: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Fast(_Composer, _Parser):  # type: ignore[misc, valid-type]
    """The same in C where there is that: all packs in 0.08 s instead of 0.47. It lets tabs and `?` stand inside words, too."""

    def __init__(self, text: str) -> None:
        _Parser.__init__(self, text)
        _Composer.__init__(self)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Place, int] = {}
        self.faults: list[Fault] = []
        self._make = yaml.SafeLoader("").construct_object

    def value(self, node: yaml.Node, place: Place) -> object:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, place))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*place, index)) for index, child in enumerate(node.value)]
        try:
            return self._make(node)
        except ValueError as error:
            self.faults.append(Fault(self.file, line, f'"{node.value}" cannot be read: {error}'))
            return None

    def _pairs(self, node: yaml.MappingNode, place: Place) -> Iterator[tuple[str, object]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append(Fault(self.file, line, "a key is one word", "put a list or a mapping behind a key"))
                continue
            key = str(key_node.value)
            if key in seen:
                self.faults.append(
                    Fault(self.file, line, f'"{key}" stands here a second time', f"first on line {seen[key]}; keep one")
                )
                continue
            seen[key] = line
            self.lines[(*place, key)] = line
            yield key, self.value(value_node, (*place, key))


def load(path: Path, *, name: str | None = None) -> Document:
    """Read one YAML file. Broken YAML, aliases and duplicate keys become faults, never an exception. Faults call it `name`."""
    file = name or path.name
    raw = path.read_bytes()
    try:
        refused, node = _composed(raw.decode("utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        return Document(file, None, {}, (_unreadable(file, raw, error),))
    reader = _Reader(file)
    reader.faults += [Fault(file, *each) for each in refused]
    data = reader.value(node, ()) if node else None
    if data is None and not reader.faults:
        reader.faults.append(Fault(file, 1, "the file is empty", "fill it or delete it"))
    return Document(file, data, reader.lines, tuple(reader.faults))


def _composed(text: str) -> tuple[list[tuple[int, str, str]], yaml.Node | None]:
    """What was refused of a text, and the rest. Raises YAMLError in the words of the careful one."""
    try:
        composer: _Fast | _Careful = _Fast(text)
        node = composer.get_single_node()
    except yaml.YAMLError:
        composer = _Careful(text)
        node = composer.get_single_node()
    return composer.refused, node


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

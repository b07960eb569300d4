"""YAML that remembers where each thing stood and refuses a key given twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Place, int] = {}
        self.faults: list[Fault] = []
        self._make = yaml.SafeLoader("").construct_object

    def value(self, node: yaml.Node, place: Place) -> object:
        self.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, place))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*place, index)) for index, child in enumerate(node.value)]
        try:
            return self._make(node)
        except ValueError as error:
            self.faults.append(Fault(self.file, node.start_mark.line + 1, f'"{node.value}" cannot be read: {error}'))
            return None

    def _pairs(self, node: yaml.MappingNode, place: Place) -> Iterator[tuple[str, object]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in seen:
                self.faults.append(
                    Fault(self.file, line, f'"{key}" stands here a second time', f"first on line {seen[key]}; keep one")
                )
                continue
            seen[key] = line
            self.lines[(*place, key)] = line
            yield key, self.value(value_node, (*place, key))


def load(path: Path, *, name: str | None = None) -> Document:
    """Read one YAML file. Broken YAML, aliases and duplicate keys become faults, never an exception. `name` is what faults call it."""
    file = name or path.name
    try:
        node = yaml.compose(path.read_text("utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return Document(file, None, {}, (Fault(file, line, f"this is not YAML: {error.problem}"),))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        return Document(file, None, {}, (Fault(file, 1, f"this is not YAML in UTF-8: {error}"),))
    reader = _Reader(file)
    data = reader.value(node, ()) if node else None
    return Document(file, data, reader.lines, tuple(reader.faults))

"""Packs from their folders. Strict: every fault of every file at once, with file and line."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from tianping.errors import Fault, NotFound, PolicyError, did_you_mean
from tianping.policy.judging import Judging
from tianping.policy.model import Board, Metric, Pack, PackFile, SharedFile
from tianping.policy.strict import read
from tianping.policy.yamlio import Document, Place, load

Key = tuple[str, str]
M = TypeVar("M", bound=SharedFile)
_NEEDED = ("platform", "label")  # by one file of a pack
_ONCE = (*_NEEDED, "too_few_below", "board", "levels", "points")  # by at most one
_RULELESS = {"tests", "reasons", "board"}  # a file of these alone changes no figure and no judgement
_JUDGING = set(Judging.model_fields)  # a file of these alone changes no figure
_NAMED = ("sets", "rules", "metrics", "reasons", "scores", "rights", "violations", "penalties")  # each name once in a pack
SHARED = Path(str(files("tianping") / "packs" / "shared"))


@dataclass(frozen=True, slots=True)
class Opened:
    """A pack with the documents it was read from, so that later checks can name file and line. `shared` are those of them that
    other packs may read too."""

    pack: Pack
    documents: tuple[Document, ...]
    shared: tuple[Document, ...] = ()

    def fault(self, place: Place, what: str, now: str = "") -> Fault:
        """A fault at `place` (`("metrics", "dispute_rate", …)`), wherever among the files that stands."""
        document = max(self.documents, key=lambda each: _depth(each, place))
        return Fault(document.file, document.line(place), what, now)

    def test_fault(self, index: int, key: str, what: str, now: str = "") -> Fault:
        """A fault at `key` of the pack's test number `index`; tests count through all files."""
        for document in self.documents:
            held = sum(len(place) == 2 and place[0] == "tests" for place in document.lines)
            if index < held:
                return Fault(document.file, document.line(("tests", index, key)), what, now)
            index -= held
        raise IndexError(index)

    def is_shared(self, place: Place) -> bool:
        """Whether what stands at `place` comes from a shared file."""
        return any(place in document.lines for document in self.shared)


def _depth(document: Document, place: Place) -> int:
    return next((n for n in range(len(place), 0, -1) if place[:n] in document.lines), 0)


def shipped() -> tuple[Path, ...]:
    """The folders of the packs that come with the program."""
    folders = (path for path in SHARED.parent.iterdir() if path.is_dir() and path != SHARED)
    return tuple(sorted(path for path in folders if any(path.glob("*.yaml"))))


def key_of(name: str) -> Key:
    """`refund_only_time/of_ended` → (metric, variant); the plain form has variant ""."""
    metric, _, variant = name.partition("/")
    return metric, variant


class Part(NamedTuple, Generic[M]):
    """One file, as it stands and as it was understood."""

    path: Path
    document: Document
    model: M | None


def open_pack(folder: Path) -> tuple[Opened | None, list[Fault]]:
    """One pack, or None, with its faults of form (what the formulas mean is checked in `check`)."""
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise NotFound(f"no pack in {folder}: a pack is a folder of .yaml files; name one that has them")
    parts, faults = _read(PackFile, paths, folder.name)
    names, unknown = _shares(parts)
    shared, found = _read(SharedFile, [SHARED / f"{name}.yaml" for name in names], SHARED.name)
    own, others = (tuple(part.document for part in parts), tuple(part.document for part in shared))
    faults += found + unknown + _twice((*others, *own))
    files = [part.model for part in parts if part.model]
    heads = {name: value for file in files for name in _ONCE if (value := getattr(file, name)) is not None}
    if not faults:
        missing = (name for name in _NEEDED if name not in heads)
        faults += [Fault(f"{folder.name}/", 1, f'no file says "{name}:"', "add it to one file") for name in missing]
    if faults:
        return None, faults
    figures, rules = (_digest((*parts, *shared), judging=judging) for judging in (False, True))
    pack = _join(heads, files, [part.model for part in shared if part.model], (figures, rules))
    return Opened(pack, (*own, *others), others), []


def _read(model: type[M], paths: Sequence[Path], folder: str) -> tuple[list[Part[M]], list[Fault]]:
    parts: list[Part[M]] = []
    faults: list[Fault] = []
    for path in paths:
        document = load(path, name=f"{folder}/{path.name}")
        understood, found = read(model, document)
        parts.append(Part(path, document, understood))
        faults += found
    return parts, faults


def _shares(parts: Sequence[Part[PackFile]]) -> tuple[list[str], list[Fault]]:
    """The shared files that a pack's files name, each once, and the names that are none."""
    known = sorted(path.stem for path in SHARED.glob("*.yaml"))
    named: dict[str, None] = {}
    faults = []
    for part in parts:
        for index, name in enumerate(part.model.shares if part.model else ()):
            if name in known:
                named[name] = None
            else:
                line = part.document.line(("shares", index))
                faults.append(Fault(part.document.file, line, f'no shared file "{name}"', did_you_mean(name, known)))
    return list(named), faults


def _digest(parts: Sequence[Part[Any]], *, judging: bool) -> str:
    """Of the files that figures depend on, the shared ones too; or of those that say how figures are judged."""
    given = [(part.path, part.model.model_fields_set) for part in parts if part.model]
    ruling = [path for path, keys in given if (keys & _JUDGING if judging else not keys <= _RULELESS | _JUDGING)]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in ruling)).hexdigest()


def _twice(documents: Sequence[Document]) -> list[Fault]:
    """Names that two files of one pack both give."""
    seen: dict[Place, Document] = {}
    faults = []
    for document in documents:
        for place in filter(_only_once, document.lines):
            first = seen.setdefault(place, document)
            if first is not document:
                what = f'"{place[-1]}"' + (f" of {place[0]}" if len(place) > 1 else "") + " stands in two files"
                faults.append(
                    Fault(document.file, document.line(place), what, f"first in {first.file}:{first.line(place)}; keep one")
                )
    return faults


def _only_once(place: Place) -> bool:
    return (len(place) == 2 and place[0] in _NAMED) or (len(place) == 1 and place[0] in _ONCE)


def _join(heads: Mapping[str, Any], own: Sequence[PackFile], shared: Sequence[SharedFile], digests: tuple[str, str]) -> Pack:
    every = (*shared, *own)
    metrics: dict[Key, Metric] = {key_of(name): metric for file in every for name, metric in file.metrics.items()}
    return Pack(
        platform=heads["platform"],
        label=heads["label"],
        too_few_below=heads.get("too_few_below", 0),
        digest=digests[0],
        sets={name: each for file in every for name, each in file.sets.items()},
        rules={name: each for file in every for name, each in file.rules.items()},
        metrics=metrics,
        tests=tuple(test for file in own for test in file.tests),
        reasons={name: each for file in own for name, each in file.reasons.items()},
        board=heads.get("board", Board()),
        judging=_judging(heads, own),
        judging_digest=digests[1],
    )


def _judging(heads: Mapping[str, Any], own: Sequence[PackFile]) -> Judging:
    named = {part: {name: each for file in own for name, each in getattr(file, part).items()} for part in _NAMED[4:]}
    return Judging(levels=heads.get("levels"), points=heads.get("points"), **named)


def open_all(folders: Sequence[Path] | None = None) -> tuple[tuple[Opened, ...], list[Fault]]:
    """All packs of `folders` (default: those shipped)."""
    opened: list[Opened] = []
    faults: list[Fault] = []
    for folder in shipped() if folders is None else folders:
        pack, found = open_pack(folder)
        faults += found
        if pack and any(each.pack.platform == pack.pack.platform for each in opened):
            faults.append(pack.fault(("platform",), f'a second pack of "{pack.pack.platform}"', "keep one of the folders"))
        opened += [pack] if pack else []
    return tuple(opened), list(dict.fromkeys(faults))  # a fault of a shared file is one fault, however many packs share it


def packs_for(platform: str) -> Mapping[str, Pack]:
    """The shipped pack of one platform alone, half the time of all; all where no folder has its name. Raises PolicyError."""
    return packs([folder for folder in shipped() if folder.name == platform] or None)


def packs(folders: Sequence[Path] | None = None) -> Mapping[str, Pack]:
    """Packs by platform. Raises PolicyError with every fault."""
    opened, faults = open_all(folders)
    if faults:
        raise PolicyError(tuple(faults))
    return {each.pack.platform: each.pack for each in opened}

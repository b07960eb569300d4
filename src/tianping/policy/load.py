"""Packs from their folders. Strict: every fault of every file at once, with file and line."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from tianping.errors import Fault, NotFound, PolicyError
from tianping.policy.model import Metric, Pack, PackFile
from tianping.policy.strict import read
from tianping.policy.yamlio import Document, Place, load

Key = tuple[str, str]
_NEEDED = ("platform", "label")  # by one file of a pack
_ONCE = (*_NEEDED, "too_few_below")  # by at most one


@dataclass(frozen=True, slots=True)
class Opened:
    """A pack with the documents it was read from, so that later checks can name file and line."""

    pack: Pack
    documents: tuple[Document, ...]

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


def _depth(document: Document, place: Place) -> int:
    return next((n for n in range(len(place), 0, -1) if place[:n] in document.lines), 0)


def shipped() -> tuple[Path, ...]:
    """The folders of the packs that come with the program."""
    root = Path(str(files("tianping") / "packs"))
    return tuple(sorted(path for path in root.iterdir() if path.is_dir() and any(path.glob("*.yaml"))))


def key_of(name: str) -> Key:
    """`refund_only_time/of_ended` → (metric, variant); the plain form has variant ""."""
    metric, _, variant = name.partition("/")
    return metric, variant


def open_pack(folder: Path) -> tuple[Opened | None, list[Fault]]:
    """One pack, or None, with its faults of form (what the formulas mean is checked in `check`)."""
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise NotFound(f"no pack in {folder}: a pack is a folder of .yaml files; name one that has them")
    documents = tuple(load(path, name=f"{folder.name}/{path.name}") for path in paths)
    parts, faults = [], []
    for document in documents:
        part, found = read(PackFile, document)
        faults += found
        parts += [part] if part else []
    faults += _twice(documents)
    heads = {name: value for part in parts for name in _ONCE if (value := getattr(part, name)) is not None}
    if not faults:
        faults += [
            Fault(f"{folder.name}/", 1, f'no file says "{name}:"', "add it to one file")
            for name in _NEEDED
            if name not in heads
        ]
    if faults:
        return None, faults
    ruling = [path for path, part in zip(paths, parts, strict=True) if not part.model_fields_set <= {"tests", "reasons"}]
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in ruling)).hexdigest()
    return Opened(_join(heads, parts, digest), documents), []


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
    return (len(place) == 2 and place[0] in ("sets", "rules", "metrics", "reasons")) or (len(place) == 1 and place[0] in _ONCE)


def _join(heads: Mapping[str, Any], parts: Sequence[PackFile], digest: str) -> Pack:
    metrics: dict[Key, Metric] = {key_of(name): metric for part in parts for name, metric in part.metrics.items()}
    return Pack(
        platform=heads["platform"],
        label=heads["label"],
        too_few_below=heads.get("too_few_below", 0),
        digest=digest,
        sets={name: each for part in parts for name, each in part.sets.items()},
        rules={name: each for part in parts for name, each in part.rules.items()},
        metrics=metrics,
        tests=tuple(test for part in parts for test in part.tests),
        reasons={name: each for part in parts for name, each in part.reasons.items()},
    )


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
    return tuple(opened), faults


def packs(folders: Sequence[Path] | None = None) -> Mapping[str, Pack]:
    """Packs by platform. Raises PolicyError with every fault."""
    opened, faults = open_all(folders)
    if faults:
        raise PolicyError(tuple(faults))
    return {each.pack.platform: each.pack for each in opened}

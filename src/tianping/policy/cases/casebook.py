"""What one platform says of cases, read from its pack's folder `cases/` and the shared files it takes in.

A name of the platform's own stands in for the shared one of that name. Strict: every fault of every file at once, with file and
line.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tianping.errors import Fault, PolicyError, did_you_mean
from tianping.policy.cases.automation import AutomationVersion, StandingVersion
from tianping.policy.cases.casefile import CaseFile, Verbs
from tianping.policy.cases.flowing import AmountVersion, Calendar, ClockVersion, FlowVersion, GuardVersion, Labelled
from tianping.policy.cases.tables import TableVersion
from tianping.policy.load import SHARED, shipped
from tianping.policy.strict import read
from tianping.policy.yamlio import Document, Place, load

PARTS = ("flows", "clocks", "guards", "amounts", "calendars", "tables", "automation", "standings")
SHARED_CASES = SHARED / "cases"


@dataclass(frozen=True, slots=True)
class Casebook:
    """The rules of one platform's cases; `digest` changes with any of them."""

    platform: str
    digest: str
    flows: Mapping[str, Labelled[FlowVersion]]
    clocks: Mapping[str, Labelled[ClockVersion]]
    guards: Mapping[str, Labelled[GuardVersion]]
    amounts: Mapping[str, Labelled[AmountVersion]]
    calendars: Mapping[str, Calendar]
    tables: Mapping[str, Labelled[TableVersion]]
    automation: Mapping[str, Labelled[AutomationVersion]]
    standings: Mapping[str, Labelled[StandingVersion]]


@dataclass(frozen=True, slots=True)
class OpenedCasebook:
    """A casebook with the documents it was read from, own ones first, so that later checks can name file and line."""

    book: Casebook
    documents: tuple[Document, ...]

    def fault(self, place: Place, what: str, now: str = "") -> Fault:
        """A fault at `place` (`("flows", "refund_only", …)`): in the first file that says it."""
        document, place = self._apart(place) or (self._first(place[:2]) or self.documents[0], place)
        return Fault(document.file, document.line(place), what, now)

    def _first(self, place: Place) -> Document | None:
        return next((each for each in self.documents if place in each.lines), None)

    def _apart(self, place: Place) -> tuple[Document, Place] | None:
        """Where a verb stands that stands apart from its flow."""
        verb, rest = place[5:6], place[6:]
        if place[:1] != ("flows",) or place[4:5] != ("verbs",) or self._first(place[:6]):
            return None
        for document in self.documents:
            for name, group in _apart(document).items():
                at: Place = ("verbs", name, "verbs", *verb)
                if place[1] in group["of"] and at in document.lines:
                    return document, (*at, *rest)
        return None


def open_casebook(folder: Path) -> tuple[OpenedCasebook | None, list[Fault]]:
    """The casebook of a pack's folder (named as the platform), or None with its faults of form; None alone: it has none."""
    paths = sorted((folder / "cases").glob("*.yaml"))
    if not paths:
        return None, []
    own, faults = _read(paths, f"{folder.name}/cases")
    names = dict.fromkeys(name for _, file in own for name in file.shares)
    known = sorted(path.stem for path in SHARED_CASES.glob("*.yaml"))
    faults += [
        Fault(f"{folder.name}/cases/", 1, f'no shared file "{name}"', did_you_mean(name, known))
        for name in names
        if name not in known
    ]
    shared, found = _read([SHARED_CASES / f"{name}.yaml" for name in names if name in known], "shared/cases")
    faults += found + _twice(own) + _twice(shared)
    flows = {**_flows(shared, faults), **_flows(own, faults)}
    if faults:
        return None, faults
    parts = {part: {**_all(shared, part), **_all(own, part)} for part in PARTS} | {"flows": flows}
    raw = [path.read_bytes() for path in (*paths, *(SHARED_CASES / f"{name}.yaml" for name in names))]
    book = Casebook(folder.name, hashlib.sha256(b"\0".join(raw)).hexdigest(), **parts)
    return OpenedCasebook(book, tuple(document for document, _ in (*own, *shared))), []


def casebooks(folders: Sequence[Path] | None = None) -> Mapping[str, Casebook]:
    """Casebooks by platform (default: those shipped). Raises PolicyError with every fault."""
    opened, faults = open_casebooks(folders)
    if faults:
        raise PolicyError(tuple(faults))
    return {each.book.platform: each.book for each in opened}


def open_casebooks(folders: Sequence[Path] | None = None) -> tuple[tuple[OpenedCasebook, ...], list[Fault]]:
    """The same with their documents, and the faults; a fault of a shared file is told once."""
    read_ = [open_casebook(folder) for folder in (shipped() if folders is None else folders)]
    faults = dict.fromkeys(fault for _, found in read_ for fault in found)
    return tuple(opened for opened, _ in read_ if opened), list(faults)


_Files = list[tuple[Document, CaseFile]]


def _read(paths: Sequence[Path], folder: str) -> tuple[_Files, list[Fault]]:
    files: _Files = []
    faults: list[Fault] = []
    for path in paths:
        document = load(path, name=f"{folder}/{path.name}")
        model, found = read(CaseFile, document)
        files += [(document, model)] if model else []
        faults += found
    return files, faults


def _twice(files: _Files) -> list[Fault]:
    """Names that two files of one folder both give."""
    seen: dict[tuple[str, str], Document] = {}
    faults = []
    for document, file in files:
        for key in ((part, name) for part in (*PARTS, "verbs") for name in getattr(file, part)):
            first = seen.setdefault(key, document)
            if first is not document:
                now = f"first in {first.file}:{first.line(key)}; keep one"
                faults.append(Fault(document.file, document.line(key), f'"{key[1]}" of {key[0]} stands in two files', now))
    return faults


def _all(files: _Files, part: str) -> dict[str, Any]:
    return {name: each for _, file in files for name, each in getattr(file, part).items()}


# Verbs that stand apart


def _apart(document: Document) -> dict[str, Any]:
    """The groups of a file that was read without a fault, as they stand."""
    return document.data.get("verbs", {}) if isinstance(document.data, dict) else {}


def _flows(files: _Files, faults: list[Fault]) -> dict[str, Labelled[FlowVersion]]:
    """The flows of one folder's files, with the verbs that stand apart from them."""
    flows = _all(files, "flows")
    for document, file in files:
        for name, group in file.verbs.items():
            for kind in group.of:
                said = _unfit(flows.get(kind), kind, group)
                faults += [Fault(document.file, document.line(("verbs", name)), *each) for each in said]
                if not said:
                    flows[kind] = _with(flows[kind], group)
    return flows


def _unfit(flow: Labelled[FlowVersion] | None, kind: str, group: Verbs) -> list[tuple[str, str]]:
    """Why these verbs cannot belong to a flow."""
    if flow is None:
        return [(f'no flow "{kind}" stands in this folder', "share its file, too, or take it out of: of")]
    version = next((each for each in flow.versions if each.since == group.since), None)
    if version is None:
        return [(f'no version of "{kind}" begins on {group.since}', "say: since, as the version does")]
    return [(f'"{verb}" of {kind} stands in two places', "keep one") for verb in group.verbs if verb in version.verbs]


def _with(flow: Labelled[FlowVersion], group: Verbs) -> Labelled[FlowVersion]:
    versions = (
        each.model_copy(update={"verbs": {**each.verbs, **group.verbs}}) if each.since == group.since else each
        for each in flow.versions
    )
    return flow.model_copy(update={"versions": tuple(versions)})

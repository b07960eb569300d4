"""Made-up packs in a folder, written as their owners write them."""

from collections.abc import Sequence
from pathlib import Path

from tianping.errors import Fault
from tianping.facts.views import VIEWS
from tianping.policy.check import check
from tianping.policy.load import Opened, open_pack

HEAD = "platform: kuaishou\nlabel: {zh: 假店, en: Made up}\n"


def write(folder: Path, **files: str) -> Path:
    """A pack's folder with `name.yaml` for each of `files`."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def version(body: str, since: str = "2020-01-01", more: str = "") -> str:
    """One version as a line; `body` is its shape, `both: {…}`."""
    source = "source: [{document: S1, clause: 一, spec: [KS-M01]}], words: {zh: 甲, en: a}"
    return f"      - {{since: {since}, {source}, window: 1, {more}{body}}}\n"


def metric(name: str, *versions: str, unit: str = "rate", by: str = "") -> str:
    """An entry of `metrics`."""
    heads = f"    label: {{zh: 甲, en: A}}\n    unit: {unit}\n{f'    by: {by}' + chr(10) if by else ''}    better: lower\n"
    return f"  {name}:\n{heads}    versions:\n{''.join(versions)}"


def shares(count: str, *, of: str = "order", day: str = "paid_at", leave_out: Sequence[str] = ()) -> str:
    """The body of a version: a share of the rows of a view."""
    return f'both: {{of: {of}, day: {day}, leave_out: [{", ".join(leave_out)}], count: "{count}"}}'


def pack(folder: Path, count: str, *, sets: str = "", rules: str = "", leave_out: Sequence[str] = ()) -> Opened:
    """A pack of the one metric `made_rate`, with no faults."""
    body = version(shares(count, leave_out=leave_out))
    sections = f"sets:\n{sets}" * bool(sets) + f"rules:\n{rules}" * bool(rules)
    return opened(write(folder, made=HEAD + sections + "metrics:\n" + metric("made_rate", body)))


def opened(folder: Path) -> Opened:
    """The pack of a folder, which has no faults."""
    found, faults = open_pack(folder)
    assert found is not None, faults
    assert check(found, VIEWS) == []
    return found


def said(faults: Sequence[Fault]) -> list[str]:
    """Faults as a person reads them."""
    return [str(fault) for fault in faults]

"""Evidence: files that the sides of a dispute show. Looked at only as bytes, never run, never handed out to be shown in place.

A file is written and synced first, under its SHA-256; then, in the transaction of the verb that notes it, its row. Where that
fails, the file lies there unnamed (`unnamed`), which harms nobody.
"""

import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from tianping.cases.case import Act, Case, Doer, Refusal
from tianping.cases.flow import possible
from tianping.errors import NotFound, TianpingError
from tianping.store.desk import evidence
from tianping.store.desk.evidence import Evidence
from tianping.work.desk.sitting import CaseRefused, Sitting

Party = Literal["buyer", "merchant", "platform"]
MOST_BYTES = 10 * 2**20
MOST_FILES = 20
"""Of one party in one case."""
MOST_WORDS = 1_000
_NAME = 200
_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NO_WORDS = ("Cc", "Cn", "Co", "Cs")
_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash")


def _is_text(content: bytes) -> bool:
    """Words in UTF-8 (or GB 18030, as Windows writes it), without control characters."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return bool(text.strip()) and not any(unicodedata.category(each) in _NO_WORDS for each in set(text) - set("\t\n\r"))
    return False


KINDS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("image/jpeg", lambda content: content.startswith(b"\xff\xd8\xff")),
    ("image/png", lambda content: content.startswith(b"\x89PNG\r\n\x1a\n")),
    ("image/webp", lambda content: content[:4] == b"RIFF" and content[8:12] == b"WEBP"),
    ("application/pdf", lambda content: content.startswith(b"%PDF-")),
    ("video/mp4", lambda content: content[4:8] == b"ftyp" and content[8:12] in _BRANDS),
    ("text/plain", _is_text),
)
"""Media types that are taken, each told by the file's content; its name is not asked."""


def media_type(content: bytes) -> str | None:
    """What the content is; None where it is nothing that is taken."""
    return next((name for name, is_one in KINDS if is_one(content)), None)


def add(
    sitting: Sitting,
    home: Path,
    case_id: str,
    party: Party,
    account_id: int | None,
    *,
    kind: str,
    name: str,
    content: bytes,
    says: str = "",
) -> Evidence:
    """Show a file in a case, where its flow lets this party now. Raises NotFound, CaseRefused (guards: state, evidence_size,
    evidence_type, evidence_kind, evidence_words, evidence_many, evidence_twice)."""
    sitting.lapse(case_id)
    case = sitting.case(case_id)
    noted = Act(f"submit_{party}", Doer(party, account_id, f"evidence {kind}"))
    if noted.verb not in possible(sitting.desk.book(case.platform), case, party, sitting.known(case)):
        raise _refused(sitting, case, party, "state", "现在不能提交证据", "evidence cannot be shown now")
    type_, digest = media_type(content), hashlib.sha256(content).hexdigest()
    for guard, zh, en in _hindrances(sitting, case, party, kind, content, type_, digest, says):
        raise _refused(sitting, case, party, guard, zh, en)
    assert type_ is not None
    keep(home, content)
    row = Evidence(0, case_id, party, account_id, kind, _named(name), type_, len(content), digest, says, sitting.at)
    written = evidence.add(sitting.directly(), row)
    sitting.act(case_id, noted)
    return written


def _refused(sitting: Sitting, case: Case, party: Party, guard: str, zh: str, en: str) -> CaseRefused:
    book = sitting.desk.book(case.platform)
    return CaseRefused(Refusal(guard, zh, en, possible(book, case, party, sitting.known(case))))


def _hindrances(
    sitting: Sitting, case: Case, party: Party, kind: str, content: bytes, type_: str | None, digest: str, says: str
) -> Iterator[tuple[str, str, str]]:
    if not content or len(content) > MOST_BYTES:
        yield "evidence_size", f"文件须大于0，不超过{MOST_BYTES >> 20} MB", f"a file has 1 byte to {MOST_BYTES >> 20} MB"
    if type_ is None:
        taken = ", ".join(name for name, _ in KINDS)
        yield "evidence_type", f"只收：{taken}（按内容判断）", f"files taken, by their content: {taken}"
    if not _KIND.fullmatch(kind):
        yield "evidence_kind", f"没有“{kind}”这种证据", f'"{kind}" is no kind of evidence; say photo, report, chat, other …'
    if len(says) > MOST_WORDS:
        yield "evidence_words", f"说明不超过{MOST_WORDS}字", f"at most {MOST_WORDS} characters beside a file"
    shown = evidence.listing(sitting.connection, [case.id], party)
    if len(shown) >= MOST_FILES:
        yield "evidence_many", f"每方最多{MOST_FILES}份证据", f"at most {MOST_FILES} files of each side"
    if any(each.digest == digest for each in shown):
        yield "evidence_twice", "这份文件已提交过", "this file was shown already"


def _named(name: str) -> str:
    """The file's own name, without folders and what cannot be printed."""
    last = re.split(r"[\\/]", name)[-1]
    return "".join(each for each in last if each.isprintable()).strip()[-_NAME:] or "file"


# Files


def path(home: Path, digest: str) -> Path:
    """Where a file lies. Raises NotFound for what is no digest."""
    if not _DIGEST.fullmatch(digest):
        raise NotFound(f'there is no file "{digest}"')
    return home / "evidence" / digest[:2] / digest[2:]


def keep(home: Path, content: bytes) -> Path:
    """Write a file under its SHA-256, so that it surely lies there; one that lies there already is left."""
    to = path(home, hashlib.sha256(content).hexdigest())
    if to.exists() and to.stat().st_size == len(content):
        return to
    for folder in (to.parent.parent, to.parent):
        folder.mkdir(exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=to.parent, prefix=".new-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(to)
    for folder in (to.parent, to.parent.parent):
        _sync(folder)
    return to


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def content(home: Path, row: Evidence) -> bytes:
    """A file as it was shown. Raises TianpingError where it is gone or is not what it was."""
    try:
        found = path(home, row.digest).read_bytes()
    except OSError as error:
        raise TianpingError(f"the file of evidence {row.id} ({row.digest}) cannot be read: {error.strerror}") from error
    if hashlib.sha256(found).hexdigest() != row.digest:
        raise TianpingError(f"the file of evidence {row.id} is not what was shown; bring {row.digest} back from a backup")
    return found


def unnamed(home: Path, named: set[str]) -> Iterator[Path]:
    """Files that no row names: of a transaction that failed, or of somebody erased. Whoever removes them passes over those that
    are younger than an hour, whose rows may be on the way."""
    for file in sorted((home / "evidence").glob("??/*")):
        if file.parent.name + file.name not in named:
            yield file

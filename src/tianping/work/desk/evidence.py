"""Evidence: files that the sides of a dispute show. Looked at only as bytes, never run, never handed out to be shown in place.

A file is written and synced first, under its SHA-256 (`laid`); then, in the transaction of the verb that notes it, its row.
What no row names is taken away (`sweep`).
"""

import hashlib
import logging
import math
import os
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal, NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from tianping.cases.case import Act, Case, Doer, Refusal
from tianping.cases.flow import possible
from tianping.errors import NotFound, TianpingError
from tianping.store.desk import evidence
from tianping.store.desk.evidence import Evidence
from tianping.work.desk.clerk import NotDone
from tianping.work.desk.sitting import CaseRefused, Sitting
from tianping.work.home import locked

log = logging.getLogger("tianping.desk")
Party = Literal["buyer", "merchant", "platform"]
MOST_BYTES = 10 * 2**20
MOST_FILES = 20
"""Of one party in one case."""
MOST_WORDS = 1_000
_NAME = 200
_LOCK, _QUEUE = "evidence.lock", "evidence.queue"
"""Shared by those who need files to stay, of one alone who removes; held by who waits for either."""
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


class File(NamedTuple):
    """What somebody shows: of what kind, under which name, and words beside it. `media_type` is as its content says (None:
    nothing that is taken), `digest` its SHA-256."""

    kind: str
    name: str
    content: bytes
    says: str
    media_type: str | None
    digest: str


def file(kind: str, name: str, content: bytes, says: str = "") -> File:
    """A file as it was handed in."""
    return File(kind, name, content, says, media_type(content), hashlib.sha256(content).hexdigest())


@dataclass(slots=True)
class Laid:
    """A file for the row that is to name it. `lies`: it is there, written and synced. `named`: its row does, if it is
    committed."""

    file: File
    lies: bool
    named: bool = False


@contextmanager
def laid(database: Engine, home: Path, file: File, *, fits: bool = True) -> Iterator[Laid]:
    """Lay a file there; its row is to be committed inside of this. Where none is, it is taken away again; a program that dies
    leaves it to `sweep`. What does not fit is not written, and `add` refuses it. Raises NotDone where it cannot be written."""
    shown, kept = Laid(file, lies=fits and next(_unfit(file), None) is None), False
    try:
        with staying(home):
            if shown.lies:
                keep(home, file.content)
            yield shown
        kept = shown.named
    finally:
        if shown.lies and not kept:
            _take_away(database, home, file.digest)


def fits(sitting: Sitting, case: Case, party: Party, file: File) -> bool:
    """Whether the case would take it, as it stands; a file that it would not need not be written."""
    return next(_hindrances(sitting, case, party, file), None) is None


def add(sitting: Sitting, case_id: str, party: Party, account_id: int | None, laid: Laid) -> Evidence:
    """Show a file in a case, where its flow lets this party now. Raises NotFound, CaseRefused (guards: state, evidence_size,
    evidence_type, evidence_kind, evidence_words, evidence_many, evidence_twice; seen, where it fits only now)."""
    sitting.lapse(case_id)
    case, file = sitting.case(case_id), laid.file
    noted = Act(f"submit_{party}", Doer(party, account_id, f"evidence {file.kind}"))
    for guard, zh, en in chain(_hindrances(sitting, case, party, file), () if laid.lies else (_OVERTAKEN,)):
        raise CaseRefused(Refusal(guard, zh, en, _possible(sitting, case, party)))
    assert file.media_type is not None
    row = Evidence(
        0, case_id, party, account_id, file.kind, _named(file.name), file.media_type, len(file.content), file.digest, file.says,
        sitting.at,
    )  # fmt: skip
    written = evidence.add(sitting.directly(), row)
    sitting.act(case_id, noted)
    laid.named = True
    return written


_Hindrance = tuple[str, str, str]
"""A guard and its words."""
_OVERTAKEN: _Hindrance = ("seen", "刚被他人处理过，请重试", "somebody has just acted on this; try again")


def _hindrances(sitting: Sitting, case: Case, party: Party, file: File) -> Iterator[_Hindrance]:
    if f"submit_{party}" not in _possible(sitting, case, party):
        yield "state", "现在不能提交证据", "evidence cannot be shown now"
    yield from _unfit(file)
    yield from _too_much(sitting, case, party, file.digest)


def _possible(sitting: Sitting, case: Case, party: Party) -> tuple[str, ...]:
    return possible(sitting.desk.book(case.platform), case, party, sitting.known(case))


def _unfit(file: File) -> Iterator[_Hindrance]:
    """Why it is no evidence in any case."""
    if not file.content or len(file.content) > MOST_BYTES:
        yield "evidence_size", f"文件须大于0，不超过{MOST_BYTES >> 20} MB", f"a file has 1 byte to {MOST_BYTES >> 20} MB"
    if file.media_type is None:
        taken = ", ".join(name for name, _ in KINDS)
        yield "evidence_type", f"只收：{taken}（按内容判断）", f"files taken, by their content: {taken}"
    if not _KIND.fullmatch(file.kind):
        en = f'"{file.kind}" is no kind of evidence; say photo, report, chat, other …'
        yield "evidence_kind", f"没有“{file.kind}”这种证据", en
    if len(file.says) > MOST_WORDS:
        yield "evidence_words", f"说明不超过{MOST_WORDS}字", f"at most {MOST_WORDS} characters beside a file"


def _too_much(sitting: Sitting, case: Case, party: Party, digest: str) -> Iterator[_Hindrance]:
    """Why this case takes it no more."""
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
    """Write a file under its SHA-256, so that it surely lies there; one that lies there already is left. Raises NotDone (the
    disk is full), and leaves nothing then."""
    to = path(home, hashlib.sha256(content).hexdigest())
    if to.exists() and to.stat().st_size == len(content):
        return to
    try:
        for folder in (to.parent.parent, to.parent):
            folder.mkdir(exist_ok=True, mode=0o700)
        _write(to, content)
        for folder in (to.parent, to.parent.parent):
            _sync(folder)
    except OSError as error:
        log.exception("a file of evidence cannot be written")
        raise NotDone from error
    return to


def _write(to: Path, content: bytes) -> None:
    """All of it, or nothing."""
    handle, name = tempfile.mkstemp(dir=to.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(to)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


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


@contextmanager
def staying(home: Path) -> Iterator[None]:
    """No file is swept meanwhile; whoever dies holds nothing. Who waits to sweep is not passed by."""
    with ExitStack() as held:
        with locked(home / _QUEUE, wait=True):
            held.enter_context(locked(home / _LOCK, wait=True, shared=True))
        yield


def sweep(database: Engine, home: Path) -> int:
    """Remove the files that no row names: of a showing that failed or died, of somebody erased. How many; none while somebody
    shows one, whose row may be on the way. The database may be another home's, or an older copy: no file goes that is younger
    than all that it names."""
    with locked(home / _LOCK, wait=False) as alone:
        named = _named_by(database) if alone else set()
        known = [file.stat().st_mtime_ns for file in _files(home) if _digest_of(file) in named]
        return _remove(home, named, before=max(known)) if known else 0


def sweep_now(database: Engine, home: Path) -> int:
    """The same for whoever has just taken rows out: waits until nobody shows a file any more."""
    with locked(home / _QUEUE, wait=True), locked(home / _LOCK, wait=True):
        return _remove(home, _named_by(database))


def _take_away(database: Engine, home: Path, digest: str) -> None:
    """One file, unless a row names it. Where that cannot be done now `sweep` does it: nobody need hear of it."""
    try:
        with locked(home / _LOCK, wait=False) as alone:
            if alone and digest not in _named_by(database, [digest]):
                path(home, digest).unlink(missing_ok=True)
    except (OSError, DatabaseError):
        log.exception("the file %s, which no row names, is left to be swept", digest)


def _named_by(database: Engine, of: Iterable[str] | None = None) -> set[str]:
    with database.connect() as connection:
        return evidence.digests(connection, of)


def _remove(home: Path, named: set[str], *, before: float = math.inf) -> int:
    """`before`: a time of change, in nanoseconds."""
    left = [file for file in _files(home) if _digest_of(file) not in named and file.stat().st_mtime_ns < before]
    for file in left:
        file.unlink()
    return len(left)


def _files(home: Path) -> list[Path]:
    return [file for file in (home / "evidence").glob("??/*") if file.is_file()]


def _digest_of(file: Path) -> str:
    return file.parent.name + file.name

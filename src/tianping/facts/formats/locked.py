"""Workbooks with a password. What was said is tried, then the end of the file's name (so Kuaishou locks its exports), then a
person is asked."""

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msoffcrypto  # type: ignore[import-untyped]
from msoffcrypto.exceptions import DecryptionError, InvalidKeyError  # type: ignore[import-untyped]

from tianping.errors import ImportRefused

TAIL = 6
"""Letters at the end of a file's name, without its extension, that are tried as its password."""

ASKED = 3
LARGEST = 1 << 28
"""Bytes of the largest workbook: it is held in memory. 256 MB; Excel's million rows of facts are about 100."""

_LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIPPED = b"PK"
_REFUSED = (DecryptionError, InvalidKeyError)


class Locked(ImportRefused):
    """A workbook stays locked: no password that was said or stands in its name fits."""


@dataclass(slots=True, eq=False)
class Passwords:
    """`said` on the command line; `ask` a person for the password of a file, where there is one to ask. Those that fitted are
    kept for the rest of the import."""

    said: str = ""
    ask: Callable[[Path], str] | None = None
    fitted: dict[Path, str] = field(default_factory=dict)

    def of(self, path: Path) -> Iterator[str]:
        """What to try, in order."""
        if path in self.fitted:
            yield self.fitted[path]
        yield from dict.fromkeys(word for word in (self.said, path.stem[-TAIL:], *self.fitted.values()) if word)
        if self.ask:
            for _ in range(ASKED):
                yield self.ask(path)


@contextmanager
def opened(path: Path, passwords: Passwords) -> Iterator[IO[bytes]]:
    """The workbook's own bytes, without its lock. Raises ImportRefused for what is no workbook or stays locked."""
    if path.stat().st_size > LARGEST:
        raise ImportRefused(f"{path} is a workbook of more than {LARGEST >> 20} MB; save it as CSV and import that")
    with path.open("rb") as file:
        begins = file.read(8)
        file.seek(0)
        if not begins:
            raise ImportRefused(f"{path} is empty; the first row of a sheet of facts names its columns")
        if begins.startswith(_ZIPPED):
            yield file
        elif begins == _LOCKED:
            yield _unlocked(path, file, passwords)
        else:
            raise ImportRefused(f"{path} is no XLSX workbook, though its name says so; open it in Excel and save it as one")


def has_lock(path: Path) -> bool:
    """Whether a file begins as a locked workbook does (or one of Excel 97-2003)."""
    with path.open("rb") as file:
        return file.read(8) == _LOCKED


def unlock(path: Path, password: str) -> bool:
    """Take the lock off a workbook for good where this password fits: the same file without it takes its place. Whether it did.
    Raises ImportRefused for what is no workbook."""
    if not has_lock(path) or path.stat().st_size > LARGEST:
        return False
    with path.open("rb") as file:
        plain = _tried(path, _office(path, file), password)
    if plain is None:
        return False
    beside = path.with_name(f".{path.name}"[:200])
    with beside.open("wb") as made:
        shutil.copyfileobj(plain, made)
    beside.replace(path)
    return True


def _unlocked(path: Path, file: IO[bytes], passwords: Passwords) -> IO[bytes]:
    office = _office(path, file)
    for password in passwords.of(path):
        if plain := _tried(path, office, password):
            passwords.fitted[path] = password
            return plain
    now = "give the right one with --password"
    raise Locked(f"{path} has a password; the end of its name and what was said do not fit; {now}")


def _office(path: Path, file: IO[bytes]) -> Any:
    """The locked workbook. Raises ImportRefused for what is none."""
    try:
        office: Any = msoffcrypto.OfficeFile(file)
        locked = office.format == "ooxml" and office.is_encrypted()
    except Exception as error:
        raise ImportRefused(f"{path} is no whole workbook; fetch it again ({error})") from error
    if not locked:
        raise ImportRefused(f"{path} is a workbook of Excel 97-2003, which is not read; save it as XLSX or CSV")
    return office


def _tried(path: Path, office: Any, password: str) -> IO[bytes] | None:
    plain = io.BytesIO()
    try:
        office.load_key(password=password, verify_password=True)
        office.decrypt(plain)
    except _REFUSED:
        return None
    except Exception as error:
        raise ImportRefused(f"{path} is locked in a way that cannot be read; save it without a password ({error})") from error
    plain.seek(0)
    return plain

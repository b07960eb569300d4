"""A home in one file, and back. The file is a ZIP: the database, the files of the lake that count, the closes' figures, what
was judged by them, the rows kept with reports, and `manifest.json` with the digest of each. Restored, all is checked before
anything counts.

Files handed in that still wait are left out, and nobody is signed in after a restoration: sessions ended since would come
alive again."""

import hashlib
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from tianping.errors import ImportRefused, NotFound, TianpingError
from tianping.facts import versions
from tianping.store import jobs, sessions, uploads
from tianping.store.database import HEAD
from tianping.work.desk.evidence import staying
from tianping.work.home import DATABASE, Home, importing, open_home, own_versions

MANIFEST = "manifest.json"
FOLDERS = {"closes": "*.parquet", "judgements": "*.parquet", "reports": "*.parquet", "evidence": "[0-9a-f]*"}
"""Besides the lake."""
FORMAT = 1
LEFT = "the home was restored from a backup, which leaves out files that still wait; upload them again"
_BLOCK = 1 << 20


def backup(home: Home, file: Path) -> int:
    """Write the home into a new file, consistent while others read and close; the bytes. Raises ImportRefused where there is
    such a file, or no such folder, or the database is not the home's own (its server has its own way), or an import runs."""
    if file.exists():
        raise ImportRefused(f"{file} is already there; name a new file")
    if home.database.dialect.name != "sqlite" or not (home.path / DATABASE).exists():
        raise ImportRefused(
            "the operational database is not in the home; back it up by its own means, and copy the lake's folder"
        )
    if not file.parent.is_dir():
        raise ImportRefused(f"there is no folder {file.parent}; make it, or name a file in one that is there")
    beside = file.with_name(file.name + ".part")
    with importing(home), staying(home.path):
        own_versions(home)
        copy = home.path / "backup.db"
        try:
            _copy_database(home, copy)
            with zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED, allowZip64=True) as packed:
                files = {name: _pack(packed, name, path) for name, path in _contents(home, copy)}
                packed.writestr(MANIFEST, json.dumps({"format": FORMAT, "revision": HEAD, "files": files}, indent=1))
            beside.replace(file)
        finally:
            copy.unlink(missing_ok=True)
            beside.unlink(missing_ok=True)
    return file.stat().st_size


def _copy_database(home: Home, target: Path) -> None:
    """By SQLite's own means: one moment of it, whoever writes."""
    target.unlink(missing_ok=True)
    source, copy = sqlite3.connect(home.path / DATABASE), sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()


def _contents(home: Home, database: Path) -> Iterator[tuple[str, Path]]:
    """What makes up a home, by name."""
    yield DATABASE, database
    yield "lake/newest", home.lake / "newest"
    for file in versions.present(home.versions()):
        yield f"lake/{file.path}", home.lake / file.path
    for folder, pattern in FOLDERS.items():
        for path in sorted((home.path / folder).rglob(pattern)):
            if path.is_dir() or path.parent.suffix == ".tmp":  # being written
                continue
            yield path.relative_to(home.path).as_posix(), path


def _pack(packed: zipfile.ZipFile, name: str, path: Path) -> dict[str, Any]:
    if not path.exists():
        if name == "lake/newest":
            return _written(packed, name, b"0")
        raise NotFound(f"{path} is gone, so there is no whole home to back up; see `tianping doctor`")
    digest = hashlib.sha256()
    with path.open("rb") as source, packed.open(name, "w", force_zip64=True) as target:
        while block := source.read(_BLOCK):
            digest.update(block)
            target.write(block)
    return {"sha256": digest.hexdigest(), "bytes": path.stat().st_size}


def _written(packed: zipfile.ZipFile, name: str, text: bytes) -> dict[str, Any]:
    packed.writestr(name, text)
    return {"sha256": hashlib.sha256(text).hexdigest(), "bytes": len(text)}


def restore(file: Path, folder: Path) -> Home:
    """Make the home of a backup in a new or empty folder. Raises ImportRefused for another folder, or a damaged file; then
    nothing is there that was not."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ImportRefused(f"{folder} is not empty; restore into a new folder (--home), so that nothing is lost")
    beside = folder.with_name(folder.name + ".restoring")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside.mkdir(mode=0o700)
        _unpack(file, beside)
        (beside / DATABASE).chmod(0o600)
        beside.replace(folder)
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError, json.JSONDecodeError) as error:
        raise ImportRefused(f"{file} is no backup of a home, or is damaged ({error}); use another one") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    home = open_home(folder)
    own_versions(home)
    _begin_anew(home)
    return home


def _begin_anew(home: Home) -> None:
    """End what was under way when the backup was made."""
    with home.database.begin() as connection:
        sessions.end_every(connection)
    jobs.abandon(home.database, LEFT, waiting=True)
    uploads.drop_open(home.database, LEFT)


def _unpack(file: Path, folder: Path) -> None:
    with zipfile.ZipFile(file) as packed:
        manifest = json.loads(packed.read(MANIFEST))
        if manifest["format"] != FORMAT or manifest["revision"] > HEAD:
            raise TianpingError(f"{file} was written by a newer tianping; use that version to restore it")
        for name, said in manifest["files"].items():
            _check_name(file, name)
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if _unpacked(packed, name, target) != said["sha256"]:
                raise ImportRefused(f"{file} is damaged: {name} is not what was backed up; use another one")


def _unpacked(packed: zipfile.ZipFile, name: str, target: Path) -> str:
    digest = hashlib.sha256()
    with packed.open(name) as source, target.open("wb") as written:
        while block := source.read(_BLOCK):
            digest.update(block)
            written.write(block)
    return digest.hexdigest()


def _check_name(file: Path, name: str) -> None:
    """No file of a backup may land outside its home."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or path.parts[0] not in (DATABASE, "lake", *FOLDERS):
        raise ImportRefused(f"{file} names {name}, which no backup of ours does; nothing was restored")

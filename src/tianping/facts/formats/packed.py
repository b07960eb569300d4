"""A file's bytes, unpacked as they are read: plain, gzip or zstd, told apart by how they begin. Nothing is unpacked to disk."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import pyarrow as pa

from tianping.errors import ImportRefused

SUFFIXES = (".gz", ".zst")
"""Ends of a packed file's name; what stands before them says its format."""

FREE = 1 << 28
"""Bytes that any packed file may hold: 256 MB."""

RATIO = 100
"""How many times its own size a packed file may hold beyond that. Text of facts packs 5 to 30 times, a bomb 1,000 times."""

_BROKEN = (EOFError, OSError, zlib.error, pa.ArrowInvalid)


class _Packing(NamedTuple):
    name: str
    magic: bytes


_PACKINGS = {".gz": _Packing("gzip", b"\x1f\x8b"), ".zst": _Packing("zstd", b"\x28\xb5\x2f\xfd")}


class Unpacked:
    """The bytes of an open file. `done` is how much of the file was read, 0..1; read raises ImportRefused for a bomb or a file
    that was cut off."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path, self._file, self._size = path, file, max(path.stat().st_size, 1)
        self._packing = _packing(path, file)
        self._stream = _stream(file, self._packing)
        self._given = 0

    def read(self, size: int) -> bytes:
        if self._packing is None:
            return self._file.read(size)
        try:
            data = self._stream.read(size)
        except _BROKEN as error:
            now = "was cut off or damaged; fetch it again"
            raise ImportRefused(f"{self._path} is no whole {self._packing.name} file: it {now} ({error})") from error
        self._given += len(data)
        if self._given > max(FREE, RATIO * self._size):
            raise ImportRefused(
                f"{self._path} unpacks to more than {RATIO} times its own size and {FREE >> 20} MB, as only a zip bomb does; "
                "if it is none, unpack it yourself and import the result"
            )
        return data

    @property
    def done(self) -> float:
        return min(self._file.tell() / self._size, 1.0)


def _packing(path: Path, file: IO[bytes]) -> _Packing | None:
    begins = file.read(4)
    file.seek(0)
    found = next((packing for packing in _PACKINGS.values() if begins.startswith(packing.magic)), None)
    named = _PACKINGS.get(path.suffix.lower())
    if named and not found and begins:
        raise ImportRefused(f"{path} is no {named.name} file, though its name says so; name it for what it is")
    return found


def _stream(file: IO[bytes], packing: _Packing | None) -> IO[bytes]:
    if packing is None:
        return file
    if packing.name == "gzip":
        return cast(IO[bytes], gzip.GzipFile(fileobj=file))
    return cast(IO[bytes], pa.CompressedInputStream(cast(Any, pa.PythonFile(cast(Any, file), mode="r")), "zstd"))


@contextmanager
def unpacked(path: Path) -> Iterator[Unpacked]:
    """`path` open for reading."""
    with path.open("rb") as file:
        yield Unpacked(path, file)


def inner_suffix(path: Path) -> str:
    """The end of the name that says the format: `.csv` of `orders.csv.gz`."""
    bare = path.with_suffix("") if path.suffix.lower() in SUFFIXES else path
    return bare.suffix.lower()

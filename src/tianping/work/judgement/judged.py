"""The results of judgement as files beside a close: what each holds, how it is written and read.

One folder a judged close: `scores`, `rights`, `levels`, `found` (violations as the figures say, before history), `warnings`,
`worklists`, each a Parquet file sorted by platform, name and subject. Exact numbers are text, "a/b".
"""

import datetime as dt
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tianping.errors import NotFound
from tianping.facts.lake import settle
from tianping.store import judgements
from tianping.store.judgements import Judgement
from tianping.work.closing.closed import having, shelf
from tianping.work.home import Home

_TEXT: pa.DataType = pa.string()
_DAY: pa.DataType = pa.date32()
_YES: pa.DataType = pa.bool_()
_SUBJECT: dict[str, pa.DataType] = {
    "platform": _TEXT,
    "name": _TEXT,
    "version": _TEXT,
    "subject_kind": _TEXT,
    "subject_id": _TEXT,
    "shop_id": _TEXT,
}
TABLES: Mapping[str, pa.Schema] = {
    "scores": pa.schema({
        "platform": _TEXT, "name": _TEXT, "version": _TEXT, "shop_id": _TEXT, "track": _TEXT, "part": _TEXT, "group": _TEXT,
        "item": _TEXT, "points": _TEXT, "value": pa.decimal128(12, 6), "share": _TEXT, "out_of": _TEXT, "grade": _TEXT,
        "capped": _YES, "why": _TEXT, "reading": _TEXT}),
    "rights": pa.schema({**_SUBJECT, "held": _YES, "findings": _TEXT}),
    "levels": pa.schema({
        "platform": _TEXT, "version": _TEXT, "shop_id": _TEXT, "level": _TEXT, "since": _DAY, "due": _DAY, "good": _DAY,
        "removal": _DAY, "asof": _DAY, "begun": _TEXT, "happened": _TEXT, "why": _TEXT, "looked": _TEXT, "uses": _TEXT}),
    "found": pa.schema({
        **_SUBJECT, "trigger": _TEXT, "severity": _TEXT, "table": _TEXT, "records": _YES, "immediate": _YES,
        "needs_person": _YES, "evidence": _TEXT}),
    "warnings": pa.schema({
        **_SUBJECT, "trigger": _TEXT, "near": pa.float64(), "more": pa.int64(), "clear": _DAY, "evidence": _TEXT}),
    "worklists": pa.schema({**_SUBJECT, "trigger": _TEXT, "rank": pa.int32(), "reading": _TEXT}),
}  # fmt: skip
FOLDER = "judgements"


def as_json(data: object) -> str:
    """Compact, Chinese as it is."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


@contextmanager
def folder(home: Path, place: Path) -> Iterator[Path]:
    """A folder to write into, put into place as a whole when done, safe against a power cut; a judgement that fails leaves
    nothing, and what one that was killed has left is swept."""
    beside = home / place.with_name(f"{place.name}.{os.getpid()}.tmp")
    beside.mkdir(parents=True)
    try:
        yield beside
        settle(beside.parent, beside.iterdir())
        shutil.rmtree(home / place, ignore_errors=True)
        beside.replace(home / place)
        settle(beside.parent, [home / place])
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def unfinished(home: Path) -> list[Path]:
    """What judgements that were killed have left, or one under way is writing."""
    return sorted(path for mark in ("*/*.tmp", "*/*/*.tmp", "*/*/*.again") for path in (home / FOLDER).glob(mark))


def sweep(home: Path) -> None:
    """Delete that. Only under the lock of judging."""
    for path in unfinished(home):
        shutil.rmtree(path, ignore_errors=True)


def replace(into: Path, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """One table of a judgement written anew, in one stroke."""
    with folder(into, Path(f"{name}.again")) as beside:
        write(beside, name, rows)
    (into / f"{name}.again" / f"{name}.parquet").replace(into / f"{name}.parquet")
    (into / f"{name}.again").rmdir()


def write(into: Path, name: str, rows: Iterable[Mapping[str, Any]]) -> int:
    """One table, in pieces; how many rows."""
    count, schema = 0, TABLES[name]
    with pq.ParquetWriter(into / f"{name}.parquet", schema, compression="zstd") as writer:
        for piece in _pieces(rows, 50_000):
            writer.write_table(pa.Table.from_pylist(piece, schema=schema))
            count += len(piece)
    return count


def _pieces(rows: Iterable[Mapping[str, Any]], size: int) -> Iterator[list[Any]]:
    piece: list[Any] = []
    for row in rows:
        piece.append(row)
        if len(piece) == size:
            yield piece
            piece = []
    yield piece


def find(home: Home, date: dt.date, *, seq: int | None = None) -> Judgement:
    """The best informed judgement as of `date` (that of one seq where asked). Raises NotFound."""
    for each in judgements.of_date(home.database, date):
        if seq is None or each.seq == seq:
            return each
    raise NotFound(f"{date} is not judged in {home.path}; run tianping close --date {date}")


def read(home: Home, done: Judgement, name: str, given: Mapping[str, Sequence[object]] = {}) -> list[dict[str, Any]]:
    """The rows of a table whose columns have one of the values given, in their order."""
    path = home.path / done.folder / f"{name}.parquet"
    if not path.exists():
        raise NotFound(f"the judgement of {done.date} is gone from {path.parent}; run tianping close --date {done.date} again")
    where, values = having(given)
    con: duckdb.DuckDBPyConnection = shelf()
    found = con.execute(f"select * from read_parquet(?) where {where}", [str(path), *values])
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

"""Figures that somebody calls wrong: the figure, its definition, its rows and the user's words, kept as they were.

The rows are a Parquet file of the home. Ids of buyers in it are numbered anew, so there is nothing in it to forget.
"""

import datetime as dt
import secrets
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tianping.errors import NotFound, TianpingError
from tianping.metrics.proof import Scope
from tianping.policy.model import Pack
from tianping.store import accounts, reports
from tianping.store.reports import Report
from tianping.work.closing.closed import find
from tianping.work.figures.explain import Named, Only
from tianping.work.figures.proofs import Kept, proved
from tianping.work.figures.subjects import may_read_rows, require
from tianping.work.home import Home
from tianping.work.people.reach import Reach
from tianping.work.people.trail import Doer, record

FOLDER = "reports"
MOST_ROWS = 1_000_000
MOST_WORDS = 2_000
BUYERS = ("buyer_id", "user_id")
_BATCH = 10_000
Row = Mapping[str, object]


def report(home: Home, packs: Mapping[str, Pack], named: Named, wanted: Scope, words: str, *, reach: Reach, doer: Doer) -> int:
    """Keep a report; its id. Raises NotFound for a figure out of reach, TianpingError where nothing is said or the figure has
    no proof. Of a figure whose rows the reader may not see no rows are kept."""
    said = words.strip()
    if not 0 < len(said) <= MOST_WORDS:
        raise TianpingError(f"say what is wrong, in up to {MOST_WORDS} characters; nothing was sent")
    if doer.account_id is None:
        raise TianpingError("a report is somebody's; sign in first")
    require(home, find(home, wanted.date).seq, wanted, reach)
    proof = proved(home, packs, named, wanted)
    path = _keep_rows(home, proof, Only(shops=reach.shops)) if may_read_rows(wanted, reach) else ""
    made = reports.add(home.database, doer.account_id, doer.at, _figure(proof), _definition(proof, named), said, path)
    record(home, doer.account_id, "report", f"figure_report {made}", doer.at, address=doer.address)
    return made


def _figure(proof: Kept) -> dict[str, object]:
    """The figure as JSON; of one that the close does not have, whose it is."""
    scope = proof.scope
    whose = {"platform": scope.platform, "by": scope.by, "subject": scope.subject, "days": scope.days, "date": str(scope.date)}
    metric, variant = proof.definition.key
    figure = {name: value if isinstance(value, int) else str(value or "") for name, value in proof.figure.items()}
    return {"metric": metric, "variant": variant, "version": proof.definition.version.name, **whose, **figure}


def _definition(proof: Kept, named: Named) -> dict[str, object]:
    """By what it was counted: enough to count it again."""
    version = proof.definition.version
    return {
        "named": str(named),
        "label": proof.definition.metric.label.model_dump(),
        "unit": proof.definition.metric.unit,
        "words": version.words.model_dump(),
        "note": version.note.model_dump() if version.note else None,
        "source": [str(source) for source in version.source],
        "pack": proof.pack.digest,
        "seq": proof.done.seq,
        "close": proof.done.path,
        "first_day": str(proof.span.first),
        "last_day": str(proof.span.last),
        "parts": [[part.side, part.role, part.rule, part.rows, part.adds] for part in proof.parts],
        "sql": [list(side) for side in proof.sql],
    }


def _keep_rows(home: Home, proof: Kept, only: Only) -> str:
    """Write the rows, all as text, as many as are kept; the path inside the home."""
    path = Path(FOLDER) / f"{secrets.token_hex(16)}.parquet"
    target = home.path / path
    target.parent.mkdir(exist_ok=True)
    beside = target.with_suffix(".tmp")
    schema = pa.schema([(name, pa.string()) for name in proof.columns])
    try:
        with pq.ParquetWriter(beside, schema, compression="zstd") as writer:
            for batch in _batches(_anonymous(proof.rows(only, limit=MOST_ROWS))):
                writer.write_table(pa.Table.from_pylist(batch, schema))
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return path.as_posix()


def _anonymous(rows: Iterator[Row]) -> Iterator[dict[str, str | None]]:
    """The rows with every cell as text, and for each buyer a number instead of the id."""
    numbers: dict[object, str] = {}
    for row in rows:
        given = {name: row[name] for name in BUYERS if row.get(name) is not None}
        named = {name: numbers.setdefault(value, f"buyer {len(numbers) + 1}") for name, value in given.items()}
        yield {name: named.get(name) or _text(value) for name, value in row.items()}


def _text(value: object) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _batches(rows: Iterator[dict[str, str | None]]) -> Iterator[list[dict[str, str | None]]]:
    held: list[dict[str, str | None]] = []
    for row in rows:
        held.append(row)
        if len(held) == _BATCH:
            yield held
            held = []
    if held:
        yield held


def listed(
    home: Home, account_id: int | None, reach: Reach, *, before: int | None = None, limit: int = 50
) -> tuple[list[Report], int | None]:
    """The newest reports within reach, of one account or (None) of all; and where the next page begins, None at the end."""
    found = reports.newest(home.database, account_id=account_id, before=before, limit=limit + 1)
    after = found[limit - 1].id if len(found) > limit else None
    return [each for each in found[:limit] if _sees(home, each, reach)], after


def one(home: Home, report_id: int, account_id: int | None, reach: Reach) -> Report:
    """A report; where an account is named, one of its own. Raises NotFound, also where its figure is out of reach by now."""
    found = reports.get(home.database, report_id)
    if found is None or account_id not in (None, found.account_id) or not _sees(home, found, reach):
        raise NotFound(f"there is no report {report_id} here")
    return found


def _sees(home: Home, found: Report, reach: Reach) -> bool:
    try:
        require(home, int(found.definition["seq"]), scope_of(found), reach)
    except NotFound:
        return reach.everything
    return True


def scope_of(found: Report) -> Scope:
    """Whose figure was reported."""
    figure = found.figure
    return Scope(
        figure["platform"], figure["by"], figure["subject"], dt.date.fromisoformat(figure["date"]), int(figure["days"])
    )


def senders(home: Home, ids: Collection[int]) -> dict[int, str]:
    """What these accounts are called."""
    with home.database.connect() as connection:
        found = [accounts.of_id(connection, each) for each in sorted(ids)]
    return {account.id: account.label or account.name for account in found if account}


def columns_of(home: Home, found: Report) -> list[str]:
    """The columns of the rows kept; none where none are."""
    path = home.path / found.rows_path
    return list(pq.read_schema(path).names) if found.rows_path and path.exists() else []


def rows_of(home: Home, found: Report, reach: Reach) -> Iterator[Row]:
    """The rows kept, as text; those of shops within reach, and none of a platform's where the reader does not see all of it."""
    path = home.path / found.rows_path
    if found.rows_path and path.exists() and may_read_rows(scope_of(found), reach):
        with pq.ParquetFile(path) as kept:
            for batch in kept.iter_batches(_BATCH):
                yield from (row for row in batch.to_pylist() if reach.holds(row["shop_id"]))


def close_report(home: Home, found: Report, *, doer: Doer) -> None:
    """It was looked into. Its rows stay."""
    reports.change(home.database, found.id, state="closed")
    record(home, doer.account_id, "report_closed", f"figure_report {found.id}", doer.at, address=doer.address)

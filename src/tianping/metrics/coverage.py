"""Whether the facts behind a figure were ever supplied: `no_data` and `incomplete`, each with its reason.

Reads `facts.coverage` (shop_id, table, first_day, last_day, columns). Shops whose coverage is alike are judged together.
Makes the temp table `covered` (metric, days, shop_id, status, why) of what is not well covered.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from tianping.metrics.compile import Definition, Views
from tianping.periods import Period

_DAY = dt.timedelta(days=1)
_TYPES: dict[str, pa.DataType] = {
    "metric": pa.int32(),
    "days": pa.int32(),
    "signature": pa.string(),
    "status": pa.string(),
    "why": pa.string(),
}
_SCHEMA = pa.schema(_TYPES)


@dataclass(frozen=True, slots=True)
class Supplied:
    """What was ever supplied of one table for some shops."""

    periods: tuple[Period, ...]
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Need:
    """What a definition cannot do without of one table: these columns, and the days up to `days_after` the window."""

    columns: frozenset[str]
    days_after: int


Needs = Mapping[str, Need]
"""By table."""


def judge(con: duckdb.DuckDBPyConnection, views: Views, platform: str, defined: Sequence[Definition], date: dt.date) -> None:
    """Fill `covered` for the platform's shops."""
    con.execute(
        """create or replace temp table signed as select s.shop_id, coalesce(to_json(list_sort(list(distinct
             {'table': c."table", 'first': c.first_day, 'last': c.last_day, 'columns': c.columns})
             filter (where c."table" is not null))), '[]')::varchar as signature
           from facts.shops s left join facts.coverage c using (shop_id) where s.platform = ? group by s.shop_id""",
        [platform],
    )
    needs = [_needs(views, each) for each in defined]
    rows = [
        (index, days, signature, status, why)
        for (signature,) in con.execute("select distinct signature from signed").fetchall()
        for supplied in (_supplied(signature),)
        for index, each in enumerate(defined)
        for days in each.days
        for status, why in _verdict(needs[index], supplied, each.window(days).at(date), date)
    ]
    columns = list(zip(*rows, strict=True)) or [()] * len(_SCHEMA)
    judged = pa.Table.from_arrays(
        [pa.array(column, kind) for column, kind in zip(columns, _SCHEMA.types, strict=True)], schema=_SCHEMA
    )
    con.register("judged", judged)
    con.execute(
        "create or replace temp table covered as "
        "select metric, days, shop_id, status, why from judged join signed using (signature)"
    )
    con.unregister("judged")


def skip(con: duckdb.DuckDBPyConnection, views: Views, platform: str, defined: Sequence[Definition], date: dt.date) -> None:
    """Leave `covered` empty: for rows in hand, which cover what they cover."""
    del views, platform, defined, date
    con.execute("create or replace temp table signed (shop_id varchar)")
    con.execute(
        "create or replace temp table covered (metric integer, days integer, shop_id varchar, status varchar, why varchar)"
    )


def _supplied(signature: str) -> dict[str, Supplied]:
    tables: dict[str, list[dict[str, object]]] = {}
    for entry in json.loads(signature):
        tables.setdefault(entry["table"], []).append(entry)
    return {table: Supplied(_joined(entries), frozenset(_columns(entries))) for table, entries in tables.items()}


def _columns(entries: Sequence[Mapping[str, object]]) -> Iterator[str]:
    for entry in entries:
        columns = entry["columns"]
        yield from columns if isinstance(columns, list) else ()


def _joined(entries: Sequence[Mapping[str, object]]) -> tuple[Period, ...]:
    """The periods, those that touch made one."""
    dated = sorted((str(each["first"]), str(each["last"])) for each in entries if each["first"])
    joined: list[Period] = []
    for first, last in ((dt.date.fromisoformat(a), dt.date.fromisoformat(b)) for a, b in dated):
        if joined and first <= joined[-1].last + _DAY:
            joined[-1] = Period(joined[-1].first, max(last, joined[-1].last))
        else:
            joined.append(Period(first, last))
    return tuple(joined)


def _needs(views: Views, each: Definition) -> Needs:
    """Tables and columns that the definition reads. An empty boolean is false and an event only asked for by `is null` may
    never have happened, so a file without them is no gap. What happens to a row later is looked for until it is mature."""
    needs: dict[str, set[str]] = {}
    counted: set[str] = set()
    for side in each.sides:
        view = views[side.tally.view]
        counted.update(view.tables)
        for table, columns in view.needs(side.tally.columns, side.tally.needed).items():
            needs.setdefault(table, set()).update(columns)
    after = each.version.matures_days
    return {table: Need(frozenset(columns), 0 if table in counted else after) for table, columns in needs.items()}


def _verdict(needs: Needs, supplied: Mapping[str, Supplied], span: Period, date: dt.date) -> Iterator[tuple[str, str]]:
    """Nothing where all is well; else one status and why. No day from T on is needed."""
    missing = sorted(
        f"{table}.{column}" if table in supplied else table
        for table, need in needs.items()
        for column in (sorted(need.columns) or ["*"])
        if table not in supplied or column not in supplied[table].columns | {"*"}
    )
    if missing:
        yield "no_data", f"never supplied: {', '.join(dict.fromkeys(missing))}"
        return
    spans = {
        table: Period(span.first, min(span.last + dt.timedelta(days=need.days_after), date - _DAY))
        for table, need in sorted(needs.items())
    }
    gaps = [f"{table} {gap}" for table, needed in spans.items() for gap in _gaps(supplied[table].periods, needed)]
    if gaps:
        yield "incomplete", f"days not covered: {'; '.join(gaps)}"


def _gaps(periods: Sequence[Period], span: Period) -> Iterator[str]:
    """The days of `span` that no period holds, as `A..B`."""
    at = span.first
    for period in periods:
        if period.last >= at and period.first <= span.last:
            if period.first > at:
                yield f"{at}..{period.first - _DAY}"
            at = period.last + _DAY
    if at <= span.last:
        yield f"{at}..{span.last}"

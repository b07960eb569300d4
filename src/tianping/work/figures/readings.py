"""Figures of a close for programs: filtered, within reach, from any place on."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tianping.errors import NotFound, TianpingError
from tianping.store import closes
from tianping.store.closes import Close
from tianping.work.closing.closed import Filter, figures_path, having, shelf
from tianping.work.figures.catalogue import Catalogue, catalogue
from tianping.work.figures.subjects import ABOVE_SHOPS, LEVELS_BELOW, agents, hidden
from tianping.work.home import Home
from tianping.work.people.reach import Reach

Row = Mapping[str, object]


class Page(NamedTuple):
    """Some figures, in the close's order; `after` asks for those that follow, None where there are none."""

    figures: list[Row]
    after: str | None


class Mark(NamedTuple):
    """A place in a close's file, which never changes; as text it is what a program hands back for the next page."""

    seq: int
    definitions: str
    row: int

    def __str__(self) -> str:
        return f"{self.seq}.{self.definitions}.{self.row}"

    @classmethod
    def of(cls, done: Close, row: int) -> "Mark":
        return cls(done.seq, done.definitions[:16], row)

    @classmethod
    def parse(cls, text: str) -> "Mark":
        """Raises NotFound for a text that no page gave."""
        seq, definitions, row = (*text.split("."), "", "")[:3]
        if not (seq.isdecimal() and row.isdecimal() and len(text) < 64):
            raise NotFound(f'"{text[:80]}" is no place to go on from; leave "after" out to begin')
        return cls(int(seq), definitions, int(row))


def page(home: Home, done: Close, wanted: Filter, reach: Reach, *, after: str, limit: int) -> Page:
    """At most `limit` figures after a mark ("": from the first). Raises NotFound where the mark's close is gone."""
    mark = Mark.parse(after) if after else None
    done = _marked(home, done, mark) if mark else done
    found = list(islice(_read(home, done, wanted, reach, mark.row if mark else -1, limit + 1), limit + 1))
    last = Mark.of(done, int(str(found[limit - 1]["row"]))) if len(found) > limit else None
    return Page([_without_row(each) for each in found[:limit]], str(last) if last else None)


def every(home: Home, done: Close, wanted: Filter, reach: Reach) -> Iterator[Row]:
    """All of them; never all in memory."""
    return map(_without_row, _read(home, done, wanted, reach, -1, None))


def _without_row(figure: Row) -> Row:
    return {name: value for name, value in figure.items() if name != "row"}


def _marked(home: Home, done: Close, mark: Mark) -> Close:
    """The close of that day that the mark is a place in: a newer one would give some figures twice."""
    for each in closes.of_date(home.database, done.date):
        if Mark.of(each, mark.row) == mark:
            return each
    raise NotFound(f'the close of {done.date} that "{mark}" is a place in is gone; leave "after" out to begin again')


def _read(home: Home, done: Close, wanted: Filter, reach: Reach, after: int, limit: int | None) -> Iterator[Row]:
    given = {name: [value] for name in Filter.__slots__ if (value := getattr(wanted, name)) is not None}
    con, (where, values) = shelf(), having(given)
    within, shops = _within(home, done, con, reach)
    query = (
        "select file_row_number as row, * exclude (file_row_number) from read_parquet(?, file_row_number = true) "
        f"where {where} and {within} and file_row_number > ?" + ("" if limit is None else f" limit {limit}")
    )
    try:
        reader = con.sql(query, params=[figures_path(home, done), *values, *shops, after]).to_arrow_reader(10_000)
    except duckdb.Error as error:
        raise TianpingError(f"the figures of {done.date} cannot be read; close that day again: {error}") from error
    for batch in reader:
        yield from batch.to_pylist()


def _within(home: Home, done: Close, con: duckdb.DuckDBPyConnection, reach: Reach) -> tuple[str, list[object]]:
    """The condition that a figure's subject is within reach, as `subjects.require` has it for one, and its parameters."""
    if reach.shops is None:
        return "true", []
    con.register("mine", _mine(home, done.seq, reach))
    shops = sorted(reach.shops)
    tests = [f"(\"by\" = '{by}' and list_contains(?::varchar[], {_shop(depth)}))" for by, depth in LEVELS_BELOW.items()]
    tests.append('(platform, "by", subject) in (select (platform, "by", subject) from mine)')
    if home.scope == "market":
        tests.append(f'"by" in {ABOVE_SHOPS}')
    return f"({' or '.join(tests)})", [shops] * len(LEVELS_BELOW)


def _shop(depth: int) -> str:
    """The shop's id, before so many parts of a category's path; it may have slashes of its own."""
    return "subject" if depth == 0 else f"array_to_string(string_split(subject, '/')[:-{depth + 1}], '/')"


def _mine(home: Home, seq: int, reach: Reach) -> pa.Table:
    """(platform, by, subject) of the products of shops within reach, and of agents who serve no others."""
    known, out = catalogue(home, seq), hidden(home, seq, reach)
    held = known.products.filter(pc.field("shop_id").isin(sorted(reach.shops or ())))
    rows = [
        (known.shops[str(shop)].platform, "product", str(product))
        for product, shop in zip(held["product_id"].to_pylist(), held["shop_id"].to_pylist(), strict=True)
        if shop in known.shops and product not in out
    ]
    rows += [
        (platform, "agent", agent) for agent, shops in agents(home, seq).items() for platform in _served(known, shops, reach)
    ]
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.table([pa.array(column, pa.string()) for column in columns], ["platform", "by", "subject"])


def _served(known: Catalogue, shops: frozenset[str], reach: Reach) -> list[str]:
    """The platforms on which all of these shops are within reach."""
    on = {known.shops[shop].platform for shop in shops if shop in known.shops}
    return [each for each in on if all(reach.holds(shop) for shop in shops if _on(known, shop, each))]


def _on(known: Catalogue, shop: str, platform: str) -> bool:
    """Of a shop that `shops` does not know nobody can say; it counts everywhere."""
    return shop not in known.shops or known.shops[shop].platform == platform

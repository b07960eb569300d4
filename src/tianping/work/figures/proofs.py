"""Proofs kept for a while in the process, so that turning a page of rows does not count them all again."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock

import pyarrow as pa
import pyarrow.compute as pc

from tianping.facts.versions import newest
from tianping.metrics.compile import Definition
from tianping.metrics.proof import Scope
from tianping.periods import Period
from tianping.policy.model import Pack
from tianping.store.closes import Close
from tianping.work.closing.closed import find
from tianping.work.figures.explain import EVERY, Named, Only, Part, Proof, explain, opened, ordered
from tianping.work.home import Home

MOST_ROWS = 100_000
"""Rows of a proof that are kept; with the columns that decide, about 20 MB. Those of larger ones are read again each time."""
KEPT = 12
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished proof, on no connection. `table`: all its rows in order, or None where they are too many to keep."""

    home: Home
    done: Close
    definition: Definition
    pack: Pack
    scope: Scope
    span: Period
    figure: Row
    parts: tuple[Part, ...]
    sql: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    table: pa.Table | None

    @property
    def count(self) -> int:
        return sum(part.rows for part in self.parts)

    def rows(self, only: Only = EVERY, *, skip: int = 0, limit: int | None = None) -> Iterator[Row]:
        """The rows wanted, in the order of their side, role and key."""
        if self.table is not None:
            for batch in _wanted(self.table, only).slice(skip, limit).to_batches(10_000):
                yield from batch.to_pylist()
            return
        con = opened(self.home, self.done, self.scope)
        for batch in con.sql(ordered(self.definition, self.sql, only, skip, limit)).to_arrow_reader(10_000):
            yield from batch.to_pylist()

    def size(self, only: Only = EVERY) -> int:
        """How many rows are wanted."""
        if only.shops is not None:
            return sum(1 for _ in self.rows(only)) if self.table is None else _wanted(self.table, only).num_rows
        return sum(part.rows for part in self.parts if only.holds(part))


def _wanted(table: pa.Table, only: Only) -> pa.Table:
    given = (("side", only.side), ("role", only.role), ("rule", only.rule))
    tests = [pc.field(column) == value if value else pc.field(column).is_null() for column, value in given if value is not None]
    if only.shops is not None:
        tests.append(pc.field("shop_id").isin(sorted(only.shops)))
    for test in tests:
        table = table.filter(test)
    return table


class Proofs:
    """The proofs finished last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], Kept] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[object, ...], make: Callable[[], Kept]) -> Kept:
        """The one kept under this key, or a new one, made outside the lock: two readers may both make it, none waits."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


_PROOFS = Proofs()


def proved(home: Home, packs: Mapping[str, Pack], named: Named, wanted: Scope) -> Kept:
    """The proof of a figure of a close, kept or new. Raises as `explain` does.

    One is kept under what it was counted from; whatever is imported or erased later drops it, for erased buyers must not stay.
    """
    done = find(home, wanted.date)
    digest = packs[wanted.platform].digest if wanted.platform in packs else ""
    key = (home.path, str(home.database.url), done.path, newest(home.versions()), digest, named, wanted)
    return _PROOFS.get(key, lambda: _kept(home, done, explain(home, packs, named, wanted)))


def _kept(home: Home, done: Close, proof: Proof) -> Kept:
    with proof.con:
        few = sum(part.rows for part in proof.parts) <= MOST_ROWS
        table = proof.con.sql(ordered(proof.definition, proof.held)).to_arrow_table() if few else None
        return Kept(
            home, done, proof.definition, proof.pack, proof.scope, proof.span, proof.figure, proof.parts, proof.sql,
            tuple(proof.columns), table,
        )  # fmt: skip

"""Forgetting a buyer: their rows in all versions become nobody's, and no figure changes."""

import datetime as dt
import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import duckdb

from tianping.errors import NotFound
from tianping.facts import engine, erased, lake, versions
from tianping.facts.desk import write_file
from tianping.facts.engine import name, names, parquet, quoted
from tianping.facts.erased import Mark
from tianping.facts.filing import laid
from tianping.facts.schema import Table
from tianping.facts.versions import Input, LakeFile, Version
from tianping.store.database import checkpoint
from tianping.store.versions import rename
from tianping.work import forget
from tianping.work.desk import evidence
from tianping.work.home import Home, commit, importing, locked, moment, own_versions, sweep, whole

PATIENCE = 30.0
"""Seconds to wait for readers of the files that go."""
_BAD_CELLS = ("key", "value", "row")
Renamed = dict[int, tuple[Input, ...]]


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: its version, the name that stands for the buyer, files written anew, and whether the old ones are
    gone (else somebody still reads them, and the next import takes them away)."""

    seq: int
    pseudonym: str
    files: int
    gone: bool


def erase(home: Home, buyer: str, *, at: dt.datetime) -> Erased:
    """Make a buyer nobody: in all versions, in quarantine, in the names of files, in what people have said and sent; one who
    was erased before, in what was found to be theirs since. Killed in the middle the home is as it was before, or as it is
    after. Raises NotFound where nothing names the buyer."""
    with importing(home), whole(home, "erasing"):
        known = own_versions(home)
        sweep(home, known)
        mark = _mark(known, buyer)
        renamed = _renamed(known, buyer, mark.pseudonym)
        with engine.connect(home.scratch / "spill") as con:
            made, old = _Eraser(con, home.lake, known, buyer, mark).run()
        if not old and not renamed and not forget.named(home, buyer):
            raise NotFound(
                f"no fact in {home.path} is of buyer {buyer!r}, and no words name them; the id is to be written as the exports "
                "write it"
            )
        lake.settle(home.lake, [home.lake / file.path for file in made])
        version = Version(
            versions.newest(known) + 1,
            moment(known, at),
            "erase",
            options={"salt": mark.salt, "hash": mark.hash, "pseudonym": mark.pseudonym},
            files=tuple(made),
            replaces=tuple(file.path for file in old),
        )
        forget.in_reports(home, buyer, mark.pseudonym)
        commit(
            home,
            version,
            partial(forget.in_words, buyer=buyer, pseudonym=mark.pseudonym, seq=version.seq),
            forget.in_uploads,
            *(partial(rename, seq=seq, inputs=inputs) for seq, inputs in renamed.items()),
        )
        checkpoint(home.database)
        forget.files(home)
        evidence.sweep_now(home.database, home.path)
        dropped = _drop_ledger(home)
        return Erased(version.seq, mark.pseudonym, len(made), _swept(home, (*known, version)) and dropped)


def _drop_ledger(home: Home) -> bool:
    """Delete what closes carry from one to the next: it holds buyers, and can be counted again. A close that runs is waited
    for, and may leave it; the next close makes it anew. Whether it is gone."""
    until = time.monotonic() + PATIENCE
    while True:
        with locked(home.path / "ledger.lock", wait=False) as alone:
            if alone:
                shutil.rmtree(home.path / "ledger", ignore_errors=True)
                return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.2)


def _mark(known: Sequence[Version], buyer: str) -> Mark:
    """The mark to leave; all of a home share one salt, so that one hash of an incoming id finds any."""
    salts = [mark.salt for mark in erased.marks(known)]
    return Mark.of(buyer, salts[0] if salts else secrets.token_hex(16))


def _renamed(known: Sequence[Version], buyer: str, pseudonym: str) -> Renamed:
    """Per version: its inputs, where the name of a file names the buyer."""
    found = {}
    for version in known:
        inputs = tuple(replace(one, file=erased.without(one.file, buyer, pseudonym)) for one in version.inputs)
        if inputs != version.inputs:
            found[version.seq] = inputs
    return found


def _swept(home: Home, known: Sequence[Version]) -> bool:
    """Delete the old files as soon as nobody reads them."""
    until = time.monotonic() + PATIENCE
    while not (gone := sweep(home, known)) and time.monotonic() < until:
        time.sleep(0.2)
    return gone


def _place(table: Table) -> str:
    """What tells a raw row from all others."""
    return f"{names(table.key)}, _seq, coalesce(_part, -1), coalesce(_line, -1)"


class _Eraser:
    """Writes anew every file that holds a row of the buyer."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path, known: Sequence[Version], buyer: str, mark: Mark) -> None:
        self._con, self._folder, self._buyer, self._mark = con, folder, buyer, mark
        self._files, self._seq = versions.present(known), versions.newest(known) + 1
        self._made: list[LakeFile] = []
        self._old: list[LakeFile] = []

    def run(self) -> tuple[list[LakeFile], list[LakeFile]]:
        """The files made, and the files they replace."""
        self._find_orders()
        for table in erased.TOUCHED:
            if files := self._facts(table.name):
                self._erase(table, files)
        self._forget_bad()
        return self._made, self._old

    def _erase(self, table: Table, files: Sequence[LakeFile]) -> None:
        """What imports made of a key may hold the buyer's words though it is another's since: that is no longer gone by."""
        self._find_rows(table, [file for file in files if file.kind != "state"])
        keys = f"({names(table.key)}) IN (SELECT ({names(table.key)}) FROM of_theirs)"
        theirs = f"({_place(table)}) IN (SELECT ({_place(table)}) FROM of_theirs WHERE _theirs)"
        telling = erased.telling(table, self._buyer, self._mark.pseudonym)
        mixed = bool(self._con.execute("SELECT 1 FROM of_theirs WHERE NOT _theirs LIMIT 1").fetchall())
        for kind in versions.FACTS:
            some = [file for file in files if file.kind == kind]
            test = keys if kind == "state" else theirs
            held = keys if mixed and kind == "change" else f"{keys} AND ({telling})"
            for file in self._holding(some, held):
                rows = erased.rewritten(table, self._read([file]), test, self._buyer, self._mark.pseudonym)
                self._put(file, laid(table, rows), settled=file.settled and not mixed)

    def _find_rows(self, table: Table, files: Sequence[LakeFile]) -> None:
        """`of_theirs`: all rows of the keys of which a row says that it is the buyer's, and whether each is: one that does not
        say is of whom the last before it says, or the first after."""
        said, key = erased.belongs(table).replace("$buyer", quoted(self._buyer)), names(table.key)
        said = said.replace("$pseudonym", quoted(self._mark.pseudonym))
        rows = f"SELECT {key}, _seq, _part, _line, CASE WHEN {name(erased.says(table))} IS NOT NULL THEN {said} END AS _said"
        rows = f"{rows} FROM {self._read(files)} SEMI JOIN (SELECT {key} FROM {self._read(files)} WHERE {said}) USING ({key})"
        by = f"PARTITION BY {key} ORDER BY _seq, _part, _line ROWS BETWEEN"
        last = f"last_value(_said IGNORE NULLS) OVER ({by} UNBOUNDED PRECEDING AND CURRENT ROW)"
        first = f"first_value(_said IGNORE NULLS) OVER ({by} CURRENT ROW AND UNBOUNDED FOLLOWING)"
        self._con.execute(
            f"CREATE OR REPLACE TEMP TABLE of_theirs AS SELECT *, coalesce({last}, {first}) AS _theirs FROM ({rows})"
        )
        theirs = f"SELECT {quoted(table.name)}, concat_ws('/', {key}) FROM of_theirs WHERE _theirs"
        self._con.execute(f"INSERT INTO their_keys {theirs}")

    def _facts(self, table: str) -> list[LakeFile]:
        return [file for file in self._files if file.table == table and file.kind in versions.FACTS]

    def _find_orders(self) -> None:
        orders = self._facts("orders")
        either = f"({quoted(self._buyer)}, {quoted(self._mark.pseudonym)})"
        select = f"SELECT DISTINCT order_id FROM {self._read(orders)} WHERE buyer_id IN {either}" if orders else ""
        self._con.execute(f"CREATE TEMP TABLE theirs AS {select or 'SELECT NULL::VARCHAR AS order_id WHERE false'}")
        self._con.execute('CREATE TEMP TABLE their_keys ("table" VARCHAR, key VARCHAR)')

    def _read(self, files: Sequence[LakeFile]) -> str:
        return lake.read(self._folder, files, mixed=True)

    def _holding(self, files: Sequence[LakeFile], test: str) -> list[LakeFile]:
        """Those of the files with a row that passes."""
        if not files:
            return []
        found = self._con.execute(f"SELECT DISTINCT filename FROM {self._named(files)} WHERE {test}").fetchall()
        paths = {path for (path,) in found}
        return [file for file in files if str(self._folder / file.path) in paths]

    def _named(self, files: Sequence[LakeFile]) -> str:
        return parquet([str(self._folder / file.path) for file in files], named=True)

    def _put(self, old: LakeFile, select: str, *, settled: bool = False) -> None:
        made = write_file(self._con, self._folder, old, select, seq=self._seq, number=len(self._made))
        made = replace(made, settled=settled)
        assert made.rows == old.rows, (old, made)
        self._made.append(made)
        self._old.append(old)

    def _forget_bad(self) -> None:
        """Bad rows that name the buyer, an order or a row of theirs lose their cells; that they were bad, and where, stays."""
        orders = [str(order) for (order,) in self._con.execute("SELECT order_id FROM theirs").fetchall()]
        anyone = "|".join(f"(?:{erased.word(one)})" for one in (self._buyer, *orders))
        theirs = " OR ".join(f"coalesce(regexp_matches({name(column)}, {quoted(anyone)}), false)" for column in _BAD_CELLS)
        theirs += ' OR coalesce(("table", key) IN (SELECT ("table", key) FROM their_keys), false)'
        named = f"coalesce(regexp_matches(key, {quoted(erased.word(self._buyer))}), false)"
        telling = f"""({theirs}) AND (coalesce(value, '') <> '' OR "row" <> '{{}}' OR {named})"""  # not emptied before
        in_file = f"coalesce(regexp_matches(file, {quoted(erased.word(self._buyer))}), false)"
        clean = {column: erased.said(column, self._buyer, self._mark.pseudonym) for column in ("file", "key", "reason")}
        cells = {"key": clean["key"], "reason": clean["reason"], "value": "''", "row": "'{}'"}
        for kind, test, put in (
            ("quarantine", f"{telling} OR {in_file}", erased.replaced(cells, theirs)),
            ("retried", in_file, "*"),
        ):
            for file in self._holding([file for file in self._files if file.kind == kind], test):
                rows = f"SELECT {put} FROM {self._read([file])}"
                self._put(file, f"SELECT * REPLACE ({clean['file']} AS file) FROM ({rows}) ORDER BY ALL")

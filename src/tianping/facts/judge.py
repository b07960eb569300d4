"""What is wrong with staged rows, given each other and what is known; what their keys' state is before and after them.

Most rows name a key that no other row of the import names and that was never seen: they are `plain`. The others are
`careful` (duplicates, clashes, known keys): only for them is a state worked out.
"""

from dataclasses import replace

from tianping.facts import lake, resolve, versions
from tianping.facts.beyond import beyond, suspects
from tianping.facts.desk import Desk, look_up_also
from tianping.facts.engine import name, names, quoted, same_key
from tianping.facts.schema import TABLES, Table


def judge(desk: Desk, table: Table) -> None:
    """Of the rows of `incoming`, some of them `misread`, make `care`, `kept`, `before`, `after`, `copies`; add the bad ones to
    `bad`."""
    for step in (_take_care, _former, _twins, beyond, _misread, _strangers, _keep, _incomplete, _copies, _quarantine):
        step(desk, table)


def _take_care(desk: Desk, table: Table) -> None:
    """`care`: keys misread, with several rows here, or ever seen (`_held`: the shelf that all their rows lie on). `careful`:
    their rows; `before`: their state."""
    key, on = names(table.key), same_key(table, "h", "i")
    keys = f"SELECT {key}, NULL::VARCHAR AS _held FROM incoming GROUP BY {key} HAVING count(*) > 1"
    keys += f" UNION ALL SELECT {key}, NULL FROM misread"
    if looked_at := suspects(desk, table):
        keys += f" UNION ALL SELECT {key}, NULL FROM ({looked_at})"
    if ever := lake.rows(desk.folder, versions.ever(desk.known), table):
        keys += f" UNION ALL SELECT {names(table.key, of='h')}, h._shelf FROM {ever} h SEMI JOIN incoming i ON {on}"
    desk.make("care", f"SELECT {key}, max(_held) AS _held FROM ({keys}) GROUP BY {key}")
    rows = f"SELECT i.*, c._held FROM incoming i JOIN care c ON {same_key(table, 'i', 'c')}"
    desk.make("careful", f"SELECT *, row_number() OVER (ORDER BY _part, _line) AS _row FROM ({rows})")
    shelves = {shelf for (shelf,) in desk.con.execute("SELECT DISTINCT _held FROM care WHERE _held IS NOT NULL").fetchall()}
    now = replace(desk.now, files=tuple(file for file in desk.now.of(table.name) if file.shelf in shelves))
    alive = lake.rows(desk.folder, now, table)
    nothing = f"SELECT *, {desk.seq}::BIGINT AS _seq FROM careful WHERE false"
    held = f"(SELECT {key} FROM care WHERE _held IS NOT NULL)"
    history = f"SELECT * FROM {alive} h SEMI JOIN {held} c ON {same_key(table, 'h', 'c')}" if alive else nothing
    desk.make("history", f"SELECT {_said(table)} FROM ({history})")
    desk.make("before", _state(table, "history"))


def _former(desk: Desk, table: Table) -> None:
    """Look up what known rows hang on that now come as of something else: the import need not name it otherwise."""
    if table.waits_for is None:
        return
    parent = TABLES[table.waits_for]
    key = name(parent.key[0])
    desk.make(
        "former", f"SELECT DISTINCT b.{key} FROM before b JOIN careful c ON {same_key(table, 'b', 'c')} AND b.{key} <> c.{key}"
    )
    look_up_also(desk, parent, "former")


def _said(table: Table) -> str:
    """The columns of a raw row that its key's state depends on."""
    return f"{names(resolve.columns(table))}, _clears, _seq, _part"


def _state(table: Table, rows: str) -> str:
    return f"SELECT *, {resolve.complete(table)} AS _complete FROM ({resolve.resolved(table, rows)})"


def _twins(desk: Desk, table: Table) -> None:
    """`copies`: rows identical to another of their file. `faults`: rows of one file with one key that differ, where nothing
    says which is newer: the order of rows must never matter."""
    key, row = names(table.key), f"{names(resolve.columns(table))}, _clears"
    twin = f"min(_row) OVER (PARTITION BY _part, {row})"
    desk.make("prints", f"SELECT _row, {twin} AS _print, _part, updated_at, {key} FROM careful")
    desk.make("copies", "SELECT _row FROM prints WHERE _row <> _print")
    desk.make("faults", f"""
        SELECT _row, {quoted(table.key[0])} AS "column", NULL::VARCHAR AS value,
            'this file has differing rows with this key and nothing says which is newer; keep one, or add updated_at' AS reason
        FROM prints
        WINDOW keyed AS (PARTITION BY {key}, _part), moment AS (PARTITION BY {key}, _part, updated_at)
        QUALIFY min(_print) OVER moment <> max(_print) OVER moment
            OR (bool_or(updated_at IS NULL) OVER keyed AND min(_print) OVER keyed <> max(_print) OVER keyed)
    """)  # fmt: skip


def _misread(desk: Desk, table: Table) -> None:
    """Add to `faults` what says of earlier rows that their times were read in another zone."""
    desk.con.execute(f"""
        INSERT INTO faults SELECT c._row, m."column", m.value, m.reason
        FROM careful c JOIN misread m ON {same_key(table, "c", "m")}
        WHERE c._row NOT IN (SELECT _row FROM faults)
    """)


def _strangers(desk: Desk, table: Table) -> None:
    """Add to `faults` the rows whose key is known under another shop: of the state before, or of the first row here. What hangs
    on an order not known yet may be of any shop, so it is a stranger to all but rows of that order."""
    if not table.owned and table.waits_for is None:
        return
    key = names(table.key, of="r")
    shop, whose, parent = ("r.shop_id", "'shop ' || r.shop_id", "") if table.owned else _of_parent(table)
    rows = "SELECT * FROM careful ANTI JOIN faults USING (_row) ANTI JOIN copies USING (_row)"
    claim = f"r.updated_at, {shop} AS _shop, {whose} AS _whose"
    desk.con.execute(f"""
        INSERT INTO faults
        WITH claims AS (
            SELECT {key}, NULL::BIGINT AS _row, NULL::INTEGER AS _part, {claim} FROM before r {parent}
            UNION ALL SELECT {key}, r._row, r._part, {claim} FROM ({rows}) r {parent}
        ), first AS (
            SELECT *, first_value(_whose) OVER (PARTITION BY {names(table.key)}
                ORDER BY _row IS NOT NULL, _part, updated_at NULLS FIRST, _row) AS _known
            FROM claims WHERE _whose IS NOT NULL
        )
        SELECT _row, 'shop_id', _shop, 'this {table.key[0]} is known under ' || _known || ', this row is of ' || _whose
        FROM first WHERE _row IS NOT NULL AND _whose <> _known
    """)


def _of_parent(table: Table) -> tuple[str, str, str]:
    """SQL, over a row `r`: the shop of what it hangs on, whose row that makes it in words, and the join they need."""
    assert table.waits_for is not None
    key = TABLES[table.waits_for].key[0]
    unknown = f"'{key} ' || r.{key} || ', which is not known yet (import it, then `tianping quarantine retry`)'"
    return "p.shop_id", f"coalesce('shop ' || p.shop_id, {unknown})", _join_parent(table, "r")


def _join_parent(table: Table, rows: str) -> str:
    """The LEFT JOIN, as `p`, of the row this table's rows wait for."""
    assert table.waits_for is not None
    parent = TABLES[table.waits_for]
    return f"LEFT JOIN {name(parent.name + '_now')} p ON {same_key(parent, 'p', rows)}"


def _keep(desk: Desk, table: Table) -> None:
    """`kept`: the careful rows without a fault, once each. `after`: the state of their keys with them."""
    good = "careful ANTI JOIN faults USING (_row) ANTI JOIN copies USING (_row)"
    desk.make("kept", f"SELECT *, {desk.seq}::BIGINT AS _seq FROM {good}")
    desk.make("after", _state(table, f"(SELECT {_said(table)} FROM history UNION ALL SELECT {_said(table)} FROM kept)"))


def _missing(table: Table) -> tuple[str, str]:
    """SQL, over a row `m`: the required columns without a value, and the sentence that says so."""
    required = [column.name for column in table.columns if column.required]
    which = ", ".join(f"CASE WHEN m.{name(column)} IS NULL THEN {quoted(column)} END" for column in required)
    missing = f"concat_ws(', ', {which})"
    return (
        missing,
        f"'{'an' if table.key[0][0] in 'aeiou' else 'a'} {table.key[0]} not known before needs a value for: ' || {missing}",
    )


def _incomplete(desk: Desk, table: Table) -> None:
    """Add to `faults` the rows of keys that are still incomplete with them."""
    missing, why = _missing(table)
    desk.con.execute(
        f"INSERT INTO faults SELECT k._row, {missing}, NULL, {why} "
        f"FROM kept k JOIN after m ON {same_key(table, 'k', 'm')} WHERE NOT m._complete"
    )


def _copies(desk: Desk, _table: Table) -> None:
    """A copy of a bad row is as bad."""
    desk.con.execute("""
        INSERT INTO faults SELECT p._row, f."column", f.value, f.reason FROM faults f JOIN prints p ON p._print = f._row
        WHERE p._row <> f._row AND p._row NOT IN (SELECT _row FROM faults)
    """)
    desk.con.execute("DELETE FROM copies WHERE _row IN (SELECT _row FROM faults)")


def _quarantine(desk: Desk, table: Table) -> None:
    """Move to `bad`: the careful rows with a fault, and plain rows without a required column."""
    missing, why = _missing(table)
    key = f"concat_ws('/', {names(table.key, of='m')})"
    head = f"INSERT INTO bad SELECT s.file, m._line, {quoted(table.name)}, {key}"
    row, source = _canonical(table), "LEFT JOIN sources s USING (_part)"
    desk.con.execute(f'{head}, f."column", f.value, f.reason, {row} FROM careful m JOIN faults f USING (_row) {source}')
    incomplete = f"NOT ({resolve.complete(table, 'm')})"
    desk.con.execute(f"{head}, {missing}, NULL, {why}, {row} FROM ({plain(table)}) m {source} WHERE {incomplete}")


def _canonical(table: Table) -> str:
    """SQL: the row `m` as JSON of the cells it was given, as a canonical file would have them (an empty one clears)."""
    cells = []
    for index, column in enumerate(table.columns):
        cell = f"m.{name(column.name)}"
        text = f"strftime({cell}, '%Y-%m-%dT%H:%M:%S.%fZ')" if column.type == "time" else f"CAST({cell} AS VARCHAR)"
        given = f"(m._clears >> {index}) & 1 = 1 OR {cell} IS NOT NULL"
        cells.append(f"{name(column.name)} := CASE WHEN {given} THEN coalesce({text}, '') END")
    return f"CAST(json_merge_patch('{{}}', to_json(struct_pack({', '.join(cells)}))) AS VARCHAR)"


def plain(table: Table) -> str:
    """The rows whose key nobody else names."""
    return f"SELECT * FROM incoming i ANTI JOIN care c ON {same_key(table, 'i', 'c')}"

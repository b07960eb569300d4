"""Rows that somebody who is limited to some shops may not bring.

Such an import neither holds nor changes a row of another shop, nor one that could become another's later: a row counts as
within reach only where its shop is known to be. What goes to quarantine for it says the same whatever the reason, so that
nothing tells whether another shop knows a key.
"""

from tianping.facts import lake, versions
from tianping.facts.desk import WAITING, Desk
from tianping.facts.engine import name, names, quoted, same_key
from tianping.facts.schema import PARENTS, TABLES, Table

BEYOND = (
    "this row is not of your shops, or hangs on something that is not known as your shops'; import what it hangs on and retry "
    "it, or have it retried by those who run this home"
)
MOVED = "this shop is known on another platform; those who run this home move a shop, nobody else"


def suspects(desk: Desk, table: Table) -> str:
    """The SELECT of the keys of `incoming` that have to be looked at, because of a limited reach; "" where it is not."""
    if desk.reach is None:
        return ""
    _look_up(desk, table)
    key = names(table.key, of="r")
    rows = f"SELECT {key} FROM incoming r {_around(desk, table)} WHERE {_bad(desk, table)} OR NOT {_says(table)}"
    return f"{rows} UNION ALL SELECT {names(table.key)} FROM claimed"


def beyond(desk: Desk, table: Table) -> None:
    """Add to `faults` the careful rows out of reach: by what they say, by what is known of their key, or because nothing says
    whose they are."""
    if desk.reach is None:
        return
    key, around = names(table.key), _around(desk, table)
    desk.make("said", f"SELECT r._row, {names(table.key, of='r')}, {_bad(desk, table)} AS bad, {_says(table)} AS says "
              f"FROM (FROM careful ANTI JOIN faults USING (_row)) r {around}")  # fmt: skip
    desk.make("known_as", f"SELECT {names(table.key, of='r')}, {_whose(table)} AS shop FROM before r {around}")
    desk.make("barred", f"{_known_elsewhere(desk, table)} UNION SELECT {key} FROM claimed")
    mine = f"SELECT {key} FROM said WHERE says AND NOT bad UNION ALL SELECT {key} FROM known_as WHERE {_mine(desk, 'shop')}"
    desk.con.execute(f"""
        INSERT INTO faults SELECT _row, {quoted(table.key[0])}, NULL, {quoted(BEYOND)} FROM said s
        WHERE bad OR EXISTS (SELECT 1 FROM barred b WHERE {same_key(table, "b", "s")})
            OR NOT EXISTS (SELECT 1 FROM ({mine}) m WHERE {same_key(table, "m", "s")})
    """)
    if table.name == "shops":
        _moved(desk)


def _moved(desk: Desk) -> None:
    """Add to `faults` the rows that put a known shop on another platform."""
    desk.con.execute(f"""
        INSERT INTO faults SELECT c._row, 'platform', c.platform, {quoted(MOVED)}
        FROM careful c JOIN before b USING (shop_id) WHERE c.platform <> b.platform AND c._row NOT IN (SELECT _row FROM faults)
    """)


def _mine(desk: Desk, shop: str) -> str:
    """SQL: whether a shop is known and within reach."""
    listed = ", ".join(map(quoted, sorted(desk.reach or ())))
    return f"coalesce({shop} IN ({listed}), false)" if listed else "false"


def _whose(table: Table) -> str:
    """SQL, over a row `r` with what `_around` joins: its shop, null where that is not known."""
    if table.name == "benchmarks":
        return "CASE WHEN r.\"by\" = 'shop' THEN r.subject END"
    return "p.shop_id" if table.waits_for else "r.shop_id"


def _says(table: Table) -> str:
    """SQL, over a row `r`: whether it says whose it is."""
    if table.waits_for:
        return f"(r.{name(TABLES[table.waits_for].key[0])} IS NOT NULL)"
    return "true" if table.name == "benchmarks" else "(r.shop_id IS NOT NULL)"


def _bad(desk: Desk, table: Table) -> str:
    """SQL, over a row `r`: whether what it says is out of reach: its shop, what it hangs on, what it names besides."""
    tests = [f"{_says(table)} AND NOT {_mine(desk, _whose(table))}"]
    if table.name == "orders":
        tests.append(f"q.product_id IS NOT NULL AND NOT {_mine(desk, 'q.shop_id')}")
    if table.name == "exemptions":
        tests.append(f"r.order_id IS NOT NULL AND NOT {_mine(desk, 'q.shop_id')}")
    if "shop_id" in table.by_name:
        tests.append(f"(r._clears >> {list(table.by_name).index('shop_id')}) & 1 = 1")
    return f"({' OR '.join(tests)})"


def _around(desk: Desk, table: Table) -> str:
    """The joins to what a row `r` hangs on, `p`, and what else it names, `q`."""
    joins = []
    if table.waits_for:
        joins.append(f"LEFT JOIN {name(table.waits_for + '_now')} p ON {same_key(TABLES[table.waits_for], 'p', 'r')}")
    if table.name == "orders":
        joins.append("LEFT JOIN sold q ON q.product_id = r.product_id")
    if table.name == "exemptions":
        joins.append("LEFT JOIN orders_now q ON q.order_id = r.order_id")
    return " ".join(joins)


def _look_up(desk: Desk, table: Table) -> None:
    """`sold`: the shops of the products that orders name. `claimed`: keys of which nothing is known but rows that hang on them
    and were not brought within this reach; of products, orders of other shops."""
    if table.name == "orders":
        state = lake.state(desk.folder, desk.now, TABLES["products"])
        desk.make("sold", f"SELECT product_id, shop_id FROM ({state}) SEMI JOIN incoming USING (product_id)")
    desk.make("claimed", _claimed(desk, table) or f"SELECT {names(table.key)} FROM incoming WHERE false")


def _claimed(desk: Desk, table: Table) -> str:
    """The SELECT of keys, not known, on which others' rows wait, or that others' orders name, for whoever lists a product says
    where its orders count; those that were known once as of these shops alone are not among them."""
    if table.name not in (*PARENTS, "products"):
        return ""
    key, [own] = names(table.key), table.key
    desk.make("fresh", f"SELECT DISTINCT {key} FROM incoming ANTI JOIN ({_state(desk, table)}) USING ({key})")
    ever = lake.rows(desk.folder, versions.ever(desk.known), table)
    once = f"SELECT {key}, shop_id FROM {ever} WHERE shop_id IS NOT NULL" if ever else ""
    desk.make(
        "once", (once and f"{once} AND {name(own)} IN (FROM fresh)") or f"SELECT {key}, shop_id FROM incoming WHERE false"
    )
    desk.make("again", f"SELECT {key} FROM once GROUP BY {key} HAVING bool_and({_mine(desk, 'shop_id')})")
    if table.name == "products":
        waiting = [f"SELECT {key} FROM ({_state(desk, TABLES['orders'])}) WHERE NOT {_mine(desk, 'shop_id')}"]
    else:
        waiting = [rows for child in TABLES.values() if child.waits_for == table.name for rows in _foreign(desk, child, own)]
    hung = f"SELECT {key} FROM ({' UNION ALL '.join(waiting)})" if waiting else ""
    return hung and f"SELECT DISTINCT {key} FROM ({hung}) SEMI JOIN fresh USING ({key}) ANTI JOIN again USING ({key})"


def _state(desk: Desk, table: Table) -> str:
    return lake.state(desk.folder, desk.now, table)


def _foreign(desk: Desk, child: Table, key: str) -> list[str]:
    """SELECTs of what rows of `child` hang on that were not brought within this reach. A row on another shelf than that of
    waiting ones hangs on what was known once."""
    files = desk.now.of(child.name)
    waiting = [file for file in files if file.shelf == WAITING]
    others = [file for file in files if file.shelf != WAITING]
    test = f"{desk.now.test(files) or 'true'} AND {_not_own(desk)}"
    found = [f"SELECT {name(key)} FROM {lake.read(desk.folder, waiting)} WHERE {test}"] if waiting else []
    once = "fresh" if child.waits_for == "videos" else "once"
    if others and desk.con.execute(f"SELECT 1 FROM {once} LIMIT 1").fetchall():
        rows = f"SELECT {name(key)} FROM {lake.read(desk.folder, others)} WHERE {test}"
        found.append(f"SELECT {name(key)} FROM ({rows}) SEMI JOIN {once} USING ({name(key)})")
    return found


def _not_own(desk: Desk) -> str:
    """SQL: whether a row was brought by an import of another reach."""
    return f"_seq NOT IN ({', '.join(map(str, sorted(desk.own)))})" if desk.own else "true"


def _known_elsewhere(desk: Desk, table: Table) -> str:
    """The SELECT of known keys that are not of these shops; where nothing says whose they are, those that others named."""
    key = names(table.key)
    others = f"SELECT {key} FROM history WHERE {_not_own(desk)}"
    nobodys = f"EXISTS (SELECT 1 FROM ({others}) o WHERE {same_key(table, 'o', 'k')})"
    return f"SELECT {key} FROM known_as k WHERE CASE WHEN shop IS NULL THEN {nobodys} ELSE NOT {_mine(desk, 'shop')} END"

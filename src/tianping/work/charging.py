"""From what the figures of a close show to what people decide about: proposed violations in the database.

History has its say here: cool-downs, repeats. Only the close that knows most charges anybody; one of an earlier knowledge is a
look back.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

import duckdb

from tianping.assess.violation import settle
from tianping.policy.model import Pack
from tianping.store import violations
from tianping.work import measures
from tianping.work.bench import Bench
from tianping.work.history import Confirmed, Office, Past
from tianping.work.home import Home
from tianping.work.outcomes import Charged
from tianping.work.proposing import Charge, Run, Taken, charge_of, propose_removal, take_up
from tianping.work.trail import Doer


def office(home: Home, packs: Mapping[str, Pack], con: duckdb.DuckDBPyConnection) -> Office:
    """Who judges, with the measures from before this system, as the facts of `con` know them."""
    return Office(home.database, {name: pack.judging for name, pack in packs.items()}, _past(con))


def _past(con: duckdb.DuckDBPyConnection) -> Callable[[str], Sequence[Past]]:
    columns = "measure_id, shop_id, violation, severity, decided_at, coalesce(points, 0), coalesce(amount_fen, 0)"
    rows = con.execute(f"select {columns} from facts.past_measures order by shop_id, measure_id").fetchall()
    held = {shop: [Past(*row) for row in group] for shop, group in groupby(rows, key=lambda row: str(row[1]))}
    return lambda shop: held.get(shop, ())


def charge(who: Office, bench: Bench, seq: int, found: Iterable[Charged], at: dt.datetime) -> Taken:
    """Propose what one pack's rules found, and let take effect what the pack says takes effect by itself."""
    platform = bench.pack.platform
    taken = take_up(who, at, Run(platform, bench.date, seq, _settled(who, seq, found)))
    for id_ in taken.new:
        if "confirm" in measures.possible(who, id_, Doer(None, at)):
            measures.confirm(who, Doer(None, at), id_, why="by the rule, without a person")
    return taken


def _settled(who: Office, seq: int, found: Iterable[Charged]) -> Sequence[Charge]:
    charges = []
    with who.database.connect() as connection:
        history = Confirmed(connection, who.past)
        for each in found:
            settled = settle(each.found, each.version, history)
            if settled is not None:
                charges.append(charge_of(settled, each.version, seq, each.evidence))
    return charges


def remove_lowest(who: Office, platform: str, removals: Mapping[str, dt.date], at: dt.datetime) -> None:
    """Propose the removal of shops (with the day since when) that stay at the lowest level (DY-L04), once each."""
    for shop, since in removals.items():
        with violations.alone(who.database, shop) as connection:
            known = [
                each for each in violations.of_shop(connection, shop) if each.row.evidence.get("level_since") == str(since)
            ]
            if not known:
                said = {"level_since": str(since)}
                propose_removal(
                    connection, Doer(None, at), platform, shop, name="removal", since=since, cause="level", evidence=said
                )

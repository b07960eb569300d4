"""From what the figures of a close show to what people decide about: proposed violations in the database.

History has its say here: cool-downs, repeats. Only the close that knows most charges anybody; one of an earlier knowledge is a
look back.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby

import duckdb

from tianping.assess.violation import settle
from tianping.periods import day_start
from tianping.policy.model import Pack
from tianping.store import violations
from tianping.work.docket import measures
from tianping.work.docket.history import History, Office, Past, looks_back, recalled
from tianping.work.docket.proposing import Charge, Run, Taken, bring, charge_of, for_run
from tianping.work.home import Home
from tianping.work.judgement.bench import Bench
from tianping.work.judgement.outcomes import Charged
from tianping.work.people.trail import Doer


def office(home: Home, packs: Mapping[str, Pack], con: duckdb.DuckDBPyConnection) -> Office:
    """Who judges, with the measures from before this system, as the facts of `con` know them."""
    return Office(home.database, {name: pack.judging for name, pack in packs.items()}, _past(con))


def _past(con: duckdb.DuckDBPyConnection) -> Callable[[str], Sequence[Past]]:
    columns = "measure_id, shop_id, violation, severity, decided_at, coalesce(points, 0), coalesce(amount_fen, 0)"
    rows = con.execute(f"select {columns} from facts.past_measures order by shop_id, measure_id").fetchall()
    held = {shop: [Past(*row) for row in group] for shop, group in groupby(rows, key=lambda row: str(row[1]))}
    return lambda shop: held.get(shop, ())


TIMELY = dt.timedelta(days=7)
"""How long after T the clock may punish by itself. A past closed later is for people: a shop that was never told cannot have
repeated anything."""


def charge(who: Office, bench: Bench, seq: int, found: Iterable[Charged], at: dt.datetime) -> Taken:
    """Propose what one pack's rules found, and let take effect what the pack says takes effect by itself: one transaction."""
    platform, date, found = bench.pack.platform, bench.date, list(found)
    with for_run(who, platform, date, [each.found.subject.shop for each in found]) as connection:
        history = recalled(connection, who, platform, looks_back(who.rules.get(platform), date))
        run = Run(platform, date, seq, _settled(history, seq, found), bench.pack.judging_digest)
        brought = bring(who, connection, at, run, history)
        if at - day_start(date) <= TIMELY:
            measures.confirm_by_rule(brought.new, at)
    _release(who, run, {(each.found.violation, each.found.kind, each.found.id) for each in found}, at)
    return brought.taken


def _release(who: Office, run: Run, found: Collection[tuple[str, str, str]], at: dt.datetime) -> None:
    """Take back what the clock alone put in force as of T and the figures show no more: sanction and release are one line."""
    with who.database.connect() as connection:
        gone = [
            each.row
            for each in violations.of_date(connection, run.platform, run.date)
            if each.state == "in_force"
            and (each.row.violation, each.row.subject_kind, each.row.subject_id) not in found
            and all(event.account_id is None for event in violations.events(connection, each.row.id))
        ]
    for row in gone:
        measures.revoke(who, Doer(None, at), row.id, f"not found any more {run.newer(row)}")


def _settled(history: History, seq: int, found: Iterable[Charged]) -> Sequence[Charge]:
    return [
        charge_of(settled, each.version, seq, each.evidence)
        for each in found
        if (settled := settle(each.found, each.version, history)) is not None
    ]

"""The deposits of shops as their facts tell them, each with the time it is of: what the ledger moved before is in it."""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

import duckdb

from tianping.facts import lake, versions
from tianping.facts.schema import TABLES
from tianping.facts.versions import Known
from tianping.work.home import Home


class Told(NamedTuple):
    """A deposit in fen, what is required (None: not known), and the time (naive UTC) that it is of."""

    fen: int
    required: int | None
    at: dt.datetime


def told(home: Home, con: duckdb.DuckDBPyConnection, seq: int) -> Mapping[str, Told]:
    """Of the shops whose deposit is known at the version `seq`; `con` has its facts. A deposit is of its row's `updated_at`;
    where that has none, of the newest import that gave the shop's deposit, be it the same again."""
    every = home.versions()
    known, at = versions.known(every, seq), {each.seq: each.at for each in every}
    held = "select shop_id, deposit_fen, required_deposit_fen from facts.shops where deposit_fen is not null"
    times = dict(_times(home, con, known, at))
    return {shop: Told(fen, required, times[shop]) for shop, fen, required in con.execute(held).fetchall() if shop in times}


def _times(
    home: Home, con: duckdb.DuckDBPyConnection, known: Known, at: Mapping[int, dt.datetime]
) -> list[tuple[str, dt.datetime]]:
    given = _given(home, known)
    if not given:
        return []
    found = con.execute(
        f"""with ranked as (
          select shop_id, deposit_fen, updated_at, _seq, _part,
            coalesce(updated_at, max(updated_at) over (partition by shop_id order by _seq, _part)) as _eff from {given})
        select shop_id, last(updated_at order by _eff nulls first, _seq, _part),
          last(_seq order by _eff nulls first, _seq, _part), any_value(s.again)
        from ranked left join ({_again(home, known)}) s using (shop_id)
        where deposit_fen is not null group by shop_id"""
    )
    return [(shop, stamped or at[max(seq, again or 0)]) for shop, stamped, seq, again in found.fetchall()]


def _given(home: Home, known: Known) -> str:
    """The FROM item of all raw rows of shops; "" where there are none."""
    kinds = (lake.rows(home.lake, known, TABLES["shops"], kind) for kind in ("base", "change"))
    parts = [f"select * from {each}" for each in kinds if each]
    return f"({' union all by name '.join(parts)})" if parts else ""


def _again(home: Home, known: Known) -> str:
    """The newest import whose file had the column for the shop: a row that says nothing new is not kept."""
    files = known.of("coverage", "coverage")
    if not files:
        return "select null::varchar as shop_id, null::bigint as again where false"
    test = " and ".join(filter(None, ("\"table\" = 'shops'", "list_contains(columns, 'deposit_fen')", known.test(files))))
    return f"select shop_id, max(_seq) as again from {lake.read(home.lake, files, mixed=True)} where {test} group by shop_id"

"""Approved exemptions (KS-S07): whom they touch, on which days, in which metrics."""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from tianping.metrics.compile import Definition, View

EXEMPTING = "exempting"
"""A temp table: the days of exemptions, each with whom it exempts (`scope` says by which columns). `lot` sets apart those that
act on different metrics."""
SCOPED = ("shop_id", "region", "order_id")
_BETWEEN_NAMES = re.compile(r"[\s,;，；、]+")


@dataclass(frozen=True, slots=True)
class Exemption:
    """The rows of some days, first and last included; a shop, region or order that is "" is any, and so are no metrics."""

    first: dt.date
    last: dt.date
    metrics: frozenset[str] = frozenset()
    shop_id: str = ""
    region: str = ""
    order_id: str = ""

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """What it is limited to: column and value."""
        return tuple((column, value) for column in SCOPED if (value := str(getattr(self, column))))

    @property
    def scope(self) -> str:
        return " ".join(column for column, _ in self.named)

    def acts_on(self, definition: Definition) -> bool:
        """Whether it names the metric (or all). A count is exempt with the metric it is a side of."""
        of = definition.version.count_of
        keys = [definition.key, *([(of.metric, of.variant)] if of else [])]
        return not self.metrics or any("/".join(filter(None, key)) in self.metrics for key in keys)


def approved(con: duckdb.DuckDBPyConnection) -> list[Exemption]:
    """Those approved, of schema `facts`, in an order of their own."""
    found = con.sql(
        'select "from", "to", metrics, shop_id, region, order_id from facts.exemptions where approved and "from" <= "to" '
        "order by exemption_id"
    ).fetchall()
    return [
        Exemption(first, last, frozenset(filter(None, _BETWEEN_NAMES.split(metrics or ""))), *(each or "" for each in scoped))
        for first, last, metrics, *scoped in found
    ]


_SPANS: dict[str, pa.DataType] = {
    "lot": pa.int32(), "scope": pa.string(), "first": pa.date32(), "last": pa.date32(), **dict.fromkeys(SCOPED, pa.string())
}  # fmt: skip


def keep_days(con: duckdb.DuckDBPyConnection, lots: Sequence[Iterable[Exemption]], first: dt.date, last: dt.date) -> None:
    """Make the temp table EXEMPTING: of each lot (by its place), the days from `first` to `last` that are exempt."""
    rows = [
        {"lot": lot, "scope": each.scope, "first": max(each.first, first), "last": min(each.last, last), **dict(each.named)}
        for lot, exemptions in enumerate(lots)
        for each in exemptions
    ]
    con.register("spans", pa.Table.from_pylist(rows, schema=pa.schema(_SPANS)))
    con.execute(
        f"create or replace temp table {EXEMPTING} as select distinct lot, scope, {', '.join(SCOPED)}, "
        "unnest(generate_series(first, last, interval 1 day))::date as day from spans"
    )
    con.unregister("spans")


def scopes_on(view: View, exemptions: Iterable[Exemption]) -> list[str]:
    """The scopes that may touch rows of a view: chats, live rooms and videos have no order, and no order's region."""
    every = sorted({each.scope for each in exemptions})
    return every if "order_id" in view.columns else [scope for scope in every if scope in ("", "shop_id")]


def exempt_sql(lot: int, scopes: Iterable[str], day: str) -> str:
    """The condition that a row is exempt which counts under the day of this SQL; never null."""
    return " or ".join(_in_scope(lot, scope, day) for scope in scopes) or "false"


def _in_scope(lot: int, scope: str, day: str) -> str:
    columns = scope.split()
    held = ", ".join(("day", *columns))
    given = ", ".join((f"({day})", *columns))
    days = f"select ({held}) from {EXEMPTING} where lot = {lot} and scope = '{scope}'"
    return f"coalesce(({given}) in ({days}), false)"


def shops_sql(lot: int, exemptions: Iterable[Exemption]) -> str:
    """The SELECT of the shops (`shop_id`) that the exemptions of a lot may touch; "" where that is any shop."""
    scopes = {each.scope for each in exemptions}
    if "" in scopes:
        return ""
    return " union ".join(_whose(lot, scope) for scope in sorted(scopes)) or "select null::varchar as shop_id where false"


def _whose(lot: int, scope: str) -> str:
    own = f"from {EXEMPTING} where lot = {lot} and scope = '{scope}'"
    if "shop_id" in scope.split():
        return f"select distinct shop_id {own}"
    region = "coalesce(o.region, s.region) as region"
    orders = f"select o.shop_id, o.order_id, {region} from facts.orders o join facts.shops s using (shop_id)"
    columns = ", ".join(scope.split())
    return f"select distinct shop_id from ({orders}) where ({columns}) in (select ({columns}) {own})"

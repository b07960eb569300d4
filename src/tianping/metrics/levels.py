"""From shop and product to every level: sums of counts, one exact value each, and how far it can be trusted."""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence

import duckdb

from tianping.metrics.compile import Definition

# Categories go by their path, so that equal names on different branches stay apart (reading rule 11); a slash inside a name
# is written as the full-width one.
_L1, _L2, _L3 = (f"replace(category_l{level}, '/', '／')" for level in (1, 2, 3))
PATHS = (_L1, f"{_L1} || '/' || {_L2}", f"{_L1} || '/' || {_L2} || '/' || {_L3}")


def levels(paths: tuple[str, str, str]) -> tuple[tuple[str, str, str], ...]:
    """Each level as (by, SQL of its subject, SQL of its shop), from the SQL of a product's three category paths."""
    return (
        ("platform", "platform", "null"),
        *((f"category_l{level}", path, "null") for level, path in enumerate(paths, start=1)),
        ("shop", "shop_id", "min(shop_id)"),
        *(
            (f"shop_category_l{level}", f"shop_id || '/' || {path}", "min(shop_id)")
            for level, path in enumerate(paths, start=1)
        ),
        ("product", "product_id", "min(shop_id)"),
        ("agent", "agent_id", "min(shop_id)"),
    )


LEVELS = levels(PATHS)

MOST = 1_000_000
"""Cells that are rolled up together: all at once would take three times what counting takes."""

# numerator / denominator, exactly rounded half-even to 6 decimals, in whole numbers.
_MILLIONTHS = """abs(numerator) * 1000000 // denominator + case
    when 2 * (abs(numerator) * 1000000 % denominator) > denominator
      or (2 * (abs(numerator) * 1000000 % denominator) = denominator and abs(numerator) * 1000000 // denominator % 2 = 1)
    then 1 else 0 end"""


def roll_up(
    con: duckdb.DuckDBPyConnection, platform: str, defined: Sequence[Definition], date: dt.date, some: Collection[int]
) -> None:
    """Temp tables `cells` and `covered` to temp table `figures`, of some of the definitions (by their index)."""
    _list_definitions(con, [(index, defined[index]) for index in some], date)
    numerator = _joined(defined)
    paths = ", ".join(f"{path} as path_{level}" for level, path in enumerate(PATHS, start=1))
    con.execute(
        "create or replace temp table placed as "
        f"select c.*, path_1, path_2, path_3, '{platform}' as platform from ("
        f"select metric, days, shop_id, product_id, agent_id, {numerator} as numerator, sum(denominator) as denominator "
        f"from cells where {_of(some)} group by all having sum(numerator) <> 0 or sum(denominator) <> 0"
        f") c left join (select product_id, {paths} from facts.products) using (product_id)"
    )
    each = " union all ".join(_level(*level, numerator) for level in levels(("path_1", "path_2", "path_3")))
    con.execute(f"create or replace temp table leveled as {each}")
    con.execute("drop table placed")
    _add_uncovered(con, some)
    con.execute(f"create or replace temp table figures as {_figures_sql(platform, date)}")
    con.execute("drop table leveled")


def _of(some: Collection[int]) -> str:
    return f"metric in ({', '.join(map(str, some)) or 'null'})"


def batches(con: duckdb.DuckDBPyConnection, defined: Sequence[Definition]) -> Iterator[list[int]]:
    """The definitions (by their index) in the order of their names, so many at a time that rolling up their cells does not hold
    them all."""
    cells = dict(con.execute("select metric, count(*) from cells group by metric").fetchall())
    batch: list[int] = []
    for index in sorted(range(len(defined)), key=lambda index: defined[index].key):
        if batch and sum(cells.get(each, 0) for each in (*batch, index)) > MOST:
            yield batch
            batch = []
        batch.append(index)
    yield batch


def _joined(defined: Sequence[Definition]) -> str:
    """The numerator of a larger subject: the sum over its parts, or the greatest where that is what the metric takes."""
    greatest = [str(index) for index, each in enumerate(defined) if each.greatest]
    total = "sum(numerator)"
    return f"case when any_value(metric) in ({', '.join(greatest)}) then max(numerator) else {total} end" if greatest else total


def _level(by: str, subject: str, shop: str, numerator: str) -> str:
    return (
        f"select metric, days, '{by}' as \"by\", {subject} as subject, {shop} as shop_id, {numerator} as numerator, "
        f"sum(denominator) as denominator from placed where ({subject}) is not null group by metric, days, {subject}"
    )


def _add_uncovered(con: duckdb.DuckDBPyConnection, some: Collection[int]) -> None:
    """A shop whose facts were never or not wholly supplied has its figure said, even where nothing was counted."""
    con.execute(
        f"""insert into leveled select metric, days, 'shop', shop_id, shop_id, 0, 0 from covered
            anti join (select * from leveled where "by" = 'shop') using (metric, days, shop_id) where {_of(some)}"""
    )


def _list_definitions(con: duckdb.DuckDBPyConnection, defined: Sequence[tuple[int, Definition]], date: dt.date) -> None:
    con.execute(
        "create or replace temp table defined (metric integer, days integer, name varchar, variant varchar, version varchar, "
        "first_day date, last_day date, is_count boolean, matures_on date, few integer)"
    )
    rows = [row for index, each in defined for row in _rows(index, each, date)]
    if not rows:  # T lies before the pack's first version
        return
    con.execute(
        f"insert into defined values {', '.join(['(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'] * len(rows))}",
        [x for row in rows for x in row],
    )


def _rows(index: int, each: Definition, date: dt.date) -> Iterator[tuple[object, ...]]:
    for days in each.days:
        span = each.window(days).at(date)
        ripe = span.last + dt.timedelta(days=1 + each.version.matures_days)
        yield index, days, *each.key, each.version.name, span.first, span.last, each.is_count, ripe, each.too_few_below


# Above the shop a figure lacks data only where every shop does; it is incomplete where the days of some shop are.
_ABOVE = """select metric, days, status, count(*) || ' of ' || any_value(shops) || ' shops: ' || min(why) as why
  from covered cross join (select count(*) as shops from signed) group by metric, days, status
  having status = 'incomplete' or count(*) = any_value(shops)"""


def _figures_sql(platform: str, date: dt.date) -> str:
    return f"""
with above as ({_ABOVE}),
known as (
  select l.* replace (case when d.is_count then 1 else l.denominator end as denominator), d.* exclude (metric, days),
    coalesce(s.status, a.status) as lacks, coalesce(s.why, a.why) as lacks_why
  from leveled l join defined d using (metric, days)
  left join covered s on s.metric = l.metric and s.days = l.days and s.shop_id = l.shop_id
  left join above a on a.metric = l.metric and a.days = l.days and l.shop_id is null
)
select '{platform}' as platform, name as metric, variant, version, "by", subject, date '{date}' as date, days,
  first_day, last_day, numerator::bigint as numerator, denominator::bigint as denominator,
  case when denominator <> 0
    then ((sign(numerator) * ({_MILLIONTHS}))::decimal(24, 0) * 0.000001::decimal(7, 6))::decimal(24, 6) end as value,
  case when lacks is not null then lacks when denominator = 0 then 'undefined' when matures_on > date '{date}' then 'immature'
    when denominator < few and not is_count then 'too_few' else 'ok' end as status,
  case when lacks is not null then lacks_why when denominator = 0 then 'nothing to divide by in these days'
    when matures_on > date '{date}' then 'the last days are final only on ' || matures_on
    when denominator < few and not is_count then 'fewer than ' || few || ' counted' else '' end as why
from known"""

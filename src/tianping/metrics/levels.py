"""From shop and product to every level: sums of counts, then one exact value each."""

import datetime as dt
from collections.abc import Sequence

import duckdb

from tianping.metrics.compile import Definition

# (by, subject, where it exists). Categories go by their path, so that equal names on different branches stay apart (reading rule 11).
_PATHS = ("l1", "l1 || '/' || l2", "l1 || '/' || l2 || '/' || l3")
LEVELS: tuple[tuple[str, str], ...] = (
    ("platform", "platform"),
    *((f"category_l{level}", path) for level, path in enumerate(_PATHS, start=1)),
    ("shop", "shop_id"),
    *((f"shop_category_l{level}", f"shop_id || '/' || {path}") for level, path in enumerate(_PATHS, start=1)),
    ("product", "product_id"),
)

# numerator / denominator, exactly rounded half-even to 6 decimals, in whole numbers.
_MILLIONTHS = """case when 2 * (abs(numerator) * 1000000 % denominator) > denominator
    or (2 * (abs(numerator) * 1000000 % denominator) = denominator and abs(numerator) * 1000000 // denominator % 2 = 1)
  then 1 else 0 end + abs(numerator) * 1000000 // denominator"""


def roll_up(con: duckdb.DuckDBPyConnection, platform: str, defined: Sequence[Definition], date: dt.date) -> None:
    """Temp table `cells` to temp table `figures`, sorted."""
    _list_definitions(con, defined, date)
    con.execute(
        "create or replace temp table placed as select c.metric, c.days, c.shop_id, c.product_id, p.category_l1 as l1, "
        f"p.category_l2 as l2, p.category_l3 as l3, '{platform}' as platform, sum(numerator) as numerator, sum(denominator) as denominator "
        "from cells c left join facts.products p using (product_id) group by all having sum(numerator) <> 0 or sum(denominator) <> 0"
    )
    levels = " union all ".join(
        f"select metric, days, '{by}' as \"by\", {subject} as subject, sum(numerator) as numerator, sum(denominator) as denominator "
        f"from placed where ({subject}) is not null group by all"
        for by, subject in LEVELS
    )
    con.execute(f"create or replace temp table figures as {_figures_sql(platform, date, levels)}")


def _list_definitions(con: duckdb.DuckDBPyConnection, defined: Sequence[Definition], date: dt.date) -> None:
    con.execute(
        "create or replace temp table defined (metric integer, days integer, name varchar, variant varchar, version varchar, "
        "first_day date, last_day date, is_count boolean, matures_on date, few integer)"
    )
    for index, each in enumerate(defined):
        for days in each.days:
            span = each.window(days).at(date)
            ripe = span.last + dt.timedelta(days=1 + each.version.matures_days)
            row = (index, days, *each.key, each.version.name, span.first, span.last, each.is_count, ripe, each.too_few_below)
            con.execute("insert into defined values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _figures_sql(platform: str, date: dt.date, levels: str) -> str:
    return f"""
select '{platform}' as platform, name as metric, variant, version, "by", subject, date '{date}' as date, days, first_day, last_day,
  numerator::bigint as numerator, denominator::bigint as denominator,
  case when denominator <> 0 then (sign(numerator) * ({_MILLIONTHS}))::decimal(24, 0) * 0.000001::decimal(7, 6) end::decimal(24, 6) as value,
  case when denominator = 0 then 'undefined' when matures_on > date '{date}' then 'immature'
    when denominator < few and not is_count then 'too_few' else 'ok' end as status,
  case when denominator = 0 then 'nothing to divide by in this period'
    when matures_on > date '{date}' then 'the last days are final only on ' || matures_on
    when denominator < few and not is_count then 'fewer than ' || few || ' counted' else '' end as why
from (select * replace (case when is_count then 1 else denominator end as denominator) from ({levels}) join defined using (metric, days))
order by metric, variant, "by", subject, days"""

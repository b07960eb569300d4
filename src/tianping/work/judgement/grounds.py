"""What judgement rests on at a close: the figures that a pack's rules read, their benchmarks, and the subjects they weigh."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import duckdb

from tianping.assess.finding import Seen, Subject, Whole
from tianping.facts.views import VIEWS
from tianping.metrics.levels import PATHS
from tianping.policy import formula
from tianping.policy.judging import By, Rows
from tianping.policy.load import key_of
from tianping.policy.model import Pack
from tianping.policy.reads import PARTS, Read, of_shops_and_products, reads
from tianping.store.closes import Close
from tianping.work.closing.benchmark import Imported, Yardsticks
from tianping.work.closing.closed import figures_path, shelf
from tianping.work.home import Home

Key = tuple[str, By, str, int]
"""metric or metric/variant, by, subject, days."""


FRESH = dt.timedelta(days=31)
"""How old an imported benchmark may be for rules. What an industry was like long ago accuses nobody today."""
GIVEN, MISSING = "given", "missing"
"""How a column is frozen of which a formula only asks whether it is filled in: a phone number need not stand in evidence."""
_OF_SHOPS = """f."by" in ('platform', 'category_l1', 'category_l2', 'category_l3', 'shop')"""
_OF_PRODUCTS = """f."by" = 'product' and f.numerator <> 0"""


@dataclass(frozen=True, slots=True)
class Grounds:
    """The figures of one platform that its rules read, by key: of shops and above all; of products those with a numerator that
    rules about products read (nobody asks for the others, and they are most of all). `wholes`: the benchmarks that rules may
    use. `points`: scores made of them, by name and shop. `adjusted`: figures that stand in for `seen`."""

    seen: Mapping[Key, Seen]
    wholes: Mapping[Key, Whole]
    points: Mapping[tuple[str, str], Fraction | None] = field(default_factory=dict)
    adjusted: Mapping[Key, Seen] = field(default_factory=dict)

    def of(self, metric: str, by: By, subject: str, days: int) -> Seen | None:
        key = (metric, by, subject, days)
        return self.adjusted.get(key) or self.seen.get(key)

    def benchmark(self, metric: str, against: By, subject: str, days: int) -> Whole | None:
        return self.wholes.get((metric, against, subject, days))

    def score(self, name: str, shop: str) -> Fraction | None:
        return self.points.get((name, shop))


def grounds(home: Home, done: Close, pack: Pack, sticks: Yardsticks) -> Grounds:
    """Those of a close."""
    wanted = reads(pack.judging, done.date)
    path = figures_path(home, done)
    seen = dict(
        _figures(path, pack.platform, wanted, """f."by" in ('platform', 'category_l1', 'category_l2', 'category_l3', 'shop')""")
    )
    of_products = [
        read for part in PARTS for read, by in of_shops_and_products(pack.judging, done.date, part) if by == "product"
    ]
    seen.update(_figures(path, pack.platform, of_products, _OF_PRODUCTS))
    given = {} if sticks.market else _given(pack.platform, sticks.imported, wanted, done.date)
    return Grounds(seen, computed(seen) if sticks.market else given)


def _figures(path: str, platform: str, wanted: Iterable[Read], whose: str) -> Iterator[tuple[Key, Seen]]:
    listed = [(*key_of(each.metric), each.days) for each in sorted(set(wanted))]
    if not listed:
        return
    values = ", ".join("(?, ?, ?)" for _ in listed)
    found = shelf().execute(
        'select f.metric, f.variant, f."by", f.subject, f.days, f.numerator, f.denominator, f.status, f.why '
        f"from read_parquet(?) f join (values {values}) w(metric, variant, days) using (metric, variant, days) "
        f"where f.platform = ? and {whose}",
        [path, *(value for each in listed for value in each), platform],
    )
    while batch := found.fetchmany(100_000):
        for metric, variant, by, subject, days, numerator, denominator, status, why in batch:
            yield (f"{metric}/{variant}" if variant else metric, by, subject, days), Seen(numerator, denominator, status, why)


def computed(seen: Mapping[Key, Seen]) -> dict[Key, Whole]:
    """In a market: the same metric over all shops of the platform, or of the category."""
    shops: dict[tuple[str, int], int] = {}
    for (metric, by, _, days), each in seen.items():
        if by == "shop" and each.denominator:
            shops[metric, days] = shops.get((metric, days), 0) + 1
    return {
        key: Whole(
            Fraction(each.numerator, each.denominator), each.numerator, each.denominator, _shops_of(key, shops), of=_named(key)
        )
        for key, each in seen.items()
        if key[1] not in ("shop", "product") and each.denominator
    }


def _shops_of(key: Key, shops: Mapping[tuple[str, int], int]) -> int | None:
    """How many shops the platform has there; of a category it is not counted."""
    return shops.get((key[0], key[3]), 0) if key[1] == "platform" else None


def _named(key: Key) -> str:
    """The category that a figure is of."""
    return key[2] if key[1].startswith("category") else ""


def _given(
    platform: str, imported: Mapping[tuple[object, ...], Imported], wanted: Iterable[Read], date: dt.date
) -> dict[Key, Whole]:
    """In a home of own shops: the imported ones that are fresh, else none."""
    asked = set(wanted)
    found: dict[Key, Whole] = {}
    for (of, metric, variant, by, subject, days), each in imported.items():
        name = f"{metric}/{variant}" if variant else str(metric)
        if of == platform and Read(name, int(str(days))) in asked and date - each.date <= FRESH:
            key: Key = (name, by, str(subject), int(str(days)))  # type: ignore[assignment]
            found[key] = Whole(each.rate, imported=each.date, of=_named(key))
    return found


def shops(con: duckdb.DuckDBPyConnection, platform: str) -> Sequence[Subject]:
    """All shops of a platform."""
    found = con.execute("select shop_id from facts.shops where platform = ? order by all", [platform]).fetchall()
    return [Subject(platform, shop) for (shop,) in found]


def products(con: duckdb.DuckDBPyConnection, platform: str, seen: Mapping[Key, Seen]) -> Sequence[Subject]:
    """The products of a platform that have a numerator in some figure that rules read, with their categories. One that orders
    of other shops name is not among them: its figures are not its shop's alone."""
    ids = sorted({subject for _, by, subject, _ in seen if by == "product"})
    if not ids:
        return []
    found = con.execute(
        f"""with asked as (select unnest(?) as product_id),
          shared as (select product_id from facts.orders o semi join asked using (product_id)
            join facts.products p using (product_id) where o.shop_id <> p.shop_id)
        select shop_id, product_id, {", ".join(f"coalesce({path}, '')" for path in PATHS)}
        from facts.products semi join asked using (product_id) anti join shared using (product_id) order by product_id""",
        [ids],
    )
    return [Subject(platform, shop, product, _three(three)) for shop, product, *three in found.fetchall()]


def _three(paths: Sequence[str]) -> tuple[str, str, str]:
    first, second, third = paths
    return first, second, third


def by_formula(con: duckdb.DuckDBPyConnection, pack: Pack, rows: Rows, *, covered: bool = True) -> Sequence[Subject]:
    """The subjects of a trigger's formula: shops, or videos with their shops. Needs `as_of`. Of a shop whose columns were never
    supplied, or that is closed, nothing is said (`covered=False`: coverage is not asked for)."""
    return list(read_by_formula(con, pack, rows, covered=covered))


def read_by_formula(
    con: duckdb.DuckDBPyConnection, pack: Pack, rows: Rows, *, covered: bool = True
) -> Mapping[Subject, Mapping[str, Any]]:
    """The same, each with what the formula read of its row, as JSON: of columns that it only asks for, whether they are filled
    in (GIVEN, MISSING) and not what they hold, but for times."""
    tree, view = formula.compile(rows.when, pack.sets), VIEWS[rows.of]
    columns = frozenset(formula.columns_of(tree))
    own = {"closed_at"} if rows.of == "shop" else set[str]()
    found = view.select(sorted({"shop_id", "platform", *view.key, *columns, *own}))
    video = "''" if rows.of == "shop" else view.key[0]
    known = _supplied(view.needs(columns, columns)) if covered else "true"
    known += " and closed_at is null" if rows.of == "shop" else ""
    read, valued = sorted(columns), frozenset(formula.needed_columns(tree))
    asked = "".join(f', "{column}"' for column in read)
    query = (
        f"select shop_id, {video}{asked} from ({found}) "
        f"where platform = ? and {formula.condition(tree)} and {known} order by all"
    )
    return {
        Subject(pack.platform, shop, each): {
            name: _cell(value, valued=name in valued) for name, value in zip(read, cells, strict=True)
        }
        for shop, each, *cells in con.execute(query, [pack.platform]).fetchall()
    }


def _cell(value: object, *, valued: bool) -> object:
    """`valued`: the formula asks for the value, not only whether there is one."""
    if isinstance(value, dt.datetime):
        return f"{value.isoformat()}Z"
    if isinstance(value, dt.date):
        return value.isoformat()
    return value if valued else MISSING if value is None else GIVEN


def _supplied(needs: Mapping[str, set[str]]) -> str:
    """The condition over `shop_id` that all these columns of these tables were supplied for the shop."""
    tests = []
    for table, columns in needs.items():
        listed = ", ".join(f"'{column}'" for column in sorted(columns))
        every = f"select shop_id, unnest(columns) as held from facts.coverage where \"table\" = '{table}'"
        having = f"where held in ({listed}) group by shop_id having count(distinct held) = {len(columns)}"
        tests += [f"shop_id in (select shop_id from ({every}) {having})"] if columns else []
    return " and ".join(tests) or "true"

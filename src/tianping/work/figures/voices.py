"""What buyers of a product said: the orders behind its quality refunds with their reasons and words, and its reviews.

Read from the facts as of T, as known at the close: slower than figures. Buyers themselves are not read.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import duckdb

from tianping.facts import versions
from tianping.facts.asof import as_of
from tianping.facts.engine import quoted
from tianping.facts.narrow import narrow_to_products
from tianping.facts.views import VIEWS
from tianping.metrics.compile import Definition, Key
from tianping.metrics.proof import Scope
from tianping.periods import Period, Window
from tianping.policy.model import Pack
from tianping.store.closes import Close
from tianping.work.figures.explain import Named, explain
from tianping.work.home import Home, facts
from tianping.work.people.reach import Reach

FIRST_CAUSE = "first_refund_reason"
"""A metric over orders that reads this speaks of first causes."""
_BY_DAY = 14
"""Up to so many days reasons are shown by day, else by week."""


class Order(NamedTuple):
    """An order counted, with its first refund: asked when (wall time of the shop), and why, in our word, the platform's and the
    buyer's. `reason` is "" where it counts for another cause than a refund."""

    order_id: str
    day: dt.date
    asked: str
    reason: str
    words: str
    text: str


@dataclass(frozen=True, slots=True)
class Quality:
    """The orders that a product's figure counts, those asked last first; `span`: the days they count under."""

    numerator: int
    denominator: int
    span: Period
    orders: tuple[Order, ...]

    def reasons(self) -> list[tuple[str, int]]:
        """How many orders each first cause has, the most first. They add up to the orders."""
        return Counter(each.reason for each in self.orders).most_common()

    def over_time(self) -> "Reasons":
        """Orders by reason and day, or by week (named by its Monday) where the days are many."""
        step = 1 if (self.span.last - self.span.first).days < _BY_DAY else 7
        days = list(_steps(self.span, step))
        found = Counter((each.reason, _step(each.day, step)) for each in self.orders)
        return Reasons(step, days, {reason: [found[reason, day] for day in days] for reason, _ in self.reasons()})

    def told(self) -> list[Order]:
        """The orders whose buyers wrote something."""
        return [each for each in self.orders if each.text]


class Reasons(NamedTuple):
    """`step`: 1 day or 7; `days`: the first of each; `counts` by reason, one for each of `days`."""

    step: int
    days: Sequence[dt.date]
    counts: Mapping[str, Sequence[int]]


def _step(day: dt.date, step: int) -> dt.date:
    return day - dt.timedelta(days=day.weekday()) if step == 7 else day


def _steps(span: Period, step: int) -> Iterator[dt.date]:
    day = _step(span.first, step)
    while day <= span.last:
        yield day
        day += dt.timedelta(days=step)


def by_first_cause(offered: Mapping[Key, Definition]) -> list[Key]:
    """The metrics, of those with figures by product, that count orders by the reason of their first refund: rates, for the
    counts beside them count the same orders; counts where there is no rate."""
    found = [
        key
        for key, each in offered.items()
        if all(side.tally.view == "order" and FIRST_CAUSE in side.tally.columns for side in each.sides)
    ]
    return [key for key in found if not offered[key].is_count] or found


def quality(home: Home, packs: Mapping[str, Pack], wanted: Scope, key: Key, reach: Reach) -> Quality:
    """The orders that the figure of a product counts, with what their buyers said. Rows of shops out of reach are left away.
    Raises NotFound where nothing was counted, TianpingError as `explain` does."""
    proof = explain(home, packs, Named(*key), wanted)
    with proof.con as con:
        rows = " union all by name ".join(f"select * from ({sql}) where role = 'numerator'" for _, sql in proof.sql)
        con.execute(f"create temp table counted as select order_id, day from ({rows}) where {_within(reach)}")
        orders = tuple(Order(*row) for row in con.execute(_FIRST_REFUNDS).fetchall())
    numerator, denominator = (int(str(proof.figure.get(side, 0))) for side in ("numerator", "denominator"))
    return Quality(numerator, denominator, proof.span, orders)


_FIRST_REFUNDS = """
with refunds as (
  select order_id, min({'at': requested_at, 'id': case_id, 'reason': reason, 'words': reason_words, 'text': reason_text}) as f
  from dated.cases semi join counted using (order_id)
  where kind in ('refund_only', 'return_refund') and requested_at is not null group by order_id
)
select order_id, k.day, coalesce(strftime(wall(f.at, s.timezone), '%Y-%m-%d %H:%M:%S'), ''), coalesce(f.reason, ''),
  coalesce(f.words, ''), coalesce(f.text, '')
from counted k join dated.orders using (order_id) join dated.shops s using (shop_id) left join refunds using (order_id)
order by f.at desc nulls last, order_id
"""


def _within(reach: Reach) -> str:
    if reach.shops is None:
        return "true"
    return f"shop_id in ({', '.join(quoted(shop) for shop in sorted(reach.shops)) or 'null'})"


Facts = duckdb.DuckDBPyConnection


def opened(home: Home, done: Close, products: Collection[str], often: Sequence[str] = ("cases", "reviews")) -> Facts:
    """A connection with the facts as of a close about orders of some products. `often`: tables read more than once."""
    con, _ = facts(home, known_at=done.seq)
    narrow_to_products(con, (home.lake, versions.known(home.versions(), done.seq)), products, besides=often)
    as_of(con, done.date)
    return con


class Refund(NamedTuple):
    """A refund asked for: `asked` is wall time of the shop; `first`: the first of its order."""

    case_id: str
    order_id: str
    asked: str
    reason: str
    words: str
    text: str
    first: bool


class Refunds(NamedTuple):
    """The refunds asked for on some days: how many by reason, the most first; `chosen` of them are listed, page by page."""

    span: Period
    reasons: Sequence[tuple[str, int]]
    chosen: int
    page: tuple[Refund, ...]

    @property
    def total(self) -> int:
        return sum(count for _, count in self.reasons)


def refunds(
    con: Facts,
    done: Close,
    product: str,
    days: int,
    reach: Reach,
    *,
    reason: str = "",
    skip: int = 0,
    take: int = 20,
) -> Refunds:
    """The refunds of a product asked for on the last `days` days before T, those with words first, then the newest; with
    `reason` those alone. Sooner than the figures, which wait for orders to be final. `con`: `opened` for the product."""
    span = Window(days, 1).at(done.date)
    con.execute(f"create or replace temp table asked as {_refunds(product, span, reach)}")
    reasons = con.execute("select reason, count(*) from asked group by reason order by 2 desc, 1").fetchall()
    chosen = "from asked where $reason in ('', reason)"
    page = con.execute(
        f"select * {chosen} order by text = '', asked desc, case_id limit $take offset $skip",
        {"reason": reason, "take": take, "skip": skip},
    ).fetchall()
    listed = sum(count for name, count in reasons if reason in ("", name))
    return Refunds(span, reasons, listed, tuple(Refund(*row) for row in page))


def _refunds(product: str, span: Period, reach: Reach) -> str:
    columns = (
        "case_id", "order_id", "shop_id", "product_id", "timezone", "requested_at", "reason", "reason_words", "reason_text",
        "is_refund", "first_refund_id",
    )  # fmt: skip
    asked = "wall(requested_at, timezone)"
    rows = VIEWS["case"].select(columns, where=[f"product_id = {quoted(product)}"])
    return (
        f"select case_id, order_id, strftime({asked}, '%Y-%m-%d %H:%M:%S') as asked, reason, "
        f"coalesce(reason_words, '') as words, coalesce(trim(reason_text), '') as text, "
        f"case_id = first_refund_id as first from ({rows}) where product_id = {quoted(product)} and is_refund "
        f"and {_within(reach)} and {asked}::date between '{span.first}' and '{span.last}'"
    )


class Review(NamedTuple):
    """A review that counts. Stars are 1 to 5 or None; `negative`: its stars are 2 or less in the mean, as in KS-M05."""

    review_id: str
    order_id: str
    day: dt.date
    quality: int | None
    logistics: int | None
    service: int | None
    text: str
    negative: bool


class Reviews(NamedTuple):
    """The reviews of some days: how many count, how many of them are negative, how many have words; and a page of those."""

    span: Period
    total: int
    negative: int
    worded: int
    page: tuple[Review, ...]


def reviews(con: Facts, done: Close, product: str, days: int, reach: Reach, *, skip: int = 0, take: int = 20) -> Reviews:
    """What was written in reviews of a product on the last `days` days before T, the worst first, then the newest. Only reviews
    that count: valid, not automatic, not overturned (reading rule 7). `con`: `opened` for the product."""
    span = Window(days, 1).at(done.date)
    con.execute(f"create or replace temp table said as {_reviews(product, span, reach)}")
    [(total, negative, worded)] = con.execute(_COUNTS).fetchall()
    worst = "order by stars nulls last, day desc, review_id limit ? offset ?"
    page = con.execute(f"select * exclude (stars) from said where text <> '' {worst}", [take, skip]).fetchall()
    return Reviews(span, total, negative, worded, tuple(Review(*row) for row in page))


_COUNTS = "select count(*), count(*) filter (negative), count(*) filter (text <> '') from said"


def _reviews(product: str, span: Period, reach: Reach) -> str:
    stars = ("quality", "logistics", "service")
    columns = ["review_id", "order_id", "shop_id", "product_id", "timezone", "reviewed_at", *stars, "text"]
    mean = f"list_avg([{', '.join(stars)}])"
    day = "wall(reviewed_at, timezone)::date"
    rows = VIEWS["review"].select(columns, where=[f"product_id = {quoted(product)}"])
    return (
        f"select review_id, order_id, {day} as day, {', '.join(stars)}, coalesce(trim(text), '') as text, "
        f"coalesce({mean} <= 2, false) as negative, {mean} as stars from ({rows}) "
        f"where product_id = {quoted(product)} and {_within(reach)} and {day} between '{span.first}' and '{span.last}'"
    )

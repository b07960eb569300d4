"""A platform's shops in slices of so many orders, so that counting holds the rows of one slice at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import duckdb

from tianping.metrics.compile import View

MOST = 1_250_000
"""Orders of a slice. Measured at 10 M orders: counting the orders of the largest platform (6.1 M) takes 1.06 GB in five slices,
1.23 in four, 3.7 uncut; a slice more costs a tenth of its seconds."""


@dataclass(frozen=True, slots=True)
class Slices:
    """Conditions over `shop_id`, one of which holds of every shop of the platform. `by_shop`: the tables whose rows lie in the
    files by shop, so that those of a slice are read without the others. `confine` has the facts hold the rows of the shops
    that meet a condition, and maybe others'; "" for all again."""

    conditions: tuple[str, ...] = ("true",)
    by_shop: frozenset[str] = frozenset()
    confine: Callable[[str], None] = lambda some: None

    def cuts(self, view: View) -> bool:
        """Whether a view is counted in slices. One whose rows do not lie by shop is not: each slice would read all of them."""
        return self.conditions != ("true",) and self.by_shop.issuperset(view.tables)

    def each(self) -> Iterator[str]:
        """Each condition in turn, with the facts confined until the next is asked for."""
        for some in self.conditions:
            self.confine(some)
            yield some
        self.confine("")

    def over(self, view: View) -> Iterator[str]:
        """The conditions in which one view is counted."""
        return self.each() if self.cuts(view) else iter(("true",))


UNCUT = Slices()


def slices(con: duckdb.DuckDBPyConnection, platform: str, parts: int = 1) -> list[str]:
    """Conditions over `shop_id`; every shop of the platform is in one of them, orders or none. They are ranges, because files
    lie in the order of shops: a slice reads its own part of them. `parts`: into how many a slice is cut once more."""
    con.execute(
        "create temp table if not exists shop_sizes as "
        "select platform, shop_id, count(*) as orders from facts.orders join facts.shops using (shop_id) group by all"
    )
    found = con.execute(
        "select max(shop_id) from (select shop_id, (sum(orders) over (order by shop_id) - 1) // ? as slice "
        "from shop_sizes where platform = ?) group by slice order by all",
        [max(1, MOST // parts), platform],
    )
    ends = [_text(end) for (end,) in found.fetchall()][:-1]
    above, upto = [[f"shop_id {sign} {end}" for end in ends] for sign in (">", "<=")]
    pairs = zip(["", *above], [*upto, ""], strict=True)
    return [" and ".join(filter(None, pair)) or "true" for pair in pairs]


def _text(shop: str) -> str:
    return "'" + shop.replace("'", "''") + "'"

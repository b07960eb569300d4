"""Whose a figure is: which shops stand behind its subject, and whether somebody may see it."""

from collections.abc import Mapping
from functools import lru_cache

from tianping.errors import NotFound
from tianping.facts.engine import name
from tianping.facts.schema import TABLES
from tianping.metrics.proof import LEVELS_BELOW as LEVELS_BELOW
from tianping.metrics.proof import Scope
from tianping.metrics.proof import shop_of as shop_of
from tianping.work.figures.catalogue import catalogue
from tianping.work.home import Home, facts
from tianping.work.people.reach import Reach

ABOVE_SHOPS = ("platform", "category_l1", "category_l2", "category_l3")
_KEPT = 4


def shops_of(home: Home, seq: int, scope: Scope) -> frozenset[str]:
    """The shops behind a subject below the platform and its categories, of those known at a seq. None: no such subject."""
    known = catalogue(home, seq)
    if scope.by == "product":
        product = known.product(scope.subject)
        shops = frozenset({product.shop} if product else ())
    elif scope.by == "agent":
        shops = agents(home, seq).get(scope.subject, frozenset())
    else:
        shops = frozenset({str(shop_of(scope))} & known.shops.keys())
    return frozenset(shop for shop in shops if shop not in known.shops or known.shops[shop].platform == scope.platform)


def require(home: Home, seq: int, scope: Scope, reach: Reach) -> None:
    """Raises NotFound for a figure that the reader may not see, in the very words for one whose subject is not there.

    The averages of a market are everybody's; over one's own shops they are seen by those alone who see every shop.
    """
    if scope.by in ABOVE_SHOPS:
        if not reach.everything and home.scope != "market":
            raise no_subject(scope)
        return
    shops = shops_of(home, seq, scope)
    if not shops or not all(map(reach.holds, shops)) or (scope.by == "product" and scope.subject in hidden(home, seq, reach)):
        raise no_subject(scope)


def require_rows(home: Home, seq: int, scope: Scope, reach: Reach) -> None:
    """Raises NotFound where the rows behind a figure are not the reader's: those of a platform are of all its shops."""
    require(home, seq, scope, reach)
    if not may_read_rows(scope, reach):
        raise no_subject(scope)


def may_read_rows(scope: Scope, reach: Reach) -> bool:
    """Whether rows of such a subject, which the reader may see, may be shown."""
    return reach.everything or scope.by not in ABOVE_SHOPS


def no_subject(scope: Scope) -> NotFound:
    return NotFound(f'there is no {scope.by} "{scope.subject}" here')


def hidden(home: Home, seq: int, reach: Reach) -> frozenset[str]:
    """The products whose orders are mostly of shops out of reach, whosever the products are said to be: their figures count
    these orders. A stray order of another shop hides nothing (and is not shown among the rows)."""
    if reach.everything:
        return frozenset()
    return frozenset(product for product, orders in shared(home, seq).items() if _mostly_others(orders, reach))


def _mostly_others(orders: Mapping[str, int], reach: Reach) -> bool:
    return 2 * sum(count for shop, count in orders.items() if not reach.holds(shop)) >= sum(orders.values())


@lru_cache(maxsize=_KEPT)
def shared(home: Home, seq: int) -> Mapping[str, Mapping[str, int]]:
    """By product, how many orders of each shop name it, where these are several shops, or another than the product's. Reads two
    columns of all orders the first time."""
    con, _ = facts(home, known_at=seq, tables=("orders", "products"))
    with con:
        found = con.sql(
            "select product_id, list(o.shop_id), list(n) from "
            "(select product_id, shop_id, count(*) as n from facts.orders group by all) o "
            "left join facts.products p using (product_id) group by product_id "
            "having count(*) > 1 or bool_or(o.shop_id <> p.shop_id)"
        )
        return {str(product): dict(zip(map(str, shops), counts, strict=True)) for product, shops, counts in found.fetchall()}


@lru_cache(maxsize=_KEPT)
def agents(home: Home, seq: int) -> Mapping[str, frozenset[str]]:
    """By agent, the shops whose facts name the agent. Reads every such column: a second at ten million messages."""
    named = [table for table in TABLES.values() if {"agent_id", "shop_id"} <= table.by_name.keys()]
    every = " union all ".join(f"select agent_id, shop_id from facts.{name(table.name)}" for table in named)
    con, _ = facts(home, known_at=seq)
    with con:
        found = con.sql(f"select agent_id, list(distinct shop_id) from ({every}) where agent_id is not null group by agent_id")
        return {str(agent): frozenset(map(str, shops)) for agent, shops in found.fetchall()}

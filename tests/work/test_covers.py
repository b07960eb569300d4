"""Coverage does not depend on the order in which files come."""

import datetime as dt
from itertools import permutations
from pathlib import Path

import pytest

from tianping.work.holdings import incomplete
from tianping.work.home import facts, open_home
from tianping.work.imports import undo

from .homes import NOON, bring, table

FILES = {
    "shops": table("shop_id,platform", ("S1", "kuaishou")),
    "orders": table("order_id,shop_id,product_id,created_at", ("o1", "S1", "p", "2024-03-01")),
    "cases": table("case_id,order_id,kind,reason,requested_at", ("c1", "o1", "refund_only", "quality", "2024-03-02")),
    "parcels": table("parcel_id,order_id,shipped_at", ("k1", "o1", "2024-03-03"), ("k2", "unknown", "2024-03-09")),
}


@pytest.mark.parametrize("order", list(permutations(FILES)))
def test_rows_that_waited_cover_their_shop(tmp_path: Path, order: tuple[str, ...]) -> None:
    """Cases and parcels imported before their order cover the shop as if they had come after it, days and columns."""
    home = open_home(tmp_path / "home", create=True)
    for hour, name in enumerate(order):
        bring(home, {name: FILES[name]}, hour=hour)
    con, _ = facts(home)
    found = con.execute(
        'select "table", min(first_day)::varchar, max(last_day)::varchar, list_sort(list_distinct(flatten(list("columns")))) '
        "from facts.coverage where shop_id = 'S1' and \"table\" in ('cases', 'parcels') group by all order by all"
    ).fetchall()
    assert found == [
        ("cases", "2024-03-02", "2024-03-02", ["case_id", "kind", "order_id", "reason", "requested_at"]),
        ("parcels", "2024-03-03", "2024-03-09", ["order_id", "parcel_id", "shipped_at"]),
    ]


def test_what_an_undo_leaves_in_part_is_told(tmp_path: Path) -> None:
    """A patch whose full row was undone is not lost in silence: it is counted, and counts again when the row comes back."""
    home = open_home(tmp_path / "home", create=True)
    bring(home, {"shops": FILES["shops"]})
    full = bring(home, {"orders": FILES["orders"]}, hour=1)
    bring(home, {"orders": table("order_id,promised_ship_at", ("o1", "2024-03-05"))}, hour=2)
    assert incomplete(home) == {}
    undo(home, full.seq or 0, at=NOON + dt.timedelta(hours=3))
    assert incomplete(home) == {"orders": 1}
    bring(home, {"orders": FILES["orders"]}, hour=4)
    assert incomplete(home) == {}
    con, _ = facts(home)
    assert con.execute("select promised_ship_at is not null from facts.orders").fetchall() == [(True,)]

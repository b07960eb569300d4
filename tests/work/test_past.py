"""A close leaves orders of a long past unread, and counts the same."""

import datetime as dt
import shutil
from pathlib import Path

import pytest

from tianping.facts import recent
from tianping.policy import load
from tianping.work.closing.closed import Filter, read
from tianping.work.home import open_home

from .homes import bring, closed, table

DATE = dt.date(2024, 6, 1)
PACK = """
metrics:
  new_goods:
    label: {{zh: 新, en: new}}
    unit: rate
    better: lower
    versions:
      - since: 2010-01-01
        source: [{{document: S1, clause: 拒绝退单率, spec: [KS-M23]}}]
        words: {{zh: 新, en: new}}
        window: 1
        both: {{of: order, day: {day}, count: quantity is null}}
"""


@pytest.mark.parametrize(("day", "counted"), [("paid_at", 1), ("promised_ship_at", 3), ("listed_at", 51), ("updated_at", 51)])
def test_what_falls_into_a_window(day: str, counted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whatever time of the view a pack counts: also one that is not the order's, and one that says when it was exported."""
    folder = tmp_path / "kuaishou"
    shutil.copytree(load.SHARED.parent / "kuaishou", folder)
    (folder / "new.yaml").write_text(PACK.format(day=day))
    packs = load.packs([folder])
    home = open_home(tmp_path / "home", create=True)
    old = [(f"o{number}", "2023-01-02", "2023-01-02", "2024-05-28" if number < 2 else "") for number in range(50)]
    orders = [(*order, "A", "PA", "2024-05-28") for order in [*old, ("new", "2024-05-30", "2024-05-30", "2024-05-31")]]
    files = {
        "shops": table("shop_id,platform", ("A", "kuaishou")),
        "products": table("product_id,shop_id,listed_at", ("PA", "A", "2024-05-28")),
        "orders": table("order_id,created_at,paid_at,promised_ship_at,shop_id,product_id,updated_at", *orders),
    }
    bring(home, files)
    for worth in (1.0, 10**9):
        monkeypatch.setattr(recent, "WORTH", worth)
        done = closed(home, DATE, packs=packs)
        figures = read(home, done, Filter(metric="new_goods", by="shop", days=30))
        assert [(row["numerator"], row["denominator"]) for row in figures] == [(counted, counted)]
        (home.path / done.path).unlink()

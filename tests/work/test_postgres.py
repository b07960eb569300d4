"""A home whose operational database is PostgreSQL: facts, figures and errors as with SQLite."""

import datetime as dt
from pathlib import Path

import pytest

from tianping.errors import ImportRefused
from tianping.work.home import Home, facts, open_home
from tianping.work.imports import undo

from .homes import NOON, bring, closed, counts, table

T = dt.date(2024, 6, 1)
FILES = {
    "shops": table("shop_id,platform", ("S1", "kuaishou")),
    "products": table("product_id,shop_id", ("p", "S1")),
    "orders": table("order_id,shop_id,product_id,created_at,paid_at,channel",
                    ("o1", "S1", "p", "2024-05-30", "2024-05-30", "flash"),
                    ("o2", "S1", "p", "2024-05-31", "2024-05-31", "flash")),
    "cases": table("case_id,order_id,kind,reason,requested_at,answered_at,answer",
                   ("c1", "o1", "refund_only", "quality", "2024-05-31", "2024-05-31", "refused")),
}  # fmt: skip
MORE = table(
    "case_id,order_id,kind,reason,requested_at,answered_at,answer",
    ("c2", "o2", "refund_only", "quality", "2024-05-31", "2024-05-31", "agreed"),
)


@pytest.fixture(params=["sqlite", "postgres"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres")
    return open_home(tmp_path / "home", create=True, url=url)


def test_import_undo_close(home: Home) -> None:
    """Each close has the figures of what was known; what was known before an undo can still be asked for."""
    assert bring(home, FILES).seq == 1
    assert bring(home, FILES).seq is None
    assert bring(home, {"cases": MORE}, hour=1).seq == 2
    both = counts(home, closed(home, T), "refusal_rate")
    undo(home, 2, at=NOON + dt.timedelta(hours=2))
    one = counts(home, closed(home, T), "refusal_rate")
    again = counts(home, closed(home, T, known_at=2), "refusal_rate")
    assert (both, one, again) == ({"S1": (1, 2)}, {"S1": (1, 1)}, {"S1": (1, 2)})
    with pytest.raises(ImportRefused, match="already undone, by 3"):
        undo(home, 2, at=NOON + dt.timedelta(hours=3))


def test_another_process_finds_it(home: Home) -> None:
    """All that it knows is in the database and the lake."""
    bring(home, FILES)
    url = home.database.url.render_as_string(hide_password=False)
    con, seq = facts(open_home(home.path, url=url))
    assert seq == 1
    assert con.execute("select count(*) from facts.orders").fetchall() == [(2,)]

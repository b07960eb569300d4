"""When a deposit was told: by its row, or by the newest import that gave it."""

import datetime as dt
from pathlib import Path

import pytest

from tianping.facts.versions import newest
from tianping.work.docket.deposits import Told, told
from tianping.work.home import Home, facts, open_home
from tianping.work.intake import imports
from tianping.work.intake.compact import compact_now

from .homes import NOON, bring, table

HOUR = dt.timedelta(hours=1)
COLUMNS = "shop_id,platform,deposit_fen,required_deposit_fen"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home", create=True)


def at(home: Home) -> Told | None:
    """What is known of shop S."""
    con, _ = facts(home)
    with con:
        return told(home, con, newest(home.versions())).get("S")


def hours(home: Home) -> float | None:
    found = at(home)
    return None if found is None else (found.at - NOON) / HOUR


def test_the_newest_import_that_gave_it(home: Home) -> None:
    """Also where it gave the same again; not one without the column, or of another shop; and not one that was undone."""
    assert at(home) is None
    bring(home, {"shops": table("shop_id,platform", ("S", "kuaishou"))})
    assert at(home) is None, "a deposit that nobody told is none"
    bring(home, {"shops": table(COLUMNS, ("S", "kuaishou", 1000, 900))}, hour=1)
    assert at(home) == Told(1000, 900, NOON + HOUR)
    bring(home, {"shops": table(COLUMNS, ("S", "kuaishou", 700, 900))}, hour=2)
    assert at(home) == Told(700, 900, NOON + 2 * HOUR)
    same = bring(home, {"shops": table("shop_id,deposit_fen,name", ("S", 700, "shop"))}, hour=3)
    assert hours(home) == 3
    bring(home, {"shops": table("shop_id,name", ("S", "other"))}, hour=4)
    bring(home, {"shops": table(COLUMNS, ("R", "kuaishou", 5, 5))}, hour=5)
    assert hours(home) == 3
    compact_now(home, at=NOON + 6 * HOUR)
    assert hours(home) == 3
    assert same.seq is not None
    imports.undo(home, same.seq, at=NOON + 7 * HOUR)
    assert hours(home) == 2


def test_a_row_with_a_time_of_its_own(home: Home) -> None:
    """It is of that time, whenever it comes; an older one that comes later says nothing."""
    columns = f"{COLUMNS},updated_at"
    bring(home, {"shops": table(columns, ("S", "kuaishou", 1000, 900, f"{NOON - HOUR}Z"))}, hour=1)
    assert at(home) == Told(1000, 900, NOON - HOUR)
    bring(home, {"shops": table(columns, ("S", "kuaishou", 800, 900, f"{NOON - 3 * HOUR}Z"))}, hour=2)
    assert at(home) == Told(1000, 900, NOON - HOUR)
    bring(home, {"shops": table(COLUMNS, ("S", "kuaishou", 700, None))}, hour=3)
    assert at(home) == Told(700, None, NOON + 3 * HOUR)

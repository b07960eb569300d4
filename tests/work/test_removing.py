"""Removals at the close: for points whoever dealt them, and for the lowest level in whatever order days are closed."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest

from tianping.store import violations
from tianping.store.violations import Present
from tianping.work.closing.close import Asked
from tianping.work.docket import measures, verdicts
from tianping.work.home import Home, open_home
from tianping.work.judge import close_day
from tianping.work.people.trail import Doer

from .accused import office
from .homes import NOON, bring, rules, table
from .test_judge import DAY, WHOLE, T, douyin, history

A, B = T - 61 * DAY, T
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home", create=True)


def removals(home: Home, shop: str, name: str) -> Sequence[Present]:
    """The newest first."""
    with home.database.connect() as connection:
        return [each for each in violations.of_shop(connection, shop) if each.row.violation == name]


# Points


def before(*points: int) -> dict[str, str]:
    """Measures from before this system, decided a month ago."""
    return {
        "shops": table("shop_id,platform", ("S", "kuaishou"), ("R", "kuaishou")),
        "past_measures": table(
            "measure_id,shop_id,violation,severity,decided_at,points",
            *((f"M{n}", "S", "fake_shipping", "serious", f"{NOON - 30 * DAY}", each) for n, each in enumerate(points)),
        ),
    }


def close(home: Home, hours: int, day: dt.date = T) -> None:
    close_day(home, rules(), Asked(day), at=NOON + hours * HOUR)


@pytest.mark.spec("KS-P10")
@pytest.mark.parametrize(("points", "proposed"), [((90, 9), 0), ((90, 10), 1), ((120,), 1)])
def test_points_from_before_propose_a_removal(home: Home, points: tuple[int, ...], proposed: int) -> None:
    """At the next judged close, once, without any penalty of this system; and of no other shop."""
    bring(home, before(*points))
    close(home, 1)
    close(home, 2, T + DAY)
    found = removals(home, "S", "points_line")
    assert [(each.state, each.row.evidence) for each in found] == [
        ("proposed", {"points": sum(points), "line": 100, "days": 365})
    ] * proposed
    assert not removals(home, "R", "points_line")


def test_points_that_were_none_withdraw_the_removal(home: Home) -> None:
    """Newer facts say fewer points; and then more again."""
    bring(home, before(90, 30))
    close(home, 1)
    for n, (points, states) in enumerate([(9, ["withdrawn"]), (10, ["proposed", "withdrawn"])], start=1):
        fewer = table("measure_id,shop_id,violation,severity,decided_at,points",
                      ("M1", "S", "fake_shipping", "serious", f"{NOON - 30 * DAY}", points))  # fmt: skip
        bring(home, {"past_measures": fewer}, hour=n)
        close(home, 1 + n)
        assert [each.state for each in removals(home, "S", "points_line")] == states


@pytest.mark.parametrize("confirmed", [False, True])
def test_what_a_person_decided_about_a_removal_stays(home: Home, *, confirmed: bool) -> None:
    """A no is not asked again at every close, and a yes is not taken back by an import."""
    bring(home, before(120))
    close(home, 1)
    [one] = removals(home, "S", "points_line")
    office(home)  # people
    who, doer = verdicts.office(home, rules()), Doer(1, NOON + 2 * HOUR)
    if confirmed:
        measures.confirm(who, doer, one.row.id)
    else:
        measures.dismiss(who, doer, one.row.id, "not this one")
    close(home, 3, T + DAY)
    bring(home, before(20), hour=1)
    close(home, 4, T + 2 * DAY)
    assert [each.state for each in removals(home, "S", "points_line")] == ["in_force" if confirmed else "dismissed"]


# Levels


@pytest.mark.spec("DY-L04")
def test_a_removal_that_a_day_closed_late_brings_about(home: Home) -> None:
    """B alone is a shop's first bad day; with A, 61 days before and closed later, it has stood lowest for 60 days at B. Days
    closed between change nothing, and newer facts by which it stands higher take the removal back."""
    bring(home, douyin(100), covers=WHOLE)
    close(home, 1, B)
    assert (history(home)[B][0], history(home)[B][-1]) == ("lv0", "down")
    assert not removals(home, "D", "removal")
    close(home, 2, A)
    assert (history(home)[A][-1], history(home)[B][-1]) == ("down", "removal")
    for hours, day in ((3, A + 10 * DAY), (4, B + DAY)):
        [one] = removals(home, "D", "removal")
        assert (one.state, one.row.evidence) == ("proposed", {"level_since": str(A)})
        close(home, hours, day)
    higher = table("shop_id,platform,level,level_since", ("D", "douyin", "lv3", "2024-01-01"))
    bring(home, {"shops": higher}, hour=1)
    close(home, 5, A)
    assert [each.state for each in removals(home, "D", "removal")] == ["withdrawn"]


def test_a_removal_by_level_withdrawn_and_found_again(home: Home) -> None:
    """The same one, not a second; what a person dismissed stays so."""
    first = douyin(100)
    bring(home, first, covers=WHOLE)
    close(home, 1, A)
    close(home, 2, B)
    for n, level in enumerate(("lv3", ""), start=1):
        bring(home, {"shops": table("shop_id,platform,level,level_since", ("D", "douyin", level, "2024-01-01"))}, hour=n)
        close(home, 2 + n, A)
        assert [each.state for each in removals(home, "D", "removal")] == [("withdrawn", "proposed")[n - 1]]
    [one] = removals(home, "D", "removal")
    measures.dismiss(office(home), Doer(1, NOON + 6 * HOUR), one.row.id, "no")
    close(home, 7, B + DAY)
    assert [each.state for each in removals(home, "D", "removal")] == ["dismissed"]

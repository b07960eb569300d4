"""Figures beside their benchmarks, intervals and values before; shops by their need."""

import datetime as dt
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tianping.errors import NotFound
from tianping.work.closing import bysubject
from tianping.work.closing.closed import find, rows
from tianping.work.figures import boards, morning
from tianping.work.figures.boards import Look, Shown, Subject
from tianping.work.figures.catalogue import catalogue
from tianping.work.figures.trends import Line, trends
from tianping.work.home import Home, locked, set_scope
from tianping.work.people.reach import EVERYTHING, Reach

from .homes import copy, rules
from .stalls import T, crowd, stalls

RATE = ("quality_refund_rate", "")
ONLY_A = Reach(frozenset({"A"}))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return stalls(tmp_path_factory.mktemp("stalls") / "home")


def look(home: Home, reach: Reach = EVERYTHING, date: dt.date = T) -> Look:
    return boards.look(home, rules(), find(home, date), reach)


def shown(found: list[Shown], key: tuple[str, str] = RATE) -> Shown:
    return next(each for each in found if each.key == key)


def counts(each: Shown) -> tuple[object, object]:
    return each.figure["numerator"], each.figure["denominator"]


def test_a_shop_beside_its_platform_and_the_day_before(home: Home) -> None:
    """4/25 beside 4/40, and 1/23 the day before."""
    each = shown(boards.of_shop(look(home), "kuaishou", "A", days=30))
    assert counts(each) == (4, 25)
    assert (each.benchmark, each.ratio, each.before, each.worse) == (Fraction(4, 40), Fraction(8, 5), Fraction(1, 23), True)
    assert each.severity == ""


def test_a_category_beside_the_industry(home: Home) -> None:
    """4/15 beside 4/30: twice, to the last digit."""
    each = shown(boards.of_shop_category(look(home), "kuaishou", "A", "服饰", days=30))
    assert (counts(each), each.benchmark, each.ratio, each.severity) == ((4, 15), Fraction(4, 30), Fraction(2), "x2")
    industry = shown(boards.of_category(look(home), "kuaishou", "服饰/女装", days=30))
    assert (counts(industry), industry.benchmark) == ((4, 30), None)


def test_the_first_close_has_nothing_before(home: Home) -> None:
    first = look(home, date=T - dt.timedelta(days=1))
    assert first.before is None
    each = shown(boards.of_shop(first, "kuaishou", "A", days=30))
    assert (counts(each), each.before, each.worse) == ((1, 23), None, False)


def test_the_interval_is_wilsons(home: Home) -> None:
    """4 of 25: 6.4 % to 34.7 %, as any table of Wilson's has it."""
    each = shown(boards.of_shop(look(home), "kuaishou", "A", days=30))
    assert each.low is not None
    assert each.high is not None
    assert (round(float(each.low), 4), round(float(each.high), 4)) == (0.064, 0.3465)
    rated = shown(boards.of_shop(look(home), "kuaishou", "A", days=30), ("quality_refund_count", ""))
    assert (rated.value, rated.low, rated.benchmark) == (Fraction(4), None, None)


def test_the_copy_by_subject_says_the_same(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many files it has, however often it is made anew."""
    monkeypatch.setattr(bysubject, "_FILE", 40)
    done, other = find(home, T), copy(home, tmp_path / "other")
    shutil.rmtree(other.path / bysubject.FOLDER, ignore_errors=True)
    for subject in ("A", "A/服饰/女装", "D", "kuaishou", "服饰", "PA", "nobody"):
        whole = list(rows(home, done, {"subject": [subject]}))
        found = list(rows(other, done, {"subject": [subject]}, by_subject=True))
        assert sorted(found, key=repr) == sorted(whole, key=repr)
    assert len(list((other.path / bysubject.FOLDER).rglob("*.parquet"))) > 5


def test_while_the_copy_is_made_nobody_waits(home: Home, tmp_path: Path) -> None:
    """Figures come from the close's own file as long as somebody, of whatever process, is making the copy."""
    done, other = find(home, T), copy(home, tmp_path / "other")
    shutil.rmtree(other.path / bysubject.FOLDER, ignore_errors=True)
    figures = other.path / done.path
    with locked(other.path / "subjects.lock", wait=True):
        assert bysubject.beside(other.path, figures, ["A"]) == [str(figures)]
        assert not (other.path / bysubject.FOLDER).exists()
    [made] = bysubject.beside(other.path, figures, ["A"])
    assert Path(made).is_relative_to(other.path / bysubject.FOLDER)


@pytest.mark.parametrize(
    ("ratio", "severity"),
    [(None, ""), (Fraction(2) - Fraction(1, 10**9), ""), (Fraction(2), "x2"), (Fraction(5), "x5"), (Fraction(10), "x10")],
)
def test_marks_begin_on_their_lines(ratio: Fraction | None, severity: str) -> None:
    assert boards.mark(ratio) == severity


def test_too_few_is_not_marked(home: Home) -> None:
    """1/2 negative reviews are too few to say anything by."""
    each = shown(boards.of_shop(look(home), "kuaishou", "A", days=30), ("negative_review_rate", ""))
    assert (counts(each), each.status, each.severity) == ((1, 2), "too_few", "")


def test_no_value_has_no_interval() -> None:
    metric = rules()["kuaishou"].metrics[RATE]
    assert boards.wilson({"numerator": 7, "denominator": 8, "status": "no_data"}, metric) == (None, None)


def test_a_shop_out_of_reach_is_not_there(home: Home) -> None:
    said = []
    for shop in ("B", "nobody"):
        with pytest.raises(NotFound) as error:
            boards.of_shop(look(home, ONLY_A), "kuaishou", shop)
        said.append(str(error.value).replace(shop, "…"))
    assert said[0] == said[1]


def test_own_shops_are_no_industry(home: Home, tmp_path: Path) -> None:
    """In a home of own shops there is no benchmark but an imported one, and no average for those who see only some."""
    own = copy(home, tmp_path / "own")
    set_scope(own, "own_shops")
    each = shown(boards.of_shop_category(look(own, ONLY_A), "kuaishou", "A", "服饰", days=30))
    assert (counts(each), each.benchmark, each.severity) == ((4, 15), None, "")
    with pytest.raises(NotFound):
        boards.of_category(look(own, ONLY_A), "kuaishou", "服饰")
    assert counts(shown(boards.of_category(look(own), "kuaishou", "服饰", days=30))) == (4, 30)


def test_a_trend_has_a_point_a_close(home: Home) -> None:
    subject = Subject("kuaishou", "shop", "A")
    points = trends(look(home), [subject], days=30, keys=[RATE])[Line(subject, *RATE, 30)]
    assert [(point.date.day, point.value) for point in points] == [(29, Fraction(1, 23)), (30, Fraction(4, 25))]


def test_needs_and_what_is_behind(home: Home) -> None:
    """A got worse, and comes first. None of Kuaishou's brought its chats, so that is no need of B's; C brought nothing at all,
    and D is alone on its platform. Behind A stands its dress."""
    seen = look(home)
    book = catalogue(home, seen.done.seq)
    found = morning.morning(seen, book.within(seen.reach))
    assert (found.shops, found.needy, found.worse, found.lacking) == (4, 3, 1, 2)
    assert [(each.shop, each.lacking > 0) for each in found.page] == [("A", False), ("D", True), ("C", True), ("B", False)]
    assert max(found.page, key=lambda need: need.lacking).shop == "C"
    assert [each.key for each in found.page[0].worse] == [RATE]
    [mover] = morning.movers(seen, book, "A", RATE)
    assert (mover.product.id, mover.before, mover.now, mover.more) == ("PA", (1, 12), (4, 15), 3)


def test_the_lacks_of_ones_only_shop_are_its_own(home: Home) -> None:
    seen = look(home, Reach(frozenset({"B"})))
    found = morning.morning(seen, catalogue(home, seen.done.seq).within(seen.reach))
    assert (found.needy, found.page[0].lacking > 0) == (1, True)


@pytest.mark.parametrize(
    ("better", "value", "before", "rows", "worse"),
    [
        ("higher", "9861/10000", "9862/10000", 10_000, False),
        ("higher", "981/1000", "982/1000", 1_000, False),  # a twentieth farther from all, by one row
        ("higher", "980/1000", "982/1000", 1_000, True),
        ("lower", "105/10000", "100/10000", 10_000, True),
        ("lower", "104/10000", "100/10000", 10_000, False),
        ("lower", "2/10000", "0", 10_000, True),
        ("neither", "2/10", "1/10", 10_000, False),
    ],
)
def test_a_hairs_breadth_is_not_worse(better: Any, value: str, before: str, rows: int, *, worse: bool) -> None:
    """As the morning page has it."""
    metric = rules()["kuaishou"].metrics[RATE].model_copy(update={"better": better})
    assert boards.is_worse(metric, Fraction(value), Fraction(before), rows) is worse


def test_reasons_are_first_causes(home: Home) -> None:
    """The damaged dress stays damaged though its reason was changed later."""
    seen = look(home)
    found = morning.reasons(seen, catalogue(home, seen.done.seq), "A", RATE)
    assert found == [("quality", 2), ("damaged", 1), ("not_as_described", 1)]


def test_what_is_missing_is_told_by_table(home: Home) -> None:
    seen = look(home)
    book = catalogue(home, seen.done.seq)
    gaps = morning.gaps(seen, [book.shops["C"]])
    assert {"orders", "cases"} <= {gap.table for gap in gaps}
    assert all(gap.first is None and gap.shops == ("C",) for gap in gaps)


@pytest.mark.parametrize(
    ("why", "gaps"),
    [
        ("never supplied: cases, orders.closed_at", [("cases", (), None, None), ("orders", ("closed_at",), None, None)]),
        (
            "days not covered: cases 2024-02-18..2024-02-29; orders 2024-03-01..2024-03-01",
            [
                ("cases", (), dt.date(2024, 2, 18), dt.date(2024, 2, 29)),
                ("orders", (), dt.date(2024, 3, 1), dt.date(2024, 3, 1)),
            ],
        ),
    ],
)
def test_a_gap_is_read_from_why(why: str, gaps: list[tuple[object, ...]]) -> None:
    assert [(gap.table, gap.columns, gap.first, gap.last) for gap in morning.told("kuaishou", why, ("S1",))] == gaps


def test_of_two_hundred_the_neediest_come_first(tmp_path: Path) -> None:
    """Five at ten times the benchmark, then those at five times; by number where nothing else tells them apart."""
    home = crowd(tmp_path / "home")
    seen = look(home)
    found = morning.morning(seen, catalogue(home, seen.done.seq).within(seen.reach), take=20)
    assert [need.shop for need in found.page] == [f"S{n}" for n in (195, 196, 197, 198, 199, *range(175, 190))]
    assert [need.severity for need in found.page] == ["x10"] * 5 + ["x5"] * 15

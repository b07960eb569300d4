"""Scores: weights, what is left out, caps, grades; by hand, by properties, and against a plain oracle."""

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assess.hand import SHOP, Hand, shipped, shipped_scores
from assess.plain import Key, Plain
from tianping.assess.finding import Seen, Subject, Whole
from tianping.assess.score import NOTHING_LEFT, TOO_FEW, Scored, order, score, scores
from tianping.policy.judging import Item, ScoreVersion
from tianping.policy.load import key_of

LABEL = {"zh": "甲", "en": "A"}
DAYS = [("kuaishou", dt.date(2024, 6, 30)), ("douyin", dt.date(2022, 6, 20)), ("douyin", dt.date(2022, 6, 21))]
NOW = pytest.mark.parametrize(("platform", "date"), DAYS)


def item(metric: str, weight: object = 1, **more: object) -> dict[str, object]:
    """Points are the value times 100."""
    return {"metric": metric, "weight": weight, "curve": [[0, 0], [1, 100]], **more}


def version(groups: Mapping[str, tuple[object, Mapping[str, Mapping[str, object]]]], **more: object) -> ScoreVersion:
    """Groups by name: weight and items."""
    written = {name: {"label": LABEL, "weight": weight, "items": items} for name, (weight, items) in groups.items()}
    head: dict[str, Any] = {"since": "2010-01-01", "source": [{"document": "S1"}], "words": LABEL, "out_of": 100}
    return ScoreVersion.model_validate({**head, "groups": written, **more})


def one(given: Mapping[str, object], figures: Hand, **more: object) -> Scored:
    """The score of one item."""
    return score("made", version({"g": (1, {"i": given})}, **more), SHOP, figures)


TWO = version({"g": (3, {"a": item("a", 1), "b": item("b", 2)}), "h": (1, {"c": item("c")})})


def test_means_by_weight() -> None:
    """(1×0.1 + 2×0.4)/3 = 0.3 of the first group; (3×30 + 1×70)/4 = 40 in all; shares are 1/4, 1/2, 1/4."""
    found = score("made", TWO, SHOP, Hand({"a": (1, 10), "b": (4, 10), "c": (7, 10)}))
    assert found.total == 40
    assert [group.points for group in found.groups] == [30, 70]
    assert [each.share for each in found.items] == [Fraction(1, 4), Fraction(1, 2), Fraction(1, 4)]
    assert [group.share for group in found.groups] == [Fraction(3, 4), Fraction(1, 4)]


def test_an_item_left_out_makes_the_others_weigh_more() -> None:
    """Without b the first group is a alone: (3×10 + 1×70)/4 = 25."""
    found = score("made", TWO, SHOP, Hand({"a": (1, 10), "c": (7, 10)}))
    assert found.total == 25
    assert [each.share for each in found.items] == [Fraction(3, 4), 0, Fraction(1, 4)]
    assert (found.items[1].points, found.items[1].why) == (None, "undefined")


def test_a_group_without_items_is_left_out() -> None:
    """Only c is left: its 70 are the total, not 70/4."""
    found = score("made", TWO, SHOP, Hand({"c": (7, 10)}))
    assert [found.total, found.groups[0].points, found.groups[1].share] == [70, None, 1]


def test_nothing_left() -> None:
    """No item has points: no score, and why."""
    found = score("made", TWO, SHOP, Hand())
    assert (found.total, found.grade, found.why) == (None, None, NOTHING_LEFT)


@pytest.mark.parametrize(("denominator", "points"), [(9, None), (10, 50), (11, Fraction(600, 11))])
def test_enough(denominator: int, points: Fraction | None) -> None:
    """Nine are fewer than `enough: 10`, ten are enough."""
    numerator = denominator // 2 + denominator % 2
    assert one(item("a", enough=10), Hand({"a": (numerator, denominator)})).total == points


@pytest.mark.parametrize(
    ("too_few", "total", "why"), [("reweight", 80, ""), ("start", Fraction(80 + 60, 2), ""), ("none", None, TOO_FEW)]
)
def test_too_few(too_few: str, total: Fraction | None, why: str) -> None:
    """Nine of ten: left out; the start points; no score at all."""
    items = {"a": item("a", enough=10, too_few=too_few, start=60), "b": item("b")}
    found = score("made", version({"g": (1, items)}), SHOP, Hand({"a": (1, 9), "b": (8, 10)}))
    assert (found.total, found.why, found.items[0].why) == (total, why, TOO_FEW)


@pytest.mark.parametrize("status", ["incomplete", "no_data", "immature"])
def test_silent_figures_are_too_few(status: str) -> None:
    """A figure that says nothing is left out, with its status as the reason."""
    found = one(item("a"), Hand({"a": Seen(5, 10, status)}))
    assert (found.total, found.items[0].why) == (None, status)


def test_a_figure_called_too_few_is_asked_by_the_item_s_own_line() -> None:
    """`too_few` is the pack's line for showing; the item has its own."""
    assert one(item("a", enough=4), Hand({"a": Seen(2, 4, "too_few")})).total == 50


@pytest.mark.parametrize(
    ("means", "total", "why"),
    [
        ({}, None, "no_benchmark"),
        ({"a": 0}, None, "benchmark_zero"),
        ({"a": Fraction(1, 4)}, 80, ""),
        ({"a": Whole(Fraction(1, 2))}, 40, ""),
    ],
)
def test_ratio(means: Mapping[str, Fraction | int | Whole], total: int | None, why: str) -> None:
    """0.2 against a quarter is 0.8; without a benchmark, or against none at all, the item is left out."""
    found = one(item("a", take="ratio"), Hand({"a": (2, 10)}, means))  # type: ignore[arg-type]
    assert (found.total, found.items[0].why) == (total, why)


CAP = {"at_most": 40, "unless": [{"metric": "c", "take": "numerator", "less_than": 4}, {"metric": "c", "at_most": "1 %"}]}


@pytest.mark.parametrize(
    ("cases", "ended", "points", "capped"),
    [(3, 10, 90, False), (4, 399, 40, True), (4, 400, 90, False), (4, 401, 90, False), (0, 0, 90, False)],
)
def test_cap(cases: int, ended: int, points: int, capped: bool) -> None:
    """Unless fewer than four, or at most 1 %: both lines, each from both sides; nothing happened is fewer than four."""
    found = one(item("a", cap=CAP), Hand({"a": (9, 10), "c": (cases, ended)}))
    assert found.total == points
    assert (found.items[0].capped, len(found.items[0].cap)) == (capped, 2)


def test_a_cap_nothing_is_known_of_takes_nothing_away() -> None:
    assert one(item("a", cap=CAP), Hand({"a": (9, 10), "c": Seen(0, 0, "incomplete")})).total == 90


@pytest.mark.parametrize(("tenths", "total", "capped"), [(3, 30, False), (4, 40, False), (5, 40, True)])
def test_a_cap_lifts_nothing(tenths: int, total: int, capped: bool) -> None:
    """30 and 40 points stay under a cap of 40, and are not called capped."""
    found = one(item("a", cap=CAP), Hand({"a": (tenths, 10), "c": (9, 10)}))
    assert found.total == total
    assert found.items[0].capped is capped


def test_a_cap_holds_of_start_points() -> None:
    assert one(item("a", cap=CAP, too_few="start", start=60), Hand({"c": (9, 10)})).total == 40


@pytest.mark.parametrize(("numerator", "grade"), [(799, "B"), (800, "A"), (801, "A"), (600, "B"), (599, None)])
def test_grade(numerator: int, grade: str | None) -> None:
    """The best grade whose line is reached; below the lowest there is none."""
    grades = [{"label": {"zh": name, "en": name}, "at_least": line} for name, line in (("A", 80), ("B", 60))]
    found = one(item("a"), Hand({"a": (numerator, 1000)}), grades=grades).grade
    assert (found and found.label.en) == grade


INNER = version({"g": (1, {"a": item("a")})})
OUTER = version({"g": (1, {"made": {"score": "inner", "weight": 1}})}, out_of=5)


def test_a_score_as_an_item_is_scaled() -> None:
    """80 of 100 are 4 of 5."""
    found = scores({"outer": OUTER, "inner": INNER}, SHOP, Hand({"a": (8, 10)}))
    assert [found["inner"].total, found["outer"].total] == [80, 4]


def test_a_score_as_an_item_without_points() -> None:
    found = scores({"outer": OUTER, "inner": INNER}, SHOP, Hand())["outer"]
    assert (found.total, found.items[0].why) == (None, "no_score")


def test_a_score_as_an_item_with_a_curve() -> None:
    """Its own curve turns it into points."""
    curved = version({"g": (1, {"made": {"score": "inner", "weight": 1, "curve": [[60, 0], [100, 100]]}})})
    assert score("outer", curved, SHOP, Hand(points={"inner": 80})).total == 50


def test_inner_scores_come_first() -> None:
    """Also those that only the way out of a cap reads, inside "any"."""
    cap = {"at_most": 1, "unless": [{"any": [{"all": [{"score": "outer", "at_least": 3}]}]}]}
    last = version({"g": (1, {"a": item("a", cap=cap)})})
    assert order({"last": last, "outer": OUTER, "inner": INNER}) == ("inner", "outer", "last")


# Properties

WEIGHTS = st.fractions(Fraction(1, 10), 50, max_denominator=10)
PARTS = st.lists(
    st.tuples(WEIGHTS, st.lists(st.tuples(WEIGHTS, st.none() | st.integers(0, 100)), min_size=1, max_size=4)),
    min_size=1,
    max_size=4,
)


@given(PARTS)
def test_weights_add_up_again(parts: list[tuple[Fraction, list[tuple[Fraction, int | None]]]]) -> None:
    """Whatever is left out, the shares add up to one and Σ share × points is the total; proportions are kept among groups,
    and among the items of a group."""
    names = {(i, j): f"m{i}_{j}" for i, (_, items) in enumerate(parts) for j in range(len(items))}
    groups = {
        f"g{i}": (str(weight), {names[i, j]: item(names[i, j], str(each)) for j, (each, _) in enumerate(items)})
        for i, (weight, items) in enumerate(parts)
    }
    seen = {names[i, j]: (p, 100) for i, (_, items) in enumerate(parts) for j, (_, p) in enumerate(items) if p is not None}
    found = score("made", version(groups), SHOP, Hand(seen))  # type: ignore[arg-type]
    if not seen:
        assert found.total is None
        return
    assert sum(each.share for each in found.items) == 1
    assert sum(each.share * each.points for each in found.items if each.points is not None) == found.total
    there = [(group, weight) for group, (weight, _) in zip(found.groups, parts, strict=True) if group.points is not None]
    assert len({group.share / weight for group, weight in there}) == 1
    for group in found.groups:
        assert len({each.share / each.item.weight for each in group.items if each.points is not None}) <= 1


def _read(versions: Mapping[str, ScoreVersion]) -> dict[Key, Item]:
    """The figures that scores read, as items or in their caps."""
    items = [each for one in versions.values() for group in one.groups.values() for each in group.items.values()]
    read = {(each.metric, each.days): each for each in items if each.metric}
    for each in items:
        for way in each.cap.unless if each.cap else ():
            if way.metric:
                read.setdefault((way.metric, way.days), each)
    return read


SIZES = st.sampled_from([0, 1, 9, 10, 11, 40, 286, 300]) | st.integers(0, 3000)


def _most(platform: str, key: Key) -> int:
    """The greatest value that a figure takes here: two days, five stars, all."""
    unit = shipped(platform).metrics[key_of(key[0])].unit
    return {"seconds": 172800, "stars": 5, "rate": 1}[unit]


def _share(draw: st.DrawFn) -> Fraction:
    """Often near the end where points are won: rare things, or almost all."""
    share = draw(st.fractions(0, 1, max_denominator=1000))
    return draw(st.sampled_from([share, share / 50, 1 - share / 20]))


@st.composite
def shops(draw: st.DrawFn, platform: str, date: dt.date) -> tuple[dict[Key, Seen], dict[Key, Fraction]]:
    """Figures and benchmarks of one shop: some missing, small, silent, at the lines."""
    seen, means = {}, {}
    for key in _read(shipped_scores(platform, date)):
        most, size = _most(platform, key), draw(SIZES)
        status = draw(st.sampled_from(["ok"] * 6 + ["too_few", "incomplete", "no_data"]))
        if draw(st.integers(0, 9)):
            seen[key] = Seen(int(_share(draw) * size * most), size, status if size else "undefined")
        if draw(st.integers(0, 9)):
            means[key] = _share(draw) * most
    return seen, means


def hand(seen: Mapping[Key, Seen], means: Mapping[Key, Fraction]) -> Hand:
    """Keys of 30 days by their metric alone."""
    return Hand({_key(key): each for key, each in seen.items()}, {_key(key): each for key, each in means.items()})


def _key(key: Key) -> str | Key:
    return key[0] if key[1] == 30 else key


def totals(platform: str, date: dt.date, seen: Mapping[Key, Seen], means: Mapping[Key, Fraction]) -> dict[str, Scored]:
    return scores(shipped_scores(platform, date), Subject(platform, "S1"), hand(seen, means))


@NOW
@given(data=st.data())
def test_as_the_plain_oracle(platform: str, date: dt.date, data: st.DataObject) -> None:
    """Every shipped score of every shop is what slow reckoning from the pack's text gives, and lies from 0 to full marks."""
    seen, means = data.draw(shops(platform, date))
    plain = Plain(platform, date, {key: (each.numerator, each.denominator, each.status) for key, each in seen.items()}, means)
    for name, found in totals(platform, date, seen, means).items():
        assert found.total == plain.total(name), name
        assert found.total is None or 0 <= found.total <= found.version.out_of
        assert sum(each.share for each in found.items if found.total is not None) in (0, 1)


@NOW
@given(data=st.data())
def test_better_never_scores_lower(platform: str, date: dt.date, data: st.DataObject) -> None:
    """One figure gets better, all else equal: no score falls, whether it is an item, a cap's way out, or both."""
    seen, means = data.draw(shops(platform, date))
    assume(seen)
    key = data.draw(st.sampled_from(sorted(seen)))
    metric = shipped(platform).metrics[key_of(key[0])]
    end = seen[key].denominator * _most(platform, key) if metric.better == "higher" else 0
    better = data.draw(st.integers(min(end, seen[key].numerator), max(end, seen[key].numerator)))
    before, after = (
        totals(platform, date, {**seen, key: seen[key]._replace(numerator=numerator)}, means)
        for numerator in (seen[key].numerator, better)
    )
    assert metric.better in ("lower", "higher")
    for name in before:
        low, high = before[name].total, after[name].total
        assert (low is None) == (high is None)
        assert low is None or high is None or low <= high, name


@NOW
@given(data=st.data())
def test_caps_hold(platform: str, date: dt.date, data: st.DataObject) -> None:
    """Where every way out fails, no item gives more than its cap."""
    for found in totals(platform, date, *data.draw(shops(platform, date))).values():
        for each in found.items:
            if each.item.cap and each.points is not None and all(way.holds is False for way in each.cap):
                assert each.points <= each.item.cap.at_most


@NOW
def test_shipped_curves_run_one_way_and_stay_within(platform: str, date: dt.date) -> None:
    """From 0 to full marks, rising where more is better, falling where less is: and the two ends are both reached."""
    for made in shipped_scores(platform, date).values():
        for each in (one for group in made.groups.values() for one in group.items.values() if one.metric):
            assert each.metric is not None
            given = [y for _, y in each.curve]
            rising = shipped(platform).metrics[key_of(each.metric)].better == "higher"
            assert given == sorted(given, reverse=not rising)
            assert {given[0], given[-1]} == {Fraction(0), made.out_of}

"""The small pictures say what the numbers say."""

import datetime as dt
from fractions import Fraction

from tianping.policy.saying import amount, span
from tianping.web import charts
from tianping.web.charts import Chart, Mark, Series
from tianping.web.frame import templates
from tianping.web.pages.parts import SAMPLES, Sample, shown

DAY = dt.date(2026, 3, 1)


def days(count: int) -> list[dt.date]:
    return [DAY + dt.timedelta(days=at) for at in range(count)]


def test_a_sparkline_spans_its_box() -> None:
    """The lowest value lies at the foot, the highest at the head, days are to scale."""
    found = charts.sparkline([(days(5)[0], Fraction(1)), (days(5)[1], Fraction(3)), (days(5)[4], Fraction(2))])
    assert found is not None
    assert found.lines == ("3.0,21.0 25.5,3.0 93.0,12.0",)
    assert found.end == (93.0, 12.0)


def test_a_sparkline_breaks_where_nothing_is_known() -> None:
    values = [Fraction(1), Fraction(2), None, Fraction(2), Fraction(1)]
    found = charts.sparkline(list(zip(days(5), values, strict=True)))
    assert found is not None
    assert len(found.lines) == 2
    assert found.points == 4


def test_a_single_point_between_gaps_is_not_lost_at_the_end() -> None:
    values = [Fraction(1), Fraction(2), None, Fraction(3)]
    found = charts.sparkline(list(zip(days(4), values, strict=True)))
    assert found is not None
    assert found.end == (93.0, 3.0)


def test_a_level_sparkline_lies_in_the_middle() -> None:
    found = charts.sparkline([(day, Fraction(1, 3)) for day in days(2)])
    assert found is not None
    assert found.lines == ("3.0,12.0 93.0,12.0",)


def test_one_value_is_no_trend() -> None:
    assert charts.sparkline([(DAY, Fraction(1)), (DAY, None)]) is None
    assert charts.sparkline([]) is None


def test_a_chart_keeps_gaps_apart_from_zero() -> None:
    chart = Chart("rate", "rate", days(2), [Series("S1", [None, Fraction(0)])], [Mark(days(2)[1], "new")])
    plain = chart.plain("zh")
    assert plain["series"] == [{"name": "S1", "kind": "line", "values": [None, 0.0], "text": ["–", "0.00 %"]}]
    assert plain["marks"] == [{"day": "2026-03-02", "words": "new"}]
    assert list(chart.rows("zh")) == [("2026-03-02", ["0.00 %"]), ("2026-03-01", ["–"])]


def test_bars_have_their_days_as_ticks() -> None:
    weeks = Chart("by week", "count", days(2), [Series("quality", [Fraction(1), Fraction(0)], "bar")])
    assert (weeks.plain("zh")["axis"], Chart("rate", "rate", days(2), []).plain("zh")["axis"]) == ("category", "time")


def test_the_benchmark_of_a_marked_figure_stands_before_the_middle() -> None:
    """A value beyond the middle of the bar is more than twice the benchmark."""
    five = charts.interval(shown(Sample("", 41, 1277, benchmark=Fraction(31, 5000))))
    assert five is not None
    assert five.benchmark is not None
    assert five.benchmark < 50 < five.value
    assert five.low < five.value < five.low + five.width


def test_where_higher_is_better_the_bar_ends_at_one() -> None:
    found = charts.interval(shown(Sample("", 970, 1000, benchmark=Fraction(97, 100), better="higher")))
    assert found is not None
    assert found.value == found.benchmark
    assert found.low + found.width < 100


def test_every_bar_stays_inside_its_box() -> None:
    for sample in (
        *SAMPLES,
        Sample("", 0, 5),
        Sample("", 5, 5),
        Sample("", 0, 5, better="higher"),
        Sample("", 5, 5, better="higher"),
    ):
        bar = charts.interval(shown(sample))
        if bar is not None:
            assert 0 <= bar.low <= bar.low + bar.width <= 100
            assert 0 <= bar.value <= 98


def test_what_stands_beside_a_value() -> None:
    """A rate has its fraction, a mean the size of its sample, a count nothing."""
    said = {sample.name: charts.fraction(shown(sample)) for sample in SAMPLES}
    assert said["five"] == "41/1\u2009277"
    assert said["mean"] == "n\u2009=\u2009412"
    assert said["count"] == said["money"] == ""


def test_a_ratio_never_seems_to_reach_a_line() -> None:
    assert [charts.times(Fraction(text)) for text in ("1.99", "2", "9.99", "10.9", "46")] == ["1.99", "2.0", "9.9", "10", "46"]


def test_a_change_nobody_can_read_is_told_as_none() -> None:
    """3.974 after 3.971 is ≈, not 3.97 ↓ from 3.97; a day is one in the reader's language."""
    part = templates().from_string("{% import 'parts.html' as parts with context %}{{ parts.change(each) }}")
    each = shown(Sample("stars", 3_971, 1_000, before=Fraction(3_974, 1_000), unit="stars", better="higher"))
    made = part.render(each=each, t=lambda key, **_: key, url=None, here="", csrf="", amount=amount)
    assert ("≈" in made, "↓" in made) == (True, False)
    assert (span(90_061), span(90_061, "zh")) == ("1 d 01:01:01", "1 天 01:01:01")

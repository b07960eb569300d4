"""`/parts`: every part that pages are made of, in all its states, with made-up figures."""

import datetime as dt
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from tianping.periods import Period
from tianping.policy.model import CountOf, Metric, Unit, Version
from tianping.policy.words import Source, Words
from tianping.web.access import Seen
from tianping.web.charts import Chart, Mark, Series
from tianping.web.frame import page
from tianping.web.wording import t
from tianping.work.figures.boards import Shown, is_worse, mark, wilson

router = APIRouter()
DATE = dt.date(2026, 3, 30)
_DAY = dt.timedelta(days=1)


class Sample(NamedTuple):
    """A made-up figure: the key of its words, what it counts, its benchmark and what it was before."""

    name: str
    numerator: int
    denominator: int
    status: str = "ok"
    benchmark: Fraction | None = None
    before: Fraction | None = None
    unit: Unit = "rate"
    better: str = "lower"


USUAL = Fraction(31, 5000)
SAMPLES = (
    Sample("usual", 41, 6612, benchmark=USUAL, before=Fraction(41, 6612)),
    Sample("twice", 17, 1204, benchmark=USUAL, before=Fraction(15, 1230)),
    Sample("five", 41, 1277, benchmark=USUAL, before=Fraction(36, 1301)),
    Sample("ten", 122, 1507, benchmark=USUAL, before=Fraction(140, 1490)),
    Sample("higher", 11893, 12040, benchmark=Fraction(97, 100), before=Fraction(98, 100), better="higher"),
    Sample("mean", 38_664_000, 412, benchmark=Fraction(86_400), unit="seconds"),
    Sample("stars", 9_120, 2_000, benchmark=Fraction(467, 100), unit="stars", better="higher"),
    Sample("count", 1277, 1, unit="count"),
    Sample("money", 12_775_000, 1, unit="fen"),
    Sample("few", 2, 7, "too_few", USUAL),
    Sample("undefined", 0, 0, "undefined", USUAL),
    Sample("immature", 9, 880, "immature", USUAL),
    Sample("incomplete", 12, 1100, "incomplete", USUAL),
    Sample("no_data", 0, 0, "no_data", USUAL),
)


@router.get("/parts")
def parts(request: Request, seen: Seen) -> Response:
    """All parts in all states."""
    return page(
        request, seen, "parts_page.html",
        samples=[(sample.name, shown(sample)) for sample in SAMPLES],
        points=[(DATE - at * _DAY, Fraction(30 + at % 7 * 3 + at % 3, 2000)) for at in reversed(range(30))],
        gap=[(DATE - at * _DAY, None if 8 < at < 14 else Fraction(60 - at, 2000)) for at in reversed(range(30))],
        lines=lines(seen.lang), bars=bars(seen.lang), span=Period(dt.date(2026, 2, 14), dt.date(2026, 3, 15)),
    )  # fmt: skip


def shown(sample: Sample) -> Shown:
    """The sample as a figure."""
    figure = MappingProxyType(_figure(sample))
    metric = _metric(sample)
    value = Fraction(sample.numerator, sample.denominator) if sample.denominator else None
    ratio = value / sample.benchmark if value is not None and sample.benchmark else None
    low, high = wilson(figure, metric)
    worse = sample.status == "ok" and is_worse(metric, value, sample.before, sample.denominator)
    severity = mark(ratio) if sample.status == "ok" and sample.better == "lower" else ""
    return Shown(figure, metric, "kuaishou", value, low, high, sample.benchmark, ratio, severity, sample.before, worse)


def _figure(sample: Sample) -> dict[str, Any]:
    return {
        "platform": "kuaishou", "metric": "quality_refund_rate", "variant": "", "version": "2010-01-01",
        "by": "shop", "subject": "S1", "date": DATE, "days": 30,
        "first_day": dt.date(2026, 2, 14), "last_day": dt.date(2026, 3, 15),
        "numerator": sample.numerator, "denominator": sample.denominator, "status": sample.status, "why": "",
    }  # fmt: skip


def _metric(sample: Sample) -> Metric:
    words = Words(zh="品退率", en="Quality refund rate")
    count = CountOf(metric="quality_refund_rate", side="numerator")
    version = Version(since=dt.date(2010, 1, 1), source=(Source(document="S1"),), words=words, window=1, count_of=count)
    whole = sample.denominator == 1
    made = Metric(label=words, unit=sample.unit, better=sample.better, versions=(version,))  # type: ignore[arg-type]
    return made if whole else made.model_copy(update={"versions": ()})


def lines(lang: str) -> Chart:
    """A trend with its benchmark, a gap and a new version."""
    days = [DATE - at * _DAY for at in reversed(range(30))]
    own = [None if at in (11, 12) else Fraction(180 + (at * 37) % 50 + 6 * max(0, at - 20), 10_000) for at in range(30)]
    beside = Series(t("parts.benchmark", lang), [Fraction(62 + at % 3, 10_000) for at in range(30)], "benchmark")
    version = Mark(days[18], t("parts.chart_version", lang))
    return Chart(t("parts.chart_trend", lang), "rate", days, [Series(t("parts.chart_own", lang), own), beside], [version])


def bars(lang: str) -> Chart:
    """Counts by reason."""
    days = [DATE - at * _DAY for at in reversed(range(14))]
    counts = [[Fraction((at * (place + 3) + 2 * place) % 9) for at in range(14)] for place in range(4)]
    series = [Series(t(f"parts.reason_{name}", lang), each, "bar") for name, each in zip("abcd", counts, strict=True)]
    return Chart(t("parts.chart_reasons", lang), "count", days, series)

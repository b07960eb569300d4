"""Findings of judgement in the reader's words: what was read of which figure, beside what, against which line."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from tianping.policy.load import key_of
from tianping.policy.model import Metric, Pack
from tianping.policy.saying import amount, say
from tianping.web.addresses import figure_url
from tianping.web.charts import times
from tianping.web.wording import t, words

Json = Mapping[str, Any]
SIGNS = {"at_least": "≥", "more_than": ">", "at_most": "≤", "less_than": "<"}


class Whose(NamedTuple):
    """Whom findings are of, at which close: enough to name figures by. `pack` None: there is none any more."""

    pack: Pack | None
    platform: str
    shop: str
    product: str
    categories: Sequence[str]
    date: dt.date


class Said(NamedTuple):
    """A finding as people read it. `value`: of the figure, '' where the test says it; `counted`: its fraction; `benchmark` and
    `ratio` where it was held against one; `test`: what was taken, the comparison, the line; `holds`: what came of it (None:
    cannot be said, or nothing was asked). Of several joined (`all`, `any`): `parts`. `taken`: the number that counts; `place`:
    where it stands among those ranked, where it is in a tail."""

    name: str
    about: str
    href: str
    value: str
    counted: str
    benchmark: str
    ratio: str
    test: str
    holds: bool | None
    why: str
    joined: str = ""
    parts: tuple["Said", ...] = ()
    taken: str = ""
    place: str = ""


def said(found: Json, whose: Whose, lang: str) -> Said:
    """A finding, or a reading without a test."""
    if "parts" in found:
        parts = tuple(said(each, whose, lang) for each in found["parts"])
        return Said("", "", "", "", "", "", "", "", found["holds"], "", found["joined"], parts)
    if found.get("score"):
        return _of_score(found, whose, lang)
    metric = _metric(whose.pack, str(found["metric"]))
    figure, whole, taken = found.get("figure") or {}, found.get("benchmark") or {}, _number(found.get("taken"))
    against = found["take"] in ("ratio", "times_mean_shop")
    line, rows = _number(found.get("line")), found["take"] in ("numerator", "denominator", "rest")
    tested = line is not None
    return Said(
        name=say(metric.label, lang) if metric else str(found["metric"]),
        about=_about(found, whose, lang),
        href=_href(found, whose),
        value="" if tested and not against else _value(figure, metric, lang),
        counted="" if tested and rows else _counted(figure, metric, lang),
        benchmark=_benchmark(found, whole, metric, lang) if against else "",
        ratio=f"{times(taken)}×" if against and taken is not None else "",
        test=_test(found, taken, line, _reads(found, metric, lang)) if line is not None else "",
        holds=found.get("holds"),
        why=why(str(found.get("why") or ""), lang),
        taken="–" if taken is None else _reads(found, metric, lang)(taken),
        place=_place(found.get("tail"), lang),
    )


def why(name: str, lang: str) -> str:
    """Why something cannot be said, or has no points; what there are no words for stays."""
    key = f"judgement.why_{name}"
    return "" if not name else t(key, lang) if key in words() else name


def _of_score(found: Json, whose: Whose, lang: str) -> Said:
    score = whose.pack.judging.scores.get(found["score"]) if whose.pack else None
    taken, line = _number(found.get("taken")), _number(found.get("line"))
    name = say(score.label, lang) if score else str(found["score"])
    test = _test(found, taken, line, points) if line is not None else ""
    reason, value = why(str(found.get("why") or ""), lang), "" if test else points(taken)
    return Said(name, "", "", value, "", "", "", test, found.get("holds"), reason)


def points(value: Fraction | None) -> str:
    """Points of a score."""
    return "–" if value is None else f"{float(value):.2f}"


def percent(value: Fraction | float) -> str:
    """A share: `42.5 %`."""
    return f"{float(value) * 100:.1f} %"


def _test(found: Json, taken: Fraction | None, line: Fraction, reads: Callable[[Fraction], str]) -> str:
    """`2.02× ≥ 2.0×`; violations' lines are reached or passed."""
    sign = SIGNS.get(str(found.get("comparison", "at_least")), "≥")
    return f"{'–' if taken is None else reads(taken)} {sign} {reads(line)}"


def _reads(found: Json, metric: Metric | None, lang: str) -> Callable[[Fraction], str]:
    """How what was taken of the figure reads: times, rows, or in the metric's unit."""
    if found["take"] in ("ratio", "times_mean_shop"):
        return lambda value: f"{times(value)}×"
    if metric and (found["take"] == "value" or metric.unit == "fen"):
        return lambda value: amount(value, metric.unit, lang)
    return lambda value: f"{float(value):g}"


def _value(figure: Json, metric: Metric | None, lang: str) -> str:
    if not figure or not figure["denominator"]:
        return "–"
    value = Fraction(figure["numerator"], figure["denominator"])
    return amount(value, metric.unit, lang) if metric else f"{float(value):g}"


def _counted(figure: Json, metric: Metric | None, lang: str) -> str:
    """`41/1 277`; of counts nothing, of times how many."""
    if not figure or (metric and metric.unit in ("count", "fen")):
        return ""
    top, bottom = figure["numerator"], figure["denominator"]
    if metric and metric.unit in ("seconds", "stars"):
        return t("parts.sample", lang, n=_n(bottom))
    return f"{_n(top)}/{_n(bottom)}"


def _n(number: int) -> str:
    return f"{number:,}".replace(",", "\u2009")


def _benchmark(found: Json, whole: Json, metric: Metric | None, lang: str) -> str:
    """The benchmark with its fraction: `123/9 999 = 1.23 %`."""
    if not whole:
        return ""
    rate = Fraction(whole["rate"])
    shown = amount(rate, metric.unit, lang) if metric else f"{float(rate):g}"
    counted = whole.get("numerator") is not None and not (metric and metric.unit in ("seconds", "stars", "fen", "count"))
    exact = f"{_n(whole['numerator'])}/{_n(whole['denominator'])} = {shown}" if counted else shown
    of = whole.get("of") if _level(found) == "category" else ""
    named = t("judgement.of_category_named", lang, of=of) if of else t(f"judgement.of_{_level(found)}", lang)
    return t(f"judgement.{found['take']}_of", lang, of=named, value=exact)


def _place(tail: Json | None, lang: str) -> str:
    """`参与排名 10 个，从最差数起排第 1；…`; '' where it is no place in a tail."""
    if not tail:
        return ""
    counts = {name: _n(tail[name]) for name in ("rank", "ranked", "size")}
    return t("judgement.tail_place", lang, share=f"{float(Fraction(tail['share']) * 100):g}", **counts)


def _level(found: Json) -> str:
    against = str(found.get("against", "platform"))
    return "platform" if against == "platform" else "category"


def _about(found: Json, whose: Whose, lang: str) -> str:
    """`近 7 天`, `近 7 天 · 店铺`."""
    of, take = str(found.get("by") or _by(whose)), found["take"]
    told = [t("judgement.last_days" if found["days"] != 1 else "judgement.last_day", lang, n=found["days"])]
    told += [t(f"judgement.by_{of.partition('_l')[0]}", lang)] if of != _by(whose) else []
    told += [t(f"judgement.take_{take}", lang)] if take in ("numerator", "denominator", "rest") and "line" in found else []
    return " · ".join(told)


def _by(whose: Whose) -> str:
    return "product" if whose.product else "shop"


def _href(found: Json, whose: Whose) -> str:
    """The page of the figure; '' where it is of nobody with a page."""
    by = str(found.get("by") or _by(whose))
    named = {"shop": whose.shop, "product": whose.product, "platform": whose.platform}
    subject = whose.categories[int(by[-1]) - 1] if by.startswith("category") and whose.categories else named.get(by, "")
    if not subject or _metric(whose.pack, str(found["metric"])) is None:
        return ""
    metric, variant = key_of(str(found["metric"]))
    return figure_url({
        "platform": whose.platform, "metric": metric, "variant": variant, "by": by, "subject": subject,
        "days": found["days"], "date": whose.date,
    })  # fmt: skip


def _metric(pack: Pack | None, name: str) -> Metric | None:
    return pack.metrics.get(key_of(name)) if pack else None


def _number(text: object) -> Fraction | None:
    return None if text is None else Fraction(str(text))

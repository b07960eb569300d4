"""How the evidence of judgement reads: figures, calculations, conditions and amounts, exact and as people say them.

`said` is evidence as `assess.evidence` writes it: plain JSON, fractions as "a/b".
"""

import datetime as dt
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tianping.periods import to_wall
from tianping.policy.load import key_of
from tianping.policy.model import Metric, Pack, Unit
from tianping.policy.saying import amount, say
from tianping.policy.words import Words
from tianping.work.why.wordbook import Lang, t, words

Said = Mapping[str, Any]
COUNTED = ("denominator", "rest")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
TIMES = ("ratio", "times_mean_shop")


@dataclass(frozen=True, slots=True)
class Voice:
    """One language, and the pack whose names are used; None where there is no such pack any more."""

    lang: Lang
    pack: Pack | None

    def t(self, key: str, /, **values: object) -> str:
        return t(key, self.lang, **values)

    def say(self, told: Words) -> str:
        return say(told, self.lang)

    def known(self, code: str, otherwise: str | None = None) -> str:
        """The word of a status or reason; one that has none is left as it is, or is as given."""
        return self.t(code) if code in words() else code if otherwise is None else otherwise

    def metric(self, name: str) -> Metric | None:
        return self.pack.metrics.get(key_of(name)) if self.pack else None

    def named(self, said: Said) -> str:
        """The metric or score that a reading reads."""
        if said.get("score"):
            score = self.pack.judging.scores.get(said["score"]) if self.pack else None
            return self.t("score", name=self.say(score.label) if score else said["score"])
        metric = self.metric(said["metric"])
        name = self.say(metric.label) if metric else said["metric"]
        by = said.get("by")
        if by:
            return self.t("window_by", name=name, by=self.t(f"by_{by}"), days=said["days"])
        return self.t("window", name=name, days=said["days"])

    def reading(self, said: Said) -> str:
        """What is read: `X（近 30 日）与大盘之比`."""
        if said.get("score"):
            return self.named(said)
        return self.t(f"take_{said['take']}", name=self.named(said), against=self.against(said))

    def against(self, said: Said) -> str:
        return self.t(f"against_{said.get('against', 'platform')}")

    def number(self, value: Fraction | int | str) -> str:
        """`1 277`, `1.5`; a fraction without an end stays `1/3`."""
        exact = Fraction(value)
        if exact.denominator == 1:
            return f"{exact.numerator:,}".replace(",", "\u2009")
        ends = 10**6 % exact.denominator == 0
        return f"{float(exact):g}" if ends else str(exact)

    def times(self, value: Fraction, digits: int = 2) -> str:
        """`2 ×`, `2.61 ×`."""
        text = f"{float(value):,.{digits}f}".replace(",", "\u2009")
        return self.t("times", n=text.rstrip("0").rstrip("."))

    def amount(self, said: Said, value: Fraction | None) -> str:
        """A number of a reading, as it is taken."""
        if value is None:
            return "–"
        if said.get("score"):
            return self.points(value)
        if said["take"] in TIMES:
            return self.times(value)
        metric = self.metric(said["metric"])
        unit: Unit = metric.unit if metric else "rate"
        if said["take"] == "numerator":
            return self._sum(metric, unit, value)
        return self.number(value) if said["take"] in COUNTED else amount(value, unit, self.lang)

    def _sum(self, metric: Metric | None, unit: Unit, value: Fraction) -> str:
        if unit == "fen" and metric and metric.is_count:
            return amount(value, unit, self.lang)
        return self.t("seconds", n=self.number(value)) if unit == "seconds" else self.number(value)

    def moment(self, at: dt.datetime) -> str:
        """An instant (naive UTC) as wall time of the home's zone."""
        return f"{to_wall(at):%Y-%m-%d %H:%M:%S}"

    def points(self, value: Fraction | None) -> str:
        return "–" if value is None else self.t("points_of", n=f"{float(value):.4g}")

    def share(self, value: Fraction) -> str:
        return amount(value, "rate", self.lang)

    def fraction(self, counts: Said) -> str:
        """`41/1 277`."""
        return f"{self.number(counts['numerator'])}/{self.number(counts['denominator'])}"

    def value(self, said: Said) -> str:
        """The figure itself, whatever is taken of it: `41/1 277 = 3.21 %`."""
        figure, metric = said.get("figure"), self.metric(said["metric"]) if said.get("metric") else None
        if not figure:
            return "–"
        unit: Unit = metric.unit if metric else "rate"
        if not figure["denominator"]:
            return f"{self.fraction(figure)}"
        value = amount(Fraction(figure["numerator"], figure["denominator"]), unit, self.lang)
        return value if metric and metric.is_count else f"{self.fraction(figure)} = {value}"

    def benchmark(self, said: Said) -> str:
        """`大盘：123/9 999 = 1.23 %`; empty where nothing was held against it."""
        whole = said.get("benchmark")
        if not whole:
            return ""
        metric = self.metric(said["metric"])
        rate = amount(Fraction(whole["rate"]), metric.unit if metric else "rate", self.lang)
        against, of = self.against(said), whole.get("of")
        against = self.t("against_named", against=against, name=of) if of else against
        if whole["denominator"] is None:
            return self.t("benchmark_given", against=against, value=rate)
        return self.t("benchmark", against=against, fraction=self.fraction(whole), value=rate)

    def place(self, said: Said) -> str:
        """`排在第 1 位（从最差数起），…`; empty where it is no place in a tail."""
        tail = said.get("tail")
        if not tail:
            return ""
        counts = {name: self.number(tail[name]) for name in ("rank", "ranked", "size")}
        return self.t("tail_place", share=self.number(Fraction(tail["share"]) * 100), **counts)

    def calculation(self, said: Said) -> str:
        """How what was taken came about: `41/1 277 ÷ 123/9 999 = 2.61 ×`."""
        if said.get("score"):
            return self.amount(said, exact(said["taken"]))
        taken = exact(said["taken"])
        if taken is None:
            why = said.get("why") or "undefined"
            return f"{self.value(said)}{self.t('comma')}{self.known(why)}"
        steps = _STEPS.get(said["take"])
        return f"{steps(self, said)} = {self.amount(said, taken)}" if steps else self.value(said)

    def compared(self, said: Said, comparison: str = "at_least") -> str:
        """`2.61 × ≥ 2 ×`; where both read alike and are not, the exact number is added: `99.90 % (5009/5014) ≥ 99.90 %`."""
        taken, line = exact(said["taken"]), exact(said["line"])
        own, other = self.amount(said, taken), self.amount(said, line)
        beside = f" ({taken})" if own == other and taken != line else ""
        return f"{own}{beside} {self.t(said.get('comparison', comparison), line=other)}"

    def column(self, name: str) -> str:
        """A column of a row; one that has no words keeps its name."""
        return self.known(f"col_{name}", name)

    def cell(self, value: object) -> str:
        """A value of a row that a formula read, as `grounds` freezes it."""
        if value is None or isinstance(value, bool):
            return self.t({True: "yes", False: "no", None: "unknown"}[value])
        text = str(value)
        return (
            self.moment(dt.datetime.fromisoformat(text[:-1])) if _INSTANT.fullmatch(text) else self.known(f"cell_{text}", text)
        )

    def result(self, holds: bool | None) -> str:  # noqa: FBT001
        return self.t({True: "holds", False: "fails", None: "unsaid"}[holds])


def exact(text: str | None) -> Fraction | None:
    """A number of evidence."""
    return None if text is None else Fraction(text)


def _over(voice: Voice, said: Said) -> str:
    whole = said["benchmark"]
    below = f"{whole['rate']}" if whole["denominator"] is None else voice.fraction(whole)
    return f"{voice.fraction(said['figure'])} ÷ {below}"


def _mean_shop(voice: Voice, said: Said) -> str:
    whole, own = said["benchmark"], said["figure"]["numerator"]
    return f"{voice.number(own)} × {voice.number(whole['shops'])} ÷ {voice.number(whole['numerator'])}"


def _rest(voice: Voice, said: Said) -> str:
    figure = said["figure"]
    return f"{voice.number(figure['denominator'])} − {voice.number(figure['numerator'])}"


_STEPS = {"ratio": _over, "times_mean_shop": _mean_shop, "rest": _rest}


def readings(data: Said) -> Iterator[dict[str, Any]]:
    """Every reading of one trigger's evidence with its place: `gate` (joined ones down to their parts), `line`, `shift`."""
    for each in data.get("gates", ()):
        yield from ({**one, "place": "gate"} for one in leaves(each))
    reached = data.get("reached") or {}
    if reached.get("reading"):
        yield {**reached["reading"], "line": reached["line"], "tail": reached.get("tail"), "place": "line", "holds": True}
    if data.get("shift"):
        yield {**data["shift"], "place": "shift"}


def leaves(finding: Said) -> Iterator[Said]:
    """The single tests of a condition."""
    if "parts" not in finding:
        yield finding
    for each in finding.get("parts", ()):
        yield from leaves(each)


def rows_command(said: Said, whose: Said, date: object) -> str:
    """What prints the rows of a reading of the close of a day."""
    by = said.get("by") or ("product" if whose.get("product") else "shop")
    subject = whose.get("product") if by == "product" else whose.get("shop")
    parts = ["tianping", "explain", "metric", said["metric"], "--platform", whose["platform"], "--by", by]
    parts += ["--subject", str(subject), "--date", str(date), "--days", str(said["days"]), "--rows", "csv"]
    return shlex.join(parts)

"""Scores reckoned slowly from the plain words of a pack's file: no model, no code of the program but the YAML text.

A figure is (numerator, denominator, status) by (metric, days); a benchmark is a rate by the same.
"""

import datetime as dt
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import yaml

from tianping.policy.load import SHARED

Figure = tuple[int, int, str]
Key = tuple[str, int]
UNITS = {"": Fraction(1), "%": Fraction(1, 100), "min": Fraction(60)}
GROUND = ("ok", "too_few")  # statuses under which a figure says something


@cache
def written(platform: str) -> dict[str, Any]:
    """The scores as they stand in the file."""
    text = (SHARED.parent / platform / "scores.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text)["scores"])


def number(given: object) -> Fraction:
    found = re.fullmatch(r"([\d.]+) ?(\D*)", str(given))
    assert found, given
    return Fraction(found[1]) * UNITS[found[2]]


class Plain:
    """All scores of a platform on a day, of one shop's figures."""

    def __init__(self, platform: str, date: dt.date, figures: Mapping[Key, Figure], means: Mapping[Key, Fraction]) -> None:
        self.scores = {name: self._newest(each["versions"], date) for name, each in written(platform).items()}
        self.figures = figures
        self.means = means

    def _newest(self, versions: list[dict[str, Any]], date: dt.date) -> dict[str, Any]:
        return [version for version in versions if version["since"] <= date][-1]

    def total(self, name: str) -> Fraction | None:
        """The score; None where there is none."""
        score = self.scores[name]
        top, bottom = Fraction(0), Fraction(0)
        for group in score["groups"].values():
            of_group = self._mean(group["items"], score["out_of"])
            if of_group == "none":
                return None
            if isinstance(of_group, Fraction):
                top += number(group["weight"]) * of_group
                bottom += number(group["weight"])
        return top / bottom if bottom else None

    def _mean(self, items: dict[str, Any], out_of: int) -> Fraction | str | None:
        top, bottom = Fraction(0), Fraction(0)
        for item in items.values():
            points = self._points(item, out_of)
            if points is None and item.get("too_few") == "none":
                return "none"
            if points is not None:
                top += number(item["weight"]) * points
                bottom += number(item["weight"])
        return top / bottom if bottom else None

    def _points(self, item: dict[str, Any], out_of: int) -> Fraction | None:
        if "score" in item:
            inner = self.total(item["score"])
            return None if inner is None else inner * out_of / self.scores[item["score"]]["out_of"]
        value = self._value(item)
        if value is None:
            return None
        points = self._on(item["curve"], value)
        cap = item.get("cap")
        if cap and not any(self._way_out(way) for way in cap["unless"]):
            return min(points, number(cap["at_most"]))
        return points

    def _value(self, item: dict[str, Any]) -> Fraction | None:
        key = (item["metric"], item.get("days", 30))
        numerator, denominator, status = self.figures.get(key, (0, 0, "undefined"))
        if status not in GROUND or denominator < item.get("enough", 1) or denominator == 0:
            return None
        if item.get("take") != "ratio":
            return Fraction(numerator, denominator)
        mean = self.means.get(key)
        return Fraction(numerator, denominator) / mean if mean else None

    def _on(self, curve: list[list[object]], x: Fraction) -> Fraction:
        points = [(number(place), number(given)) for place, given in curve]
        for (left, low), (right, high) in pairwise(points):
            if left <= x <= right:
                return low + (high - low) / (right - left) * (x - left)
        return points[0][1] if x < points[0][0] else points[-1][1]

    def _way_out(self, way: dict[str, Any]) -> bool:
        """Whether it opens, or cannot be said: only what is known takes points away."""
        numerator, denominator, status = self.figures.get((way["metric"], 30), (0, 0, "undefined"))
        if status not in (*GROUND, "undefined"):
            return True
        if way.get("take") == "numerator":
            return numerator < number(way["less_than"])
        return denominator == 0 or Fraction(numerator, denominator) <= number(way["at_most"])

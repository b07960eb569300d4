"""Findings as plain data, for keeping and showing: fractions as "a/b", nothing rounded."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from tianping.assess.finding import Finding, Seen, Subject, Taken, Whole
from tianping.policy.judging import Reading


def fraction(value: Fraction | None) -> str | None:
    """`41/1277`, `5`; None stays None."""
    return None if value is None else str(value)


def seen(figure: Seen | None) -> dict[str, Any] | None:
    return None if figure is None else {**figure._asdict()}


def whole(benchmark: Whole | None) -> dict[str, Any] | None:
    """Of an imported one the day it is of; of a category's which category."""
    if benchmark is None:
        return None
    day = {"imported": benchmark.imported.isoformat()} if benchmark.imported else {}
    of = {"of": benchmark.of} if benchmark.of else {}
    kept = {name: value for name, value in benchmark._asdict().items() if name not in ("imported", "of")}
    return {**kept, "rate": str(benchmark.rate), **day, **of}


def reading(read: Reading) -> dict[str, Any]:
    """Which figure, and what of it."""
    named = {"metric": read.metric} if read.metric else {"score": read.score}
    kept = {"days": read.days, "by": read.by, "take": read.take}
    against = {"against": read.against} if read.take in ("ratio", "times_mean_shop") else {}
    return {**named, **{name: value for name, value in kept.items() if value is not None}, **against}


def taken(read: Reading, found: Taken) -> dict[str, Any]:
    """A reading with what it gave."""
    return {
        **reading(read),
        "taken": fraction(found.value),
        "figure": seen(found.seen),
        "benchmark": whole(found.whole),
        "why": found.why,
    }


def finding(found: Finding) -> dict[str, Any]:
    """A condition with what it said, down to its parts."""
    if found.parts:
        joined = "all" if found.condition.all else "any"
        return {"joined": joined, "holds": found.holds, "why": found.why, "parts": findings(found.parts)}
    comparison, _ = found.condition.compares
    return {
        **taken(found.condition, Taken(found.taken, found.seen, found.whole, found.why)),
        "comparison": comparison,
        "line": fraction(found.line),
        "holds": found.holds,
    }


def findings(each: Iterable[Finding]) -> list[dict[str, Any]]:
    return [finding(one) for one in each]


def subject(whom: Subject) -> Mapping[str, Any]:
    """Whom, with the categories it had then."""
    return {"platform": whom.platform, "shop": whom.shop, "product": whom.product, "categories": list(whom.categories)}

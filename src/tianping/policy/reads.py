"""Which figures and scores the rules of a pack read: so that a close hands over those, and a check knows each by name."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from tianping.policy.judging import By, Dated, Judging, Reading, Ruled

Part = Literal["scores", "violations"]
PARTS: tuple[Part, ...] = ("scores", "violations")
Named = tuple[tuple[str | int, ...], Reading]


class Read(NamedTuple):
    """A figure that rules read: a metric (name or name/variant) over so many days."""

    metric: str
    days: int


def readings(part: object, place: tuple[str | int, ...] = ()) -> Iterator[Named]:
    """Every reading inside a part of a pack, with its place (keys and indices) in the file."""
    if isinstance(part, Reading) and (part.metric is not None or part.score is not None):
        yield place, part
    if isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from readings(getattr(part, name), (*place, name))
    elif isinstance(part, dict):
        for key, each in part.items():
            yield from readings(each, (*place, key))
    elif isinstance(part, (list, tuple)):
        for index, each in enumerate(part):
            yield from readings(each, (*place, index))


def in_force(judging: Judging, date: dt.date) -> Iterator[Dated]:
    """The versions of everything that are in force on a day."""
    ruled: list[Ruled[Any]] = [*judging.scores.values(), *judging.rights.values(), *judging.violations.values()]
    ruled += [judging.levels] if judging.levels else []
    for each in ruled:
        version = each.at(date)
        if version is not None:
            yield version


def reads(judging: Judging, date: dt.date) -> frozenset[Read]:
    """The figures that the rules in force on a day read. The fast way up reads days by themselves."""
    found = {
        Read(each.metric, each.days) for version in in_force(judging, date) for _, each in readings(version) if each.metric
    }
    used = {Read(metric, 1) for metric in _used(judging, date)}
    return frozenset(found | used)


def _used(judging: Judging, date: dt.date) -> Iterable[str]:
    version = judging.levels.at(date) if judging.levels else None
    return version.uses.values() if version else ()


def of_shops_and_products(judging: Judging, date: dt.date, part: Part) -> frozenset[tuple[Read, By]]:
    """The figures of shops and products themselves that the rules in force on a day read: of scores and rights, or of
    violations."""
    ruled: list[Ruled[Any]] = [*judging.violations.values()]
    if part == "scores":
        ruled = [*judging.scores.values(), *judging.rights.values()]
    found = set()
    for version in filter(None, (each.at(date) for each in ruled)):
        own: By = "product" if getattr(version, "subject", "shop") == "product" else "shop"
        found |= {(Read(each.metric, each.days), each.by or own) for _, each in readings(version) if each.metric}
    return frozenset((read, by) for read, by in found if by in ("shop", "product"))

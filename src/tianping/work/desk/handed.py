"""Facts handed in from outside, as JSON or as words of a command line: typed, and every fault named."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tianping.cases.case import Facts
from tianping.errors import TianpingError
from tianping.periods import to_instant
from tianping.policy.cases.casefacts import FACTS, Type, fault

EARLIEST, LATEST = dt.datetime(1990, 1, 1), dt.datetime(2200, 1, 1)
"""Instants that are taken: what is added to them must stay a time."""
OURS = frozenset({"brought"})
"""Facts that the desk alone notes: whether an order came from the facts, where nothing is collected for it again."""
MOST_SAID = 200
"""Characters of one fault: it repeats what was given."""
_BETWEEN = f"{{}} is a time between {EARLIEST.year} and {LATEST.year}"
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


class FactsRefused(TianpingError):
    """Facts that are none of the names and types there are; every fault of them."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def facts(given: Mapping[str, Any]) -> Facts:
    """Facts from JSON: a time is an ISO text (without an offset: UTC), null is left out. Raises FactsRefused."""
    taken = {name: _from_json(name, value) for name, value in given.items() if value is not None}
    return _sound(taken)


def words(given: Mapping[str, str]) -> Facts:
    """Facts from a command line; a time without an offset is wall time of the home's zone. Raises FactsRefused."""
    return _sound({name: _from_words(name, value) for name, value in given.items()})


def instant(name: str, time: dt.datetime) -> dt.datetime:
    """Naive UTC, of a time that somebody asks by. Raises FactsRefused for one that is far from all cases."""
    at = _time(time.isoformat(), dt.UTC)
    if isinstance(at, dt.datetime) and EARLIEST <= at < LATEST:
        return at
    raise FactsRefused((_BETWEEN.format(name),))


def known(name: str) -> str:
    """The name of a fact, or none. Raises FactsRefused for a name that no fact has."""
    if name and name not in FACTS:
        raise FactsRefused((f"there is no fact {name!r:.100}",))
    return name


def _sound(taken: Facts) -> Facts:
    faults = tuple(said[:MOST_SAID] for said in _faults(taken))
    if faults:
        raise FactsRefused(faults)
    return taken


def _faults(taken: Facts) -> Iterator[str]:
    for name, value in taken.items():
        if isinstance(value, dt.datetime) and not EARLIEST <= value < LATEST:
            yield _BETWEEN.format(name)
        elif name in OURS:
            yield f"{name} is noted by the desk alone; leave it out"
        elif isinstance(value, str) and not clean(value):
            yield f"{name} holds characters that no text has"
        elif FACTS.get(name) == "time" and not isinstance(value, dt.datetime):
            yield f"{name} is a time, and {value!r:.100} is none; write 2024-05-01T08:00:00+08:00"
        elif said := fault(name, value):
            yield said


def clean(text: str) -> bool:
    """Whether every database takes it: no NUL, and no half of a character."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text))


def _from_json(name: str, value: Any) -> Any:
    return _time(value, dt.UTC) if FACTS.get(name) == "time" and isinstance(value, str) else value


def _time(text: str, zone: dt.tzinfo | None) -> Any:
    """The instant, or the text as it was where it is none."""
    try:
        read = dt.datetime.fromisoformat(text)
        return to_instant(read if read.tzinfo or zone is None else read.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        return text


def _from_words(name: str, text: str) -> Any:
    read = _WORDS.get(FACTS.get(name, "text"))
    return read(text) if read else text


def _number(text: str) -> Any:
    return int(text) if text.isdecimal() and len(text) < 20 else text


def _truth(text: str) -> Any:
    return {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}.get(text.lower(), text)


_WORDS: Mapping[Type, Callable[[str], Any]] = {
    "time": lambda text: _time(text, None),
    "int": _number,
    "fen": _number,
    "bool": _truth,
}

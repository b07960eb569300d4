"""The sentences of a pack about judgement: names that are none, and verdicts that are others."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping

from tianping.errors import did_you_mean
from tianping.metrics.figure import BY
from tianping.policy.judging import SEVERITIES
from tianping.policy.model import Case, Pack
from tianping.work.trials.trialjudge import (
    Court,
    Given,
    Key,
    court,
    given,
    level_of,
    penalty_of,
    points,
    right_of,
    score_of,
    violation_of,
)

Unknown = Iterator[tuple[str, str, str]]
"""Key of the case, what is wrong, what to do now."""
_VERDICTS = ("none", *SEVERITIES, *(f"{each} recorded" for each in SEVERITIES))
_HAPPENED = ("none", "up", "down", "fast", "removal")


def unknown_names(pack: Pack, case: Case) -> Unknown:
    """What is misspelt: else it would be none for ever, and a test that expects that would hold."""
    for check in (_given, _scores, _rights, _levels, _violations, _earlier):
        yield from check(pack, case)


def wrong_verdicts(pack: Pack, case: Case) -> Iterator[tuple[str, str]]:
    """Key of the case, and what is otherwise."""
    if not (case.scores or case.rights or case.levels or case.violations or case.penalties):
        return
    with court(pack, case) as at:
        for key, expected, say in _said(case):
            for name, value in expected.items():
                found = say(at, name)
                if not _same(key, found, value):
                    yield key, f"{name} is {found}, not {value}"


Say = Callable[[Court, str], str]


def _said(case: Case) -> Iterator[tuple[str, Mapping[str, str], Say]]:
    yield "scores", case.scores, score_of
    yield "rights", case.rights, lambda at, name: right_of(at, Key.of(name))
    yield "levels", case.levels, level_of
    yield "violations", case.violations, lambda at, name: violation_of(at, Key.of(name))
    yield "penalties", case.penalties, lambda at, name: penalty_of(at, Key.of(name))


def _same(key: str, found: str, expected: str) -> bool:
    """Points are equal as numbers; of a level what happened may be left unsaid."""
    if key == "scores" and points(expected) is not None:
        return points(found) == points(expected)
    if key == "levels" and " " not in expected:
        return found.split(" ")[0] == expected
    return found == " ".join(expected.split())


def _given(pack: Pack, case: Case) -> Unknown:
    metrics = ["/".join(filter(None, key)) for key in pack.metrics]
    for text, value in case.given.items():
        name = text.removeprefix("score ")
        key, kind, known = Key.of(name), "metric", metrics
        if name != text:
            kind, known = "score", list(pack.judging.scores)
        if key.name not in known:
            yield "given", f'no {kind} "{key.name}"', did_you_mean(key.name, known)
        elif key.by not in BY:
            yield "given", f'no figures by "{key.by}"', did_you_mean(key.by, list(BY))
        elif given(value) is None or isinstance(given(value), Given) == (kind == "score"):
            now = 'write points: "3.5"' if kind == "score" else 'write "10/125", "10/125 of 40 shops", or "incomplete"'
            yield "given", f'"{value}" is no {"score" if kind == "score" else "figure"}', now


def _scores(pack: Pack, case: Case) -> Unknown:
    known = list(pack.judging.scores)
    for name, value in case.scores.items():
        if name not in known:
            yield "scores", f'no score "{name}"', did_you_mean(name, known)
        elif value != "none" and points(value) is None:
            yield "scores", f'"{value}" is no number of points', 'write "4.25", "13/3" or "none"'


def _rights(pack: Pack, case: Case) -> Unknown:
    rights = pack.judging.rights
    for name in case.rights:
        key = Key.of(name)
        if key.name not in rights:
            yield "rights", f'no right "{key.name}"', did_you_mean(key.name, list(rights))
        elif key.by not in {version.subject for version in rights[key.name].versions}:
            yield "rights", _not_of(key, rights[key.name].versions[-1].subject), ""


def _levels(pack: Pack, case: Case) -> Unknown:
    ladder = pack.judging.levels.at(case.date) if pack.judging.levels else None
    known = ["none", *(ladder.levels if ladder else ())]
    for value in case.levels.values():
        name, _, happened = value.partition(" ")
        if name not in known:
            yield "levels", f'no level "{name}"', did_you_mean(name, known)
        elif happened and happened not in _HAPPENED:
            yield "levels", f'nothing is called "{happened}"', did_you_mean(happened, list(_HAPPENED))


def _violations(pack: Pack, case: Case) -> Unknown:
    known = pack.judging.violations
    for part in ("violations", "penalties", "entered", "earlier"):
        for name, value in getattr(case, part).items():
            key = Key.of(name)
            if key.name not in known:
                yield part, f'no violation "{key.name}"', did_you_mean(key.name, list(known))
            elif key.by not in {version.subject for version in known[key.name].versions}:
                yield part, _not_of(key, known[key.name].versions[-1].subject), ""
            elif part == "violations" and value not in _VERDICTS:
                yield part, f'"{value}" is no severity', did_you_mean(value, list(_VERDICTS))


def _earlier(_pack: Pack, case: Case) -> Unknown:
    for several in case.earlier.values():
        for each in several:
            day, _, severity = each.partition(" ")
            if severity not in SEVERITIES or not _is_day(day):
                yield "earlier", f'"{each}" is no earlier violation', 'write "2024-05-01 serious"'


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _not_of(key: Key, subject: str) -> str:
    return f'"{key.name}" is of a {subject}: write "{key.name} by {subject} {"S1" if subject == "shop" else "P1"}"'

"""Adjudication tables, proved: every combination of answers has exactly one row, every reason exactly one table."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from math import prod
from typing import NamedTuple

from tianping.errors import Fault, did_you_mean
from tianping.policy.cases.casebook import OpenedCasebook
from tianping.policy.cases.casefacts import FACTS, base
from tianping.policy.cases.tables import Row, TableVersion
from tianping.policy.yamlio import Place

MOST = 20_000
"""Combinations of one table: what a person can still think through is far below, what the check can run through far above."""
_SHOWN = 3


class _Table(NamedTuple):
    name: str
    version: TableVersion
    place: Place

    def row(self, name: str) -> Place:
        return (*self.place, "rows", name)


def check_tables(opened: OpenedCasebook, reasons: Collection[str]) -> list[Fault]:
    """All faults of a casebook's tables. `reasons`: those that a buyer may give."""
    faults = [fault for one in CHECKS for fault in one(opened)]
    return list(dict.fromkeys([*faults, *reasons_have_one_table(opened, reasons)]))


def _tables(opened: OpenedCasebook) -> Iterator[_Table]:
    for name, table in opened.book.tables.items():
        for index, version in enumerate(table.versions):
            yield _Table(name, version, ("tables", name, "versions", index))


def findings_are_facts(opened: OpenedCasebook) -> Iterator[Fault]:
    """A question's fact is a text that cases hold."""
    for table in _tables(opened):
        for name, question in table.version.questions.items():
            if question.fact and FACTS.get(base(question.fact)) != "text":
                texts = [fact for fact, type_ in FACTS.items() if type_ == "text"]
                place = (*table.place, "questions", name, "fact")
                yield opened.fault(place, f'no text among the facts is "{question.fact}"', did_you_mean(question.fact, texts))


def rows_name_answers(opened: OpenedCasebook) -> Iterator[Fault]:
    for table in _tables(opened):
        for name, row in table.version.rows.items():
            for question, answer in _named(row):
                asked = table.version.questions.get(question)
                known: Mapping[str, object] = asked.answers if asked else table.version.questions
                if asked is None or answer not in known:
                    what = f'no answer "{answer}" to "{question}"' if asked else f'no question "{question}"'
                    place = (*table.row(name), "when", question)
                    yield opened.fault(place, what, did_you_mean(answer if asked else question, list(known)))


def _named(row: Row) -> Iterator[tuple[str, str]]:
    for question, wanted in row.when.items():
        yield from ((question, answer) for answer in ((wanted,) if isinstance(wanted, str) else wanted))


def every_combination_has_one_row(opened: OpenedCasebook) -> Iterator[Fault]:
    """Run through one by one. Neither a gap nor two rows that both hold; no row that never holds."""
    for table in _tables(opened):
        many = prod(len(question.answers) for question in table.version.questions.values())
        if many > MOST:
            yield opened.fault(table.place, f"{many} combinations of answers, at most {MOST}", "make two tables of it")
            continue
        yield from islice(_gaps(opened, table), _SHOWN)
        used = {name for answers in table.version.combinations() for name in table.version.fitting(answers)}
        for name in table.version.rows:
            if name not in used:
                yield opened.fault(table.row(name), f'the row "{name}" never holds', "take it out")


def _gaps(opened: OpenedCasebook, table: _Table) -> Iterator[Fault]:
    for answers in table.version.combinations():
        rows = table.version.fitting(answers)
        said = ", ".join(f"{question}: {answer}" for question, answer in answers.items())
        if not rows:
            yield opened.fault((*table.place, "rows"), f"no row for {said}", "add one")
        if len(rows) > 1:
            place = table.row(list(rows)[1])
            yield opened.fault(place, f"two rows for {said}: {', '.join(rows)}", "tell them apart by what they ask")


def questions_are_used(opened: OpenedCasebook) -> Iterator[Fault]:
    for table in _tables(opened):
        named = {question for row in table.version.rows.values() for question in row.when}
        for name in table.version.questions:
            if name not in named and len(table.version.rows) > 1:
                yield opened.fault((*table.place, "questions", name), f'no row asks "{name}"', "take it out")


def reasons_have_one_table(opened: OpenedCasebook, reasons: Collection[str]) -> Iterator[Fault]:
    """On every day on which a version begins. A casebook without tables needs none."""
    if not opened.book.tables:
        return
    for day in sorted({version.version.since for version in _tables(opened)}):
        lead = Counter(reason for table in opened.book.tables.values() for reason in table.at(day).reasons)
        for name, table in opened.book.tables.items():
            for reason in table.at(day).reasons:
                if reason not in reasons:
                    yield opened.fault(("tables", name), f'no reason "{reason}"', did_you_mean(reason, list(reasons)))
                elif lead[reason] > 1:
                    yield opened.fault(("tables", name), f'the reason "{reason}" leads to several tables', "to one alone")
        for reason in sorted(set(reasons) - set(lead)):
            yield opened.fault(("tables",), f'the reason "{reason}" leads to no table', "name it in one")


CHECKS: tuple[Callable[[OpenedCasebook], Iterator[Fault]], ...] = (
    findings_are_facts,
    rows_name_answers,
    every_combination_has_one_row,
    questions_are_used,
)

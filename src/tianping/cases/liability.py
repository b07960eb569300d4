"""What an adjudication table says of a dispute: the ruling with the rule named and why, or what must still be found. Pure."""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from tianping.cases.conditions import Known, holds
from tianping.policy.cases.flowing import Labelled
from tianping.policy.cases.tables import AS_ASKED, Answers, Party, Question, Row, TableVersion
from tianping.policy.words import Words

CLAIM = "claim"
"""The fact that names the table, where the adjudicator finds that the buyer's reason does not."""
OTHER = "other"
"""The reason that stands for any that no table names."""
Tables = Mapping[str, Labelled[TableVersion]]


class Proposal(NamedTuple):
    """What follows by the table. `rule`: table and row, as a verdict cites it. `because`: question and answer, in words."""

    rule: str
    liability: str
    remedy: str
    outbound_by_merchant: bool | None
    return_by_merchant: bool | None
    assists: Party | None
    answers: Answers
    because: tuple[tuple[Words, Words], ...]
    row: Row


class Open(NamedTuple):
    """What must still be found: the questions on which it hangs, by name."""

    table: str
    answers: Answers
    questions: Mapping[str, Question]


def table_for(tables: Tables, began: dt.date, known: Known) -> str:
    """The name of the table of a dispute that began then: what the adjudicator found it to be about, else by the reason. Raises
    KeyError where the platform has none (`policy check` proves that every reason has one)."""
    claim = known.get(CLAIM)
    if claim in tables:
        return str(claim)
    by_reason = {reason: name for name, table in tables.items() for reason in table.at(began).reasons}
    return by_reason.get(known.get("reason"), by_reason[OTHER])


def answers_of(table: TableVersion, known: Known) -> Answers:
    """The answers as far as facts and findings give them. What facts alone tell, no finding changes."""
    found = {name: _answer(question, known) for name, question in table.questions.items()}
    return {name: answer for name, answer in found.items() if answer is not None}


def _answer(question: Question, known: Known) -> str | None:
    for name, answer in question.answers.items():
        if answer.when is not None and holds(answer.when, known):
            return name
    said = known.get(question.fact) if question.fact else None
    return str(said) if said in question.answers else None


def propose(name: str, table: TableVersion, known: Known) -> Proposal | Open:
    """The ruling of the one row that fits, or the questions that still part several rows."""
    answers = answers_of(table, known)
    rows = table.fitting(answers)
    if len(rows) > 1:
        asked = {question for row in rows.values() for question in row.when} - set(answers)
        return Open(name, answers, {each: question for each, question in table.questions.items() if each in asked})
    ((row_name, row),) = rows.items()
    because = tuple(
        (question.label, question.answers[answers[each]].label)
        for each, question in table.questions.items()
        if each in row.when and each in answers
    )
    return Proposal(
        f"{name}/{row_name}",
        row.gives.liability,
        str(known.get("asked")) if row.gives.remedy == AS_ASKED else row.gives.remedy,
        _by_merchant(row.gives.outbound),
        _by_merchant(row.gives.back),
        row.gives.assists,
        answers,
        because,
        row,
    )


def _by_merchant(bearer: Party | None) -> bool | None:
    return None if bearer is None else bearer == "merchant"

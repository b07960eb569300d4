"""Adjudication tables: what is found of a dispute, and what then follows. Data without behaviour; each row cites its rule.

A table has a few *questions*, each with finitely many answers, and rows that name answers. `policy check` runs through every
combination of answers: each must have exactly one row (`check_tables`), so the order of the rows says nothing.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Literal, Self

from pydantic import Field, model_validator

from tianping.policy.cases.flowing import FactName, When
from tianping.policy.judging import Dated
from tianping.policy.strict import Strict
from tianping.policy.words import Name, Sourced, Words

Party = Literal["buyer", "merchant"]
Liability = Literal["seller", "buyer", "both", "none"]
AS_ASKED = "as_asked"
Remedy = Literal["as_asked", "refund_only", "return_refund", "exchange", "reissue", "repair", "partial_refund", "reject"]
"""What is done: the kind of case that the buyer asked for, or another, a refund in part, or nothing."""
Answers = Mapping[str, str]
"""Question → answer, by name."""


class Answer(Strict):
    """One answer to a question. `when`: facts alone give it, whatever anybody finds."""

    label: Words
    when: When | None = None


class Question(Strict):
    """What must be known. `fact`: where the adjudicator's finding stands (one of the answers' names); without it the first
    answer whose `when` holds is the answer, and the last one has an empty `when`."""

    label: Words
    fact: FactName | None = None
    answers: dict[Name, Answer] = Field(min_length=1)

    @model_validator(mode="after")
    def _answered(self) -> Self:
        tests = [answer.when for answer in self.answers.values()]
        if self.fact is None and (None in tests or tests[-1] != When()):
            raise ValueError('a question without a "fact": every answer has a "when", the last an empty one')
        return self


class Ruling(Strict):
    """What follows: whose liability, what is done, who bears the freight there and back, whom the platform assists."""

    liability: Liability
    remedy: Remedy
    outbound: Party | None = None
    back: Party | None = None
    assists: Party | None = None


class Row(Sourced):
    """A rule: where these are the answers (a question not named: whatever its answer), this follows."""

    when: dict[Name, Name | tuple[Name, ...]] = {}
    gives: Ruling

    def fits(self, answers: Answers) -> bool:
        """Whether nothing that is answered speaks against this row."""
        return all(name not in answers or answers[name] in _listed(wanted) for name, wanted in self.when.items())


def _listed(wanted: str | tuple[str, ...]) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else wanted


class Need(Strict):
    """Evidence that a party is asked for: its kind (photo, report, chat …) and what it must show."""

    kind: Name
    words: Words


class Needs(Strict):
    buyer: tuple[Need, ...] = ()
    merchant: tuple[Need, ...] = ()


class TableVersion(Dated):
    """`reasons`: those of the buyer's that lead to this table; others come to it where the adjudicator says so (`claim`)."""

    reasons: tuple[Name, ...] = ()
    evidence_needed: Needs
    questions: dict[Name, Question] = Field(min_length=1)
    rows: dict[Name, Row] = Field(min_length=1)

    def combinations(self) -> Iterator[Answers]:
        """Every way in which all questions can be answered."""
        for chosen in product(*(question.answers for question in self.questions.values())):
            yield dict(zip(self.questions, chosen, strict=True))

    def fitting(self, answers: Answers) -> dict[str, Row]:
        """The rows that nothing answered so far speaks against; with every question answered: exactly one."""
        return {name: row for name, row in self.rows.items() if row.fits(answers)}

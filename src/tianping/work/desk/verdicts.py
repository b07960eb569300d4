"""How adjudicators judge: whether like cases are judged alike, how often verdicts depart from the table, how often they fall.

Pure, over disputes as they stand. Like cases: the same platform, table and answers. What the clock decided is nobody's.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from tianping.cases.case import Case, Facts
from tianping.work.desk.disputes import DISPUTE

LEAST_PAIRS = 10
"""Pairs of like cases below which no agreement is told."""


class Verdict(NamedTuple):
    """One verdict by a person, as first given. `alike`: platform, table and answers; `overturned`: fell on appeal."""

    case_id: str
    alike: str
    judge: int
    liability: str
    remedy: str
    departed: bool
    appealed: bool
    overturned: bool

    @property
    def result(self) -> tuple[str, str]:
        return self.liability, self.remedy


class Agreement(NamedTuple):
    """Of all pairs of like cases (judged by two people): how many had one result. `rate` None: too few, or no pair."""

    agreed: int
    pairs: int

    @property
    def rate(self) -> Fraction | None:
        return Fraction(self.agreed, self.pairs) if self.pairs >= LEAST_PAIRS else None


class Judge(NamedTuple):
    """One adjudicator: verdicts; of these departures from the table, appealed, overturned; agreement with others."""

    account_id: int
    verdicts: int
    departed: int
    appealed: int
    overturned: int
    agreement: Agreement


def verdicts(disputes: Iterable[Case]) -> list[Verdict]:
    """The verdicts of persons among these cases."""
    return [_verdict(case) for case in disputes if case.kind == DISPUTE and _by_person(case.facts)]


def _by_person(facts: Facts) -> bool:
    return facts.get("judged_by") is not None and facts.get("verdict_found") is not None


def _verdict(case: Case) -> Verdict:
    facts = case.facts
    result = str(facts["verdict_liability"]), str(facts["verdict_remedy"])
    return Verdict(
        case.id,
        f"{case.platform} {facts['verdict_found']}",
        facts["judged_by"],
        *result,
        departed=result != (facts["table_liability"], facts["table_remedy"]),
        appealed=facts.get("appealed_at") is not None,
        overturned=facts.get("overturned_at") is not None,
    )


def _agreements(given: Sequence[Verdict]) -> dict[int, Agreement]:
    """By account: over the pairs of that adjudicator's verdicts and another's on a like case."""
    like = Counter(each.alike for each in given)
    same = Counter((each.alike, each.result) for each in given)
    own = Counter((each.judge, each.alike) for each in given)
    own_same = Counter((each.judge, each.alike, each.result) for each in given)
    agreed, pairs = Counter[int](), Counter[int]()
    for each in given:
        pairs[each.judge] += like[each.alike] - own[each.judge, each.alike]
        agreed[each.judge] += same[each.alike, each.result] - own_same[each.judge, each.alike, each.result]
    return {judge: Agreement(agreed[judge], pairs[judge]) for judge in pairs}


def agreement(given: Sequence[Verdict]) -> Agreement:
    """Over all pairs of like cases that two people judged."""
    each = _agreements(given).values()
    return Agreement(sum(one.agreed for one in each) // 2, sum(one.pairs for one in each) // 2)


def judges(given: Sequence[Verdict]) -> list[Judge]:
    """Every adjudicator who gave a verdict, by account."""
    mine: dict[int, list[Verdict]] = defaultdict(list)
    for each in given:
        mine[each.judge].append(each)
    agreements = _agreements(given)
    return [
        Judge(
            account,
            len(own),
            sum(each.departed for each in own),
            sum(each.appealed for each in own),
            sum(each.overturned for each in own),
            agreements[account],
        )
        for account, own in sorted(mine.items())
    ]

"""Verbs that stand apart from their flows: in another file, once for several flows; and where their faults are told."""

from pathlib import Path

import pytest

from tianping.policy.cases.casebook import open_casebook
from tianping.policy.cases.check_flows import check_flows
from tianping.work.desk.effects import POSTED

from .test_check_flows import SOUND

_START = SOUND.index("          withdraw:")
_WITHDRAW = SOUND[_START : SOUND.index("          refund_done:")]
REST = SOUND.replace(_WITHDRAW, "")
APART = "verbs:\n  giving_up:\n    of: [refund]\n    since: 2020-01-01\n    verbs:\n" + _WITHDRAW.replace(
    "\n    ", "\n"
).removeprefix("    ")


def opened(folder: Path, flows: str, apart: str) -> list[str]:
    """The faults of a casebook in two files."""
    cases = folder / "p" / "cases"
    cases.mkdir(parents=True)
    (cases / "a.yaml").write_text(flows, encoding="utf-8")
    (cases / "b.yaml").write_text(apart, encoding="utf-8")
    book, wrong = open_casebook(cases.parent)
    found = check_flows(book, POSTED) if book else wrong
    assert book is None or set(book.book.flows["refund"].versions[0].verbs) >= {"ask", "withdraw"}
    return [str(fault) for fault in found]


def test_it_is_as_if_they_stood_there(tmp_path: Path) -> None:
    assert opened(tmp_path, REST, APART) == []


@pytest.mark.parametrize(
    ("flows", "before", "after", "told"),
    [
        (REST, "of: [refund]", "of: [refunt]", 'p/cases/b.yaml:2: no flow "refunt" stands in this folder'),
        (REST, "since: 2020-01-01", "since: 2021-01-01", 'p/cases/b.yaml:2: no version of "refund" begins on 2021-01-01'),
        (SOUND, "", "", 'p/cases/b.yaml:2: "withdraw" of refund stands in two places (keep one)'),
        (REST, "from: [asked]", "from: [askd]", 'p/cases/b.yaml:9: no state "askd"'),
        (REST, "who: [buyer]", "who: [buyr]", "p/cases/b.yaml:8: verbs.giving_up.verbs.withdraw.who.0"),
    ],
)
def test_faults_are_told_where_they_stand(tmp_path: Path, flows: str, before: str, after: str, told: str) -> None:
    said = opened(tmp_path, flows, APART.replace(before, after, 1))
    assert any(each.startswith(told) for each in said), said

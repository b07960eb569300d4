"""Tables with one mistake each, and the fault with its line."""

from pathlib import Path

import pytest

from tianping.facts.schema import REASONS
from tianping.policy.cases.casebook import open_casebook, open_casebooks
from tianping.policy.cases.check_tables import check_tables

SOUND = """\
tables:
  all:
    label: {zh: 甲, en: a}
    versions:
      - since: 2020-01-01
        source: [{document: S1}]
        words: {zh: 甲, en: a}
        reasons: [quality, other]
        evidence_needed: {}
        questions:
          proof:
            label: {zh: 甲, en: a}
            fact: buyer_proof
            answers: {good: {label: {zh: 甲, en: a}}, bad: {label: {zh: 甲, en: a}}}
          cheap:
            label: {zh: 甲, en: a}
            answers:
              cheap: {label: {zh: 甲, en: a}, when: {fact: asked_fen, at_most: 100}}
              dear: {label: {zh: 甲, en: a}, when: {}}
        rows:
          good:
            when: {proof: good}
            gives: {liability: seller, remedy: as_asked}
            source: [{document: S1}]
            words: {zh: 甲, en: a}
          cheap:
            when: {proof: bad, cheap: cheap}
            gives: {liability: none, remedy: refund_only}
            source: [{document: S1}]
            words: {zh: 甲, en: a}
          bad:
            when: {proof: bad, cheap: dear}
            gives: {liability: buyer, remedy: reject}
            source: [{document: S1}]
            words: {zh: 甲, en: a}
"""


def faults(folder: Path, text: str) -> list[str]:
    (folder / "cases").mkdir()
    (folder / "cases" / "tables.yaml").write_text(text, encoding="utf-8")
    opened, found = open_casebook(folder)
    found += check_tables(opened, ("quality", "other")) if opened else []
    return [f"{each.line}: {each.what}" for each in found]


def test_a_sound_table_has_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, SOUND) == []


@pytest.mark.parametrize(("old", "new", "expected"), [
    ("cheap: dear}", "cheap: [cheap, dear]}", ["31: two rows for proof: bad, cheap: cheap: cheap, bad"]),
    ("{proof: bad, cheap: dear}", "{proof: good, cheap: dear}", [
        "20: no row for proof: bad, cheap: dear", "31: two rows for proof: good, cheap: dear: good, bad",
    ]),
    ("when: {proof: good}", "when: {prof: good}", [
        '22: no question "prof"', "26: two rows for proof: bad, cheap: cheap: good, cheap",
    ]),
    ("when: {proof: good}", "when: {proof: goood}", [
        '22: no answer "goood" to "proof"', "20: no row for proof: good, cheap: cheap",
        "20: no row for proof: good, cheap: dear",
        '21: the row "good" never holds',
    ]),
    ("fact: buyer_proof", "fact: buyer_prof", ['13: no text among the facts is "buyer_prof"']),
    ("fact: buyer_proof", "fact: asked_fen", ['13: no text among the facts is "asked_fen"']),
    ("[quality, other]", "[quality]", ['1: the reason "other" leads to no table']),
    ("[quality, other]", "[quality, other, colour]", ['2: no reason "colour"']),
    ("when: {}}", "when: {fact: asked_fen, more_than: 100}}", [
        '15: tables.all.versions.0.questions.cheap: a question without a "fact": every answer has a "when"',
    ]),
    ("remedy: reject", "remedy: rejected", ["33: tables.all.versions.0.rows.bad.gives.remedy"]),
    ("liability: none", "liability: nobody", ["28: tables.all.versions.0.rows.cheap.gives.liability"]),
])  # fmt: skip
def test_each_mistake_is_told_where_it_stands(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    assert old in SOUND
    found = faults(tmp_path, SOUND.replace(old, new))
    assert all(any(fault.startswith(told) for fault in found) for told in expected), found


def test_two_tables_for_one_reason_and_a_question_nobody_asks(tmp_path: Path) -> None:
    again = (
        SOUND.partition("\n")[2].replace("  all:", "  again:").replace("cheap: cheap}", "}").replace("bad, cheap: dear", "good")
    )
    found = faults(tmp_path, SOUND + again)
    assert '2: the reason "quality" leads to several tables' in found
    assert any('no row asks "cheap"' in fault for fault in found)


def test_the_packs_that_come_with_the_program_have_none() -> None:
    opened, form = open_casebooks()
    assert form == []
    assert [fault for each in opened for fault in check_tables(each, REASONS)] == []

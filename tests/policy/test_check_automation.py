"""Rules that act by themselves: one sound book, broken in one place at a time, and each fault where it stands."""

from pathlib import Path

import pytest

from tianping.policy.cases.casebook import open_casebook, open_casebooks
from tianping.policy.cases.check_automation import check_automation
from tianping.policy.cases.check_casefacts import check
from tianping.policy.load import packs

SOUND = """\
flows:
  refund:
    label: {zh: 退款, en: Refund}
    versions:
      - since: 2020-01-01
        source: [{document: S1}]
        words: {zh: 甲, en: a}
        states:
          asked: {label: {zh: 待处理, en: asked}, owner: merchant}
          done: {label: {zh: 完成, en: done}, final: true}
        verbs:
          ask: {label: {zh: 申请, en: ask}, who: [buyer], to: asked, takes: {refund_fen: needed}}
          agree:
            label: {zh: 同意, en: agree}
            who: [merchant, rule]
            from: [asked]
            to: done
            effects: [{pay: refund, fen: refund_fen}]
          refuse: {label: {zh: 拒绝, en: refuse}, who: [merchant, rule], from: [asked], to: done, takes: {note: needed}}
automation:
  quick:
    label: {zh: 快, en: quick}
    versions:
      - since: 2020-01-01
        source: [{document: S1}]
        words: {zh: 甲, en: a}
        needs: switch_assistant
        when: {fact: refund_fen, at_most: 100}
        does: [{kinds: [refund], states: [asked], verb: agree}]
standings:
  punished_quality:
    label: {zh: 罚, en: punished}
    versions:
      - since: 2020-01-01
        source: [{document: S1}]
        words: {zh: 甲, en: a}
        violations: [quality_anomaly]
"""
KNOWN = {"here": ("quality_anomaly",)}


def faults(folder: Path, text: str) -> list[str]:
    (folder / "here" / "cases").mkdir(parents=True)
    (folder / "here" / "cases" / "a.yaml").write_text(text)
    opened, found = open_casebook(folder / "here")
    if opened:
        found = check_automation(opened, KNOWN) + [
            each for each in check(opened) if "automation" in each.what or "refund_feb" in each.what
        ]
    return [f"{each.line}: {each.what}" for each in found]


def test_the_books_of_the_program_have_no_fault() -> None:
    opened, _ = open_casebooks()
    violations = {name: pack.judging.violations for name, pack in packs().items()}
    assert [fault for each in opened for fault in check_automation(each, violations)] == []


def test_the_sound_book_has_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, SOUND) == []


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("verb: agree", "verb: agreed", 'refund has no verb "agreed"'),
        ("who: [merchant, rule]\n            from", "who: [merchant]\n            from", '"agree" of refund is not for rule'),
        ("verb: agree", "verb: refuse", "a rule has no note to hand in"),
        ("states: [asked], verb", "states: [askd], verb", 'refund has no state "askd"'),
        ("states: [asked], verb", "states: [done], verb", 'cannot be done in "done"'),
        ("kinds: [refund]", "kinds: [refunds]", 'no flow "refunds"'),
        ("needs: switch_assistant", "borne_by: platform", "is borne by merchant"),
        ("needs: switch_assistant", "needs: switch_nothing", "Input should be"),
        ("fact: refund_fen, at", "fact: refund_feb, at", 'no fact "refund_feb"'),
        ("violations: [quality_anomaly]", "violations: [quality_anomalie]", 'no violation "quality_anomalie"'),
        ("punished_quality:", "punished_qualty:", 'no fact "punished_qualty"'),
    ],
)
def test_a_fault_of_a_rule(tmp_path: Path, before: str, after: str, fault: str) -> None:
    """On its own line."""
    assert SOUND.count(before) == 1
    line = SOUND[: SOUND.index(before)].count("\n") + 1
    [found] = faults(tmp_path, SOUND.replace(before, after))
    assert fault in found
    if "borne" not in fault and "is not for" not in fault:
        assert found.startswith(f"{line}:"), found

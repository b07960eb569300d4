"""What a casebook's flows mean: one sound book, broken in one place at a time, and each fault where it stands."""

import itertools
from pathlib import Path

import pytest

from tianping.policy.cases.casebook import open_casebook, open_casebooks
from tianping.policy.cases.check_flows import check_all_flows, check_flows
from tianping.policy.cases.check_idle import idle_shared
from tianping.work.desk.effects import POSTED

SOUND = """\
flows:
  order:
    label: {zh: 订单, en: Order}
    versions:
      - since: 2020-01-01
        source: [{document: S1}]
        words: {zh: 甲, en: a}
        states:
          paid:
            label: {zh: 已付, en: paid}
            owner: clock
            timers: [{clock: end, passes: finish, runs_while: {fact: open_cases, less_than: 1}}]
          done: {label: {zh: 完成, en: done}, final: true}
        verbs:
          place:
            label: {zh: 下单, en: be placed}
            who: [buyer]
            to: paid
            takes: {amount_fen: needed}
            sets: {open_cases: 0}
          finish: {label: {zh: 完成, en: finish}, who: [clock], from: [paid], to: done}
          case_opened: {label: {zh: 登记, en: note a case}, who: [system], from: [paid], adds: {open_cases: 1}}
          case_ended: {label: {zh: 销记, en: note its end}, who: [system], from: [paid, done], adds: {open_cases: -1}}
  refund:
    label: {zh: 退款, en: Refund}
    versions:
      - since: 2020-01-01
        source: [{document: S1}]
        words: {zh: 甲, en: a}
        states:
          asked: {label: {zh: 待处理, en: asked}, owner: merchant, timers: [{clock: answer, passes: agree}]}
          refunding: {label: {zh: 退款中, en: being refunded}, owner: clock, waits: payment}
          refunded: {label: {zh: 已退款, en: refunded}, final: true}
          closed: {label: {zh: 已关闭, en: closed}, final: true}
        verbs:
          ask:
            label: {zh: 申请, en: ask}
            who: [buyer]
            to: asked
            takes: {refund_fen: needed, reason: needed}
            guards: [positive]
            computes: {compensation_fen: compensation}
            marks: [requested_at]
            effects:
              - {tell: order, verb: case_opened, must: true}
          agree:
            label: {zh: 同意, en: agree}
            who: [merchant, clock]
            from: [asked]
            to: refunding
            effects:
              - {pay: refund, fen: refund_fen}
          withdraw:
            label: {zh: 撤销, en: withdraw}
            who: [buyer]
            from: [asked]
            to: closed
            effects:
              - {tell: order, verb: case_ended}
          refund_done:
            label: {zh: 到账, en: be refunded}
            who: [system]
            from: [refunding]
            to: refunded
            effects:
              - {tell: order, verb: case_ended}
  payment:
    label: {zh: 付款, en: Payment}
    versions:
      - since: 2020-01-01
        source: [{document: S1}]
        words: {zh: 甲, en: a}
        states:
          asked: {label: {zh: 付款中, en: asked}, owner: operator, timers: [{clock: answer, passes: succeed}]}
          paid: {label: {zh: 已付, en: paid}, final: true}
        verbs:
          send:
            label: {zh: 请款, en: ask}
            who: [system]
            to: asked
            takes: {purpose: needed, fen: needed, borne_by: needed}
          succeed:
            label: {zh: 成功, en: succeed}
            who: [gateway, clock, operator]
            from: [asked]
            to: paid
            effects:
              - {tell: parent, verb: refund_done, when: {fact: purpose, is: refund}}
clocks:
  answer:
    label: {zh: 处理, en: answer}
    versions:
      - {since: 2020-01-01, source: [{document: S1}], words: {zh: 甲, en: a}, times: [{hours: 48}]}
  end:
    label: {zh: 完成, en: end}
    versions:
      - {since: 2020-01-01, source: [{document: S1}], words: {zh: 甲, en: a}, times: [{days: 10}]}
guards:
  positive:
    label: {zh: 大于零, en: positive}
    versions:
      - since: 2020-01-01
        source: [{document: S1}]
        words: {zh: 甲, en: a}
        holds: {fact: refund_fen, more_than: 0}
        refusal: {zh: 须大于零, en: it must be more than nothing}
amounts:
  compensation:
    label: {zh: 赔付, en: compensation}
    versions:
      - {since: 2020-01-01, source: [{document: S1}], words: {zh: 甲, en: a}, parts: [{share: 0.3, of: order.amount_fen}]}
calendars:
  feast:
    label: {zh: 春节, en: Feast}
    extensions:
      - {label: {zh: 春节, en: Feast}, first: 2022-01-31, last: 2022-02-06, source: [{document: S1}], hours: {48: 120}}
"""
_NUMBERS = itertools.count()


def faults(folder: Path, text: str) -> list[str]:
    """The faults of a casebook whose form is right, as a person reads them."""
    cases = folder / f"p{next(_NUMBERS)}" / "cases"
    cases.mkdir(parents=True)
    (cases / "a.yaml").write_text(text, encoding="utf-8")
    opened, wrong = open_casebook(cases.parent)
    assert opened is not None, [str(fault) for fault in wrong]
    return [str(fault).partition("/cases/a.yaml:")[2] for fault in check_flows(opened, POSTED)]


def changed(before: str, after: str, at: str = "") -> tuple[str, int]:
    """The sound book with the first `before` changed, and the first line that says `at` (none: that of the change)."""
    assert before in SOUND
    text = SOUND.replace(before, after, 1)
    return text, (text[: text.index(at)] if at else SOUND[: SOUND.index(before)]).count("\n") + 1


def test_the_books_of_the_program_have_no_fault() -> None:
    opened, wrong = open_casebooks()
    assert [str(fault) for fault in (*wrong, *check_all_flows(opened, POSTED))] == []
    assert {"kuaishou", "douyin", "taobao", "tmall", "jd"} <= {each.book.platform for each in opened}


def test_the_sound_book_has_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, SOUND) == []


_CLOSED = "          closed: {label: {zh: 已关闭, en: closed}, final: true}\n"
_STATES = (
    (_CLOSED, _CLOSED.replace("closed:", "idle:") + _CLOSED, "", 'nothing leads to the state "idle" (lead a verb there'),
    ("to: closed", "to: asked", "          closed:", 'nothing leads to the state "closed"'),
    ("closed: {label", "closed: {owner: buyer, label", "", 'the final state "closed" has an owner or a clock'),
    ("待处理, en: asked}, owner: merchant,", "待处理, en: asked},",
     "", 'the state "asked" has no owner (say whose turn it is)'),
    ("owner: merchant", "owner: senior", "", 'in "asked" it is the turn of senior, who can do nothing'),
    ("to: paid\n            effects", "to: asked\n            effects", "asked: {label: {zh: 付款中",
     'no way leads from the state "asked" to an end'),
)  # fmt: skip
_ANSWER = "{clock: answer, passes: agree}"
_IDLE = "  idle:\n    label: {zh: 闲, en: idle}\n    versions:\n"
_LINE = "      - {since: 2020-01-01, source: [{document: S1}], words: {zh: 甲, en: a}, times: [{hours: 48}]}\n"
_SURE = 'the state "asked" has no clock that surely passes'
_CLOCKS = (
    (f", timers: [{_ANSWER}]", "", "", f"{_SURE} (give it one)"),
    (_ANSWER, "{clock: answer, passes: agree, since: answered_at}", "", f'{_SURE}: "answered_at" may be unknown in it'),
    (_ANSWER, "{clock: answer, passes: agree, runs_while: {fact: reason, is: x}}", "",
     f'{_SURE}: "answer" may stand still for ever: nothing told to it there changes reason'),
    ("[{hours: 48}]", "[{when: {fact: reason, is: x}, hours: 48}]", "asked: {label",
     f'{_SURE}: "answer" of p'),
    (_ANSWER, "{clock: anser, passes: agree}", "", 'no clock "anser" (did you mean "answer"?'),
    (_ANSWER, "{clock: answer, passes: agre}", "", 'no verb "agre" (did you mean "agree"?'),
    (_ANSWER, "{clock: answer, passes: refund_done}", "", '"refund_done" cannot be done in the state "asked"'),
    (_ANSWER, "{clock: answer, passes: withdraw}", "", '"withdraw" is not for the clock (add clock to its who)'),
    (f"[{_ANSWER}]", f"[{_ANSWER}, {_ANSWER}]", "", 'a clock runs twice in the state "asked"'),
    ("from: [asked]\n            to: refunding", "from: [asked]\n            takes: {note: needed}\n            to: refunding",
     _ANSWER,
     'the clock has no "note" to hand in for "agree"'),
    ("from: [asked]\n            to: refunding", "from: [asked]\n            guards: [positive]\n            to: refunding",
     _ANSWER,
     'the clock may be refused "agree" by the guard "positive"'),
    ("hours: {48: 120}", "hours: {48: 120, 72: 120}", "", "no clock runs 72 hours (take the line out)"),
    ("  end:\n    label", f"{_IDLE}{_LINE}  end:\n    label", "", 'no flow uses "idle" of clocks'),
)  # fmt: skip
_VERBS = (
    ("to: refunding\n", "to: refundin\n", "", 'no state "refundin" (did you mean "refunding"?'),
    ("from: [asked]\n            to: refunding", "from: [askd, asked]\n            to: refunding", "", 'no state "askd"'),
    ("to: refunding\n", "to: [{when: {fact: reason, is: x}, state: refunding}]\n",
     "", 'the last way of "agree" has a condition'),
    ("to: refunding\n", "to: [{state: refunding}, {state: refunding}]\n", "",
     'the ways of "agree" after this one are never taken'),
    ("            to: asked\n            takes: {refund", "            takes: {refund",
     "          ask:", '"ask" opens a case in no state'),
    ("guards: [positive]\n", "guards: [positive, postive]\n", "", 'no guard "postive" (did you mean "positive"?'),
    ("{compensation_fen: compensation}", "{compensation_fen: compensation, freight_fen: freight}", "", 'no amount "freight"'),
    ("who: [merchant, clock]\n", "who: [merchant, clock]\n            undone_by: disagree\n",
     "undone_by", 'no verb "disagree"'),
    ("who: [merchant, clock]\n", "who: [merchant, clock]\n            noun: withdraw\n", "          withdraw:",
     '"withdraw" has the noun of "agree"'),
    ("          finish: {",
     "          stop: {label: {zh: 停, en: stop}, who: [system], from: [paid], to: done}\n          finish: {",
     "",
     'nothing ever does "stop"'),
    ("refusal: {zh: 须大于零,", "refusal: {zh: positive,", "", "the Chinese words are missing"),
    ("en: it must be more than nothing}", 'en: ""}', "", "the English words are missing"),
    ("zh: 撤销", "zh: withdraw", "", "the Chinese words are missing"),
    ("en: being refunded}", "en: 退款中}", "", "the English words are missing"),
)  # fmt: skip
_PAY = "{pay: refund, fen: refund_fen}"
_OPENED = "{tell: order, verb: case_opened, must: true}"
_ENDED = "{tell: order, verb: case_ended}\n          refund_done"
_MORE = "\n              - "
_OTHERS = (
    (_PAY, "{pay: refund, fen: refund_fen, gives: {note: reason}}", "", '"send" of payment takes no "note"'),
    ("borne_by: needed}", "borne_by: needed, note: needed}", _PAY, '"send" of payment needs "note", which is not given'),
    ("who: [system]\n            to: asked", "who: [gateway]\n            to: asked",
     _PAY, '"send" of payment is not for the system'),
    (_OPENED, "{tell: order, verb: case_opend, must: true}", "",
     'order is told "case_opend", which it has not (did you mean "case_opened"?'),
    (_OPENED, "{tell: order, verb: finish, must: true}", "", '"finish" of order is not for the system'),
    (_OPENED, "{tell: order, verb: case_opened, must: true, gives: {note: reason}}",
     "", '"case_opened" of order takes no "note"'),
    (_OPENED, _OPENED + _MORE + "{open: advance}", "{open: advance}", 'no flow "advance" to open'),
    (_OPENED, _OPENED + _MORE + "{tell: children, kind: order, verb: finish}", "{tell: children",
     '"refund" opens no case of the kind "order"'),
    (_OPENED, "{tell: order, verb: case_opened, must: true, kind: payment}", "", '"kind" goes with "tell: children"'),
    (_PAY, "{pay: freight, fen: refund_fen}", "          succeed:",
     '"succeed" ends a payment for which refund waits in "refunding", and does not tell it'),
    (_PAY, "{post: collect}", "          agree:", '"agree" leads to "refunding", which waits for a payment, and opens none'),
    ("waits: payment", "waits: paymnt", "", 'no flow "paymnt" to wait for (did you mean "payment"?'),
    ("            guards: [positive]\n", "", "          ask:", '"ask" says refund_fen, which may be 0'),
    (_PAY, _PAY + _MORE + "{undo: refund}", "{undo", "a payment has no reverse and no cancel and no recall to be undone by"),
    (_PAY, _PAY + _MORE + "{post: colect}", "colect", 'the ledger has no posting "colect" (did you mean "collect"?'),
    (_OPENED, "{post: collect}", "          ask:", '"ask" opens a case and does not tell the order "case_opened"'),
    (_OPENED, "{tell: order, verb: case_opened}", "          ask:", '"ask" opens a case even where the order refuses'),
    (_ENDED, _ENDED.replace("{tell: order, verb: case_ended}", "{post: collect}"), "          withdraw:",
     '"withdraw" ends a case and does not tell the order "case_ended"'),
    (_ENDED, _ENDED.replace("ended}", "ended, when: {fact: reason, is: x}}"), "          withdraw:",
     '"withdraw" always ends a case and tells the order "case_ended" only sometimes'),
    ("            to: closed\n", "            to: [{when: {fact: reason, is: x}, state: closed}, {state: asked}]\n",
     "          withdraw:", '"withdraw" tells the order "case_ended" otherwise than it ends a case'),
    (_PAY, _PAY + _MORE + "{tell: order, verb: case_ended}", "          agree:",
     '"agree" tells the order "case_ended" and ends no case'),
)  # fmt: skip
_FACTS = (
    ("reason: needed}", "reason: needed, colour: may}", "", 'no fact "colour"'),
    ("reason: needed}", "reason: needed, order.paid_at: may}", "", '"order.paid_at" is not a fact of the case itself'),
    ("marks: [requested_at]", "marks: [requested_at, reason]", "", '"reason" is a text (time is needed here)'),
    ("of: order.amount_fen}", "of: order.paid_at}", "", '"order.paid_at" is a time (int or fen is needed here)'),
    ("of: order.amount_fen}", "of: order.freight_fen}",
     "", 'no verb gives an order the fact "freight_fen", which is asked here'),
    ("fen: refund_fen}", "fen: reason}", "", '"reason" is a text (fen is needed here)'),
    ("{fact: purpose, is: refund}}", "{fact: purpose, is: 3}}", "", '"purpose" is a text, never 3'),
    ("{fact: refund_fen, more_than: 0}", "{fact: refund_fen, more_than: reason}", "",
     '"refund_fen" is a fen and cannot be compared with reason'),
    ("{fact: refund_fen, more_than: 0}", "{fact: since.refund_fen, more_than: 0}", "",
     '"refund_fen" is a fen; only of a time is it said how long ago it was'),
    ("{fact: refund_fen, more_than: 0}", "{any: [{fact: refund_fen, more_than: 0}, {fact: intact, is: true}]}", "",
     'no verb gives a refund the fact "intact", which is asked here'),
)  # fmt: skip


@pytest.mark.parametrize(("before", "after", "at", "fault"), [*_STATES, *_CLOCKS, *_VERBS, *_OTHERS, *_FACTS])
def test_a_fault_of_a_flow(tmp_path: Path, before: str, after: str, at: str, fault: str) -> None:
    text, line = changed(before, after, at)
    found = faults(tmp_path, text)
    assert any(each.startswith(f"{line}: {fault}") for each in found), found


def test_a_version_in_whose_days_no_flow_uses_it_hangs_in_the_air(tmp_path: Path) -> None:
    """The refund of 2021 answers by another clock, and `answer` changes in 2022; nothing else asks it then."""
    start, end = SOUND.index("      - since: 2020-01-01\n", SOUND.index("  refund:")), SOUND.index("  payment:\n")
    later = SOUND[start:end].replace("2020-01-01", "2021-01-01").replace("clock: answer", "clock: end")
    text = (
        SOUND[:end]
        + later
        + SOUND[end:].replace("clock: answer", "clock: end").replace(_LINE, _LINE + _LINE.replace("2020", "2022"))
    )
    text = text.replace("{48: 120}", "{240: 360}")
    (found,) = faults(tmp_path, text)
    line = text[: text.index("since: 2022")].count("\n") + 1
    assert found.startswith(f'{line}: in the days of this version no flow uses "answer"')


def test_a_clock_may_wait_for_what_passes_by_itself(tmp_path: Path) -> None:
    guarded = SOUND.replace(
        "from: [asked]\n            to: refunding", "from: [asked]\n            guards: [positive]\n            to: refunding"
    )
    passing = "holds: {fact: refund_fen, more_than: 0}\n"
    assert any("may be refused" in each for each in faults(tmp_path, guarded))
    waiting = guarded.replace(passing, passing + "        passing: true\n")
    assert not any("may be refused" in each for each in faults(tmp_path, waiting))


def test_who_was_told_before_need_not_be_told_at_the_end(tmp_path: Path) -> None:
    """A payment that says it was made, and is filed later: its end is silent, and nobody waits any more."""
    start = SOUND.index("          succeed:\n")
    told = SOUND[start:].replace("to: paid", "to: filed", 1)
    filed = "          file: {label: {zh: 归档, en: file}, who: [clock], from: [filed], to: paid}\n"
    states = "          filed: {label: {zh: 待归档, en: to be filed}, owner: clock, timers: [{clock: answer, passes: file}]}\n"
    before = SOUND[:start].replace(
        "          paid: {label: {zh: 已付, en: paid}, final", states + "          paid: {label: {zh: 已付, en: paid}, final"
    )
    assert faults(tmp_path, before + filed + told) == []
    (found,) = faults(tmp_path, before + filed + told.replace("verb: refund_done", "verb: refund_don"))[:1]
    assert 'refund is told "refund_don", which it has not' in found


def test_what_no_platform_uses_of_the_shared_files_is_told_once() -> None:
    """Each platform leaves something of them; together they leave nothing."""
    opened, _ = open_casebooks()
    assert list(idle_shared(opened)) == []

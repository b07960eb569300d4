"""Disputes at the desk: what each verb of a person needs beside the flow. `act` is the door through which they come.

The flow's guards ask facts alone. Who judges, appeals or withdraws is made a fact here, from who acts, whatever was handed in;
what the table proposes is kept with what was found; a verdict cites its rule and evidence.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tianping.cases.case import Act, Case, Facts, Refusal, Step
from tianping.cases.conditions import Known, holds
from tianping.cases.flow import asked, flow_of, possible, sum_of
from tianping.cases.liability import Open, Proposal, answers_of, propose, table_for
from tianping.policy.cases.flowing import Actor
from tianping.policy.cases.tables import Needs, Question, TableVersion
from tianping.store.desk import evidence
from tianping.work.desk.sitting import CaseRefused, Sitting

DISPUTE = "dispute"
"""The kind of case that a dispute is."""
FULL = ("refund_only", "return_refund")
"""Remedies that refund what was asked where no other sum is said."""
BY_RULE = ("agree", "confirm")
"""Verbs that the platform does by its rules alone, not by its people."""
FILLED = frozenset(
    ("judged_by", "decided_by", "appealed_by", "appealed_account", "withdrawn_by", "found", "proposed_rule",
     "proposed_liability", "proposed_remedy")
)  # fmt: skip
"""Facts that verbs take and `act` gives, whatever was handed in: nobody is asked for them."""
_PARTIES = {"buyer": "buyer", "merchant": "seller"}
"""Actor → as facts name the party."""
_SIGNED = frozenset(("appealed_by", "withdrawn_by"))
"""Facts that say which party acts."""


class View(NamedTuple):
    """What a dispute looks like to those at it: the table that it goes by, what evidence each side is asked for, and what the
    table says by now: the ruling with its rule, or the questions still to be answered."""

    table: str
    label: Mapping[str, str]
    evidence_needed: Needs
    questions: Mapping[str, Question]
    answers: Mapping[str, str]
    says: Proposal | Open


def act(sitting: Sitting, id_: str, act: Act) -> Step:
    """A verb by a person, on any case. Raises CaseRefused, NotFound, as `Sitting.act` does."""
    sitting.in_time(id_, act.verb)
    case = sitting.case(id_)
    if act.verb in BY_RULE and act.doer.actor == "platform" and not act.doer.rule:
        zh, en = "平台人员请用“平台直接判定退款”", "for the platform only its rules do this; people decide directly (KS-W18)"
        raise _refuse(sitting, case, act, "who", zh, en)
    prepare = _PREPARES.get(act.verb) if case.kind == DISPUTE else None
    if prepare is None or not _may(sitting, case, act):
        return sitting.act(id_, act)
    return sitting.act(id_, act._replace(takes={**act.takes, **prepare(sitting, case, act)}))


def _may(sitting: Sitting, case: Case, act: Act) -> bool:
    """Whether the flow lets this doer do that now; if not, it says so itself, and nothing is told of the dispute."""
    verb = flow_of(sitting.desk.book(case.platform), case).verbs.get(act.verb)
    return verb is not None and act.doer.actor in verb.who and case.state in verb.from_


def allows(sitting: Sitting, case: Case, name: str, part: Actor) -> bool:
    """Whether guards that ask only which party acts would let this one: the winner has no appeal to be shown."""
    book, known = sitting.desk.book(case.platform), sitting.known(case)
    verb = flow_of(book, case).verbs[name]
    signed = dict.fromkeys(_SIGNED & set(verb.takes), _PARTIES.get(part, ""))
    known = known._replace(own={**known.own, **signed})
    guards = [book.guards[guard].at(case.began).holds for guard in verb.guards] if signed else []
    return all(holds(test, known) for test in guards if set(asked(test)) & set(verb.takes) <= _SIGNED)


def view(sitting: Sitting, case: Case) -> View:
    """A dispute as it stands, for both sides and the adjudicator."""
    name, table = _table(sitting, case, sitting.known(case))
    label = sitting.desk.book(case.platform).tables[name].label
    known = sitting.known(case)
    return View(
        name, label.model_dump(), table.evidence_needed, table.questions, answers_of(table, known), propose(name, table, known)
    )


def _table(sitting: Sitting, case: Case, known: Known) -> tuple[str, TableVersion]:
    tables = sitting.desk.book(case.platform).tables
    name = table_for(tables, case.began, known)
    return name, tables[name].at(case.began)


def _refuse(sitting: Sitting, case: Case, act: Act, guard: str, zh: str, en: str) -> CaseRefused:
    book = sitting.desk.book(case.platform)
    return CaseRefused(Refusal(guard, zh, en, possible(book, case, act.doer.actor, sitting.known(case))))


# Findings


def _find(sitting: Sitting, case: Case, act: Act) -> Facts:
    """With what is found, what the table then proposes. On appeal it is for somebody else to find."""
    _apart(sitting, case, act)
    if case.facts.get("appealed_at") and act.doer.account_id == case.facts.get("judged_by", -1):
        raise _refuse(sitting, case, act, "another", "原裁决人不得复核", "who judged cannot look into the appeal")
    tables = sitting.desk.book(case.platform).tables
    handed = {name: value for name, value in act.takes.items() if value is not None}
    if handed.get("claim", "") not in ("", *tables):
        raise _refuse(
            sitting, case, act, "claim", f"没有这张判责表：{handed['claim']}", f"no such table; tables: {', '.join(tables)}"
        )
    known = sitting.known(case)
    known = known._replace(own={**known.own, **handed})
    name, table = _table(sitting, case, known)
    asked = {question.fact: question for question in table.questions.values() if question.fact}
    for fact, value in handed.items():
        if fact in asked and value not in asked[fact].answers:
            allowed = ", ".join(asked[fact].answers)
            raise _refuse(sitting, case, act, "answer", f"{fact} 只能是：{allowed}", f"{fact} is one of: {allowed}")
    return _proposed(propose(name, table, known))


def _proposed(says: Proposal | Open) -> Facts:
    found = "; ".join(f"{name}={answer}" for name, answer in sorted(says.answers.items()))
    if isinstance(says, Open):
        return {"found": f"{says.table}: {found}", "proposed_rule": "", "proposed_liability": "", "proposed_remedy": ""}
    return {
        "found": f"{says.rule.partition('/')[0]}: {found}",
        "proposed_rule": says.rule,
        "proposed_liability": says.liability,
        "proposed_remedy": says.remedy,
    }


# Verdicts


def _verdict(sitting: Sitting, case: Case, act: Act) -> Facts:
    """Who judges; the sum asked for and the freight proposed where nothing else is said; the rule; the evidence cited."""
    facts, said = case.facts, act.takes
    departs = (facts.get("proposed_liability"), facts.get("proposed_remedy")) != (said.get("liability"), said.get("remedy"))
    why = {"departure": _why(act) if departs else None}
    return {**_ruled(sitting, case, act), **why, "judged_by": _judge(sitting, case, act)}


def _why(act: Act) -> str | None:
    """Why a verdict is another than was proposed, or judged before."""
    return str(act.takes.get("departure") or act.why) or None


def _decides(sitting: Sitting, case: Case, act: Act) -> Facts:
    return {"decided_by": _judge(sitting, case, act)}


def _overturns(sitting: Sitting, case: Case, act: Act) -> Facts:
    return {**_ruled(sitting, case, act), "departure": _why(act), **_decides(sitting, case, act)}


def _shifts(sitting: Sitting, case: Case, act: Act) -> Facts:
    return {**_cited(sitting, case, act), "departure": _why(act), **_decides(sitting, case, act)}


def _rechecks(sitting: Sitting, case: Case, act: Act) -> Facts:
    return {"judged_by": _judge(sitting, case, act)}


def _ends(sitting: Sitting, case: Case, act: Act) -> Facts:
    """Ending a dispute without a verdict decides it too."""
    _apart(sitting, case, act)
    return {}


def _ruled(sitting: Sitting, case: Case, act: Act) -> Facts:
    """What a ruling says where whoever decides leaves it open: the sum asked for; freight as the table has it."""
    said = act.takes
    given: dict[str, Any] = {**_cited(sitting, case, act), **_sum(sitting, case, act)}
    name, table = _table(sitting, case, sitting.known(case))
    says = propose(name, table, sitting.known(case))
    as_proposed = isinstance(says, Proposal) and (says.liability, says.remedy) == (said.get("liability"), said.get("remedy"))
    if isinstance(says, Proposal) and as_proposed:
        for fact in ("outbound_by_merchant", "return_by_merchant"):
            if said.get(fact) is None:
                given[fact] = getattr(says, fact)
    if said.get("freight_fen") is None:
        given["freight_fen"] = _freight(sitting, case, {**said, **given})
    return given


def _freight(sitting: Sitting, case: Case, ruling: Facts) -> int:
    """Return freight where nobody says how much: the pack's, by this ruling alone, not by one that it overturns."""
    known = sitting.known(case)
    amount = sitting.desk.book(case.platform).amounts["freight_ruled"].at(case.began)
    return sum_of(amount, known._replace(own={**known.own, "return_by_merchant": None, **ruling}))


def _sum(sitting: Sitting, case: Case, act: Act) -> Facts:
    """What is refunded: all that was asked, as far as it is left (nothing is deducted, DY-D09), or in part, which is less."""
    remedy, said, asked = act.takes.get("remedy"), act.takes.get("refund_fen"), case.facts.get("asked_fen")
    if remedy == "partial_refund" and (said is None or (asked is not None and not 0 < said < asked)):
        zh, en = "部分退款须写明金额，且少于所申请的", "a partial refund says its sum, less than what was asked"
        raise _refuse(sitting, case, act, "partial", zh, en)
    if remedy not in FULL or asked is None:
        return {}
    full = asked if act.verb == "overturn" else min(asked, sitting.known(case).get("order.left_fen"))
    if said not in (None, full):
        raise _refuse(
            sitting,
            case,
            act,
            "whole",
            "不是部分退款的，按所申请的全额退",
            "short of a partial refund, all that was asked is refunded",
        )
    return {"refund_fen": full}


def _cited(sitting: Sitting, case: Case, act: Act) -> Facts:
    """The rule, that of the proposal unless another is named, and evidence that there is. Where there is any, some is cited."""
    tables = sitting.desk.book(case.platform).tables
    ruling = str(act.takes.get("ruling") or case.facts.get("proposed_rule") or "")
    name, _, row = ruling.partition("/")
    if name not in tables or row not in tables[name].at(case.began).rows:
        raise _refuse(sitting, case, act, "ruling", "请写明判责规则（表/规则）", "cite a rule as table/row")
    shown = {str(each.id) for each in evidence.listing(sitting.connection, _shown_in(sitting, case))}
    cited = [part.strip() for part in str(act.takes.get("evidence_ids") or "").split(",") if part.strip()]
    if set(cited) - shown or (shown and not cited):
        raise _refuse(
            sitting, case, act, "evidence_ids",
            f"请写明所依据的证据编号：{'、'.join(sorted(shown))}", f"cite evidence of this dispute: {', '.join(sorted(shown))}",
        )  # fmt: skip
    return {"ruling": ruling, "evidence_ids": ",".join(cited)}


def _shown_in(sitting: Sitting, case: Case) -> list[str]:
    """The cases whose evidence a verdict may cite: the dispute and the case that it is about."""
    return [case.id, *([case.parent_id] if case.parent_id else [])]


def _judge(sitting: Sitting, case: Case, act: Act) -> int:
    """The account that decides, which must be one, and stand apart."""
    _apart(sitting, case, act)
    if act.doer.account_id is None:
        raise _refuse(sitting, case, act, "who", "裁决须登录", "a verdict is given by an account")
    return act.doer.account_id


def _apart(sitting: Sitting, case: Case, act: Act) -> None:
    """Nobody judges where they acted, or showed evidence, as a party; what is overdue is a senior's."""
    account = act.doer.account_id
    if sitting.owner(case) == "senior" and act.doer.actor != "senior":
        raise _refuse(sitting, case, act, "who", "已逾期，须由上级处理", "it is overdue and a senior's to decide")
    family = [each.id for each in sitting.cases.values() if each.order_id == case.order_id]
    if account is not None and evidence.took_part(sitting.connection, family, account):
        raise _refuse(sitting, case, act, "apart", "曾代表一方处理此单，不得裁决", "who acted for a party here cannot judge")


# Parties


def _appeals(_sitting: Sitting, _case: Case, act: Act) -> Facts:
    return {"appealed_by": _PARTIES.get(act.doer.actor, ""), "appealed_account": act.doer.account_id}


def _withdraws(_sitting: Sitting, _case: Case, act: Act) -> Facts:
    return {"withdrawn_by": _PARTIES.get(act.doer.actor, "")}


def _without_a_file(sitting: Sitting, case: Case, act: Act) -> Facts:
    raise _refuse(sitting, case, act, "evidence", "请上传证据文件", "hand in a file as evidence")


_PREPARES: Mapping[str, Callable[[Sitting, Case, Act], Facts]] = {
    "turn_away": _ends,
    "close_settled": _ends,
    "find": _find,
    "verdict": _verdict,
    "find_liable": _rechecks,
    "uphold": _decides,
    "shift_liability": _shifts,
    "overturn": _overturns,
    "appeal": _appeals,
    "withdraw": _withdraws,
    "submit_buyer": _without_a_file,
    "submit_merchant": _without_a_file,
    "submit_platform": _without_a_file,
}

"""What follows from a verb, in the same transaction: other cases opened or told, payments, postings."""

from collections.abc import Callable, Iterator, Mapping

from tianping.cases.case import Act, Case, Doer, Due, Step
from tianping.cases.flow import flow_of
from tianping.errors import TianpingError
from tianping.store.desk.outbox import Letter
from tianping.work.desk import duties
from tianping.work.desk.money.postings import POSTINGS
from tianping.work.desk.sitting import ORDER, CaseRefused, Sitting

PAYMENT = "payment"
"""The kind of case that a payment is."""
TO_MEASURES = {"duty_done": duties.done}
POSTED = (*POSTINGS, *TO_MEASURES)
"""What a verb may `post`: in the money ledger, and to the measure that asks for a duty."""


def follow(sitting: Sitting, case: Case, cause: Step, due: Due, depth: int) -> None:
    """Do what is due. Raises CaseRefused where somebody who must do something cannot."""
    name = next(name for name in _EFFECTS if getattr(due.effect, name) is not None)
    _EFFECTS[name](sitting, case, cause, due, depth)


def _system(cause: Step) -> Doer:
    """By the system, for the account that did what this follows from."""
    return Doer("system", cause.event.doer.account_id, f"{cause.after.kind} {cause.event.verb}")


def _opening(sitting: Sitting, platform: str, kind: str, case: Case) -> str:
    flow = sitting.desk.book(platform).flows.get(kind)
    openings = flow.at(case.began).openings if flow else ()
    if not openings:
        raise TianpingError(f'the pack of {platform} opens no "{kind}"; run `tianping policy check`')
    return openings[0]


def _open(sitting: Sitting, case: Case, cause: Step, due: Due, depth: int) -> None:
    assert due.effect.open is not None
    _begin(sitting, case, cause, due.effect.open, due.gives, depth)


def _begin(sitting: Sitting, case: Case, cause: Step, kind: str, gives: Mapping[str, object], depth: int) -> Step:
    given = {name: value for name, value in gives.items() if value is not None}
    act = Act(_opening(sitting, case.platform, kind, case), _system(cause), given, cause.event.why)
    return sitting.open(
        kind, act,
        platform=case.platform, shop_id=case.shop_id, order_id=case.order_id, parent_id=case.id, zone=case.zone, depth=depth,
    )  # fmt: skip


def _tell(sitting: Sitting, case: Case, cause: Step, due: Due, depth: int) -> None:
    effect = due.effect
    assert effect.verb is not None
    given = {name: value for name, value in due.gives.items() if value is not None}
    act = Act(effect.verb, _system(cause), given, cause.event.why)
    for id_ in _whom(sitting, case, due):
        sitting.catch_up(id_)  # late is late for those who are told, too
        try:
            sitting.act(id_, act, depth=depth)
        except CaseRefused as refused:
            if effect.must or refused.refusal.guard not in ("state", "who", "verb"):
                raise


def _whom(sitting: Sitting, case: Case, due: Due) -> Iterator[str]:
    """The ids of those told; a case without a parent or an order tells nobody."""
    told = due.effect.tell
    if told == "parent" and case.parent_id:
        yield case.parent_id
    if told == "order" and case.order_id and ORDER + case.order_id in sitting.cases:
        yield ORDER + case.order_id
    if told == "children":
        yield from [each.id for each in _children(sitting, case) if due.effect.kind in (None, each.kind)]
    if told == "cases":
        yield from [each.id for each in _siblings(sitting, case) if _hears(sitting, each, due.effect.verb or "")]


def _siblings(sitting: Sitting, case: Case) -> list[Case]:
    """The other cases of an order."""
    its = (each for each in sitting.cases.values() if each.order_id == case.order_id and each.id != case.id)
    return sorted(its, key=lambda each: (each.opened_at, each.id))


def _hears(sitting: Sitting, case: Case, verb: str) -> bool:
    found = flow_of(sitting.desk.book(case.platform), case).verbs.get(verb)
    return found is not None and case.state in found.from_


def _children(sitting: Sitting, case: Case) -> list[Case]:
    """Those read so far: the family is read as a whole."""
    return sorted(
        (each for each in sitting.cases.values() if each.parent_id == case.id), key=lambda each: (each.opened_at, each.id)
    )


def _pay(sitting: Sitting, case: Case, cause: Step, due: Due, depth: int) -> None:
    if due.fen > 0:
        given = {**due.gives, "purpose": due.effect.pay, "fen": due.fen, "borne_by": due.effect.by}
        _begin(sitting, case, cause, PAYMENT, given, depth)


def _undo(sitting: Sitting, case: Case, cause: Step, due: Due, depth: int) -> None:
    """Paid: reversed. Surely not paid: cancelled. Not known yet: recalled, to be either when it is."""
    for child in _children(sitting, case):
        if child.kind == PAYMENT and due.effect.undo in ("all", child.facts.get("purpose")):
            sitting.lapse(child.id)
            each = sitting.cases[child.id]
            flow = sitting.desk.book(each.platform).flows[PAYMENT].at(each.began)
            verb = next((verb for verb in ("reverse", "cancel", "recall") if each.state in flow.verbs[verb].from_), None)
            if verb and not (verb == "recall" and each.facts.get("recalled")):
                sitting.act(each.id, Act(verb, _system(cause), {}, cause.event.why), depth=depth)


def _send(sitting: Sitting, case: Case, cause: Step, due: Due, depth: int) -> None:
    """The key is the case's own, whatever number of tries: the gateway pays it once. Nothing to pay is paid."""
    fen = case.facts.get("due_fen", case.facts["fen"])
    if not fen:
        sitting.act(case.id, Act("succeed", Doer("gateway"), {}, cause.event.why), depth=depth)
        return
    payload = {"fen": fen, "purpose": case.facts["purpose"], "buyer_id": case.facts.get("buyer_id")}
    sitting.letters.append(Letter("gateway", case.id, case.id, cause.event.n, payload, sitting.at))


def _post(sitting: Sitting, case: Case, cause: Step, due: Due, _depth: int) -> None:
    assert due.effect.post is not None
    post = TO_MEASURES.get(due.effect.post) or POSTINGS[due.effect.post]
    post(sitting.directly(), case, cause.event)


_EFFECTS: Mapping[str, Callable[[Sitting, Case, Step, Due, int], None]] = {
    "open": _open,
    "tell": _tell,
    "pay": _pay,
    "undo": _undo,
    "send": _send,
    "post": _post,
}

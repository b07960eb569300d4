"""What somebody does about a measure, whatever way it comes: the console's forms and the command line say the same things, are
refused for the same reasons, and leave the same line in the trail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal, NamedTuple

from tianping.assess.penalty import Deal, Dealt
from tianping.errors import TianpingError
from tianping.policy.judging import Severity
from tianping.store.violations import Verb
from tianping.work.docket import measures
from tianping.work.docket.hearing import Hearing, Post
from tianping.work.docket.history import Office
from tianping.work.docket.measures import AS_PROPOSED, Choice, MeasureRefused
from tianping.work.home import Home
from tianping.work.people.trail import Doer, record

Why = Literal["amounts", "above", "worst", "right"]


class DeedRefused(TianpingError):
    """What says too little, or too much, or is not this person's to do; `why` for words in other languages."""

    def __init__(self, why: Why, said: str) -> None:
        super().__init__(said)
        self.why = why


LABELS = ("product", "logistics", "service", "unrelated", "malicious", "mistaken")
"""What a text may be labelled as."""


class Said(NamedTuple):
    """What goes with a verb. `severity`: another than the present one; `seen`: the last event that this person saw."""

    why: str = ""
    choice: Choice = AS_PROPOSED
    severity: Severity | None = None
    sales_fen: int | None = None
    duty: str = ""
    labels: Mapping[str, str] = {}
    seen: int | None = None


def decide(home: Home, office: Office, told: Hearing, post: Post, doer: Doer, verb: Verb, said: Said) -> None:
    """Do it to a measure as it was `hear`d. Raises MeasureRefused, DeedRefused; the verbs possible are those of this person."""
    if verb not in post.verbs:
        may = ", ".join(told.may) or "nothing"
        raise DeedRefused("right", f"it is not for this account to {verb} a measure; possible now: {may}")
    try:
        DEEDS[verb](_Deed(office, doer, told, said))
    except MeasureRefused as error:
        now = [each for each in error.possible if each in post.verbs] if error.why == "meanwhile" else told.may
        raise MeasureRefused(error.why, error.said, tuple(now)) from error
    record(home, doer.account_id, "measure", f"measure {told.row.id}", doer.at, address=doer.address, detail={"verb": verb})


def whole(dealt: Dealt, text: str) -> int:
    """Days or points, or yuan as fen. Raises MeasureRefused for what is no number."""
    try:
        number = Decimal(text) * (100 if dealt.unit == "fen" else 1)
    except InvalidOperation as error:
        raise MeasureRefused("range", f'"{text[:40]}" is no number') from error
    if not number.is_finite() or number != int(number) or abs(number) > 10**15:
        raise MeasureRefused("range", f'"{text[:40]}" is no whole number')
    return int(number)


@dataclass(frozen=True, slots=True)
class _Deed:
    """A verb as somebody sends it."""

    office: Office
    doer: Doer
    told: Hearing
    said: Said


def _label(deed: _Deed) -> None:
    said = deed.said
    if any(each not in LABELS for each in said.labels.values()) or not (said.labels or said.why):
        raise MeasureRefused("reason", f"label the texts ({', '.join(LABELS)}), or say what they are")
    labels = {**said.labels, **({"": said.why} if said.why else {})}
    measures.label(deed.office, deed.doer, deed.told.row.id, labels, seen=said.seen)


def _confirm(deed: _Deed) -> None:
    said, choice = deed.said, deed.said.choice
    options = deed.told.offer.options if deed.told.offer else ()
    shown = options[choice.option] if 0 <= choice.option < len(options) else ()
    _require_known(choice, shown)
    if said.sales_fen is not None and said.sales_fen < 0:
        raise MeasureRefused("sales", "sales are not negative")
    if said.severity and not said.why:
        raise DeedRefused("worst", f"say why it is {said.severity}")
    if said.severity:
        choice = _none_of_another(choice, shown)
    elif not said.why and any(choice.amounts.get(each.key, 0) > (each.amount or 0) for each in shown):
        raise DeedRefused("above", "an amount is above what the rule proposes: say why")
    measures.confirm(
        deed.office, deed.doer, deed.told.row.id, choice,
        severity=said.severity, sales_fen=said.sales_fen, why=said.why, seen=said.seen,
    )  # fmt: skip


def _require_known(choice: Choice, shown: Sequence[Dealt]) -> None:
    open_ = [each.key for each in shown if each.amount is not None]
    if unknown := sorted(set(choice.amounts) - set(open_)):
        raise MeasureRefused("range", f'no amount of "{unknown[0]}" is to be chosen; there is: {", ".join(open_) or "none"}')


def _none_of_another(choice: Choice, shown: Sequence[Dealt]) -> Choice:
    """What is sent along with another severity: its amounts are those of the present one. Raises DeedRefused where somebody has
    changed them."""
    if any(choice.amounts.get(each.key, each.amount) != each.amount for each in shown):
        raise DeedRefused("amounts", "the amounts are those of the present severity; choose the one or the other")
    return AS_PROPOSED


def _reduce(deed: _Deed) -> None:
    said, deal = deed.said, deed.told.deal
    _require_known(said.choice, deal)
    another = said.severity not in (None, deed.told.last.severity)
    choice = _none_of_another(said.choice, deal) if another else said.choice
    measures.reduce(
        deed.office, deed.doer, deed.told.row.id, said.why, severity=said.severity, choice=choice, seen=said.seen
    )  # fmt: skip


def _fulfil(deed: _Deed) -> None:
    said, open_ = deed.said, deed.told.duties
    if said.duty not in open_:
        raise MeasureRefused("duty", f'no duty "{said.duty[:40]}" is open to you; open: {", ".join(open_) or "none"}')
    measures.fulfil(deed.office, deed.doer, deed.told.row.id, said.duty, said.why, seen=said.seen)


def _plainly(verb: Callable[..., None]) -> Callable[[_Deed], None]:
    """A verb that takes reasons and nothing else."""
    return lambda deed: verb(deed.office, deed.doer, deed.told.row.id, deed.said.why, seen=deed.said.seen)


DEEDS: Mapping[Verb, Callable[[_Deed], None]] = {
    "label": _label,
    "confirm": _confirm,
    "dismiss": _plainly(measures.dismiss),
    "appeal": _plainly(measures.appeal),
    "uphold": _plainly(measures.uphold),
    "reduce": _reduce,
    "overturn": _plainly(measures.overturn),
    "revoke": _plainly(measures.revoke),
    "fulfil": _fulfil,
}
"""What somebody can do."""


def chosen_of(told: Hearing, verb: Verb, option: int) -> Deal:
    """The effects whose amounts go with a verb: those of an option that is offered, or those that stand."""
    if verb == "reduce":
        return tuple(told.deal)
    options = told.offer.options if told.offer else ()
    return options[option] if verb == "confirm" and 0 <= option < len(options) else ()

"""What people do about a measure, from the forms of its page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal, cast, get_args

from starlette.datastructures import FormData

from tianping.assess.penalty import Dealt
from tianping.errors import TianpingError
from tianping.policy.judging import Severity
from tianping.store.violations import Verb
from tianping.work import measures
from tianping.work.hearing import Hearing
from tianping.work.history import Office
from tianping.work.measures import Choice, MeasureRefused
from tianping.work.trail import Doer

Why = Literal["amounts", "above", "worst"]


class DeedRefused(TianpingError):
    """A form that says too little, or too much; `why` for its words."""

    def __init__(self, why: Why, said: str) -> None:
        super().__init__(said)
        self.why = why


LABELS = ("product", "logistics", "service", "unrelated", "malicious", "mistaken")
"""What a text may be labelled as."""
MOST_WORDS = 4_000
_UNSEEN = -1


def text(form: FormData | Mapping[str, str], name: str) -> str:
    """A field of a form; '' where there is none, or a file."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def field(option: int, dealt: Dealt) -> str:
    """The name of a form's field for an amount."""
    return f"amount-{option}-{dealt.key}"


def yuan(fen: int) -> str:
    """As a form's field holds it."""
    return f"{Decimal(fen) / 100:f}"


@dataclass(frozen=True, slots=True)
class Deed:
    """A verb as somebody sends it."""

    office: Office
    doer: Doer
    told: Hearing
    form: FormData

    @property
    def why(self) -> str:
        return text(self.form, "why").strip()[:MOST_WORDS]

    @property
    def seen(self) -> int:
        """The last event that the form's page showed; without one it is as if something had happened meanwhile."""
        given = text(self.form, "seen")
        return int(given) if given.isdecimal() and len(given) < 10 else _UNSEEN

    @property
    def severity(self) -> Severity | None:
        given = text(self.form, "severity")
        return cast(Severity, given) if given in get_args(Severity) else None

    @property
    def option(self) -> int:
        given = text(self.form, "option")
        return int(given) if given.isdecimal() and len(given) < 4 else 0

    def choice(self, deal: Sequence[Dealt], option: int) -> Choice:
        """The amounts of a form. Raises MeasureRefused for what is no number."""
        named = {each.key: (each, text(self.form, field(option, each)).strip()) for each in deal if each.unit}
        return Choice(option, {key: _whole(each, text) for key, (each, text) in named.items() if text})


def _whole(dealt: Dealt, text: str) -> int:
    """Days or points, or yuan as fen."""
    try:
        number = Decimal(text) * (100 if dealt.unit == "fen" else 1)
    except InvalidOperation as error:
        raise MeasureRefused("range", f'"{text[:40]}" is no number') from error
    if not number.is_finite() or number != int(number) or abs(number) > 10**15:
        raise MeasureRefused("range", f'"{text[:40]}" is no whole number')
    return int(number)


def _label(deed: Deed) -> None:
    labels = {key.removeprefix("label-"): str(value) for key, value in deed.form.items() if key.startswith("label-") and value}
    if any(each not in LABELS for each in labels.values()) or not (labels or deed.why):
        raise MeasureRefused("reason", "label the texts, or say what they are")
    said = labels | ({"": deed.why} if deed.why else {})
    measures.label(deed.office, deed.doer, deed.told.row.id, said, seen=deed.seen)


def _confirm(deed: Deed) -> None:
    offer, worst = deed.told.offer, deed.severity if deed.severity == deed.told.worst else None
    sales = text(deed.form, "sales").strip()
    sales_fen = _whole(Dealt("money", unit="fen"), sales) if worst and sales else None
    if sales_fen is not None and sales_fen < 0:
        raise MeasureRefused("sales", "sales are not negative")
    options = offer.options if offer else ()
    option = min(deed.option, len(options) - 1)
    choice = deed.choice(options[option], option) if options else measures.AS_PROPOSED
    if worst and not deed.why:
        raise DeedRefused("worst", "say why it is extremely serious")
    if options and worst:
        choice = _none_of_another(choice, options[option])
    elif options and not deed.why and _raises(choice, options[option]):
        raise DeedRefused("above", "an amount is above what the rule proposes: say why")
    measures.confirm(
        deed.office, deed.doer, deed.told.row.id, choice, severity=worst, sales_fen=sales_fen, why=deed.why, seen=deed.seen
    )


def _raises(choice: Choice, proposed: Sequence[Dealt]) -> bool:
    return any(choice.amounts.get(each.key, 0) > (each.amount or 0) for each in proposed)


def _none_of_another(choice: Choice, shown: Sequence[Dealt]) -> Choice:
    """What a form sends along with another severity: its amounts are those of the present one. Raises DeedRefused where
    somebody has changed them."""
    if any(choice.amounts.get(each.key, each.amount) != each.amount for each in shown):
        raise DeedRefused("amounts", "the amounts are those of the present severity; choose the one or the other")
    return measures.AS_PROPOSED


def _reduce(deed: Deed) -> None:
    present = deed.told.last.severity
    milder = deed.severity if deed.severity in deed.told.milder else None
    choice = deed.choice(deed.told.deal, 0)
    if milder and milder != present:
        choice = _none_of_another(choice, deed.told.deal)
    measures.reduce(deed.office, deed.doer, deed.told.row.id, deed.why, severity=milder, choice=choice, seen=deed.seen)


def _fulfil(deed: Deed) -> None:
    duty = text(deed.form, "duty")
    if duty not in deed.told.duties:
        raise MeasureRefused("duty", f'no duty "{duty[:40]}" is open to you')
    measures.fulfil(deed.office, deed.doer, deed.told.row.id, duty, deed.why, seen=deed.seen)


def _plainly(verb: Callable[..., None]) -> Callable[[Deed], None]:
    """A verb that takes reasons and nothing else."""
    return lambda deed: verb(deed.office, deed.doer, deed.told.row.id, deed.why, seen=deed.seen)


DEEDS: Mapping[Verb, Callable[[Deed], None]] = {
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
"""What somebody can do here."""

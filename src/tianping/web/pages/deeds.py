"""What people say about a measure, read from the forms of its page."""

from collections.abc import Mapping
from decimal import Decimal
from typing import cast, get_args

from starlette.datastructures import FormData

from tianping.assess.penalty import Deal, Dealt
from tianping.policy.judging import Severity
from tianping.store.violations import Verb
from tianping.work.docket.deciding import Said, chosen_of, whole
from tianping.work.docket.hearing import Hearing
from tianping.work.docket.measures import Choice

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


def said(told: Hearing, verb: Verb, form: FormData) -> Said:
    """What a form says along with a verb. Raises MeasureRefused for what is no number."""
    option = _option(told, verb, form)
    severity = _severity(told, verb, form)
    return Said(
        why=text(form, "why").strip()[:MOST_WORDS],
        choice=_choice(form, chosen_of(told, verb, option), option),
        severity=severity,
        sales_fen=_sales(form) if verb == "confirm" and severity else None,
        duty=text(form, "duty"),
        labels={key.removeprefix("label-"): str(value) for key, value in form.items() if key.startswith("label-") and value},
        seen=_seen(form),
    )


def _seen(form: FormData) -> int:
    """The last event that the form's page showed; without one it is as if something had happened meanwhile."""
    given = text(form, "seen")
    return int(given) if given.isdecimal() and len(given) < 10 else _UNSEEN


def _option(told: Hearing, verb: Verb, form: FormData) -> int:
    """One of those offered."""
    options, given = told.offer.options if told.offer and verb == "confirm" else (), text(form, "option")
    return min(int(given) if given.isdecimal() and len(given) < 4 else 0, max(0, len(options) - 1))


def _severity(told: Hearing, verb: Verb, form: FormData) -> Severity | None:
    """The severity chosen, where it is one of the page's; the present one is none."""
    given = text(form, "severity")
    there = told.milder if verb == "reduce" else (told.worst,)
    return cast(Severity, given) if given in get_args(Severity) and given in there else None


def _choice(form: FormData, deal: Deal, option: int) -> Choice:
    named = {each.key: (each, text(form, field(option, each)).strip()) for each in deal if each.unit}
    return Choice(option, {key: whole(each, given) for key, (each, given) in named.items() if given})


def _sales(form: FormData) -> int | None:
    given = text(form, "sales").strip()
    return whole(Dealt("money", unit="fen"), given) if given else None

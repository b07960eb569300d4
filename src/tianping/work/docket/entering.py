"""Violations that only a person enters (KS-V09, V10, V14, V17, DY-D14): which there are, and what an entry must say."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from tianping.assess.finding import Subject
from tianping.assess.violation import Earlier, raised, table_of
from tianping.errors import NotFound, TianpingError
from tianping.facts.versions import seq_at
from tianping.metrics.levels import PATHS
from tianping.periods import to_wall
from tianping.policy.judging import SEVERITIES, Judging, Severity, ViolationVersion
from tianping.policy.model import Pack
from tianping.policy.words import Words
from tianping.store import violations
from tianping.store.violations import State
from tianping.work.docket.history import Confirmed, Office
from tianping.work.docket.proposing import Charge, propose_in
from tianping.work.figures.catalogue import Product, catalogue
from tianping.work.home import Home
from tianping.work.people.reach import Reach
from tianping.work.people.trail import Doer, leave

BY_HAND = "by_hand"
"""The trigger of what a person enters; `by_hand/2` where the first was dismissed or taken back."""
OVER: tuple[State, ...] = ("dismissed", "withdrawn", "revoked", "overturned")
"""States of what counts no more: it may be entered again."""
FIRST = dt.date(2000, 1, 1)
"""The first day that a deed can be of."""
MOST_WORDS = 4_000
Why = Literal["kind", "shop", "subject", "severity", "date", "words", "again"]


class EntryRefused(TianpingError):
    """An entry that cannot be so; `why` for words in other languages."""

    def __init__(self, why: Why, said: str) -> None:
        super().__init__(said)
        self.why = why


class Kind(NamedTuple):
    """A kind of violation to enter. `severities`: those that a person may choose."""

    platform: str
    name: str
    label: Words
    version: ViolationVersion
    severities: Sequence[Severity]


class Entry(NamedTuple):
    """What a person enters. `date`: the day of the deed; `subject`: the product or video where the kind is of one."""

    platform: str
    violation: str
    shop: str
    severity: Severity
    date: dt.date
    words: str
    subject: str = ""


def kinds(packs: Mapping[str, Pack], date: dt.date) -> list[Kind]:
    """What can be entered by hand, by the rules in force on a day."""
    return [
        Kind(pack.platform, name, ruled.label, version, _severities(pack.judging, version, date))
        for pack in packs.values()
        for name, ruled in pack.judging.violations.items()
        if (version := ruled.at(date)) and version.by_hand
    ]


def _severities(judging: Judging, version: ViolationVersion, date: dt.date) -> list[Severity]:
    """Those of its table; the worst is only set when it is confirmed. A table by count sets it itself."""
    ruled = judging.penalties.get(version.table) if version.table else None
    table = ruled.at(date) if ruled else None
    if table is None or table.by == "count":
        return [SEVERITIES[0]]
    has = {cell.severity for cell in table.cells}
    return [each for each in SEVERITIES[:-1] if each in has]


def enter(home: Home, office: Office, packs: Mapping[str, Pack], entry: Entry, reach: Reach, doer: Doer) -> int:
    """Propose it; its id. Raises EntryRefused."""
    if not FIRST <= entry.date <= to_wall(doer.at).date():
        raise EntryRefused("date", f"the day of the deed lies before {FIRST}, or has not come yet")
    kind = next((each for each in kinds(packs, entry.date) if (each.platform, each.name) == entry[:2]), None)
    if kind is None:
        raise EntryRefused("kind", f"{entry.platform} has no violation {entry.violation} to be entered by hand")
    _require(kind, entry)
    whom = _subject(home, kind, entry, reach)
    rule = kind.version
    with violations.alone(office.database, entry.shop) as connection:
        subject, again = whom.product or whom.shop, rule.repeats
        repeats = _repeats(Confirmed(connection, office.past), entry, rule, whom) if again else ()
        trigger = _trigger(connection, entry, subject)
        charge = Charge(
            entry.platform, entry.violation, rule.since, trigger, rule.subject, subject, whom.shop, entry.date,
            raised(entry.severity, len(repeats), again.up_to) if again else entry.severity, entry.severity,
            seq_at(home.versions()), again.up_to if again else None, repeats, table_of(rule, whom), needs_why="the rule",
            evidence=_evidence(kind, entry, whom),
        )  # fmt: skip
        try:
            id_ = propose_in(office, connection, doer, charge, entry.words.strip())
        except NotFound:
            raise
        except TianpingError as error:
            raise EntryRefused("again", str(error)) from error
        leave(connection, doer, "measure_new", f"measure {id_}", violation=entry.violation, shop=entry.shop)
    return id_


def _trigger(connection: Connection, entry: Entry, subject: str) -> str:
    """Raises EntryRefused for what was entered of that day and counts."""
    there = [
        each
        for each in violations.of_date(connection, entry.platform, entry.date)
        if (each.row.violation, each.row.subject_id) == (entry.violation, subject) and each.row.account_id is not None
    ]
    standing = [each.row.id for each in there if each.state not in OVER]
    if standing:
        raise EntryRefused("again", f"{entry.violation} of {subject} on {entry.date} was entered already: {standing[0]}")
    return f"{BY_HAND}/{len(there) + 1}" if there else BY_HAND


def _repeats(history: Confirmed, entry: Entry, rule: ViolationVersion, whom: Subject) -> tuple[Earlier, ...]:
    """What was confirmed before the deed, of those that raise its severity."""
    assert rule.repeats is not None
    first, last = entry.date - dt.timedelta(days=rule.repeats.days), entry.date - dt.timedelta(days=1)
    return tuple(history.confirmed(entry.violation, rule.subject, whom.product or whom.shop, whom.shop, first, last))


def _require(kind: Kind, entry: Entry) -> None:
    if entry.severity not in kind.severities:
        raise EntryRefused("severity", f"choose one of {', '.join(kind.severities)}")
    if not 0 < len(entry.words.strip()) <= MOST_WORDS:
        raise EntryRefused("words", f"say what was done, in up to {MOST_WORDS} characters")


def _subject(home: Home, kind: Kind, entry: Entry, reach: Reach) -> Subject:
    """Whom it is of. What is out of reach is told as what is not there."""
    book = catalogue(home, seq_at(home.versions()))
    shop = book.shops.get(entry.shop) if reach.holds(entry.shop) else None
    if shop is None or shop.platform != entry.platform:
        raise EntryRefused("shop", f'there is no shop "{entry.shop}" of {entry.platform} here')
    if kind.version.subject == "shop":
        return Subject(entry.platform, entry.shop)
    product = book.product(entry.subject) if kind.version.subject == "product" else None
    if not entry.subject.strip() or (kind.version.subject == "product" and (product is None or product.shop != shop.id)):
        raise EntryRefused("subject", f'the shop "{entry.shop}" has no {kind.version.subject} "{entry.subject}"')
    return Subject(entry.platform, entry.shop, entry.subject, _categories(product))


def _categories(product: Product | None) -> tuple[str, str, str]:
    """Its paths, from the first level down; "" where there is none."""
    names = product.path.split("/") if product and product.path else []
    one, two, three = ("/".join(names[: depth + 1]) if depth < len(names) else "" for depth in range(len(PATHS)))
    return one, two, three


def _evidence(kind: Kind, entry: Entry, whom: Subject) -> dict[str, object]:
    return {
        "subject": {
            "platform": whom.platform, "shop": whom.shop, "product": whom.product, "categories": list(whom.categories),
        },
        "trigger": BY_HAND,
        "clause": [str(source) for source in kind.version.source],
        "words": entry.words.strip(),
    }  # fmt: skip

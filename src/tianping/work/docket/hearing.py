"""One measure as somebody looks at it: what was found, what stands, what happened, and what this person may do now.

Judges (the right `judge`) decide; sellers (`appeal`) appeal, and say that they have studied. What lasts
until a fault is remedied ends when a judge says so.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection

from tianping.assess import penalty
from tianping.assess.penalty import Dealt, Offer
from tianping.errors import NotFound, TianpingError
from tianping.metrics.proof import Scope
from tianping.policy.judging import SEVERITIES, PenaltyTable, PenaltyVersion, Severity, Trigger, ViolationVersion
from tianping.policy.load import key_of
from tianping.policy.model import Pack
from tianping.policy.words import Words
from tianping.store import accounts, docket, effects, violations
from tianping.store.accounts import Account
from tianping.store.docket import Counts, Wanted
from tianping.store.effects import Effect
from tianping.store.violations import Event, Present, State, Verb, Violation
from tianping.work.docket import measures
from tianping.work.docket.history import Office
from tianping.work.docket.matter import Basis, Matter, open_matter
from tianping.work.figures.explain import Named, Only
from tianping.work.figures.proofs import proved
from tianping.work.home import Home, facts
from tianping.work.judgement.watch import itself
from tianping.work.people.reach import Reach
from tianping.work.people.trail import Doer

JUDGES: frozenset[Verb] = frozenset({"label", "confirm", "dismiss", "uphold", "reduce", "overturn", "revoke", "fulfil"})
SELLERS: frozenset[Verb] = frozenset({"appeal", "fulfil"})
OWN_DUTIES = ("study",)
"""The duties that a seller fulfils itself. That an exam was passed, who held it says."""
TEXTS = 100
"""Texts listed to be read."""
MOST_COUNTED = 50_000
"""Measures of all shops counted by state for one page: 100 ms."""


class Post(NamedTuple):
    """Who looks: how far, whether as a judge, whether as a seller."""

    account_id: int
    reach: Reach
    judges: bool
    appeals: bool

    @property
    def verbs(self) -> frozenset[Verb]:
        return (JUDGES if self.judges else frozenset()) | (SELLERS if self.appeals else frozenset())


class Dealing(NamedTuple):
    """An effect with what it may be: taken back when (None: it stands), fulfilled or not."""

    effect: Effect
    unit: str
    for_ever: bool
    taken_back: dt.datetime | None
    fulfilled: bool

    def state(self, at: dt.datetime) -> str:
        """taken_back, fulfilled, over, once (done when dealt), running."""
        if self.taken_back:
            return "taken_back"
        if self.fulfilled:
            return "fulfilled"
        if self.effect.lasts == "once":
            return "once"
        return "over" if self.effect.ends_at is not None and self.effect.ends_at <= at else "running"


@dataclass(frozen=True, slots=True)
class Hearing:
    """A measure. `offer`: what its table proposes now; `duties`: those open that this person may say are done; `until`: the
    last moment to appeal; `spoken`: this person has had a say, and somebody else decides; `worst`: the severity that only a
    person sets, where its table has it, with all sales of the shop where `sales`; `milder`: severities to reduce it to."""

    row: Violation
    events: Sequence[Event]
    label: Words
    rule: ViolationVersion | None
    trigger: Trigger | None
    basis: Basis | None
    table: PenaltyTable | None
    cells: PenaltyVersion | None
    offer: Offer | None
    deal: Sequence[Dealt]
    dealings: Sequence[Dealing]
    may: tuple[Verb, ...]
    duties: tuple[str, ...]
    until: dt.datetime | None
    spoken: bool
    worst: Severity | None
    sales: bool
    milder: Sequence[Severity]
    people: Mapping[int, Account]

    @property
    def last(self) -> Event:
        return self.events[-1]

    @property
    def recorded(self) -> bool:
        """Whether it is only recorded: nobody confirms it, and no penalty goes with it."""
        return self.row.records and self.last.state == "proposed"

    @property
    def why_chosen(self) -> str:
        """The words of who chose the amounts last."""
        return next((each.why for each in reversed(self.events) if each.chosen and each.verb in ("confirm", "reduce")), "")

    @property
    def picked(self) -> Sequence[tuple[Dealt, Dealt]]:
        """What stands with another amount than its table proposes at this severity, each beside the proposal."""
        options = self.offer.options if self.offer and self.offer.severity == self.last.severity else ()
        keys = [each.key for each in self.deal]
        proposed = next(({each.key: each for each in deal} for deal in options if [one.key for one in deal] == keys), {})
        return [(each, proposed[each.key]) for each in self.deal if each.key in proposed and each != proposed[each.key]]

    @property
    def chosen(self) -> bool:
        """Whether the penalty dealt is another than its table proposes."""
        return bool(self.deal) and (self.offer is None or all(self.deal != option for option in self.offer.options[:1]))


def hear(office: Office, id_: int, post: Post, at: dt.datetime) -> Hearing:
    """Raises NotFound for one that is not there, or not within reach: in the same words."""
    doer = Doer(post.account_id, at)
    with office.database.connect() as connection:
        row = violations.get(connection, id_)
        if row is None or not post.reach.holds(row.shop_id):
            raise NotFound(f"there is no measure {id_} here")
        matter = open_matter(office, connection, id_)
        row = matter.row
        may = tuple(verb for verb in measures.possible(office, id_, doer) if verb in post.verbs)
        duties = _duties(matter, post)
        judging = office.rules.get(row.platform)
        ruled = judging.violations.get(row.violation) if judging else None
        rule, basis, cells = matter.rule, matter.basis, _cells(matter)
        standing, asked = matter.standing, {"fulfil": bool(duties), "label": bool(rule and rule.read_first)}
        worst = _worst(cells) if "confirm" in may and matter.severity != "extremely_serious" else None
        return Hearing(
            row=row,
            events=matter.events,
            label=ruled.label if ruled else itself(row.violation),
            rule=rule,
            trigger=next((each for each in rule.triggers if each.name == row.trigger), None) if rule else None,
            basis=basis,
            table=judging.penalties.get(basis.table) if judging and basis else None,
            cells=cells,
            offer=matter.offer,
            deal=standing.deal if standing else (),
            dealings=_dealings(matter),
            may=tuple(verb for verb in may if asked.get(verb, True)),
            duties=duties,
            until=measures.appeal_until(matter),
            spoken=measures.must_be_another(matter, doer),
            worst=worst,
            sales=bool(worst and cells and penalty.needs_sales(cells, worst)),
            milder=_milder(matter, cells) if "reduce" in may else (),
            people=_people(connection, matter.events),
        )


def _cells(matter: Matter) -> PenaltyVersion | None:
    """None where the packs have the table no more."""
    try:
        return matter.table
    except NotFound:
        return None


def _duties(matter: Matter, post: Post) -> tuple[str, ...]:
    deal = matter.standing.deal if matter.standing else ()
    open_ = penalty.still_open(deal, matter.fulfilled)
    return open_ if post.judges else tuple(key for key in open_ if key in OWN_DUTIES)


def _worst(cells: PenaltyVersion | None) -> Severity | None:
    worst: Severity = "extremely_serious"
    return worst if cells and cells.by == "severity" and penalty.cells_of(cells, worst, 1) else None


def _milder(matter: Matter, cells: PenaltyVersion | None) -> list[Severity]:
    """Severities below the present one that the table has."""
    has = {cell.severity for cell in cells.cells} if cells else set()
    below = SEVERITIES[: SEVERITIES.index(matter.severity)]
    return [each for each in below if each in has and cells and not penalty.needs_sales(cells, each)]


def _dealings(matter: Matter) -> list[Dealing]:
    every = effects.of_violation(matter.connection, matter.row.id)
    taken = {each.reverses: each.at for each in every if each.reverses is not None}
    spared = {key for event in matter.events if event.verb == "fulfil" for key in event.detail.get("spares", ())}
    return [
        Dealing(each, _unit(each), each.lasts == "ever", taken.get(each.id), each.name in spared)
        for each in every
        if each.reverses is None
    ]


def _unit(each: Effect) -> str:
    """What its amount counts."""
    if each.amount is None:
        return ""
    return {"points": "points", "money": "fen"}.get(each.kind, "days")


def _people(connection: Connection, events: Sequence[Event]) -> dict[int, Account]:
    ids = {each.account_id for each in events if each.account_id is not None}
    return {id_: found for id_ in sorted(ids) if (found := accounts.of_id(connection, id_))}


# Lists


class Listing(NamedTuple):
    """A page of measures, newest first; `before` asks for the next, None at the end; `counts` by state, None where counting
    them all takes long."""

    listed: Sequence[Present]
    before: int | None
    counts: Counts | None


def listing(home: Home, wanted: Wanted, reach: Reach, *, limit: int) -> Listing:
    """Those wanted within reach."""
    asked = wanted._replace(shops=reach.shops)
    with home.database.connect() as connection:
        found = docket.page(connection, asked, limit + 1)
        few = wanted.shop or not reach.everything or docket.newest(connection) <= MOST_COUNTED
        counts = docket.counts(connection, asked._replace(before=None, records=None)) if few else None
    after = found[limit - 1].row.id if len(found) > limit else None
    return Listing(found[:limit], after, counts)


OPEN: tuple[State, ...] = ("proposed", "in_force", "appealed")
_MOST_BEGUN = 500
"""Measures in force looked at for the end of the time to appeal."""


class Afoot(NamedTuple):
    """What is under way: how many by state, of how many shops; how many can be appealed, the first of them until when."""

    counts: Mapping[State, int]
    shops: int
    appealable: int
    until: dt.datetime | None


def afoot(office: Office, reach: Reach, at: dt.datetime) -> Afoot | None:
    """Within reach; None where nothing is, and where counting takes long."""
    with office.database.connect() as connection:
        if reach.everything and docket.newest(connection) > MOST_COUNTED:
            return None
        wanted = Wanted(OPEN, shops=reach.shops, records=False)
        counts = docket.counts(connection, wanted)
        now = {state: counts.get((state, False), 0) for state in OPEN}
        if not any(now.values()):
            return None
        begun = docket.confirmed(connection, at - dt.timedelta(days=_longest(office)), reach.shops, _MOST_BEGUN)
        ends = [end for each in begun if (end := each.at + _to_appeal(office, each)) >= at]
        return Afoot(now, docket.shops(connection, wanted), len(ends), min(ends, default=None))


def _longest(office: Office) -> int:
    """The most days that any rule gives to appeal."""
    every = (each.appeal_days for rules in office.rules.values() for of in rules.violations.values() for each in of.versions)
    return max(every, default=measures.APPEAL_DAYS)


def _to_appeal(office: Office, begun: docket.Confirmed) -> dt.timedelta:
    rules = office.rules.get(begun.platform)
    ruled = rules.violations.get(begun.violation) if rules else None
    rule = ruled.at(begun.date) if ruled else None
    return dt.timedelta(days=rule.appeal_days if rule else measures.APPEAL_DAYS)


def names(home: Home, reach: Reach) -> list[tuple[str, str]]:
    """(platform, violation) of the measures within reach."""
    with home.database.connect() as connection:
        return docket.names(connection, reach.shops)


# Texts to read


class Text(NamedTuple):
    """An order that the figure counts, with the stars and words of its first review."""

    order: str
    quality: int | None
    service: int | None
    logistics: int | None
    words: str


_FIRST = (
    "select order_id, quality, service, logistics, coalesce(text, '') from facts.reviews "
    "where order_id in (select unnest(?)) and valid is not false and automatic is not true and overturned_at is null "
    "qualify row_number() over (partition by order_id order by reviewed_at, review_id) = 1 order by order_id"
)


def texts(home: Home, packs: Mapping[str, Pack], row: Violation) -> Sequence[Text] | None:
    """The texts that a person reads before it is confirmed, the first TEXTS of them; None where they cannot be read now: the
    pack or the facts have changed since."""
    reading: Mapping[str, Any] = row.evidence.get("reached", {}).get("reading") or {}
    if not reading.get("metric"):
        return None
    scope = Scope(row.platform, row.subject_kind, row.subject_id, row.date, int(reading["days"]))
    try:
        proof = proved(home, packs, Named(*key_of(str(reading["metric"]))), scope)
        counted = [str(each["order_id"]) for each in proof.rows(Only(role="numerator"), limit=TEXTS) if "order_id" in each]
    except TianpingError:
        return None
    con, _ = facts(home, tables=("reviews",))
    with con:
        return [Text(*each) for each in con.execute(_FIRST, [counted]).fetchall()] if counted else []

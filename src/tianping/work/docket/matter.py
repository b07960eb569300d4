"""A violation at hand, inside the transaction that decides about it: what it rests on, what stands, and what is written."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection

from tianping.assess.penalty import Deal, Dealt, Offer, Standing, deal_of, plain
from tianping.assess.violation import Earlier
from tianping.errors import NotFound
from tianping.policy.judging import PenaltyVersion, Severity, ViolationVersion
from tianping.store import effects, ledger, violations
from tianping.store.effects import Effect
from tianping.store.violations import Event, State, Verb, Violation
from tianping.work.docket import points
from tianping.work.docket.history import Office
from tianping.work.people.trail import Doer


class Basis(NamedTuple):
    """What a proposal rests on, frozen with the violation. `base`: the severity before repeats; `up_to`: how far these raise it
    (None: not at all); `earlier`: what its amounts count."""

    table: str
    since: dt.date
    base: Severity
    up_to: Severity | None
    repeats: tuple[Earlier, ...]
    earlier: tuple[Earlier, ...]

    @property
    def ids(self) -> set[int | str]:
        """All that is counted here."""
        return {each.id for each in (*self.repeats, *self.earlier)}

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        lists = {name: [_plain(each) for each in getattr(self, name)] for name in ("repeats", "earlier")}
        return {**self._asdict(), "since": self.since.isoformat(), **lists}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Basis":
        """From JSON."""
        repeats, earlier = (tuple(_earlier(each) for each in said[name]) for name in ("repeats", "earlier"))
        since = dt.date.fromisoformat(said["since"])
        return cls(said["table"], since, said["base"], said["up_to"], repeats, earlier)


def _plain(each: Earlier) -> dict[str, Any]:
    return {**each._asdict(), "date": each.date.isoformat()}


def _earlier(said: Mapping[str, Any]) -> Earlier:
    return Earlier(said["id"], said["severity"], dt.date.fromisoformat(said["date"]))


@dataclass(frozen=True, slots=True)
class Matter:
    """One violation with all that happened to it, read inside `connection`'s transaction."""

    office: Office
    connection: Connection
    row: Violation
    events: Sequence[Event]

    @property
    def last(self) -> Event:
        return self.events[-1]

    @property
    def state(self) -> State:
        return self.last.state

    @property
    def severity(self) -> Severity:
        return self.last.severity

    @property
    def cause(self) -> str:
        """How the ledger names the last event."""
        return f"violation {self.row.id} event {self.last.n}"

    @property
    def basis(self) -> Basis | None:
        again = (each.detail["basis"] for each in reversed(self.events) if "basis" in each.detail)
        said = next(again, self.row.proposal["basis"])
        return None if said is None else Basis.of(said)

    @property
    def offer(self) -> Offer | None:
        """What the rule offers now: as first proposed, or as re-judged since."""
        said = next((each.detail["offer"] for each in reversed(self.events) if "offer" in each.detail), None)
        return None if said is None else Offer.of(said)

    @property
    def standing(self) -> Standing | None:
        """The penalty dealt, as it stands now; None before it was confirmed."""
        event = next((each for each in reversed(self.events) if each.chosen is not None), None)
        if event is None or event.chosen is None:
            return None
        said = event.chosen
        return Standing(event.severity, said["option"], deal_of(said["effects"]), tuple(said.get("picked", ())))

    @property
    def deal(self) -> Deal:
        """The effects of that penalty."""
        return self.standing.deal if self.standing else ()

    @property
    def confirmed_at(self) -> dt.datetime | None:
        """When it took effect."""
        return next((each.at for each in self.events if each.verb == "confirm"), None)

    @property
    def notice(self) -> Event | None:
        """What the shop was told last: that it takes effect, or is reduced; None before."""
        return next((each for each in reversed(self.events) if each.verb in ("confirm", "reduce")), None)

    @property
    def appealed(self) -> int:
        """How often this notice was appealed."""
        told = self.notice
        return sum(each.verb == "appeal" and each.n > told.n for each in self.events) if told else 0

    @property
    def fulfilled(self) -> tuple[str, ...]:
        """The keys of the duties fulfilled."""
        return tuple(each.detail["duty"] for each in self.events if each.verb == "fulfil")

    @property
    def rule(self) -> ViolationVersion | None:
        """The violation's rule in force at T; None for what the program itself proposes."""
        judging = self.office.rules.get(self.row.platform)
        ruled = judging.violations.get(self.row.violation) if judging else None
        return ruled.at(self.row.date) if ruled else None

    @property
    def table(self) -> PenaltyVersion | None:
        """The penalty table that the proposal rests on. Raises NotFound where the packs have it no more."""
        basis = self.basis
        if basis is None:
            return None
        judging = self.office.rules.get(self.row.platform)
        ruled = judging.penalties.get(basis.table) if judging else None
        found = next((each for each in ruled.versions if each.since == basis.since), None) if ruled else None
        if found is None:
            raise NotFound(
                f'the pack of {self.row.platform} has no penalty table "{basis.table}" of {basis.since} any more, '
                f"which violation {self.row.id} rests on; put it back"
            )
        return found


def open_matter(office: Office, connection: Connection, id_: int) -> Matter:
    """Read a violation. Raises NotFound."""
    row = violations.get(connection, id_)
    if row is None:
        raise NotFound(f"no violation {id_}; list them to see which there are")
    return _as_found(office, connection, row, violations.events(connection, id_))


def open_all(office: Office, connection: Connection, ids: Sequence[int]) -> Sequence[Matter]:
    """Read many, in the order asked."""
    rows, happened = violations.get_all(connection, ids), violations.events_of_all(connection, ids)
    return [_as_found(office, connection, rows[id_], happened[id_]) for id_ in ids]


def _as_found(office: Office, connection: Connection, row: Violation, events: Sequence[Event]) -> Matter:
    """With the evidence by which it was found last: the same facts may have been judged by other rules since."""
    again = next((each.detail["evidence"] for each in reversed(events) if "evidence" in each.detail), None)
    return Matter(office, connection, row if again is None else replace(row, evidence=again), events)


def told(
    matter: Matter,
    doer: Doer,
    verb: Verb,
    state: State | None = None,
    *,
    severity: Severity | None = None,
    standing: Standing | None = None,
    why: str = "",
    detail: Mapping[str, Any] | None = None,
) -> Matter:
    """The matter as it is once this has happened, before it is written down (`record`, `write`). What is not given stays. Never
    earlier than what happened before: two clocks may differ."""
    event = Event(
        violation_id=matter.row.id,
        n=matter.last.n + 1,
        at=max(doer.at, matter.last.at),
        account_id=doer.account_id,
        verb=verb,
        state=state or matter.state,
        severity=standing.severity if standing else severity or matter.severity,
        chosen=None if standing is None else _said(standing),
        why=why,
        detail=detail or {},
    )
    return replace(matter, events=[*matter.events, event])


def record(after: Matter) -> Matter:
    """Write down what has just happened (`told`); the same matter."""
    violations.append(after.connection, after.last)
    return after


def write(connection: Connection, matters: Sequence[Matter]) -> None:
    """Write down the last event of each."""
    violations.append_all(connection, [each.last for each in matters])


def _said(standing: Standing) -> dict[str, Any]:
    return {"option": standing.option, "effects": plain(standing.deal), "picked": list(standing.picked)}


def deal_out(matter: Matter, deal: Deal) -> None:
    """Make the effects of a violation, and the money they move, those of `deal`: what is as it was stays; the rest is taken
    back or dealt anew, by the last event."""
    wanted = {each.key: each for each in deal}
    held = effects.standing(matter.connection, matter.row.id)
    kept = {each.name for each in held if each.name in wanted and _same(each, wanted[each.name])}
    for each in held:
        if each.name not in kept:
            effects.reverse(matter.connection, each, matter.last.n, matter.last.at)
            ledger.give_back(matter.connection, each.id, at=matter.last.at, cause=matter.cause)
    deal_anew(matter.connection, [(matter, dealt) for key, dealt in wanted.items() if key not in kept])


def _same(effect: Effect, dealt: Dealt) -> bool:
    return (effect.amount, effect.lasts) == (dealt.amount, dealt.lasts)


def deal_anew(connection: Connection, dealt: Sequence[tuple[Matter, Dealt]]) -> None:
    """New effects, each by the last event of its violation, and the money they move, in order."""
    ids = effects.add_all(connection, [_effect(matter, each) for matter, each in dealt])
    for (matter, each), id_ in zip(dealt, ids, strict=True):
        if each.unit == "fen" and each.amount:
            ledger.pay(
                connection, matter.row.shop_id, each.amount, ledger.FINES,
                at=matter.last.at, cause=matter.cause, effect_id=id_,
            )  # fmt: skip


def _effect(matter: Matter, dealt: Dealt) -> dict[str, Any]:
    row, begins = matter.row, matter.confirmed_at
    assert begins is not None, "effects begin when it is confirmed"
    days = points.days_of(points.rule(matter.office.rules, row.platform, row.date))
    return {
        "violation_id": row.id, "n": matter.last.n, "shop_id": row.shop_id, "subject_id": row.subject_id,
        "kind": dealt.kind, "name": dealt.key, "lasts": dealt.lasts, "amount": dealt.amount, "begins_at": begins,
        "ends_at": dealt.ends(begins, days), "reverses": None, "at": matter.last.at,
    }  # fmt: skip

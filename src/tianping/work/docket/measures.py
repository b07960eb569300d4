"""What people and the clock do to violations. One verb is one transaction, one event, its effects and its transfers.

A verb that is refused says why and what is possible. Time is an argument: the doer's.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tianping.assess import penalty
from tianping.assess.penalty import Choice, Offer, OutOfRange, Standing
from tianping.errors import NotFound, TianpingError
from tianping.policy.judging import Confirm, Severity, ViolationVersion
from tianping.store import accounts, effects, violations
from tianping.store.violations import State, Verb
from tianping.work.docket.history import Office
from tianping.work.docket.imposing import impose
from tianping.work.docket.matter import Matter, deal_out, open_all, open_matter, record, told, write
from tianping.work.docket.proposing import Charge, Run, Taken, charge_of, propose, take_up
from tianping.work.docket.rejudge import earlier_now, follow
from tianping.work.people.roles import ROLES
from tianping.work.people.trail import Doer

__all__ = ["Charge", "Choice", "Office", "Run", "Taken", "charge_of", "propose", "take_up"]

FROM: Mapping[Verb, tuple[State, ...]] = {
    "label": ("proposed",),
    "confirm": ("proposed",),
    "dismiss": ("proposed",),
    "withdraw": ("proposed",),
    "appeal": ("in_force", "served"),
    "uphold": ("appealed",),
    "reduce": ("appealed",),
    "overturn": ("appealed",),
    "fulfil": ("in_force", "appealed"),
    "serve": ("in_force",),
    "revoke": ("in_force",),
}
"""From which states a verb leads on."""
DECIDES: tuple[Verb, ...] = ("confirm", "dismiss", "uphold", "reduce", "overturn", "revoke")
BY_PERSONS: tuple[Verb, ...] = ("label", "dismiss", "appeal", "uphold", "reduce", "overturn")
BY_THE_CLOCK: tuple[Verb, ...] = ("withdraw", "serve")
AS_PROPOSED = Choice()
APPEAL_DAYS = 7
"""Where the pack has no rule of this violation: a removal."""
APPEALS = 1
"""The same of how often each notice can be appealed."""

Why = Literal[
    "state", "meanwhile", "twice", "person", "clock", "records", "unread", "late", "range", "milder", "sales", "severity",
    "running", "duty", "reason", "entered",
]  # fmt: skip


class MeasureRefused(TianpingError):
    """A verb that cannot be; `why` for words in other languages, `possible`: what this doer can do now."""

    def __init__(self, why: Why, said: str, possible: tuple[Verb, ...] = ()) -> None:
        super().__init__(f"{said}; possible now: {', '.join(possible) or 'nothing'}")
        self.why = why
        self.said = said
        self.possible = possible


def possible(office: Office, id_: int, doer: Doer) -> tuple[Verb, ...]:
    """What this doer can do to a violation at this time. Raises NotFound."""
    with office.database.connect() as connection:
        return _possible(open_matter(office, connection, id_), doer)


def label(office: Office, doer: Doer, id_: int, labels: Mapping[str, Any], *, seen: int | None = None) -> None:
    """A person has read the texts and says what each is (KS-V05)."""
    with _at_hand(office, doer, id_, "label", seen) as matter:
        record(told(matter, doer, "label", detail={"labels": dict(labels)}))


def confirm(
    office: Office,
    doer: Doer,
    id_: int,
    choice: Choice = AS_PROPOSED,
    *,
    severity: Severity | None = None,
    sales_fen: int | None = None,
    why: str = "",
    seen: int | None = None,
) -> None:
    """It takes effect: as proposed, or as chosen within the ranges. `severity`: a person may call it extremely serious, which
    needs all sales of the shop so far where the table says so. `seen`: the last event the person saw."""
    with _at_hand(office, doer, id_, "confirm", seen) as matter:
        offered = matter.offer if severity in (None, matter.severity) else _worst(matter, doer, severity, sales_fen)
        impose([_confirmed(matter, doer, offered, choice, why)])


def confirm_by_rule(matters: Sequence[Matter], at: dt.datetime) -> None:
    """By the clock, in the transaction of these, just proposed: all that take effect without a person do, as proposed."""
    clock, why = Doer(None, at), "by the rule, without a person"
    themselves = [each for each in matters if _refusal(each, "confirm", clock) is None]
    impose([_confirmed(each, clock, each.offer, AS_PROPOSED, why) for each in themselves])


def dismiss(office: Office, doer: Doer, id_: int, why: str, *, seen: int | None = None) -> None:
    """It is none, a person finds."""
    with _at_hand(office, doer, id_, "dismiss", seen, why=why) as matter:
        record(told(matter, doer, "dismiss", "dismissed", why=why))


def withdraw(office: Office, doer: Doer, id_: int, why: str) -> None:
    """By the clock: the facts have changed, and it is found no more."""
    with _at_hand(office, doer, id_, "withdraw", None, why=why) as matter:
        record(told(matter, doer, "withdraw", "withdrawn", why=why))


def appeal(
    office: Office, doer: Doer, id_: int, why: str, *, detail: Mapping[str, Any] | None = None, seen: int | None = None
) -> None:
    """The shop does not accept it. Its effects run on until it is decided."""
    with _at_hand(office, doer, id_, "appeal", seen, why=why) as matter:
        record(told(matter, doer, "appeal", "appealed", why=why, detail=detail))


def uphold(office: Office, doer: Doer, id_: int, why: str, *, seen: int | None = None) -> None:
    """The appeal is not granted."""
    with _at_hand(office, doer, id_, "uphold", seen, why=why) as matter:
        record(told(matter, doer, "uphold", "in_force", why=why))


def reduce(
    office: Office,
    doer: Doer,
    id_: int,
    why: str,
    *,
    severity: Severity | None = None,
    choice: Choice = AS_PROPOSED,
    seen: int | None = None,
) -> None:
    """The appeal is granted in part: a milder severity, or less within the ranges. What is not chosen is as the table proposes,
    and never more than before."""
    with _at_hand(office, doer, id_, "reduce", seen, why=why) as matter:
        standing = _reduced(matter, doer, severity, choice)
        after = record(told(matter, doer, "reduce", "in_force", standing=standing, why=why))
        deal_out(after, standing.deal)
        follow(after)


def overturn(office: Office, doer: Doer, id_: int, why: str, *, seen: int | None = None) -> None:
    """The appeal is granted: all is as if it had never been."""
    _take_back(office, doer, id_, "overturn", why, seen)


def revoke(office: Office, doer: Doer, id_: int, why: str, *, seen: int | None = None) -> None:
    """The platform takes it back by itself: all is as if it had never been."""
    _take_back(office, doer, id_, "revoke", why, seen)


def fulfil(office: Office, doer: Doer, id_: int, duty: str, why: str = "", *, seen: int | None = None) -> None:
    """A duty is done (`study`, `exam`), or what lasts until a fault is remedied may end (`freeze`, `right/live`)."""
    with _at_hand(office, doer, id_, "fulfil", seen) as matter:
        _fulfil(matter, doer, duty, why)


def fulfil_in(office: Office, connection: Connection, doer: Doer, id_: int, duty: str, why: str = "") -> None:
    """The same inside a transaction that holds the shop. Raises NotFound, MeasureRefused."""
    matter = open_matter(office, connection, id_)
    _require(matter, "fulfil", doer, None)
    _fulfil(matter, doer, duty, why)


def _fulfil(matter: Matter, doer: Doer, duty: str, why: str) -> None:
    open_ = duties(matter)
    if duty not in open_:
        raise MeasureRefused("duty", f'no open duty "{duty}"; open: {", ".join(open_) or "none"}', _possible(matter, doer))
    spares = [key for key in open_ if key not in penalty.still_open(matter.deal, (*matter.fulfilled, duty))]
    record(told(matter, doer, "fulfil", why=why, detail={"duty": duty, "spares": spares}))


def serve(office: Office, doer: Doer, id_: int) -> None:
    """By the clock: every effect has ended and every duty is fulfilled. Points run on by themselves."""
    with _at_hand(office, doer, id_, "serve", None) as matter:
        write(matter.connection, [_served(matter, doer)])


def _served(matter: Matter, doer: Doer) -> Matter:
    return told(matter, doer, "serve", "served")


def serve_due(office: Office, at: dt.datetime) -> tuple[int, ...]:
    """Serve all that are due, in one transaction; their ids."""
    clock = Doer(None, at)
    with office.database.connect() as connection:
        shops = {shop for _, shop in effects.maybe_over(connection, at)}
    if not shops:
        return ()
    with violations.alone(office.database, *shops) as connection:
        asked = [id_ for id_, shop in effects.maybe_over(connection, at) if shop in shops]
        due = [each for each in open_all(office, connection, asked) if _refusal(each, "serve", clock) is None]
        write(connection, [_served(each, clock) for each in due])
    return tuple(each.row.id for each in due)


def appeal_until(matter: Matter) -> dt.datetime | None:
    """The last moment to appeal; None before it has taken effect, and where its last notice was appealed already."""
    rule, told = matter.rule, matter.notice
    if told is None or matter.appealed >= appeals(matter):
        return None
    return told.at + dt.timedelta(days=rule.appeal_days if rule else APPEAL_DAYS)


def appeals(matter: Matter) -> int:
    """How often each notice can be appealed."""
    return matter.rule.appeals if matter.rule else APPEALS


def _take_back(office: Office, doer: Doer, id_: int, verb: Literal["overturn", "revoke"], why: str, seen: int | None) -> None:
    state: State = "overturned" if verb == "overturn" else "revoked"
    with _at_hand(office, doer, id_, verb, seen, why=why) as matter:
        after = record(told(matter, doer, verb, state, why=why))
        deal_out(after, ())
        follow(after)


@contextmanager
def _at_hand(office: Office, doer: Doer, id_: int, verb: Verb, seen: int | None, *, why: str | None = None) -> Iterator[Matter]:
    """The violation, held alone until the verb is done. Raises NotFound, MeasureRefused."""
    with office.database.connect() as connection:
        found = violations.get(connection, id_)
    if found is None:
        raise NotFound(f"no violation {id_}; list them to see which there are")
    try:
        with violations.alone(office.database, found.shop_id) as connection:
            matter = open_matter(office, connection, id_)
            _require(matter, verb, doer, seen)
            if why is not None and not why.strip():
                raise MeasureRefused("reason", f"say why you {verb} it", _possible(matter, doer))
            yield matter
    except IntegrityError as error:
        with office.database.connect() as connection:
            matter = open_matter(office, connection, id_)
        raise _meanwhile(matter, doer) from error


def _require(matter: Matter, verb: Verb, doer: Doer, seen: int | None) -> None:
    if seen is not None and seen != matter.last.n:
        raise _meanwhile(matter, doer)
    refusal = _refusal(matter, verb, doer)
    if refusal is not None:
        raise MeasureRefused(*refusal, _possible(matter, doer))


def _meanwhile(matter: Matter, doer: Doer) -> MeasureRefused:
    return MeasureRefused("meanwhile", f"look at it again: {_stands(matter)}", _possible(matter, doer))


def _stands(matter: Matter) -> str:
    last = matter.last
    who = "the clock" if last.account_id is None else f"account {last.account_id}"
    return f"violation {matter.row.id} is {last.state} ({last.verb}, {last.at} UTC, by {who})"


def _possible(matter: Matter, doer: Doer) -> tuple[Verb, ...]:
    return tuple(verb for verb in FROM if _refusal(matter, verb, doer) is None)


def _refusal(matter: Matter, verb: Verb, doer: Doer) -> tuple[Why, str] | None:
    """Why a verb cannot be, whatever else is said with it."""
    if matter.state not in FROM[verb]:
        return "state", f"{verb} is not possible: {_stands(matter)}"
    if verb in BY_PERSONS and doer.account_id is None:
        return "person", f"{verb} is for a person to do"
    if verb in BY_THE_CLOCK and doer.account_id is not None:
        return "clock", f"{verb} is done by the clock alone"
    if verb in DECIDES and doer.account_id is not None and _has_spoken(matter, doer.account_id):
        return "twice", "nobody decides what they have appealed, confirmed or decided before; somebody else must"
    more = _MORE.get(verb)
    return more(matter, doer) if more else None


def _has_spoken(matter: Matter, account_id: int) -> bool:
    """Whoever accused by hand is no judge of the appeal either (of confirming it: `_entered`)."""
    spoken: tuple[Verb, ...] = (*DECIDES, "appeal", *(("propose",) if matter.state == "appealed" else ()))
    return any(each.account_id == account_id and each.verb in spoken for each in matter.events)


def must_be_another(matter: Matter, doer: Doer) -> bool:
    """Whether somebody else has to decide, for what this person has done here before."""
    return doer.account_id is not None and (_has_spoken(matter, doer.account_id) or _entered(matter, doer))


def _entered(matter: Matter, doer: Doer) -> bool:
    """Four eyes (assumed): who accused by hand does not confirm it, unless nobody else could."""
    if doer.account_id is None or matter.state != "proposed" or matter.row.account_id != doer.account_id:
        return False
    judges = accounts.acting(matter.connection, _JUDGES, matter.row.shop_id)
    return bool(judges - {doer.account_id})


_JUDGES = tuple(role for role, rights in ROLES.items() if "judge" in rights)


def _unconfirmed(matter: Matter, doer: Doer) -> tuple[Why, str] | None:
    rule = matter.rule
    if matter.row.records:
        return "records", "it is only recorded, and no penalty goes with it"
    if _entered(matter, doer):
        return "entered", "who entered it by hand does not confirm it; somebody else who judges must"
    if rule and rule.read_first and not any(each.verb == "label" for each in matter.events):
        return "unread", "its texts are to be read and labelled first"
    itself = rule is not None and _confirm(rule, matter.row.trigger) == "itself" and not matter.row.proposal["needs_person"]
    if doer.account_id is None and not itself:
        return "person", "it takes effect only when a person confirms it"
    return None


def _confirm(rule: ViolationVersion, trigger: str) -> Confirm:
    """What the trigger says of it, or else the rule."""
    said = next((each.confirm for each in rule.triggers if each.name == trigger), None)
    return said or rule.confirm


def _too_late(matter: Matter, doer: Doer) -> tuple[Why, str] | None:
    until = appeal_until(matter)
    if until is None:
        return "late", f"what takes effect, or is reduced, can be appealed so many times: {appeals(matter)}; it was"
    return ("late", f"it could be appealed until {until} UTC") if doer.at > until else None


def _running(matter: Matter, doer: Doer) -> tuple[Why, str] | None:
    """What is not over yet. Points run on by themselves."""
    held = [each for each in effects.standing(matter.connection, matter.row.id) if each.kind != "points"]
    going = [each.name for each in held if each.lasts == "ever" or (each.ends_at is not None and each.ends_at > doer.at)]
    left = [*going, *duties(matter)]
    return ("running", f"not over yet: {', '.join(left)}") if left else None


def _no_duty(matter: Matter, doer: Doer) -> tuple[Why, str] | None:
    return None if duties(matter) else ("duty", "no duty is open")


_MORE: Mapping[Verb, Callable[[Matter, Doer], tuple[Why, str] | None]] = {
    "confirm": _unconfirmed, "appeal": _too_late, "serve": _running, "fulfil": _no_duty,
}  # fmt: skip


def duties(matter: Matter) -> tuple[str, ...]:
    """What its shop has still to do, or to remedy: the keys of those effects."""
    return penalty.still_open(matter.deal, matter.fulfilled)


def _worst(matter: Matter, doer: Doer, severity: Severity | None, sales_fen: int | None) -> Offer | None:
    """What the table offers at the severity that only a person sets (KS-V16)."""
    table, basis = matter.table, matter.basis
    if severity != "extremely_serious" or doer.account_id is None or table is None or basis is None or table.by != "severity":
        said = (
            f"its severity is {matter.severity}; a person may only raise it to extremely serious, where its table goes so far"
        )
        raise MeasureRefused("severity", said, _possible(matter, doer))
    if sales_fen is None and penalty.needs_sales(table, severity):
        raise MeasureRefused("sales", "say all sales of the shop so far: the penalty depends on them", _possible(matter, doer))
    found = penalty.offer(table, severity, earlier_now(matter), sales_fen=sales_fen)
    if found is None:
        raise MeasureRefused("severity", "its table has no such severity", _possible(matter, doer))
    return found


def _confirmed(matter: Matter, doer: Doer, offered: Offer | None, choice: Choice, why: str) -> Matter:
    """As it is once confirmed, before that is written down."""
    return told(matter, doer, "confirm", "in_force", standing=_chosen(matter, offered, choice, doer), why=why)


def _chosen(matter: Matter, offered: Offer | None, choice: Choice, doer: Doer) -> Standing:
    if offered is None:
        return Standing(matter.severity, 0, ())
    try:
        return Standing(offered.severity, choice.option, penalty.choose(offered, choice), tuple(sorted(choice.amounts)))
    except OutOfRange as error:
        raise MeasureRefused("range", str(error), _possible(matter, doer)) from error


def _reduced(matter: Matter, doer: Doer, severity: Severity | None, choice: Choice) -> Standing:
    before = matter.standing
    if before is None or not before.deal:
        raise MeasureRefused("milder", "there is nothing milder; uphold or overturn it", _possible(matter, doer))
    after = (
        _within(matter, before, doer, choice)
        if severity in (None, before.severity)
        else _below(matter, before, severity, doer, choice)
    )
    if not penalty.is_milder(after, before):
        raise MeasureRefused("milder", "that is not milder than what stands", _possible(matter, doer))
    return after


def _within(matter: Matter, before: Standing, doer: Doer, choice: Choice) -> Standing:
    """Less of the same: what is not chosen stays as it is."""
    same = Offer(before.severity, 0, 1, (before.deal,))
    chosen = _chosen(matter, same, choice._replace(option=0), doer)
    return chosen._replace(option=before.option, picked=tuple(sorted({*before.picked, *choice.amounts})))


def _below(matter: Matter, before: Standing, severity: Severity | None, doer: Doer, choice: Choice) -> Standing:
    """A milder severity: what is not chosen is as its cell proposes, and never more than it was."""
    table = matter.table
    found = (
        penalty.lighter(table, severity, earlier_now(matter))
        if table and severity and not penalty.needs_sales(table, severity)
        else None
    )
    if found is None:
        raise MeasureRefused("severity", f"its table has nothing milder for {severity}", _possible(matter, doer))
    chosen = _chosen(matter, found, choice, doer)
    kept = {each.key: each for each in penalty.eased(found, before._replace(option=choice.option)).deal}
    return chosen._replace(deal=tuple(each if each.key in choice.amounts else kept[each.key] for each in chosen.deal))

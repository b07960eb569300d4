"""What the desk does for those who ask: the API's and the command line's one way to cases. Who may act as what, within which
shops; what is possible now; verbs by their nouns."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from tianping.cases import clocks
from tianping.cases.case import Act, Case, Doer, Event, Facts, Refusal, Timer
from tianping.cases.flow import beside, flow_of, possible, waiting
from tianping.errors import NotFound, TianpingError
from tianping.periods import HOME_ZONE, to_wall
from tianping.policy.cases.casebook import Casebook, casebooks
from tianping.policy.cases.casefacts import FACTS, base
from tianping.policy.cases.flowing import Actor, FlowVersion, Verb
from tianping.policy.words import Words
from tianping.store.accounts import Role
from tianping.store.desk import cases
from tianping.store.desk.evidence import Evidence
from tianping.work.desk import bringing, disputes, evidence
from tianping.work.desk.evidence import File, Laid, Party
from tianping.work.desk.opening import open_desk
from tianping.work.desk.sitting import ORDER, CaseRefused, Desk, Sitting
from tianping.work.home import Home
from tianping.work.people.reach import Reach

ORDER_KIND = "order"
PARTS: Mapping[Role, tuple[Actor, ...]] = {
    "merchant": ("merchant",),
    "agency": ("merchant",),
    "adjudicator": ("adjudicator",),
    "operator": ("platform", "operator", "senior", "buyer"),
    "administrator": ("platform", "operator", "senior", "adjudicator", "merchant", "buyer"),
    "auditor": (),
}
"""As what each role may act. The clock, the system, rules and the gateway are nobody."""
EVERYBODY: tuple[Actor, ...] = ("platform", "operator", "senior", "adjudicator", "merchant", "buyer")
_LOOKS = "this account may look, and act on nothing"
_ALOUD = frozenset[Actor]({"buyer", "merchant"})
"""Parts of the two sides: who can play others too plays these only where they say so."""


_HAPPENED = ("created_at", "paid_at", "shipped_at", "signed_at", "succeeded_at")
"""What has happened to an order that is placed; ahead of now it would move every deadline."""
_CLOCKS_DIFFER = dt.timedelta(minutes=5)


class NotAllowed(TianpingError):
    """Somebody would act as what they may not be."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: with which account (None: whoever sits at the machine), as what they may act, which shops they see."""

    account_id: int | None
    parts: tuple[Actor, ...]
    reach: Reach

    @property
    def usual(self) -> tuple[Actor, ...]:
        """The parts they play without saying so."""
        return self.parts if len(self.parts) == 1 else tuple(part for part in self.parts if part not in _ALOUD)

    def plays(self, said: Actor | None) -> tuple[Actor, ...]:
        """The parts they play now. Raises NotAllowed."""
        if said is not None and said not in self.parts:
            raise NotAllowed(f"this account does not act as {said}; it acts as: {', '.join(self.parts) or 'nobody'}")
        return self.usual if said is None else (said,)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done: as what, with which facts, why, having seen how many events."""

    part: Actor | None = None
    facts: Facts = field(default_factory=dict)
    why: str = ""
    seen: int | None = None


class Taken(NamedTuple):
    """A fact that a verb takes."""

    name: str
    type: str
    needed: bool


class Deed(NamedTuple):
    """What can be done now: by what name in addresses, as what, with which facts."""

    noun: str
    verb: str
    part: Actor
    label: Words
    takes: tuple[Taken, ...]


class Deadline(NamedTuple):
    """A timer with the time that is left, in seconds: negative once it is over."""

    timer: Timer
    left: int


class Told(NamedTuple):
    """A case as somebody sees it. `deeds`: nothing while a deadline is over and the clock has not acted yet; what wins nobody
    time while the clock itself waits."""

    case: Case
    owner: str
    label: Words
    deadlines: Sequence[Deadline]
    deeds: Sequence[Deed]


class Refused(TianpingError):
    """A verb that cannot be: by which guard, in both languages, and what is possible."""

    def __init__(self, refusal: Refusal, deeds: Sequence[Deed] = ()) -> None:
        super().__init__(f"{refusal.en}; possible now: {', '.join(each.noun for each in deeds) or 'nothing'}")
        self.refusal, self.deeds = refusal, deeds


@lru_cache(maxsize=8)
def desk_of(home: Home) -> Desk:
    """The desk of a home, put together once."""
    return open_desk(home.database, _books())


@lru_cache(maxsize=1)
def _books() -> Mapping[str, Casebook]:
    return casebooks()


# Looking


@contextmanager
def reading(desk: Desk, at: dt.datetime) -> Iterator[Sitting]:
    """A sitting that only looks: nothing is locked, nothing is written."""
    with desk.database.connect() as connection:
        yield Sitting(desk, connection, at)


def look(desk: Desk, caller: Caller, id_: str, at: dt.datetime, said: Actor | None = None) -> Told:
    """A case and what the caller can do with it. Raises NotFound, alike for what is not there and what is out of reach."""
    parts = caller.plays(said)
    with reading(desk, at) as sat:
        return tell(sat, found(sat, caller, id_), parts)


def tell(sat: Sitting, case: Case, parts: Sequence[Actor]) -> Told:
    """A case of this sitting as those who play these parts see it."""
    state = flow_of(sat.desk.book(case.platform), case).states[case.state]
    return Told(case, state.owner or "", state.label, deadlines(case, sat.at), _in_time(sat, case, parts))


def _in_time(sat: Sitting, case: Case, parts: Sequence[Actor]) -> Sequence[Deed]:
    """What can be done before what the clock has to do: nothing, or where that waits, what may come before it."""
    timer, book = sat.over(case), sat.desk.book(case.platform)
    if timer is None:
        return deeds(sat, case, parts)
    waits = waiting(book, case, timer, sat.known(case))
    return [each for each in deeds(sat, case, parts) if beside(book, case, each.verb)] if waits else ()


def deadlines(case: Case, at: dt.datetime) -> list[Deadline]:
    """The timers of a case, what runs out first first."""
    return [
        Deadline(timer, int(clocks.left(timer, at).total_seconds()))
        for timer in sorted(case.timers, key=lambda each: (each.due_at, each.clock))
    ]


def deeds(sat: Sitting, case: Case, parts: Sequence[Actor]) -> list[Deed]:
    """What these parts can do with a case now."""
    book = sat.desk.book(case.platform)
    flow, known = flow_of(book, case), sat.known(case)
    able = (
        (part, name) for part in parts for name in possible(book, case, part, known) if disputes.allows(sat, case, name, part)
    )
    return [_deed(name, flow.verbs[name], part) for part, name in able if part != "platform" or name not in disputes.BY_RULE]


def _deed(name: str, verb: Verb, part: Actor) -> Deed:
    asked = ((fact, need) for fact, need in verb.takes.items() if fact not in disputes.FILLED)
    takes = (Taken(fact, FACTS.get(base(fact), "text"), need == "needed") for fact, need in asked)
    return Deed(verb.noun or name, name, part, verb.label, tuple(takes))


def events(desk: Desk, caller: Caller, id_: str) -> Sequence[Event]:
    """All that happened to a case, in order. Raises NotFound."""
    with desk.database.connect() as connection:
        within(caller, id_, cases.load(connection, [id_]).get(id_))
        return cases.history(connection, id_)


def found(sat: Sitting, caller: Caller, id_: str) -> Case:
    """A case, its family read with it, of a sitting that only looks. Raises NotFound."""
    sat.cases |= cases.load(sat.connection, cases.families(sat.connection, [id_]))
    return within(caller, id_, sat.cases.get(id_))


def within(caller: Caller, id_: str, case: Case | None) -> Case:
    """The case, where it is there and within reach. Raises NotFound."""
    if case is None or not caller.reach.holds(case.shop_id):
        kind, _, rest = id_.rpartition("/")
        raise NotFound(f'there is no {kind or "case"} "{rest}" here')
    return case


# Acting


def locked(sat: Sitting, caller: Caller, id_: str) -> Case:
    """A case, its family read and locked with it, of a sitting that acts. Raises NotFound."""
    sat.bring([id_])
    return within(caller, id_, sat.cases.get(id_))


def place(
    sat: Sitting, caller: Caller, order_id: str, wish: Wish, *, platform: str, shop_id: str, zone: str = HOME_ZONE
) -> Case:
    """A new order. Raises Refused, NotFound, NotAllowed."""
    parts = caller.plays(wish.part)
    caller.reach.require(shop_id)
    began = to_wall(sat.at, zone).date()
    book = sat.desk.book(platform)
    if ORDER_KIND not in book.flows:
        raise NotFound(f"{platform} has no orders at the desk")
    name, verb = _opening(book.flows[ORDER_KIND].at(began), "", parts)
    act = Act(name, Doer(_part(parts, verb), caller.account_id), wish.facts, wish.why)
    if act.doer.actor not in verb.who:  # told before anything of other shops' orders is
        raise Refused(Refusal("who", f"无权{verb.label.zh}", f"{act.doer.actor} may not do this"))
    if ahead := [name for name in _HAPPENED if name in wish.facts and wish.facts[name] > sat.at + _CLOCKS_DIFFER]:
        raise Refused(Refusal("not_ahead", f"时间晚于现在：{'、'.join(ahead)}", f"after now: {', '.join(ahead)}"))
    try:
        return sat.open(
            ORDER_KIND, act, platform=platform, shop_id=shop_id, order_id=order_id, id_=ORDER + order_id, zone=zone
        ).after
    except CaseRefused as error:
        raise Refused(error.refusal) from error


def bring(home: Home, caller: Caller, order_id: str, at: dt.datetime) -> None:
    """Bring an order from the facts to the desk, where it is not there yet, somebody knows it, and the caller sees its shop.
    Raises NotAllowed."""
    desk = desk_of(home)
    if not caller.parts:  # who only looks brings nothing
        raise NotAllowed(_LOOKS)
    with desk.database.connect() as connection:
        if cases.load(connection, [ORDER + order_id]):
            return
    with suppress(NotFound, CaseRefused):  # nobody knows it; of a platform without cases; or somebody else was faster
        if caller.reach.holds(bringing.shop_of(home, order_id)):
            bringing.order_of(home, desk, order_id, at)


def open_case(sat: Sitting, caller: Caller, kind: str, order_id: str, wish: Wish, noun: str = "") -> Case:
    """A case of an order, opened by the verb of that noun, else by the first that the caller may do. What is overdue with the
    order happens first. Raises Refused, NotFound, NotAllowed."""
    parts = caller.plays(wish.part)
    order = locked(sat, caller, ORDER + order_id)
    book = sat.desk.book(order.platform)
    if kind not in book.flows or kind == ORDER_KIND:
        raise NotFound(f'there is no kind "{kind}"; kinds: {", ".join(sorted(set(book.flows) - {ORDER_KIND}))}')
    name, verb = _opening(book.flows[kind].at(to_wall(sat.at, order.zone).date()), noun, parts)
    _said_as_whom(wish, caller, verb)
    act = Act(name, Doer(_part(parts, verb), caller.account_id), wish.facts, wish.why, None)
    sat.lapse(order.id)
    try:
        opened = sat.open(kind, act, platform=order.platform, shop_id=order.shop_id, order_id=order_id, zone=order.zone).after
    except CaseRefused as error:
        raise Refused(error.refusal) from error
    return sat.cases[opened.id]


def do(sat: Sitting, caller: Caller, id_: str, noun: str, wish: Wish) -> Case:
    """The verb of a noun, done to a case; what is overdue happens first. Raises Refused, NotFound, NotAllowed."""
    parts = caller.plays(wish.part)
    locked(sat, caller, id_)
    sat.catch_up(id_)
    case = sat.case(id_)
    name, verb = _verb(sat, case, noun, parts)
    act = Act(name, Doer(_part(parts, verb), caller.account_id), wish.facts, wish.why, wish.seen)
    try:
        disputes.act(sat, id_, act)
    except CaseRefused as error:
        raise Refused(error.refusal, _in_time(sat, case, parts)) from error
    return sat.cases[id_]


def party(caller: Caller, said: Actor | None) -> Party:
    """The side for which the caller shows evidence. Raises NotAllowed."""
    side = next((part for part in caller.plays(said) if part in _SIDES), None)
    if side is None:
        raise NotAllowed("evidence is shown by the buyer, the merchant or the platform; say as which")
    return _SIDES[side]


@contextmanager
def laid(home: Home, caller: Caller, id_: str, side: Party, file: File, at: dt.datetime) -> Iterator[Laid]:
    """A file that lies there to be shown in a case by who sees it: before the sitting, in which others would wait for the
    disk. Raises NotFound."""
    with reading(desk_of(home), at) as sat:
        fits = evidence.fits(sat, found(sat, caller, id_), side, file)
    with evidence.laid(home.database, home.path, file, fits=fits) as laid:
        yield laid


def show(sat: Sitting, caller: Caller, id_: str, side: Party, laid: Laid) -> Evidence:
    """A file shown in a case. Raises Refused, NotFound."""
    locked(sat, caller, id_)
    try:
        return evidence.add(sat, id_, side, caller.account_id, laid)
    except CaseRefused as error:
        raise Refused(error.refusal, deeds(sat, sat.case(id_), [side])) from error


_SIDES: Mapping[Actor, Party] = {"buyer": "buyer", "merchant": "merchant", "platform": "platform"}


def _part(parts: Sequence[Actor], verb: Verb) -> Actor:
    """The first part that may do it; where none may, the first, which is then refused. Raises NotAllowed for nobody."""
    if not parts:
        raise NotAllowed(_LOOKS)
    return next((part for part in parts if part in verb.who), parts[0])


def _said_as_whom(wish: Wish, caller: Caller, verb: Verb) -> None:
    """Whose request it is must be said where it could be several people's: what the platform opens counts otherwise than what a
    buyer asks for. Raises Refused."""
    can = [part for part in caller.parts if part in verb.who]
    if wish.part is None and len(can) > 1:
        en = f"say as whom: as={' or as='.join(can)}"
        raise Refused(Refusal("who", f"请说明以何身份申请：as={'、'.join(can)}", en))


def _opening(flow: FlowVersion, noun: str, parts: Sequence[Actor]) -> tuple[str, Verb]:
    """The verb that opens. Raises NotFound for a noun that none has."""
    verbs = {name: flow.verbs[name] for name in flow.openings}
    fitting = {name: verb for name, verb in verbs.items() if noun in ("", verb.noun or name)}
    if not fitting:
        raise NotFound(f'nothing opens it by "{noun}"; it opens by: {", ".join(_nouns(verbs))}')
    return next((each for each in fitting.items() if set(parts) & set(each[1].who)), next(iter(fitting.items())))


def _verb(sat: Sitting, case: Case, noun: str, parts: Sequence[Actor]) -> tuple[str, Verb]:
    """The verb of a noun, of several the one for this state. Raises NotFound with what is possible."""
    flow = flow_of(sat.desk.book(case.platform), case)
    verbs = {name: verb for name, verb in flow.verbs.items() if verb.from_ and noun in (verb.noun or name, name)}
    if not verbs:
        can = dict.fromkeys(each.noun for each in deeds(sat, case, parts))
        raise NotFound(f'a case of {case.kind} knows no "{noun}"; possible now: {", ".join(can) or "nothing"}')
    return next((each for each in verbs.items() if case.state in each[1].from_), next(iter(verbs.items())))


def _nouns(verbs: Mapping[str, Verb]) -> list[str]:
    return list(dict.fromkeys(verb.noun or name for name, verb in verbs.items()))

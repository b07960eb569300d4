"""One transaction at the desk: cases read once, verbs done to them with all that follows, everything written together.

A person's sitting does one verb; the clock's does hundreds, by the same functions. What one `attempt` has done is forgotten
as a whole where it fails.
"""

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine

from tianping.cases.case import Act, Case, Doer, Due, Facts, Refusal, Step, Timer
from tianping.cases.clocks import overdue
from tianping.cases.conditions import Known
from tianping.cases.flow import beside, clocks_act, flow_of, step, waiting
from tianping.errors import NotFound, TianpingError
from tianping.periods import HOME_ZONE, to_wall
from tianping.policy.cases.casebook import Casebook
from tianping.store.database import writing
from tianping.store.desk import cases, outbox
from tianping.store.desk.outbox import Letter

ORDER = "order/"
"""Before an order's id: the id of its case."""
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DEEPEST = 20
"""Cases that one verb may lead to one another; a flow that runs in circles ends here."""
ShopFacts = Callable[[Connection, str, dt.datetime], Facts]
"""What tests may ask of a shop at a time."""
Follow = Callable[["Sitting", Case, Step, Due, int], None]
"""Does what follows from a step."""
Announce = Callable[["Sitting", Sequence[Step]], Iterable[Letter]]
"""What goes out because of these steps."""


class CaseRefused(TianpingError):
    """A verb that cannot be. Carries why, in both languages, and what is possible."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.en}; possible now: {', '.join(refusal.possible) or 'nothing'}")
        self.refusal = refusal


Remind = Callable[["Sitting", Case, Timer], Iterable[Letter]]
"""What goes out because a deadline is near."""


Automate = Callable[["Sitting", Sequence[Step]], None]
"""Has rules act on the cases of these steps, by further acts in the same sitting."""


def no_facts(_connection: Connection, _shop: str, _at: dt.datetime) -> Facts:
    """Of a shop that nothing is known of."""
    return {}


def nothing(_sitting: "Sitting", _steps: Sequence[Step]) -> Iterable[Letter]:
    """Nobody is told."""
    return ()


def no_reminder(_sitting: "Sitting", _case: Case, _timer: Timer) -> Iterable[Letter]:
    """Nobody is reminded."""
    return ()


def no_rules(_sitting: "Sitting", _steps: Sequence[Step]) -> None:
    """No rule acts."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every sitting needs: the database, the rules by platform, what does the effects, who knows about shops, who is told
    what happened, which rules act by themselves (`opening.open_desk` puts them together)."""

    database: Engine
    books: Mapping[str, Casebook]
    follow: Follow
    shops: ShopFacts = no_facts
    announce: Announce = nothing
    remind: Remind = no_reminder
    automate: Automate = no_rules

    def book(self, platform: str) -> Casebook:
        """Raises NotFound for a platform without rules of cases."""
        if platform not in self.books:
            raise NotFound(f'there are no rules of cases for "{platform}"; platforms: {", ".join(sorted(self.books))}')
        return self.books[platform]


@dataclass(slots=True)
class Sitting:
    """Cases as they stand in this transaction, and what is still to be written."""

    desk: Desk
    connection: Connection
    at: dt.datetime
    cases: dict[str, Case] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    lapsed: list[str] = field(default_factory=list)
    _shops: dict[str, Facts] = field(default_factory=dict)
    _touched: dict[str, Case | None] = field(default_factory=dict)
    _direct: bool = False
    _attempts: int = 0

    def bring(self, ids: Iterable[str]) -> None:
        """Read these cases and their families (all cases of their orders, which they may touch), locked."""
        found = cases.families(self.connection, [id_ for id_ in ids if id_ not in self.cases])
        self.cases |= cases.load(self.connection, [id_ for id_ in found if id_ not in self.cases], lock=True)

    def case(self, id_: str) -> Case:
        """Raises NotFound."""
        if id_ not in self.cases:
            self.bring([id_])
        if id_ not in self.cases:
            raise NotFound(f'there is no case "{id_}"')
        return self.cases[id_]

    def known(self, case: Case) -> Known:
        """All that tests may ask of a case now. For a case, time never runs backwards, whatever somebody's clock says."""
        order = self.cases.get(ORDER + case.order_id) if case.order_id else None
        parent = self.cases.get(case.parent_id) if case.parent_id else None
        return Known(
            max(self.at, case.changed_at),
            {"kind": case.kind, **case.facts},
            order.facts if order else {},
            {"kind": parent.kind, **parent.facts} if parent else {},
            partial(self._shop, case.shop_id),
            case.zone,
        )

    def _shop(self, shop_id: str, name: str) -> Any:
        if shop_id not in self._shops:
            self._shops[shop_id] = self.desk.shops(self.connection, shop_id, self.at)
        return self._shops[shop_id].get(name)

    def act(self, id_: str, act: Act, *, depth: int = 0) -> Step:
        """Do a verb and all that follows; at last what rules do about it. Raises CaseRefused, NotFound; then nothing of it
        counts (see `attempt`).

        What is overdue happens first, whoever is faster, the clock's worker or a person: late is late.
        """
        if not depth:
            self.in_time(id_, act.verb)
        return self._whole(self.case(id_), act, depth)

    def lapse(self, id_: str) -> int:
        """Do what the clock has to do to a case by now; how many verbs that was. Raises CaseRefused for one that cannot be."""
        done = 0
        while timer := self.over(self.case(id_)):
            self._pass(id_, timer, done)
            done += 1
        return done

    def catch_up(self, id_: str) -> Refusal | None:
        """The same, as far as it need not wait for what comes by itself; why the rest has to wait. Raises as `lapse` does."""
        done = 0
        while timer := self.over(self.case(id_)):
            case = self.case(id_)
            if refusal := waiting(self.desk.book(case.platform), case, timer, self.known(case)):
                return refusal
            self._pass(id_, timer, done)
            done += 1
        return None

    def in_time(self, id_: str, verb: str) -> None:
        """What is overdue happens before a person's verb. Where that itself waits, only what wins nobody time may come before
        it: what leaves the case as it is, or ends it. Raises CaseRefused."""
        waits = self.catch_up(id_)
        case = self.case(id_)
        if waits and not beside(self.desk.book(case.platform), case, verb):
            raise CaseRefused(waits)

    def over(self, case: Case) -> Timer | None:
        """The timer of a case that ran out first and has not been heeded; None where the clock has nothing to do."""
        over = (each for each in case.timers if overdue(each, self.at))
        return min(over, key=lambda each: each.due_at, default=None)

    def _pass(self, id_: str, timer: Timer, depth: int) -> None:
        began = len(self.steps)
        self._do(self.case(id_), clocks_act(timer), depth)
        self.desk.automate(self, self.steps[began:])
        self.lapsed.append(id_)

    def lapse_again(self) -> None:
        """After a verb that was refused, and taken back with all that came before it: what the clock had to do stands."""
        ids, self.lapsed[:] = list(dict.fromkeys(self.lapsed)), []
        for id_ in ids:
            with suppress(TianpingError), self.attempt():
                self.catch_up(id_)

    def open(
        self,
        kind: str,
        act: Act,
        *,
        platform: str,
        shop_id: str,
        order_id: str | None = None,
        parent_id: str | None = None,
        id_: str | None = None,
        zone: str = HOME_ZONE,
        depth: int = 0,
    ) -> Step:
        """Open a case by an opening verb of its flow. Raises CaseRefused; NotFound for a kind that the platform has not."""
        book = self.desk.book(platform)
        if kind not in book.flows:
            raise NotFound(f'there is no flow "{kind}" of {platform}; flows: {", ".join(sorted(book.flows))}')
        began = to_wall(self.at, zone).date()
        case = Case(
            id_ or new_id(self.at), kind, platform, shop_id, order_id, parent_id, began, "", 0, self.at, self.at, None, {}, zone
        )
        if order_id and ORDER + order_id not in self.cases:
            self.bring([ORDER + order_id])
        if id_ and (case.id in self.cases or cases.load(self.connection, [case.id])):
            raise CaseRefused(Refusal("twice", f"已有编号为{case.id}的单", f'there is a case "{case.id}" already'))
        if not depth and order_id and ORDER + order_id in self.cases:
            self.lapse(ORDER + order_id)
        return self._whole(case, act, depth)

    def _whole(self, case: Case, act: Act, depth: int) -> Step:
        began = len(self.steps)
        done = self._do(case, act, depth)
        if not depth:
            self.desk.automate(self, self.steps[began:])
        return done

    def _do(self, case: Case, act: Act, depth: int) -> Step:
        done = step(self.desk.book(case.platform), case, act, self.known(case))
        if isinstance(done, Refusal):
            raise CaseRefused(done)
        if depth > _DEEPEST:
            raise TianpingError(f"the flow of {case.kind} ({case.platform}) runs in circles at {act.verb}; mend the pack")
        self._touched.setdefault(case.id, self.cases.get(case.id))
        self.cases[case.id] = done.after
        self.steps.append(done)
        for due in done.follows:
            self.desk.follow(self, self.cases[case.id], done, due, depth + 1)
        return done

    def owner(self, case: Case) -> str:
        """Whose turn it is; "" where it has ended."""
        return flow_of(self.desk.book(case.platform), case).states[case.state].owner or ""

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """All that is done inside, or nothing of it. One inside another counts for the outer one once it has succeeded."""
        steps, letters = len(self.steps), len(self.letters)
        if self._attempts and not self._direct:
            self.directly()  # what the inner one writes at once, the outer one may have to take back
        outer, direct = self._touched, self._direct
        self._touched, self._direct, self._attempts = {}, False, self._attempts + 1
        try:
            yield
        except BaseException:
            del self.steps[steps:], self.letters[letters:]
            for id_, before in self._touched.items():
                if before is None:
                    self.cases.pop(id_, None)
                else:
                    self.cases[id_] = before
            if self._direct:
                self.connection.exec_driver_sql("ROLLBACK TO SAVEPOINT attempt")
            self._touched = {}
            raise
        finally:
            if self._direct:
                self.connection.exec_driver_sql("RELEASE SAVEPOINT attempt")
            self._direct, self._attempts = direct, self._attempts - 1
            self._touched = {**self._touched, **outer} if self._attempts else {}

    def directly(self) -> Connection:
        """The connection, for what is written at once (the ledger): taken back with the attempt."""
        if not self._direct:
            self.connection.exec_driver_sql("SAVEPOINT attempt")
            self._direct = True
        return self.connection

    def flush(self) -> None:
        """Write what has been done since the last time. Raises `cases.Overtaken`, or what the database refuses."""
        if not self.steps:
            return
        self.letters += self.desk.announce(self, self.steps)
        cases.keep(self.connection, self.steps, {id_: self.owner(self.cases[id_]) for id_ in {s.after.id for s in self.steps}})
        outbox.add(self.connection, self.letters)
        self.steps, self.letters = [], []


def new_id(at: dt.datetime) -> str:
    """An id that nobody can guess and that sorts by time: 20 characters, 45 bits of milliseconds and 55 of chance."""
    number = int(at.replace(tzinfo=dt.UTC).timestamp() * 1000) << 55 | secrets.randbits(55)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(95, -1, -5))


def sitting(desk: Desk, at: dt.datetime) -> AbstractContextManager[Sitting]:
    """A transaction at the desk; what was done is written at its end. Somebody faster is told as a refusal. Of a verb that is
    refused nothing is written but what the clock had to do before it: that happened, and the case reads so."""
    return _seated(desk, at, partial(writing, desk.database))


def within(desk: Desk, at: dt.datetime, connection: Connection) -> AbstractContextManager[Sitting]:
    """The same as a part of a transaction that goes on, whatever becomes of it."""
    return _seated(desk, at, partial(_part, connection))


@contextmanager
def _part(connection: Connection) -> Iterator[Connection]:
    with connection.begin_nested():
        yield connection


@contextmanager
def _seated(desk: Desk, at: dt.datetime, begin: Callable[[], AbstractContextManager[Connection]]) -> Iterator[Sitting]:
    lapsed: list[str] = []
    try:
        with begin() as connection:
            sat = Sitting(desk, connection, at, lapsed=lapsed)
            yield sat
            try:
                sat.flush()
            except cases.Overtaken:
                raise CaseRefused(
                    Refusal("seen", "此单刚被他人处理过，请刷新后再试", "somebody has just acted on this case; look again")
                ) from None
    except TianpingError:
        if lapsed:
            with suppress(cases.Overtaken), begin() as connection:
                sat = Sitting(desk, connection, at, lapsed=lapsed)
                sat.lapse_again()
                sat.flush()
        raise


def act(
    desk: Desk, id_: str, verb: str, doer: Doer, at: dt.datetime, *, seen: int | None = None, why: str = "", **takes: Any
) -> Case:
    """One verb by one person: one transaction, one event (and those that follow from it). The case after it. Raises
    CaseRefused, NotFound."""
    with sitting(desk, at) as sat:
        sat.act(id_, Act(verb, doer, takes, why, seen))
        return sat.cases[id_]

"""A small market in which anybody may do anything at any time: one platform, two orders, a gateway that misbehaves.

`Choose` picks one of several; hypothesis does it in the state machine, a seed elsewhere.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tianping.cases.case import Act, Case, Doer
from tianping.cases.clocks import overdue
from tianping.cases.flow import flow_of, possible
from tianping.cases.liability import Proposal
from tianping.errors import NotFound
from tianping.policy.cases.flowing import Actor
from tianping.store import accounts, ledger
from tianping.store.desk import cases
from tianping.work.desk import clock, disputes, evidence
from tianping.work.desk.money.purse import with_purse
from tianping.work.desk.money.sandbox import Sandbox, by_seed
from tianping.work.desk.money.sending import hear, send_due
from tianping.work.desk.sitting import CaseRefused, Desk, Sitting, sitting

from .snapshots import Snapshot, snapshot

Choose = Callable[[Sequence[Any]], Any]
T = dt.datetime(2024, 3, 1, 8)
SECOND, HOUR, DAY = dt.timedelta(seconds=1), dt.timedelta(hours=1), dt.timedelta(days=1)
PLATFORMS = ("kuaishou", "douyin", "taobao", "tmall", "jd")
KINDS = ("refund_only", "return_refund", "exchange", "reissue", "repair")
PERSONS: tuple[Actor, ...] = ("buyer", "merchant", "platform", "adjudicator", "senior", "operator")
ANYBODY: tuple[Actor, ...] = (*PERSONS, "gateway", "rule", "clock", "system")
JUDGES = (1, 2, 3)
PLANS: Sequence[Mapping[Any, int]] = (
    {"pays": 1},
    {"pays": 3, "refuses": 2, "loses": 1, "forgets": 1, "dawdles": 1, "repeats": 1},
    {"loses": 2, "forgets": 2, "dawdles": 2},
)
TAKES: Mapping[str, Sequence[Any]] = {
    "reason": ("quality", "wrong_item", "out_of_stock", "seven_days", "not_wanted", "late_shipment", "logistics", "no_reason"),
    "reason_now": ("not_wanted", "quality", "seven_days"),
    "refund_fen": (3_000, 1_900, 5_000, 1, 5_600, 5_601, 0, -5),
    "freight_claim_fen": (800, 900, 10_000, 10_001),
    "offer_fen": (1_000, 3_000, 1, 0, 5_001),
    "offered_compensation_fen": (500, 0),
    "coupon_fen": (300, 6_000),
    "difference_fen": (200, 6_000),
    "quantity": (1, 1, 2, 0, 3),
    "received_quantity": (1, 2, 2, 0),
    "refusal_reason": ("used", "used", "not_intact", "no_returns", "packaging_missing"),
    "decision_reason": ("quality_violation", "whim"),
    "invoice_state": ("red_letter", "endorsed", "original_returned", "none"),
    "checked_by": ("own", "nobody"),
    "contact_by": ("chat",),
    "liability": ("seller", "buyer", "both", "none"),
    "remedy": ("reject", "reject", "refund_only", "return_refund", "exchange", "repair", "partial_refund"),
    "fen": (100,),
    "intact": (True, False),
    "goods_received": (True, False, None),
    "return_confirmed": (True, False),
    "outbound_by_merchant": (True, False, None),
    "return_by_merchant": (True, False, None),
}
"""What is handed in, where it is not any word at all."""


HELPFUL = ("talk", "refusal_evidence", "return_contact", "intercept", "intercept_failure", "return_confirmed")
"""What one may hand in, and had better."""


WAITS = "a recalled payment is not yet known"
"""What a clock that has to wait says."""


class Cut(Exception):
    """The power fails."""


@dataclass(slots=True)
class World:
    """A desk, what time it is, and what was asked of the gateway."""

    desk: Desk
    home: Path
    platform: str
    now: dt.datetime = T
    gateway: Sandbox = field(init=False)
    seen: Snapshot = field(init=False)
    untimely: list[str] = field(default_factory=list)
    """Verbs that somebody did to a case whose time was over, before the clock's."""
    overtaken: list[str] = field(default_factory=list)
    """Verbs that a case heard of another after its time was over, before the clock's."""

    def __post_init__(self) -> None:
        self.gateway = Sandbox(self.home / "gateway.sqlite")
        with self.desk.database.begin() as connection:
            for number in JUDGES:
                accounts.add(connection, {
                    "name": f"J{number}", "label": "", "password": "", "one_time": False, "role": "adjudicator",
                    "all_shops": True, "demo": False, "active": True, "lang": "zh", "created_at": T,
                })  # fmt: skip
        self.look()

    def look(self) -> Snapshot:
        self.seen = snapshot(self.desk, self.gateway)
        return self.seen

    @property
    def book(self) -> Any:
        return self.desk.books[self.platform]

    # What there is

    def begin(self, choose: Choose) -> None:
        """Two orders, as different as they come; a shop with a deposit or without."""
        deposit = choose((0, 2_000, 1_000_000))
        self.desk = replace(self.desk, shops=with_purse(lambda *_: {"deposit_fen": deposit}))
        self.gateway = Sandbox(self.home / "gateway.sqlite", by_seed(choose(range(5)), choose(PLANS)))
        for number in (1, 2):
            self.place(f"O{number}", **order_facts(choose))

    def place(self, order_id: str, **facts: Any) -> None:
        given = {"product_id": "P1", "buyer_id": "B1", "amount_fen": 5_000, "created_at": self.now - 6 * DAY, **facts}
        placed = Act("place", Doer("buyer"), {name: value for name, value in given.items() if value is not None})
        with sitting(self.desk, self.now) as sat:
            sat.open("order", placed, platform=self.platform, shop_id="S1", order_id=order_id, id_=f"order/{order_id}")
        self.look()

    def live(self) -> list[Case]:
        """All cases that have not ended, and some that have (verbs lead back from them)."""
        return [case for case in self.seen.cases.values() if not case.ended_at or case.kind in KINDS]

    # What happens

    def ask(self, choose: Choose, kind: str) -> bool:
        """Somebody opens a case, as they may or may not."""
        order = choose([case for case in self.seen.cases.values() if case.kind == "order"])
        flow = self.book.flows[kind].at(self.now.date())
        verb = choose([name for name in flow.openings if name != "take_over"])
        by = choose(flow.verbs[verb].who)
        takes = fill(choose, flow.verbs[verb].takes)

        def opens(sat: Sitting) -> None:
            sat.open(kind, Act(verb, Doer(by), takes), platform=self.platform, shop_id="S1", order_id=order.order_id)

        return self._try(opens, f"{by} {verb} {kind}")

    def act(self, choose: Choose, *, sensible: bool = True) -> bool:
        """Somebody does something to a case: what is possible, or anything."""
        ways = self._newest() if sensible else []
        if ways:
            case, by, verb = choose(ways)
        else:
            case = choose(list(self.seen.cases.values()))
            by, verb = choose(PERSONS), choose(list(flow_of(self.book, case).verbs))
        return self.does(choose, case, by, verb)

    def does(self, choose: Choose, case: Case, by: Actor, verb: str) -> bool:
        flow = flow_of(self.book, case)
        if by == "operator" and not self._true(case, verb):
            return False
        takes = fill(choose, flow.verbs[verb].takes) if verb in flow.verbs else {}
        act = self._handed(choose, case, Act(verb, Doer(by, account_of(choose, by)), takes, "why"))
        stale = choose((False,) * 9 + (True,)) and case.n > 1
        act = act._replace(seen=case.n - 1) if stale else act
        done = self._try(lambda sat: disputes.act(sat, case.id, act), f"{by} {verb} {case.kind} {case.id}")
        assert not (done and stale), "done by somebody who had not seen what happened"
        return done

    def shows(self, choose: Choose) -> bool:
        """A party shows a file."""
        running = [case for case in self.seen.cases.values() if case.kind == "dispute" and not case.ended_at]
        if not running:
            return False
        case, party, number = choose(running), choose(("buyer", "merchant")), choose(range(3))
        file = evidence.file("photo", "1.txt", f"file {number}".encode())
        with evidence.laid(self.desk.database, self.home, file) as laid:
            return self._try(lambda sat: evidence.add(sat, case.id, party, None, laid), f"{party} shows {case.id}")

    def cut(self, choose: Choose) -> None:
        """Somebody does something, and the power fails before it is written: nothing of it was."""
        ways = list(self._ways())
        if not ways:
            return
        case, by, verb = choose(ways)
        takes = fill(choose, flow_of(self.book, case).verbs[verb].takes)
        before = self.look()
        try:
            with sitting(self.desk, self.now) as sat:
                disputes.act(sat, case.id, Act(verb, Doer(by, account_of(choose, by)), takes, "why"))
                sat.flush()
                raise Cut
        except Cut:
            assert self.look() == before
        except CaseRefused:
            assert self._as_it_was(before)

    def tick(self, back: dt.timedelta = dt.timedelta(0)) -> clock.Ticked:
        """The worker, whose clock may be behind."""
        done, at = clock.Ticked(), self.now - back
        for _ in range(100):
            ticked = clock.tick(self.desk, at)
            done += ticked
            if not ticked.cases:
                break
        else:
            unknown([*failing(self.desk), "the clock finds something to do for ever"])
        self.look()
        unknown(failing(self.desk) if done.failed else [])
        return done

    def pays(self, *, mail: bool) -> None:
        """The gateway is asked for all that waits; it answers, now or later."""
        if mail:
            for key, answer in self.gateway.mail():
                hear(self.desk, key, answer, self.now)
        else:
            assert send_due(self.desk, self.gateway, lambda: self.now).stuck == 0
        self.look()

    def settles(self) -> None:
        """The shop is paid out what it has: later refunds come from elsewhere."""
        with self.desk.database.begin() as connection:
            fen = ledger.balance(connection, ledger.funds("S1"))
            if fen > 0:
                ledger.move(connection, ledger.funds("S1"), "bank", fen, at=self.now, cause="settled")
        self.look()

    @contextmanager
    def dry(self, at: dt.datetime) -> Iterator[Sitting]:
        """A sitting of which nothing is written."""
        try:
            with sitting(self.desk, at) as sat:
                yield sat
                raise Cut
        except Cut:
            return

    # How

    def _ways(self) -> Iterator[tuple[Case, Actor, str]]:
        """All that somebody could do now."""
        with self.dry(self.now) as sat:
            sat.bring(self.seen.cases)
            for case in self.live():
                known = sat.known(case)
                for by in PERSONS:
                    for verb in possible(self.book, case, by, known):
                        if not verb.startswith("submit_"):
                            yield case, by, verb

    def _newest(self) -> list[tuple[Case, Actor, str]]:
        """Of all ways those that have been gone least: nobody talks for ever."""
        done = Counter((self.seen.cases[event.case_id].kind, event.verb) for event in self.seen.events)
        ways = list(self._ways())
        least = min((done[case.kind, verb] for case, _, verb in ways), default=0)
        return [way for way in ways if done[way[0].kind, way[2]] == least]

    def _try(self, does: Callable[[Sitting], object], said: str) -> bool:
        """In one sitting. Refused: then nothing has changed. Late is late: where the time of the case was over, the clock comes
        first."""
        before = self.seen
        try:
            with sitting(self.desk, self.now) as sat:
                does(sat)
        except (CaseRefused, NotFound):
            assert self._as_it_was(before), f"refused, yet something changed: {said}"
            return False
        after = self.look()
        for case in before.cases.values():
            order = before.cases.get(f"order/{case.order_id}")
            waits = order is not None and order.facts.get("recalled_fen")
            late = [timer.clock for timer in case.timers if overdue(timer, self.now) and not waits]
            new = [event for event in after.history(case.id) if event.n > case.n]
            if late and new and new[0].doer.actor != "clock":
                told = new[0].doer.actor == "system"
                (self.overtaken if told else self.untimely).append(
                    f"{said}: {case.kind} {case.state}: {new[0].verb} after {late[0]} was over"
                )
        return True

    def _as_it_was(self, before: Snapshot) -> bool:
        """Nothing has changed since, but for what was over and the clock has done first."""
        after = self.look()
        new = [
            event for event in after.events if event.n > (before.cases[event.case_id].n if event.case_id in before.cases else 0)
        ]
        after = replace(after, paid=before.paid)  # the gateway takes its own time
        return after == before or any(event.doer.actor == "clock" for event in new)

    def _handed(self, choose: Choose, case: Case, act: Act) -> Act:
        """What a judge hands in fits what was asked, mostly."""
        if case.kind != "dispute" or act.verb not in ("find", "verdict", "overturn", "shift_liability"):
            return act
        with self.dry(self.now) as sat:
            view = disputes.view(sat, sat.case(case.id))
        if act.verb == "find":
            found = {q.fact: choose(list(q.answers)) for q in view.questions.values() if q.fact}
            return act._replace(takes=found)
        rows = [f"{view.table}/{row}" for row in self.book.tables[view.table].at(case.began).rows]
        takes = {**act.takes, "ruling": choose(rows), "evidence_ids": self._cited(case), "departure": "seen otherwise"}
        if act.verb == "verdict" and isinstance(view.says, Proposal):
            takes |= {"liability": view.says.liability, "remedy": view.says.remedy, "departure": None}
        if takes.get("remedy") != "partial_refund":
            takes["refund_fen"] = None
        return act._replace(takes={name: value for name, value in takes.items() if value is not None})

    def _cited(self, case: Case) -> str:
        from tianping.store.desk.evidence import listing

        with self.desk.database.connect() as connection:
            return ",".join(str(each.id) for each in listing(connection, [case.id]))

    def _true(self, case: Case, verb: str) -> bool:
        """An operator says of a payment only what the gateway's books say."""
        paid, working = self.gateway.paid(), self.gateway.look(case.id) is not None
        if verb == "confirm_paid":
            return case.id in paid
        return not (verb in ("confirm_unpaid", "cancel") and (case.id in paid or working))


def order_facts(choose: Choose) -> dict[str, Any]:
    """An order at one point of its way."""
    stage = choose(("paid", "signed", "shipped", "unpaid", "completed", "cod", "cod signed"))
    times = {"paid_at": T - 5 * DAY, "shipped_at": T - 4 * DAY, "signed_at": T - 2 * DAY, "succeeded_at": T - DAY}
    upto = {"paid": 1, "shipped": 2, "signed": 3, "completed": 4, "cod signed": 3}.get(stage, 0)
    facts: dict[str, Any] = dict(list(times.items())[:upto])
    if stage.startswith("cod"):
        facts |= {"cod": True, "paid_at": None}
    if stage in ("paid", "unpaid", "cod"):
        facts |= {"created_at": T, **({"paid_at": T} if stage == "paid" else {})}
    more = {"freight_fen": choose((0, 600)), "quantity": choose((1, 2)), "seven_days": choose((True, False)),
            "warranty_days": choose((365, 1))}  # fmt: skip
    return {name: value for name, value in (facts | more).items() if value is not None}


def fill(choose: Choose, takes: Mapping[str, str]) -> dict[str, Any]:
    """What a verb takes, filled in: what it needs, and now and then what it may."""
    given, odd = {}, choose((False, False, True))
    for name, need in takes.items():
        values = TAKES.get(name, ("text",))
        if need == "needed" or name in HELPFUL or choose((True, False, False)):
            given[name] = choose(values if odd else values[:3])
    return {name: value for name, value in given.items() if value is not None and not (value == "text" and _no_text(name))}


def _no_text(name: str) -> bool:
    """Facts without a list above that are no words."""
    from tianping.policy.cases.casefacts import FACTS

    return FACTS[name] != "text"


def account_of(choose: Choose, by: Actor) -> int | None:
    return int(choose(JUDGES)) if by in ("adjudicator", "senior") else None


def unknown(faults: Sequence[str]) -> None:
    """The clock could do all that was due, but for what waits until it is known what became of a recalled payment."""
    faults = [each for each in faults if WAITS not in each]
    assert not faults, faults


def failing(desk: Desk) -> list[str]:
    """What the clock could not do, and why."""
    with desk.database.connect() as connection:
        found = [timer for _, timer in cases.failing(connection, 1)]
        its = cases.load(connection, [timer.case_id for timer in found])
    return [f"{its[timer.case_id].kind} {timer.clock} {timer.passes}: {timer.said}" for timer in found]

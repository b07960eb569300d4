"""One verb done to one case: pure. A person's act and the clock's act are this same function."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from tianping.cases import clocks
from tianping.cases.case import Act, Case, Doer, Due, Event, Refusal, Step, Timer
from tianping.cases.conditions import Known, holds
from tianping.money import yuan
from tianping.policy.cases import casefacts
from tianping.policy.cases.casebook import Casebook
from tianping.policy.cases.flowing import SUM, Actor, AmountVersion, Branch, Effect, FlowVersion, Share, State, Verb

Do = Mapping[str, Any]
HANDS: Mapping[Actor, str] = {"merchant": "person", "rule": "rule", "platform": "platform"}
"""How an actor signs (`cases.handled_by` of the facts)."""


def flow_of(book: Casebook, case: Case) -> FlowVersion:
    """The flow that this case began under."""
    return book.flows[case.kind].at(case.began)


def step(book: Casebook, case: Case, act: Act, known: Known) -> Step | Refusal:
    """What the act makes of the case, or why not. `known` holds the facts of its surroundings; its `own` are the case's.

    A case that opens is one with `n` 0 and no state: its verb has no `from`.
    """
    flow, act = flow_of(book, case), _handed(act)
    refused = _refused(book, flow, case, act, known)
    if refused:
        return refused
    verb, at, n = flow.verbs[act.verb], known.at, case.n + 1
    facts = {**case.facts, **_changes(book, case, verb, act, known)}
    now = known._replace(own={"kind": case.kind, **facts})
    branch = next((branch.state for branch in verb.branches if _open(book, case, branch, now)), case.state)
    state = flow.states[branch]
    facts |= state.sets
    end = (case.ended_at or act.due or at) if state.final else None  # what is noted afterwards moves no end
    anew = branch != case.state or verb.restarts
    ended = case.timers if anew else ()
    begun = tuple(_timers(book, case, state, now)) if anew else ()
    turned = () if anew else tuple(_turned(case, state, now))
    kept = () if anew else tuple({timer.clock: timer for timer in (*case.timers, *turned)}.values())
    changes = {name: value for name, value in facts.items() if case.facts.get(name) != value}
    event = Event(case.id, n, at, act.doer, act.verb, case.state, branch, act.why, changes)
    follows = tuple(_follows(verb, now))
    before = case if case.n else None
    after = case._replace(state=branch, n=n, changed_at=at, ended_at=end, facts=facts, timers=(*kept, *begun))
    over = tuple(_over(timer, act) for timer in ended)
    return Step(before, after, event, over, begun, turned, follows)


def _open(book: Casebook, case: Case, branch: Branch, known: Known) -> bool:
    """Whether a verb leads this way."""
    guards = (book.guards[name].at(case.began) for name in branch.guards)
    return holds(branch.when, known) and all(holds(guard.holds, known) for guard in guards)


def _over(timer: Timer, act: Act) -> Timer:
    lapsed = act.doer.actor == "clock" and act.doer.rule == timer.clock
    return timer._replace(state="lapsed" if lapsed else "met")


def possible(book: Casebook, case: Case, actor: Actor, known: Known) -> tuple[str, ...]:
    """The verbs that this actor can do now: right state, right actor, all guards that do not wait for what is handed in."""
    flow = flow_of(book, case)
    return tuple(name for name, verb in flow.verbs.items() if _may(book, case, verb, actor, known))


def _may(book: Casebook, case: Case, verb: Verb, actor: Actor, known: Known) -> bool:
    if actor not in verb.who or not _leads_on(verb, case):
        return False
    open_ = set(verb.takes)
    guards = (book.guards[name].at(case.began) for name in verb.guards)
    return all(holds(guard.holds, known) for guard in guards if not open_ & set(asked(guard.holds)))


def waiting(book: Casebook, case: Case, timer: Timer, known: Known) -> Refusal | None:
    """Why what a clock has to do now must wait: a guard that holds again by itself. None where it need not, or cannot be."""
    refused = step(book, case, clocks_act(timer), known)
    if not isinstance(refused, Refusal):
        return None
    guard = book.guards.get(refused.guard)
    return refused if guard and guard.at(case.began).passing else None


def clocks_act(timer: Timer) -> Act:
    """What a clock does when its time is over."""
    return Act(timer.passes, Doer("clock", None, timer.clock), due=timer.due_at)


def beside(book: Casebook, case: Case, name: str) -> bool:
    """Whether a verb may be done while the clock waits: it leaves the case as it is, or ends it, and wins nobody time."""
    flow = flow_of(book, case)
    verb = flow.verbs.get(name)
    if verb is None or verb.restarts:
        return False
    return all(flow.states[branch.state].final for branch in verb.branches)


def asked(test: Any) -> Iterator[str]:
    """The facts that a test asks."""
    if test.fact is not None:
        yield test.fact
        yield from (line for line in (test.at_least, test.more_than, test.at_most, test.less_than) if isinstance(line, str))
    for each in (*test.all, *test.any, *test.none):
        yield from asked(each)


def _refused(book: Casebook, flow: FlowVersion, case: Case, act: Act, known: Known) -> Refusal | None:
    """The first thing that stands in the way."""
    stands = next(_hindrances(book, flow, case, act, known), None)
    return Refusal(*stands, possible(book, case, act.doer.actor, known)) if stands else None


def _hindrances(book: Casebook, flow: FlowVersion, case: Case, act: Act, known: Known) -> Iterator[tuple[str, str, str]]:
    """All that stands in the way: what, and why in both languages. After the verb itself nothing is asked of an unknown one."""
    verb = flow.verbs.get(act.verb)
    if verb is None:
        yield "verb", f"没有“{act.verb}”这个操作", f'there is no "{act.verb}" in this flow'
        return
    if act.seen is not None and act.seen != case.n:
        yield "seen", "此单刚被他人处理过，请刷新后再试", "somebody has just acted on this case; look again"
    if not _leads_on(verb, case):
        label = flow.states[case.state].label if case.n else None
        zh, en = (label.zh, label.en) if label else ("尚未提交", "not opened")
        yield "state", f"当前状态“{zh}”不能{verb.label.zh}", f'not while the case is "{en}"'
    if act.doer.actor not in verb.who:
        yield "who", f"无权{verb.label.zh}", f"{act.doer.actor} may not do this"
    if not act.takes.keys() <= verb.takes.keys():
        unknown = sorted(set(act.takes) - set(verb.takes))
        yield "takes", f"不接受：{'、'.join(unknown)}", f"takes no {', '.join(unknown)}"
    if missing := [name for name, need in verb.takes.items() if need == "needed" and act.takes.get(name, "") == ""]:
        yield "takes", f"缺少：{'、'.join(missing)}", f"missing: {', '.join(missing)}"
    yield from _wrong_numbers(act)
    handed = known._replace(own={**known.own, **act.takes}) if act.takes else known
    for name in verb.guards:
        guard = book.guards[name].at(case.began)
        if not holds(guard.holds, handed):
            yield name, _said(guard.refusal.zh, handed), _said(guard.refusal.en, handed)


def _said(words: str, known: Known) -> str:
    """A refusal, with the sums that it names in yuan."""
    return SUM.sub(lambda named: yuan(known.get(named[1]) or 0), words)


def _wrong_numbers(act: Act) -> Iterator[tuple[str, str, str]]:
    """Sums and counts handed in, by whomever, are not under nothing, nor more than can be kept."""
    for name, value in act.takes.items():
        if isinstance(value, int) and (wrong := casefacts.fault(name, value)):
            yield "takes", f"数值不对：{name}={value}", wrong


def _leads_on(verb: Verb, case: Case) -> bool:
    """Whether the verb goes on from the case's state; an opening verb from none."""
    return case.state in verb.from_ if case.n else not verb.from_


def _handed(act: Act) -> Act:
    """The act without what is handed in as unknown."""
    return act._replace(takes={name: value for name, value in act.takes.items() if value is not None}) if act.takes else act


def _changes(book: Casebook, case: Case, verb: Verb, act: Act, known: Known) -> Do:
    """The facts that the verb gives the case, in the order that `Verb` says."""
    signed = dict.fromkeys(verb.signs, HANDS[act.doer.actor]) if act.doer.actor in HANDS else {}
    new: dict[str, Any] = {**act.takes, **dict.fromkeys(verb.marks, act.due or known.at), **signed, **verb.sets}
    if not (verb.copies or verb.computes or verb.adds or verb.clears):
        return new
    own = {**known.own, **new}
    now = known._replace(own=own)  # sees what is put into `own` from here on
    for name, of in verb.copies.items():
        if (value := now.get(of)) is not None:
            new[name] = own[name] = value
    for name, amount in verb.computes.items():
        new[name] = own[name] = sum_of(book.amounts[amount].at(case.began), now)
    for name, added in verb.adds.items():
        new[name] = own[name] = (now.get(name) or 0) + _number(added, now)
    return {**new, **dict.fromkeys(verb.clears)}


def _number(added: int | str, known: Known) -> int:
    if isinstance(added, int):
        return added
    return -(known.get(added[1:]) or 0) if added.startswith("-") else (known.get(added) or 0)


def sum_of(amount: AmountVersion, known: Known) -> int:
    """A sum in fen, floored; 0 where no part's test holds, or what it is a share of is unknown."""
    part = next((part for part in amount.parts if holds(part.when, known)), None)
    if part is None:
        return 0
    fen = _part(part, known) if part.of else part.fen
    bounds = (fen, part.at_most_fen, known.get(part.at_most) if part.at_most else None)
    return min(bound for bound in bounds if bound is not None)


def _part(part: Share, known: Known) -> int:
    """A share of a fact, times one number over another; one of them unknown, or over nothing: 0."""
    sum_ = Fraction(part.share) * (known.get(part.of or "") or 0)
    if part.times and part.over:
        over = known.get(part.over)
        return int(sum_ * (known.get(part.times) or 0) / over) if over else 0
    return int(sum_)


def _timers(book: Casebook, case: Case, state: State, known: Known) -> Iterator[Timer]:
    for timer in state.timers:
        assert state.owner is not None  # policy check: every state with a timer has one
        rule = book.clocks[timer.clock].at(case.began)
        begun = clocks.start(timer, rule, known, book.calendars, case_id=case.id, n=case.n + 1, owner=state.owner)
        if begun:
            yield begun


def _turned(case: Case, state: State, known: Known) -> Iterator[Timer]:
    """Timers of a state that stays, which now pause or run again."""
    rules = {timer.clock: timer for timer in state.timers}
    for timer in case.timers:
        runs = holds(rules[timer.clock].runs_while, known)
        if runs != (timer.paused_at is None):
            yield clocks.resume(timer, known.at) if runs else clocks.pause(timer, known.at)


def _follows(verb: Verb, known: Known) -> Iterator[Due]:
    for effect in verb.effects:
        if holds(effect.when, known):
            yield Due(effect, (known.get(effect.fen) or 0) if effect.fen else 0, _gives(effect, known))


def _gives(effect: Effect, known: Known) -> Do:
    return {**{name: known.get(of) for name, of in effect.gives.items()}, **effect.sets}

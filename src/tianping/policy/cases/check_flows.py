"""What a casebook's flows mean, proved for every version: every state is reached and has an owner and a clock that surely
passes (or waits for a case that surely tells it), every name is there, every case that is told can hear.

What conditions hang on is not run through: a child that tells its parent in several cases is taken to tell it in all, unless
the facts that it was opened with say otherwise.
"""

from collections.abc import Callable, Collection, Iterator, Sequence

from tianping.errors import Fault, did_you_mean
from tianping.policy.cases import check_casefacts, flowmap
from tianping.policy.cases.casebook import OpenedCasebook
from tianping.policy.cases.check_idle import idle_own, is_shared
from tianping.policy.cases.flowing import ALWAYS, Branch, ClockVersion, FlowVersion, State, Timer, Verb
from tianping.policy.cases.flowmap import PAYMENT, Flow, Opening, flows, known_in, reached, weigh
from tianping.policy.yamlio import Place

OPENED, ENDED = "case_opened", "case_ended"
"""What an open case tells its order, and what each that ends."""


def check_flows(opened: OpenedCasebook, postings: Collection[str]) -> list[Fault]:
    """All faults of a casebook whose form is right. `postings`: the names that the money ledger knows."""
    faults = [fault for one in CHECKS for fault in one(opened)]
    return list(
        dict.fromkeys([*faults, *postings_are_known(opened, postings), *check_casefacts.check(opened), *idle_own(opened)])
    )


def check_all_flows(opened: Sequence[OpenedCasebook], postings: Collection[str]) -> list[Fault]:
    """All faults of casebooks that belong together; a fault of a shared file is told once."""
    return list(dict.fromkeys(fault for each in opened for fault in check_flows(each, postings)))


# States


def states_are_reached(opened: OpenedCasebook) -> Iterator[Fault]:
    """Every state from an opening, and an end from every state."""
    for flow in flows(opened.book):
        found = reached(flow.version)
        for name, state in flow.version.states.items():
            if name not in found:
                yield opened.fault(flow.state(name), f'nothing leads to the state "{name}"', "lead a verb there or take it out")
            elif not state.final and not any(flow.version.states[end].final for end in _known_states(flow.version, name)):
                yield opened.fault(flow.state(name), f'no way leads from the state "{name}" to an end')


def _known_states(version: FlowVersion, start: str) -> Iterator[str]:
    yield from (name for name in reached(version, start) if name in version.states)


def ends_are_still(opened: OpenedCasebook) -> Iterator[Fault]:
    for flow in flows(opened.book):
        for name, state in flow.version.states.items():
            if state.final and (state.timers or state.waits or state.owner):
                yield opened.fault(flow.state(name), f'the final state "{name}" has an owner or a clock', "nobody waits there")


def states_have_owners(opened: OpenedCasebook) -> Iterator[Fault]:
    """Somebody whose turn it is, and who can do something (the clock can, by a timer)."""
    for flow in flows(opened.book):
        for name, state in flow.version.states.items():
            if not state.final and state.owner is None:
                yield opened.fault(flow.state(name), f'the state "{name}" has no owner', "say whose turn it is")
            elif state.owner and not state.waits and not state.final:
                for actor in {"both": ("buyer", "merchant"), "clock": ()}.get(state.owner, (state.owner,)):
                    if not any(actor in verb.who and name in verb.from_ for verb in flow.version.verbs.values()):
                        yield opened.fault(
                            (*flow.state(name), "owner"), f'in "{name}" it is the turn of {actor}, who can do nothing'
                        )


# Clocks


def states_have_clocks(opened: OpenedCasebook) -> Iterator[Fault]:
    """In every state that is not final, some clock surely passes, or the case waits for another."""
    for flow in flows(opened.book):
        known = known_in(flow.version)
        for name, state in flow.version.states.items():
            if state.final or state.waits:
                continue
            doubts = [_doubt(opened, flow, name, timer, known[name]) for timer in state.timers]
            if "" not in doubts:
                what = f'the state "{name}" has no clock that surely passes'
                yield opened.fault(flow.state(name), f"{what}: {'; '.join(doubts)}" if doubts else what, "give it one")


def _doubt(opened: OpenedCasebook, flow: Flow, state: str, timer: Timer, known: Collection[str]) -> str:
    """Why a timer may never pass; "" where it surely does."""
    clock = opened.book.clocks.get(timer.clock)
    if clock is None:
        return f'there is no clock "{timer.clock}"'
    if any(version.times[-1].when != ALWAYS for version in clock.versions):
        return f'"{timer.clock}" of {opened.book.platform} may have no time: its last time has a condition'
    if timer.since and timer.since not in known:
        return f'"{timer.since}" may be unknown in it'
    if timer.runs_while != ALWAYS and not _goes_on(flow, state, timer):
        asked = ", ".join(flowmap.asked(timer.runs_while))
        return f'"{timer.clock}" may stand still for ever: nothing told to it there changes {asked}'
    return ""


def _goes_on(flow: Flow, state: str, timer: Timer) -> bool:
    """Whether other cases can set a clock going again."""
    asked = set(flowmap.asked(timer.runs_while))
    verbs = (verb for verb in flow.version.verbs.values() if "system" in verb.who and state in verb.from_)
    return any(asked & flowmap.gives(verb) for verb in verbs)


def timers_pass(opened: OpenedCasebook) -> Iterator[Fault]:
    """What a clock does when it passes is a verb of that state, for the clock, with nothing to hand in and no refusal."""
    for flow in flows(opened.book):
        for name, state in flow.version.states.items():
            for index, timer in enumerate(state.timers):
                place = (*flow.state(name), "timers", index)
                if timer.clock not in opened.book.clocks:
                    what = f'no clock "{timer.clock}"'
                    yield opened.fault((*place, "clock"), what, did_you_mean(timer.clock, list(opened.book.clocks)))
                yield from (opened.fault((*place, "passes"), *fault) for fault in _not_passing(opened, flow, name, timer))
            if len({timer.clock for timer in state.timers}) < len(state.timers):
                yield opened.fault(
                    (*flow.state(name), "timers"), f'a clock runs twice in the state "{name}"', "name it otherwise"
                )


def _not_passing(opened: OpenedCasebook, flow: Flow, state: str, timer: Timer) -> Iterator[tuple[str, str]]:
    verb = flow.version.verbs.get(timer.passes)
    if verb is None:
        yield f'no verb "{timer.passes}"', did_you_mean(timer.passes, list(flow.version.verbs))
        return
    if state not in verb.from_:
        yield f'"{timer.passes}" cannot be done in the state "{state}"', "add the state to its from"
    if "clock" not in verb.who:
        yield f'"{timer.passes}" is not for the clock', "add clock to its who"
    for name, need in verb.takes.items():
        if need == "needed":
            yield f'the clock has no "{name}" to hand in for "{timer.passes}"', "let it be: may"
    for name in verb.guards:
        guard = opened.book.guards.get(name)
        if guard and any(not version.passing and version.holds not in (ALWAYS, timer.runs_while) for version in guard.versions):
            yield f'the clock may be refused "{timer.passes}" by the guard "{name}"', "guard the verb that leads here instead"


def extensions_reach_clocks(opened: OpenedCasebook) -> Iterator[Fault]:
    """Every ordinary time that a calendar of the platform's own lengthens is the time of some clock."""
    spans = {time.seconds // 3600 for version in _clock_versions(opened) if version.extends for time in version.times}
    for name, calendar in opened.book.calendars.items():
        for index, extension in enumerate(calendar.extensions):
            for hours in sorted(set(extension.hours) - spans):
                place = ("calendars", name, "extensions", index, "hours", str(hours))
                if not is_shared(opened, place[:2]):
                    yield opened.fault(place, f"no clock runs {hours} hours", "take the line out")


def _clock_versions(opened: OpenedCasebook) -> Iterator[ClockVersion]:
    yield from (version for clock in opened.book.clocks.values() for version in clock.versions)


# Verbs


def verbs_lead_to_states(opened: OpenedCasebook) -> Iterator[Fault]:
    """To states that are there, from states that are there; the last way of a verb has no condition."""
    for flow in flows(opened.book):
        for name, verb in flow.version.verbs.items():
            yield from (opened.fault((*flow.verb(name), *key), *fault) for key, *fault in _misled(flow, name, verb))
        if not flow.version.openings:
            yield opened.fault(flow.place, f'no verb opens a case of "{flow.kind}"', "one verb has no from")


def _misled(flow: Flow, name: str, verb: Verb) -> Iterator[tuple[Place, str, str]]:
    states = list(flow.version.states)
    for state in verb.from_:
        if state not in states:
            yield ("from",), f'no state "{state}"', did_you_mean(state, states)
    for index, branch in enumerate(verb.branches):
        if branch.state not in states:
            yield (
                ("to",) if isinstance(verb.to, str) else ("to", index),
                f'no state "{branch.state}"',
                did_you_mean(branch.state, states),
            )
    if verb.branches and not _always(verb.branches[-1]):
        yield (
            ("to",),
            f'the last way of "{name}" has a condition',
            "it would lead nowhere where none holds: end with one that has none",
        )
    for index, branch in enumerate(verb.branches[:-1]):
        if _always(branch):
            yield ("to", index), f'the ways of "{name}" after this one are never taken', "give it a condition or take them out"
    if not verb.from_ and not verb.branches:
        yield ("to",), f'"{name}" opens a case in no state', "say to which state it leads"
    if verb.undone_by and verb.undone_by not in flow.version.verbs:
        yield ("undone_by",), f'no verb "{verb.undone_by}"', did_you_mean(verb.undone_by, list(flow.version.verbs))


def _always(branch: Branch) -> bool:
    return branch.when == ALWAYS and not branch.guards


def verbs_name_rules(opened: OpenedCasebook) -> Iterator[Fault]:
    """Guards and amounts that are there."""
    for flow in flows(opened.book):
        for name, verb in flow.version.verbs.items():
            for place, guard in flowmap.guards(verb):
                if guard not in opened.book.guards:
                    now = did_you_mean(guard, list(opened.book.guards))
                    yield opened.fault((*flow.verb(name), *place), f'no guard "{guard}"', now)
            for fact, amount in verb.computes.items():
                if amount not in opened.book.amounts:
                    now = did_you_mean(amount, list(opened.book.amounts))
                    yield opened.fault((*flow.verb(name), "computes", fact), f'no amount "{amount}"', now)


def nouns_are_one(opened: OpenedCasebook) -> Iterator[Fault]:
    """The API tells verbs of a flow apart by their nouns."""
    for flow in flows(opened.book):
        seen: dict[str, str] = {}
        for name, verb in flow.version.verbs.items():
            other = seen.setdefault(verb.noun or name, name)
            if other != name:
                yield opened.fault((*flow.verb(name), "noun"), f'"{name}" has the noun of "{other}"', "name it otherwise")


# Other cases


def children_can_be_opened(opened: OpenedCasebook) -> Iterator[Fault]:
    """By the system, with all that the kind's opening needs and nothing that it does not take."""
    for opening in flowmap.openings(opened.book):
        kind = flowmap.opened(opening)
        if kind not in opened.book.flows:
            yield opened.fault(opening.place, f'no flow "{kind}" to open', did_you_mean(kind, list(opened.book.flows)))
        for child in flowmap.later(opened.book, opening.flow, kind):
            if child.version.openings:
                first = child.version.openings[0]
                paid = ("purpose", "borne_by", "fen") if opening.effect.pay else ()
                handed = {*opening.effect.gives, *opening.effect.sets, *paid}
                for what in _deaf(child, first, handed):
                    yield opened.fault(opening.place, what)


def _deaf(told: Flow, name: str, handed: Collection[str]) -> Iterator[str]:
    """Why a case cannot do a verb that another tells it."""
    verb = told.version.verbs[name]
    if "system" not in verb.who:
        yield f'"{name}" of {told.kind} is not for the system'
    for fact in sorted(set(handed) - set(verb.takes)):
        yield f'"{name}" of {told.kind} takes no "{fact}"'
    for fact, need in verb.takes.items():
        if need == "needed" and fact not in handed:
            yield f'"{name}" of {told.kind} needs "{fact}", which is not given'


def the_told_can_hear(opened: OpenedCasebook) -> Iterator[Fault]:
    """What is told, some flow of those told has, lets the system do, and takes what is given. A person who must be heard and is
    not is refused, and chooses otherwise; the clock cannot: whatever it may tell, all have."""
    for flow, place, effect in flowmap.effects(opened.book):
        told = list(flowmap.whom(opened.book, flow, effect))
        hearing = [each for each in told if effect.verb in each.version.verbs]
        strict = effect.must and "clock" in flow.version.verbs[str(place[-3])].who
        for deaf in (each for each in told if each not in hearing) if strict or not hearing else ():
            now = did_you_mean(effect.verb or "", list(deaf.version.verbs))
            yield opened.fault(place, f'{deaf.kind} is told "{effect.verb}", which it has not', now)
        for each in hearing:
            handed = {*effect.gives, *effect.sets}
            yield from (opened.fault(place, what) for what in _deaf(each, effect.verb or "", handed))


def children_are_of_a_kind(opened: OpenedCasebook) -> Iterator[Fault]:
    for flow, place, effect in flowmap.effects(opened.book):
        kinds = {flowmap.opened(opening) for opening in flowmap.openings(opened.book) if opening.flow.kind == flow.kind}
        if effect.tell == "children" and (not kinds or effect.kind not in (None, *kinds)):
            yield opened.fault(
                place, f'"{flow.kind}" opens no case of the kind "{effect.kind or "any"}"', did_you_mean("", list(kinds))
            )
        if effect.kind and effect.tell != "children":
            yield opened.fault((*place, "kind"), '"kind" goes with "tell: children"', "take it out")
        missing = [name for name in flowmap.UNDOING for pay in flows(opened.book, PAYMENT) if name not in pay.version.verbs]
        if effect.undo and (missing or PAYMENT not in opened.book.flows):
            yield opened.fault((*place, "undo"), f"a payment has no {' and no '.join(missing) or 'flow'} to be undone by")


def the_awaited_tell(opened: OpenedCasebook) -> Iterator[Fault]:
    """Whoever waits for a case opens it on the way there, and does not come to its end without a word to the one who waits."""
    for flow in flows(opened.book):
        for name, state in flow.version.states.items():
            if state.waits is None or state.final:
                continue
            if state.waits not in opened.book.flows:
                what = f'no flow "{state.waits}" to wait for'
                yield opened.fault((*flow.state(name), "waits"), what, did_you_mean(state.waits, list(opened.book.flows)))
                continue
            for verb in _entering(flow, name, state):
                yield from _unheard(opened, flow, name, state.waits, verb)


def _entering(flow: Flow, name: str, state: State) -> Sequence[str]:
    """The verbs that lead to a state from where nobody waits for the same."""
    waiting = {each for each, other in flow.version.states.items() if other.waits == state.waits}
    return sorted({way.verb for way in flowmap.ways(flow.version) if way.state == name and way.before not in waiting})


def _unheard(opened: OpenedCasebook, flow: Flow, state: str, kind: str, verb: str) -> Iterator[Fault]:
    every = [opening for opening in flowmap.openings(opened.book) if opening.flow == flow and flowmap.opened(opening) == kind]
    here = [opening for opening in every if opening.verb == verb]
    told = verb in {effect.verb for _, _, effect in flowmap.effects(opened.book) if effect.tell == "parent"}
    if not here and not (told and every):
        yield opened.fault(flow.verb(verb), f'"{verb}" leads to "{state}", which waits for a {kind}, and opens none')
    silent = [_silent(opened, flow, state, kind, opening) for opening in here or every]
    if silent and all(silent):
        child, end = silent[0][0]
        yield opened.fault(
            child.verb(end), f'"{end}" ends a {kind} for which {flow.kind} waits in "{state}", and does not tell it'
        )


def _silent(opened: OpenedCasebook, flow: Flow, state: str, kind: str, opening: Opening) -> list[tuple[Flow, str]]:
    """The verbs that end a child of which the parent that waits in `state` has never heard."""
    hears = {name for name, verb in flow.version.verbs.items() if state in verb.from_ and "system" in verb.who}
    found = []
    for child in flowmap.later(opened.book, flow, kind):
        telling = {
            name
            for name, verb in child.version.verbs.items()
            for each in verb.effects
            if each.tell == "parent" and each.verb in hears and weigh(each.when, opening.given) is not False
        }
        unheard = reached(child.version, without=telling)
        final = {name for name, each in child.version.states.items() if each.final}
        ways = [way for way in flowmap.ways(child.version) if way.verb not in telling and way.before in {"", *unheard} - final]
        found += [(child, way.verb) for way in ways if way.state in final]
    return found


def what_is_paid_is_more_than_nothing(opened: OpenedCasebook) -> Iterator[Fault]:
    """A payment of nothing is none, and nobody who waits for it would ever hear: whatever says the sum is guarded."""
    for flow in flows(opened.book):
        waiting = {name for name, state in flow.version.states.items() if state.waits == PAYMENT}
        enters = {way.verb for way in flowmap.ways(flow.version) if way.state in waiting and way.before not in waiting}
        paid = (each for name in enters for each in flow.version.verbs[name].effects if each.when == ALWAYS)
        sums = {each.fen for each in paid if each.fen}
        for name, verb in flow.version.verbs.items():
            for fact in sorted(sums & flowmap.gives(verb)):
                if not _asks(opened, verb, fact):
                    what = f'"{name}" says {fact}, which may be 0, and then the payment that is waited for is never made'
                    yield opened.fault(flow.verb(name), what, f"guard it: {{fact: {fact}, more_than: 0}}")


def _asks(opened: OpenedCasebook, verb: Verb, fact: str) -> bool:
    """Whether a guard, or a way, asks how much a fact is."""
    guards = [
        version.holds for name in verb.guards if name in opened.book.guards for version in opened.book.guards[name].versions
    ]
    return any(fact in flowmap.asked(test) for test in (*guards, *(branch.when for branch in verb.branches)))


def orders_hear_of_cases(opened: OpenedCasebook) -> Iterator[Fault]:
    """A kind that tells the order `case_opened` does so with every opening, and `case_ended` with every end; never without."""
    for flow in flows(opened.book):
        final = {name for name, state in flow.version.states.items() if state.final}
        if not any(_tells(verb) for verb in flow.version.verbs.values()):
            continue
        for name, verb in flow.version.verbs.items():
            ways = [way for way in flowmap.ways(flow.version) if way.verb == name]
            moves = {(bool(way.before) and way.before not in final, way.state in final) for way in ways}
            ends, begins = (True, True) in moves, any(not open_ and not end for open_, end in moves)
            for told, needed, said in ((OPENED, begins, "opens"), (ENDED, ends, "ends")):
                yield from (
                    opened.fault(flow.verb(name), *fault)
                    for fault in _miscounted(verb, name, ways, final, told, said, needed=needed)
                )


def _miscounted(
    verb: Verb, name: str, ways: Sequence[flowmap.Way], final: Collection[str], told: str, said: str, *, needed: bool
) -> Iterator[tuple[str, str]]:
    tells = [effect for effect in verb.effects if effect.tell == "order" and effect.verb == told]
    leads = [way.when for way in ways if (way.state in final) == (told == ENDED)]
    if needed and not tells:
        yield f'"{name}" {said} a case and does not tell the order "{told}"', "it would count wrong for ever"
    if tells and not needed:
        yield f'"{name}" tells the order "{told}" and {said} no case', "it would count wrong for ever"
    if needed and len(tells) == 1 and len(leads) == len(ways) and tells[0].when != ALWAYS:
        yield f'"{name}" always {said} a case and tells the order "{told}" only sometimes', "take the condition out"
    if needed and tells and len(leads) < len(ways) and not {effect.when for effect in tells} <= set(leads) - {ALWAYS}:
        yield f'"{name}" tells the order "{told}" otherwise than it {said} a case', "give it the condition of that way"
    if told == OPENED and needed and not all(effect.must for effect in tells):
        yield f'"{name}" opens a case even where the order refuses', "add must: true"


def _tells(verb: Verb) -> bool:
    return any(effect.tell == "order" and effect.verb in (OPENED, ENDED) for effect in verb.effects)


def postings_are_known(opened: OpenedCasebook, postings: Collection[str]) -> Iterator[Fault]:
    for _, place, effect in flowmap.effects(opened.book):
        if effect.post and effect.post not in postings:
            yield opened.fault(
                (*place, "post"), f'the ledger has no posting "{effect.post}"', did_you_mean(effect.post, list(postings))
            )


# Words


def words_are_said(opened: OpenedCasebook) -> Iterator[Fault]:
    """Every refusal and every label says something in both languages."""
    for name, guard in opened.book.guards.items():
        for index, version in enumerate(guard.versions):
            yield from _said(opened, ("guards", name, "versions", index, "refusal"), version.refusal.zh, version.refusal.en)
    for flow in flows(opened.book):
        for name, state in flow.version.states.items():
            yield from _said(opened, (*flow.state(name), "label"), state.label.zh, state.label.en)
        for name, verb in flow.version.verbs.items():
            yield from _said(opened, (*flow.verb(name), "label"), verb.label.zh, verb.label.en)


def _said(opened: OpenedCasebook, place: Place, zh: str, en: str) -> Iterator[Fault]:
    chinese = any("\u4e00" <= letter <= "\u9fff" for letter in zh)
    if not chinese:
        yield opened.fault((*place, "zh"), "the Chinese words are missing")
    if not en.strip() or any("\u4e00" <= letter <= "\u9fff" for letter in en):
        yield opened.fault((*place, "en"), "the English words are missing")


Check = Callable[[OpenedCasebook], Iterator[Fault]]
CHECKS: tuple[Check, ...] = (
    states_are_reached,
    ends_are_still,
    states_have_owners,
    states_have_clocks,
    timers_pass,
    extensions_reach_clocks,
    verbs_lead_to_states,
    verbs_name_rules,
    nouns_are_one,
    children_can_be_opened,
    the_told_can_hear,
    children_are_of_a_kind,
    the_awaited_tell,
    what_is_paid_is_more_than_nothing,
    orders_hear_of_cases,
    words_are_said,
)

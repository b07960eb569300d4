"""The flows as a page of diagrams (Mermaid) and tables, both languages side by side: `docs/flows.md` is made by this.

A diagram has one arrow from state to state, with all verbs that lead that way; ⏱ is what a clock does when it passes. Verbs
that change no state stand below it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tianping.policy.cases.casebook import Casebook
from tianping.policy.cases.caserows import says
from tianping.policy.cases.flowing import FlowVersion, State, Timer, Verb
from tianping.policy.cases.flowmap import ways
from tianping.policy.words import Words

TITLE = """\
# Flows

Made from the packs by `tianping policy flows`, never by hand. What a flow is, and how to change one: [cases.md](cases.md).
Each diagram shows the newest version, and so do the times of the platforms; ⏱ is done by the clock.
"""
OWNERS = {
    "buyer": "买家",
    "merchant": "商家",
    "both": "双方",
    "platform": "平台",
    "adjudicator": "判责员",
    "senior": "高级判责员",
    "operator": "运营",
    "clock": "计时",
}


class Drawn(NamedTuple):
    """A flow, and the platforms that have just this one."""

    kind: str
    label: Words
    version: FlowVersion
    platforms: tuple[str, ...]


def page(books: Mapping[str, Casebook]) -> str:
    """The whole page."""
    return "\n".join([TITLE, *(section(drawn, books) for drawn in drawings(books))])


def drawings(books: Mapping[str, Casebook]) -> Iterator[Drawn]:
    """Every flow once, by kind; those that platforms have alike together."""
    for kind in sorted({kind for book in books.values() for kind in book.flows}):
        having = {name: book.flows[kind] for name, book in sorted(books.items()) if kind in book.flows}
        alike: list[Drawn] = []
        for name, flow in having.items():
            last = flow.versions[-1]
            same = next((n for n, each in enumerate(alike) if each.version == last), None)
            if same is None:
                alike.append(Drawn(kind, flow.label, last, (name,)))
            else:
                alike[same] = alike[same]._replace(platforms=(*alike[same].platforms, name))
        yield from alike


def section(drawn: Drawn, books: Mapping[str, Casebook]) -> str:
    """One flow: its words, diagram, states with their clocks, and the verbs that change no state."""
    words = drawn.version.words
    head = f"## {drawn.label.zh} · {drawn.label.en} (`{drawn.kind}`)\n\n{words.zh}\n{words.en}\n\n"
    shared = f"{', '.join(drawn.platforms)}; since {drawn.version.since}\n"
    parts = [head + shared, diagram(drawn.version), _clocks(drawn, books), _staying(drawn.version)]
    return "\n".join(part for part in parts if part)


def diagram(version: FlowVersion) -> str:
    """The states and the ways between them."""
    lines = [f'    state "{state.label.zh}<br/>{state.label.en}" as {name}' for name, state in version.states.items()]
    for (before, after), verbs in _arrows(version).items():
        lines.append(f"    {before or '[*]'} --> {after}: {'<br/>'.join(_arrow(version, before, verb) for verb in verbs)}")
    lines += [f"    {name} --> [*]" for name, state in version.states.items() if state.final]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```", ""])


def _arrows(version: FlowVersion) -> Mapping[tuple[str, str], Sequence[str]]:
    """The verbs of each way from one state to another (or, by opening or anew, the same)."""
    found: dict[tuple[str, str], list[str]] = {}
    for way in ways(version):
        verb = version.verbs[way.verb]
        if (verb.to is not None or verb.restarts) and way.verb not in found.setdefault((way.before, way.state), []):
            found[way.before, way.state].append(way.verb)
    return {arrow: verbs for arrow, verbs in found.items() if verbs}


def _arrow(version: FlowVersion, before: str, name: str) -> str:
    verb = version.verbs[name]
    by_clock = before and any(timer.passes == name for timer in version.states[before].timers)
    return f"{'⏱ ' if by_clock else ''}{verb.label.zh} {verb.label.en}"


def _clocks(drawn: Drawn, books: Mapping[str, Casebook]) -> str:
    """A table of the states that are not final: whose turn it is, what runs, for how long on each platform."""
    head = ["状态 state", "轮到 owner", "计时 clock", "到时 then", *drawn.platforms]
    rows = [row for state in drawn.version.states.values() if not state.final for row in _state(drawn, books, state)]
    if not rows:
        return ""
    return "\n".join(["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]) + "\n"


def _state(drawn: Drawn, books: Mapping[str, Casebook], state: State) -> Iterator[list[str]]:
    owner = f"{OWNERS.get(state.owner or '', '')} {state.owner or ''}".strip()
    name = f"{state.label.zh} {state.label.en}"
    if state.waits:
        yield [name, owner, f"等 waits for `{state.waits}`", "", *("" for _ in drawn.platforms)]
    for timer in state.timers:
        passes = drawn.version.verbs[timer.passes].label
        times = (_time(books[platform], timer) for platform in drawn.platforms)
        yield [
            name,
            owner,
            f"`{timer.clock}`" + (f" since {timer.since}" if timer.since else ""),
            f"{passes.zh} {passes.en}",
            *times,
        ]


def _time(book: Casebook, timer: Timer) -> str:
    """The times of the version in force; `|` would end a cell."""
    return says(book.clocks[timer.clock].versions[-1]).replace("|", "/")


def _staying(version: FlowVersion) -> str:
    """The verbs that change no state."""
    staying = [
        f"{verb.label.zh} {verb.label.en} ({_who(verb)})"
        for verb in version.verbs.values()
        if verb.to is None and not verb.restarts
    ]
    return f"不改变状态 change no state: {'; '.join(staying)}\n" if staying else ""


def _who(verb: Verb) -> str:
    return ", ".join(verb.who)

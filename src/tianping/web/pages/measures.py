"""Measures: what is proposed, in force, appealed; one of them with its evidence; and what people do about it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, NamedTuple, cast, get_args

from fastapi import APIRouter, Depends, Query, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from tianping.errors import NotFound
from tianping.periods import to_wall
from tianping.policy.judging import DUTIES, Severity
from tianping.store.docket import Counts, Wanted
from tianping.store.violations import Present, State, Verb
from tianping.web import findings, judging
from tianping.web.access import Forbidden, Seen, Viewer, address_of, needs
from tianping.web.addresses import address
from tianping.web.console import MOST_ID, Console, Desk, Id
from tianping.web.frame import page, seen_other, static
from tianping.web.pages import deeds
from tianping.web.pages.deeds import MOST_WORDS, field, text, yuan
from tianping.web.wording import t
from tianping.work.desk import duties
from tianping.work.desk.serving import desk_of
from tianping.work.docket import entering, hearing, verdicts
from tianping.work.docket.deciding import DEEDS, LABELS, DeedRefused, decide
from tianping.work.docket.entering import Entry, EntryRefused, Kind
from tianping.work.docket.hearing import Hearing, Post
from tianping.work.docket.measures import MeasureRefused
from tianping.work.figures.catalogue import Product, Shop, catalogue
from tianping.work.people.trail import Doer
from tianping.work.why.reasons import Statement, as_html, as_json, statement

router = APIRouter()
SIZE = 50


class Tab(NamedTuple):
    """States (none: all), and whether of what is only recorded (None: of both)."""

    states: tuple[State, ...] = ()
    records: bool | None = None


STANDS: Mapping[str, Tab] = {
    "open": Tab(hearing.OPEN, records=False),
    "proposed": Tab(("proposed",), records=False),
    "in_force": Tab(("in_force",)),
    "appealed": Tab(("appealed",)),
    "done": Tab(("served", "dismissed", "withdrawn", "revoked", "overturned")),
    "recorded": Tab(("proposed",), records=True),
    "all": Tab(),
}
"""The tabs of the list."""


async def _sent(request: Request) -> FormData:
    """The form that was sent, whatever its fields are."""
    return await request.form()


Sent = Annotated[FormData, Depends(_sent)]


# Lists


@dataclass(frozen=True, slots=True)
class Line:
    """A measure in the list."""

    found: Present
    label: str
    platform: str
    shop: Shop | None
    product: Product | None


@router.get("/measures")
def listed(
    request: Request,
    seen: Seen,
    desk: Desk,
    state: str = "",
    platform: str = "",
    violation: str = "",
    shop: str = "",
    before: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None,
) -> Response:
    """Measures within reach, newest first."""
    chosen = state if state in STANDS else "proposed" if seen.may("judge") else "open"
    wanted = Wanted(STANDS[chosen].states, platform, violation, shop, before=before, records=STANDS[chosen].records)
    found = hearing.listing(desk.home, wanted, seen.reach, limit=SIZE)
    asked = {"platform": platform, "violation": violation, "shop": shop}
    tabs = [
        (name, t(f"judgement.tab_{name}", seen.lang), address("/measures", state=name, **asked), _count(found.counts, tab))
        for name, tab in STANDS.items()
    ]
    names = hearing.names(desk.home, seen.reach)
    return page(
        request, seen, "judgement/measures.html",
        lines=_lines(desk, found.listed, seen.lang),
        tabs=tabs,
        chosen=chosen,
        asked=asked,
        older=address("/measures", state=chosen, **asked, before=found.before) if found.before else "",
        newest=address("/measures", state=chosen, **asked) if before else "",
        platforms=[(of, judging.platform_words(desk.packs, of, seen.lang)) for of in dict.fromkeys(of for of, _ in names)],
        kinds=list(dict.fromkeys((name, judging.violation_words(desk.packs, of, name, seen.lang)) for of, name in names)),
        any_=bool(names),
        badge=judging.KINDS,
        grave=judging.GRAVE,
    )  # fmt: skip


def _count(counts: Counts | None, tab: Tab) -> int | None:
    if counts is None:
        return None
    return sum(
        n
        for (state, records), n in counts.items()
        if (not tab.states or state in tab.states) and tab.records in (None, records)
    )


def _lines(desk: Console, found: Sequence[Present], lang: str) -> list[Line]:
    book = catalogue(desk.home, desk.home.versions()[-1].seq) if desk.home.versions() else None
    titles = book.named({each.row.subject_id for each in found if each.row.subject_kind == "product"}) if book else {}
    return [
        Line(
            each,
            judging.violation_words(desk.packs, each.row.platform, each.row.violation, lang),
            judging.platform_words(desk.packs, each.row.platform, lang),
            book.shops.get(each.row.shop_id) if book else None,
            titles.get(each.row.subject_id),
        )
        for each in found
    ]


# Entering one by hand


@router.get("/measures/new", dependencies=[needs("judge")])
def new(request: Request, seen: Seen, desk: Desk, violation: str = "", shop: str = "") -> Response:
    """A form for what only a person finds."""
    return _new(request, seen, desk, {"violation": violation, "shop": shop})


def _new(
    request: Request, seen: Viewer, desk: Console, given: Mapping[str, str], refused: str = "", status: int = 200
) -> Response:
    today = to_wall(desk.clock(), desk.home.zone).date()
    kinds = entering.kinds(desk.packs, today)
    return page(
        request, seen, "judgement/new.html", status=status,
        kinds=kinds,
        options=[(f"{each.platform}/{each.name}", _kind_words(desk, each, seen.lang)) for each in kinds],
        limits=[(words, _severity_words(kind, seen.lang)) for kind in kinds if (words := _kind_words(desk, kind, seen.lang))],
        severities=[(each, t(f"judgement.severity_{each}", seen.lang)) for each in get_args(Severity)[:-1]],
        given={"date": today.isoformat(), "severity": "minor", **given},
        refused=refused,
    )  # fmt: skip


def _severity_words(kind: Kind, lang: str) -> str:
    """The severities that can be chosen for it."""
    return t("judgement.comma", lang).join(t(f"judgement.severity_{each}", lang) for each in kind.severities)


def _kind_words(desk: Console, kind: Kind, lang: str) -> str:
    of = judging.platform_words(desk.packs, kind.platform, lang)
    return f"{of} · {judging.violation_words(desk.packs, kind.platform, kind.name, lang)}"


@router.post("/measures", dependencies=[needs("judge")])
def enter(request: Request, seen: Seen, desk: Desk, form: Sent) -> Response:
    """Propose it."""
    given = {name: text(form, name) for name in ("violation", "shop", "subject", "severity", "date", "words")}
    try:
        made = _enter(request, seen, desk, given)
    except EntryRefused as error:
        return _new(request, seen, desk, given, error.why, 409)
    return seen_other(request, address("/measures", made), "judgement.entered", id=made)


def _enter(request: Request, seen: Viewer, desk: Console, given: Mapping[str, str]) -> int:
    try:
        date = dt.date.fromisoformat(given["date"])
    except ValueError as error:
        raise EntryRefused("date", "that is no date") from error
    platform, _, name = given["violation"].partition("/")
    severity = cast(Severity, given["severity"])
    entry = Entry(platform, name, given["shop"].strip(), severity, date, given["words"], given["subject"].strip())
    doer = Doer(seen.account.id, desk.clock(), address_of(request))
    return entering.enter(desk.home, verdicts.office(desk.home, desk.packs), desk.packs, entry, seen.reach, doer)


# One of them


def _post(seen: Viewer) -> Post:
    return Post(seen.account.id, seen.reach, seen.may("judge"), seen.may("appeal"))


@router.get("/measures/{measure_id}")
def one(request: Request, seen: Seen, desk: Desk, measure_id: Id) -> Response:
    """A measure with all that it rests on."""
    return _one(request, seen, desk, measure_id)


def _one(
    request: Request, seen: Viewer, desk: Console, id_: int, refused: str = "", given: Mapping[str, str] = {}, status: int = 200
) -> Response:
    told = hearing.hear(verdicts.office(desk.home, desk.packs), id_, _post(seen), desk.clock())
    row, lang = told.row, seen.lang
    whose = judging.whose_found(desk.packs, row)
    [line] = _lines(desk, [Present(row, told.last.state, told.last.severity)], lang)
    texts = hearing.texts(desk.home, desk.packs, row) if "label" in told.may else ()
    return page(
        request, seen, "judgement/measure.html", status=status,
        told=told,
        row=row,
        line=line,
        refused=refused,
        given=given,
        texts=texts,
        labels=LABELS,
        label_words=judging.violation_words(desk.packs, row.platform, row.violation, lang),
        said=lambda found: findings.said(found, whose, lang),
        percent=findings.percent,
        effect_words=partial(judging.effect_words, lang=lang),
        amount_words=partial(judging.amount_words, lang=lang),
        due=_due(desk, told),
        clock_words=partial(judging.clock_words, lang=lang),
        who=lambda event: judging.who_words(event, told.people, seen),
        trigger_said=lambda name: _trigger(told, name),
        wall=judging.wall(desk),
        now=desk.clock(),
        badge=judging.KINDS,
        grave=judging.GRAVE,
        field=field,
        yuan=yuan,
        most_words=MOST_WORDS,
    )  # fmt: skip


def _due(desk: Console, told: Hearing) -> dict[int, dt.datetime | None]:
    """By when each duty is to be done, by its effect, where the desk keeps its clock; None: that is over."""
    with desk.home.database.connect() as connection:
        return duties.due(connection, [each.effect.id for each in told.dealings if each.effect.kind in DUTIES])


def _trigger(told: Hearing, name: str) -> object:
    """The words of another trigger; None where the pack has it no more."""
    return next((each.words for each in told.rule.triggers if each.name == name), None) if told.rule else None


@router.get("/measures/{measure_id}/reasons")
def reasons(request: Request, seen: Seen, desk: Desk, measure_id: Id) -> Response:
    """The statement of reasons, to read and to print."""
    return HTMLResponse(as_html(_statement(seen, desk, measure_id), stylesheet=static("app.css")))


@router.get("/measures/{measure_id}/reasons.json")
def reasons_json(request: Request, seen: Seen, desk: Desk, measure_id: Id) -> Response:
    """The same for programs."""
    return JSONResponse(as_json(_statement(seen, desk, measure_id)))


def _statement(seen: Viewer, desk: Console, id_: int) -> Statement:
    """Raises NotFound for one that is not there, or not within reach."""
    told = hearing.hear(verdicts.office(desk.home, desk.packs), id_, _post(seen), desk.clock())
    whose = judging.whose_found(desk.packs, told.row)
    return statement(
        desk.home, desk.packs, told.row.id, seen.lang, at=desk.clock(),
        rows=lambda reading: findings.said(reading, whose, seen.lang).href, measure=address("/measures", told.row.id),
    )  # fmt: skip


@router.get("/measures/{measure_id}/events")
def acted(measure_id: Id) -> Response:
    """Where the links of a refusal's page lead back to, and a reload by its address."""
    return RedirectResponse(address("/measures", measure_id), 303)


@router.post("/measures/{measure_id}/events")
def act(request: Request, seen: Seen, desk: Desk, measure_id: Id, form: Sent) -> Response:
    """Do something about it; back to the measure, or the reason why not."""
    office, doer = verdicts.office(desk.home, desk.packs), Doer(seen.account.id, desk.clock(), address_of(request))
    post, verb = _post(seen), cast(Verb, text(form, "verb"))
    told = hearing.hear(office, measure_id, post, doer.at)
    if verb not in DEEDS:
        raise NotFound(f'nobody can "{verb[:40]}" a measure')
    if verb not in post.verbs:
        raise Forbidden("frame.no_right")
    try:
        decide(desk.home, office, told, post, doer, verb, deeds.said(told, verb, form))
    except (MeasureRefused, DeedRefused) as error:
        kept = {name: value for name, value in form.items() if name != "csrf" and isinstance(value, str)}
        return _one(request, seen, desk, measure_id, error.why, kept, 409)
    duties.follow(desk.home, desk_of, measure_id, doer.at)
    return seen_other(request, address("/measures", measure_id), f"judgement.done_{verb}", id=measure_id)

"""The part of the API that tells of judgement: scores, rights, levels and warnings of a judged close; violations."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

from fastapi import Query

from tianping.store.docket import Wanted
from tianping.store.violations import Present, State
from tianping.web.api import answers_judgement as answers
from tianping.web.api.read import Before, Caller, Day, Limit, Route
from tianping.web.console import Console, Desk, Id
from tianping.work.docket import hearing, verdicts
from tianping.work.docket.hearing import Post
from tianping.work.judgement import watch
from tianping.work.judgement.judged import find
from tianping.work.judgement.watch import Row
from tianping.work.people.accounts import Seat

After = Annotated[int, Query(ge=0, le=2**31 - 1, description="`next` of the page before")]
Text = Annotated[str | None, Query(max_length=200)]
_JSON = ("findings", "looked", "uses", "evidence", "reading")
"""Columns that are JSON in the files."""


def _page(
    desk: Console, seat: Seat, table: str, given: Mapping[str, str | None], date: dt.date | None, skip: int, limit: int
) -> Row:
    """Some rows of a table of a judgement, and where the next begin. `given`: columns and their values; None: any."""
    done = find(desk.home, desk.close_of(date, seat.reach).date)
    asked = {name: [value] for name, value in given.items() if value is not None}
    [shop] = asked.pop("shop_id", [""])
    if shop:
        seat.reach.require(shop)
    rows = list(watch.rows_of(desk.home, done, table, seat.reach, asked, shop=shop, skip=skip, limit=limit + 1))
    following = skip + limit if len(rows) > limit else None
    return {"date": done.date, "items": [_plain(row) for row in rows[:limit]], "next": following}


def _plain(row: Row) -> Row:
    return {name: json.loads(value) if name in _JSON and value else _none(name, value) for name, value in row.items()}


def _none(name: str, value: object) -> object:
    """Columns of lists are empty where there is nothing."""
    return [] if name in ("findings", "uses") and not value else value


def scores(
    desk: Desk, seat: Caller, platform: Text = None, name: Text = None, shop: Text = None, track: Text = None, date: Day = None,
    after: After = 0, limit: Limit = 1000,
) -> answers.Scores:  # fmt: skip
    """Scores of a judged close with their groups and items, in its order, page by page."""
    given = {"platform": platform, "name": name, "shop_id": shop, "track": track}
    return answers.Scores.model_validate(_page(desk, seat, "scores", given, date, after, limit))


def rights(
    desk: Desk, seat: Caller, platform: Text = None, name: Text = None, shop: Text = None, date: Day = None,
    after: After = 0, limit: Limit = 1000,
) -> answers.Rights:  # fmt: skip
    """Rights of a judged close: of every shop, and of the products that have lost one."""
    given = {"platform": platform, "name": name, "shop_id": shop}
    return answers.Rights.model_validate(_page(desk, seat, "rights", given, date, after, limit))


def levels(
    desk: Desk, seat: Caller, platform: Text = None, shop: Text = None, date: Day = None, after: After = 0, limit: Limit = 1000
) -> answers.Levels:
    """Levels of a judged close."""
    return answers.Levels.model_validate(
        _page(desk, seat, "levels", {"platform": platform, "shop_id": shop}, date, after, limit)
    )


def warnings(
    desk: Desk, seat: Caller, platform: Text = None, name: Text = None, shop: Text = None, date: Day = None,
    after: After = 0, limit: Limit = 1000,
) -> answers.Warnings:  # fmt: skip
    """Who is near a line at a judged close."""
    given = {"platform": platform, "name": name, "shop_id": shop}
    return answers.Warnings.model_validate(_page(desk, seat, "warnings", given, date, after, limit))


def violations(
    desk: Desk,
    seat: Caller,
    state: Annotated[list[State] | None, Query()] = None,
    platform: str = "",
    violation: str = "",
    shop: str = "",
    before: Before = None,
    limit: Limit = 100,
) -> answers.Violations:
    """Violations, newest first."""
    wanted = Wanted(state or (), platform, violation, shop, before=before)
    found = hearing.listing(desk.home, wanted, seat.reach, limit=limit)
    return answers.Violations(
        items=[answers.Violation.model_validate(_violation(each)) for each in found.listed], next=found.before
    )


def violation(desk: Desk, seat: Caller, violation_id: Id) -> answers.Told:
    """One violation with its evidence, all that happened to it, and its effects."""
    post = Post(seat.account.id, seat.reach, judges=False, appeals=False)
    told = hearing.hear(verdicts.office(desk.home, desk.packs), violation_id, post, desk.clock())
    present = _violation(Present(told.row, told.last.state, told.last.severity))
    roles = {id_: account.role for id_, account in told.people.items()}
    events = [{**asdict(each), "role": roles.get(each.account_id or 0)} for each in told.events]
    effects = [{**asdict(each.effect), "taken_back": each.taken_back} for each in told.dealings]
    frozen = {"evidence": told.row.evidence, "proposal": told.row.proposal}
    return answers.Told.model_validate({**present, **frozen, "events": events, "effects": effects})


def _violation(each: Present) -> Row:
    return {
        **asdict(each.row), "state": each.state, "severity": each.severity, "by_hand": each.row.account_id is not None,
    }  # fmt: skip


ROUTES: tuple[Route, ...] = (
    ("/scores", scores, answers.Scores),
    ("/rights", rights, answers.Rights),
    ("/levels", levels, answers.Levels),
    ("/warnings", warnings, answers.Warnings),
    ("/violations", violations, answers.Violations),
    ("/violations/{violation_id}", violation, answers.Told),
)

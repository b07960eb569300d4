"""The API of orders and cases: what stands, what happened, what can be done; and the doing, verbs by their nouns."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from tianping.cases.case import Case
from tianping.policy.cases.flowing import Owner
from tianping.store.desk.worklists import Wanted
from tianping.web.api import answers_cases as answers
from tianping.web.api.acts import REFUSALS, Ask, Asking, Door, Part, asks
from tianping.web.api.read import Caller
from tianping.web.console import Desk
from tianping.work.desk import handed, serving, worklists
from tianping.work.desk.idempotency import Answer
from tianping.work.desk.serving import Wish, desk_of
from tianping.work.desk.sitting import ORDER, Sitting

MOST = 1_000
"""Cases of a page."""
Do = Callable[[Sitting], Answer]
router = APIRouter(route_class=Door)
CaseId = Annotated[answers.Id, Path(description="a case's id")]
OrderId = Annotated[answers.Id, Path(description="an order's id")]
Noun = Annotated[str, Path(max_length=100, description="what is done: `refusal`, `agreement` … (`possible` of the case)")]
Filter = Annotated[answers.Text, Query(max_length=100)]
Limit = Annotated[int, Query(ge=1, le=MOST, description="items of a page")]
Time = Annotated[dt.datetime | None, Query(description="without an offset: UTC")]


def instant(name: str, time: dt.datetime | None) -> dt.datetime | None:
    """Naive UTC, of a time that somebody may ask by. Raises FactsRefused for one that is far from all cases."""
    return None if time is None else handed.instant(name, time)


def listing(
    desk: Desk,
    seat: Caller,
    kind: Filter = "",
    state: Filter = "",
    owner: Owner | None = None,
    shop: Filter = "",
    order: Filter = "",
    known: Annotated[str, Query(max_length=100, description="a fact that must be known: `return_signed_at`")] = "",
    open: Annotated[bool | None, Query(description="only those that have not ended, or only those that have")] = None,  # noqa: A002
    due_before: Time = None,
    before: Annotated[answers.Text, Query(max_length=200, description="`next` of the page before")] = "",
    limit: Limit = 100,
) -> answers.Cases:
    """Cases within reach, the last opened first; orders only with `kind=order`."""
    wanted = Wanted(kind, state, owner or "", shop, order, handed.known(known), open, instant("due_before", due_before))
    found = worklists.listing(desk_of(desk.home), asks(seat), wanted, desk.clock(), before=before, limit=limit)
    return answers.Cases(items=[answers.case(each) for each in found.cases], next=found.before)


def one(desk: Desk, seat: Caller, case_id: CaseId, as_: Part = None) -> answers.Whole:
    """A case with its facts, deadlines, and what the caller can do with it now."""
    return answers.whole(serving.look(desk_of(desk.home), asks(seat), case_id, desk.clock(), as_))


def order(desk: Desk, seat: Caller, order_id: OrderId, as_: Part = None) -> answers.Whole:
    """An order at the desk, in the same manner."""
    return answers.whole(serving.look(desk_of(desk.home), asks(seat), ORDER + order_id, desk.clock(), as_))


def events(desk: Desk, seat: Caller, case_id: CaseId) -> list[answers.Event]:
    """All that happened to a case, in order."""
    return _events(desk, seat, case_id)


def order_events(desk: Desk, seat: Caller, order_id: OrderId) -> list[answers.Event]:
    """All that happened to an order, in order."""
    return _events(desk, seat, ORDER + order_id)


def _events(desk: Desk, seat: Caller, id_: str) -> list[answers.Event]:
    return [
        answers.Event(
            n=each.n, at=each.at, actor=each.doer.actor, rule=each.doer.rule, verb=each.verb, before=each.before,
            state=each.state, why=each.why, facts=answers.plain(each.facts),
        )
        for each in serving.events(desk_of(desk.home), asks(seat), id_)
    ]  # fmt: skip


async def place(ask: Ask, said: answers.Placing, as_: Part = None) -> Response:
    """A new order."""
    caller = ask.caller

    def make() -> Do:
        wish = _wish(said, as_)
        return lambda sat: _done(
            sat, serving.place(sat, caller, said.order_id, wish, platform=said.platform, shop_id=said.shop_id)
        )

    return await ask.once(said.model_dump(), lambda _: caller.reach.require(said.shop_id), make)


async def open_(ask: Ask, said: answers.Opening, as_: Part = None) -> Response:
    """A new case of an order; one that the facts alone know comes to the desk first."""
    caller = ask.caller

    def make() -> Do:
        wish = _wish(said, as_)
        return lambda sat: _done(sat, serving.open_case(sat, caller, said.kind, said.order_id, wish, said.noun))

    await ask.beside(lambda: serving.bring(ask.desk.home, caller, said.order_id, ask.desk.clock()))
    return await ask.once(said.model_dump(), lambda sat: serving.locked(sat, caller, ORDER + said.order_id), make)


async def do(ask: Ask, case_id: CaseId, noun: Noun, said: answers.Doing, as_: Part = None) -> Response:
    """Do something to a case. Refused (409): `guard` says by what, `possible` what can be done instead."""
    return await _do(ask, case_id, noun, said, as_)


async def do_order(ask: Ask, order_id: OrderId, noun: Noun, said: answers.Doing, as_: Part = None) -> Response:
    """Do something to an order, in the same manner."""
    return await _do(ask, ORDER + order_id, noun, said, as_)


async def _do(ask: Asking, id_: str, noun: str, said: answers.Doing, as_: answers.Part | None) -> Response:
    caller = ask.caller

    def make() -> Do:
        wish = _wish(said, as_, said.seen)
        return lambda sat: _done(sat, serving.do(sat, caller, id_, noun, wish))

    return await ask.once(said.model_dump(), lambda sat: serving.locked(sat, caller, id_), make)


def _wish(said: answers.Said, as_: answers.Part | None, seen: int | None = None) -> Wish:
    return Wish(as_, handed.facts(said.facts), said.why, seen)


def _done(sat: Sitting, case: Case) -> Answer:
    """The case after it, without its facts: they are kept in one place."""
    return Answer(201, answers.head(serving.tell(sat, case, ())).model_dump(mode="json"))


_DONE: Mapping[str, Any] = {"methods": ["POST"], "status_code": 201, "response_model": answers.Head, "responses": REFUSALS}
router.add_api_route("/cases", listing, response_model=answers.Cases)
router.add_api_route("/cases", open_, **_DONE)
router.add_api_route("/cases/{case_id}", one, response_model=answers.Whole)
router.add_api_route("/cases/{case_id}/events", events, response_model=list[answers.Event])
router.add_api_route("/orders", place, **_DONE)
router.add_api_route("/orders/{order_id}", order, response_model=answers.Whole)
router.add_api_route("/orders/{order_id}/events", order_events, response_model=list[answers.Event])

nouns = APIRouter(route_class=Door)
"""After every other address of a case: a noun may be anything."""
nouns.add_api_route("/cases/{case_id}/{noun}", do, **_DONE)
nouns.add_api_route("/orders/{order_id}/{noun}", do_order, **_DONE)

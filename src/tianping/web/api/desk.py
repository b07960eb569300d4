"""The API of the desk beside its cases: what runs out first, what waits for whom, and webhooks."""

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from tianping.errors import did_you_mean
from tianping.policy.cases.flowing import Owner
from tianping.store.desk.worklists import Place, Wanted
from tianping.web.access import Forbidden, address_of
from tianping.web.api import answers_cases as answers
from tianping.web.api.acts import REFUSALS, Ask, Door, Part, Writer, asks
from tianping.web.api.cases import Do, Filter, Limit, Time, instant
from tianping.web.api.marks import mark, place
from tianping.web.api.read import Caller
from tianping.web.console import MOST_ID, Console, Desk
from tianping.work.desk import handed, worklists
from tianping.work.desk.idempotency import Answer
from tianping.work.desk.letters import webhooks
from tianping.work.desk.serving import desk_of
from tianping.work.desk.sitting import Sitting
from tianping.work.desk.worklists import Running
from tianping.work.people.accounts import ROLES, Doer, Seat

router = APIRouter(route_class=Door)


def deadlines(
    desk: Desk,
    seat: Caller,
    owner: Owner | None = None,
    kind: Filter = "",
    state: Filter = "",
    shop: Filter = "",
    clock: Filter = "",
    known: Annotated[str, Query(max_length=100, description="a fact that must be known: `return_signed_at`")] = "",
    due_before: Time = None,
    after: Annotated[str, Query(max_length=400, description="`next` of the page before")] = "",
    limit: Limit = 100,
) -> answers.Deadlines:
    """Deadlines that run, what runs out first first."""
    wanted = Wanted(kind, state, owner or "", shop, known=handed.known(known), due_before=instant("due_before", due_before))
    found = worklists.due(
        desk_of(desk.home), asks(seat), wanted, desk.clock(), clock=clock, after=place(after, Place), limit=limit
    )
    return answers.Deadlines(items=[_running(each) for each in found.running], next=mark(found.after))


def _running(each: Running) -> answers.Running:
    case = each.told.case
    return answers.Running(
        **answers.Clock.of(each.deadline).model_dump(), case_id=case.id, kind=case.kind, platform=case.platform,
        shop_id=case.shop_id, order_id=case.order_id, state_of_case=case.state,
    )  # fmt: skip


def waiting(desk: Desk, seat: Caller, shop: Filter = "", as_: Part = None) -> list[answers.Worklist]:
    """What waits for the caller: by kind and state, how many cases, how many over or soon over, what runs out first first."""
    found = worklists.waiting(desk_of(desk.home), asks(seat), desk.clock(), as_, shop)
    return [
        answers.Worklist.model_validate({**each.heap._asdict(), "label": {"zh": each.label.zh, "en": each.label.en}})
        for each in found
    ]


def listing(desk: Desk, seat: Caller) -> list[answers.Webhook]:
    """The account's webhooks, and how their letters fare."""
    return [
        answers.Webhook(
            id=each.webhook.id, url=each.webhook.url, kinds=list(each.webhook.kinds), at=each.webhook.at,
            **each.post._asdict(),
        )
        for each in webhooks.listing(desk.home.database, seat.account.id)
    ]  # fmt: skip


async def register(ask: Ask, said: answers.Listening) -> Response:
    """Have every event of the cases that the account may see sent to an address, and the nearness of their deadlines. Each
    letter is signed: `Tianping-Signature: t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>" under the secret, as hex>`; it may
    come twice (`Tianping-Delivery` tells). What is not answered with 2xx is sent again, for about three days."""

    _may(ask.seat)

    def make() -> Do:
        _required(ask.desk, said.kinds)
        doer, allowed = ask.doer, webhooks.allowed_hosts(ask.desk.home.database)
        return lambda sat: _registered(sat, doer, said, allowed)

    return await ask.once(said.model_dump(), _own, make)


def _own(_sat: Sitting) -> None:
    """What is about no shop is the account's own, which sees it."""


def _required(desk: Console, kinds: Collection[str]) -> None:
    """Raises FactsRefused for kinds of cases that no platform has: their letters would never come."""
    known = {kind for book in desk_of(desk.home).books.values() for kind in book.flows}
    if strange := sorted(set(kinds) - known):
        raise handed.FactsRefused(tuple(f'there is no kind "{kind}"; {did_you_mean(kind, [*known])}' for kind in strange))


def _registered(sat: Sitting, doer: Doer, said: answers.Listening, allowed: Collection[str]) -> Answer:
    made, secret = webhooks.register(sat.directly(), doer, said.url, said.kinds, allowed)
    told = answers.NewWebhook(id=made.id, url=made.url, kinds=list(made.kinds), at=made.at, secret=secret)
    return Answer(201, told.model_dump(mode="json"), once=("secret",))


def drop(request: Request, desk: Desk, seat: Writer, webhook_id: Annotated[int, Path(ge=1, le=MOST_ID)]) -> Response:
    """Nothing is sent there any more."""
    _may(seat)
    webhooks.drop(desk.home.database, Doer(seat.account.id, desk.clock(), address_of(request)), webhook_id)
    return Response(status_code=204)


def _may(seat: Seat) -> None:
    """Who may let programs in may let events out. Raises Forbidden."""
    if "tokens" not in ROLES[seat.account.role]:
        raise Forbidden("frame.no_right")


router.add_api_route("/deadlines", deadlines, response_model=answers.Deadlines)
router.add_api_route("/worklists", waiting, response_model=list[answers.Worklist])
router.add_api_route("/webhooks", listing, response_model=list[answers.Webhook])
router.add_api_route(
    "/webhooks", register, methods=["POST"], status_code=201, response_model=answers.NewWebhook, responses=REFUSALS
)
router.add_api_route(
    "/webhooks/{webhook_id}", drop, methods=["DELETE"], status_code=204, response_class=Response, responses=REFUSALS
)

"""The API of rules that act by themselves: a shop's switches, its own rules and their trial; and parcels that came back."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from tianping.errors import NotFound
from tianping.policy.cases.casebook import Casebook
from tianping.store.accounts import Role
from tianping.store.desk.returned import Place, Wanted
from tianping.web.access import Forbidden
from tianping.web.api import answers_cases
from tianping.web.api import answers_rules as answers
from tianping.web.api.acts import REFUSALS, Ask, Door, Sees, Writer, asks
from tianping.web.api.cases import Limit, Time, instant
from tianping.web.api.marks import mark, place
from tianping.web.api.read import Caller
from tianping.web.console import MOST_ID, Console, Desk
from tianping.work.desk import returned, rules, shops, trial
from tianping.work.desk.idempotency import Answer
from tianping.work.desk.serving import desk_of
from tianping.work.desk.sitting import Sitting
from tianping.work.people.accounts import Seat

router = APIRouter(route_class=Door)
Shop = Annotated[answers_cases.Text, Query(min_length=1, max_length=100, description="a shop's id")]
SomeShop = Annotated[answers_cases.Text, Query(max_length=100)]
RuleId = Annotated[int, Path(ge=1, le=MOST_ID)]
SWITCHING: frozenset[Role] = frozenset({"merchant", "agency", "operator", "administrator"})
STATING: frozenset[Role] = frozenset({"operator", "administrator"})


def switches(desk: Desk, seat: Caller, shop: Shop) -> list[answers.Setting]:
    """A shop's switches, and what the platform states of it."""
    seat.reach.require(shop)
    with desk.home.database.connect() as connection:
        return [answers.Setting.model_validate(each) for each in shops.settings(connection, shop)]


async def switch(ask: Ask, said: answers.Switching) -> Response:
    """Turn a switch of a shop, or state something of it. Orders that stand keep what the shop promised when they were made."""
    _may(ask.seat, STATING if said.name in shops.STATED else SWITCHING)
    platform = await ask.beside(lambda: _platform(ask.desk, ask.seat, said.shop_id))

    def do(sat: Sitting) -> Answer:
        made = shops.switch(sat.directly(), ask.doer, said.shop_id, said.name, on=said.on, platform=platform)
        return Answer(201, answers.Setting.model_validate(made).model_dump(mode="json"))

    return await ask.once(said.model_dump(), _within(ask.seat, said.shop_id), lambda: do)


def listing(desk: Desk, seat: Caller, shop: Shop) -> list[answers.OwnRule]:
    """A shop's own rules, in the order in which they are asked."""
    seat.reach.require(shop)
    with desk.home.database.connect() as connection:
        return [answers.OwnRule.of(row) for row in rules.listing(connection, shop)]


async def make(ask: Ask, said: answers.Making) -> Response:
    """A new rule, switched off: try it, then switch it on. Refused (400): `faults` says what, and where."""
    _may(ask.seat, SWITCHING)
    book = await ask.beside(lambda: _book(ask.desk, ask.seat, said.shop_id))

    def do(sat: Sitting) -> Answer:
        row = rules.add(sat.directly(), book, ask.doer, said.shop_id, said.name, said.rule)
        return Answer(201, answers.OwnRule.of(row).model_dump(mode="json"))

    return await ask.once(said.model_dump(), _within(ask.seat, said.shop_id), lambda: do)


async def turn(ask: Ask, rule_id: RuleId, said: answers.Turning) -> Response:
    """Have a rule act from now on, or no longer."""
    _may(ask.seat, SWITCHING)

    def sees(sat: Sitting) -> None:
        if not ask.seat.reach.holds(rules.one(sat.connection, rule_id).shop_id):
            raise NotFound(f'there is no rule "{rule_id}" here')

    def do(sat: Sitting) -> Answer:
        sees(sat)
        row = rules.switch(sat.directly(), ask.doer, rule_id, on=said.on)
        return Answer(201, answers.OwnRule.of(row).model_dump(mode="json"))

    return await ask.once(said.model_dump(), sees, lambda: do)


def _within(seat: Seat, shop: str) -> Sees:
    return lambda _: seat.reach.require(shop)


def try_(desk: Desk, seat: Writer, said: answers.Trying) -> answers.Tried:
    """What a rule would have done to the shop's past cases. Nothing is changed or kept."""
    _may(seat, SWITCHING)
    book, until = _book(desk, seat, said.shop_id), desk.clock()
    rule = rules.read(book, said.rule)
    since = until - dt.timedelta(days=said.days)
    done = trial.trial(desk.home, desk_of(desk.home), said.shop_id, book.platform, rule, since, until)
    return answers.Tried.of(done)


def returns(
    desk: Desk,
    seat: Caller,
    shop: SomeShop = "",
    signed_since: Time = None,
    signed_before: Time = None,
    after: Annotated[str, Query(max_length=400, description="`next` of the page before")] = "",
    limit: Limit = 100,
) -> answers.Parcels:
    """Parcels that came back and are still to be checked, longest signed first, so that refunds go out in time."""
    wanted = Wanted(instant("signed_since", signed_since), instant("signed_before", signed_before), shop)
    found = returned.listing(desk_of(desk.home), asks(seat), wanted, desk.clock(), after=place(after, Place), limit=limit)
    items = [
        answers.Parcel(**answers_cases.head(each.told).model_dump(), return_signed_at=each.signed_at) for each in found.parcels
    ]
    return answers.Parcels(items=items, next=mark(found.after))


def _may(seat: Seat, roles: frozenset[Role]) -> None:
    """Raises Forbidden."""
    if seat.account.role not in roles:
        raise Forbidden("frame.no_right")


def _platform(desk: Console, seat: Seat, shop: str) -> str:
    """Raises NotFound, alike for what is not there and what is out of reach."""
    seat.reach.require(shop)
    return shops.platform_of(desk.home, shop)


def _book(desk: Console, seat: Seat, shop: str) -> Casebook:
    return desk_of(desk.home).book(_platform(desk, seat, shop))


router.add_api_route("/switches", switches, response_model=list[answers.Setting])
router.add_api_route("/switches", switch, methods=["POST"], status_code=201, response_model=answers.Setting, responses=REFUSALS)
router.add_api_route("/rules", listing, response_model=list[answers.OwnRule])
router.add_api_route("/rules", make, methods=["POST"], status_code=201, response_model=answers.OwnRule, responses=REFUSALS)
router.add_api_route("/rules/trial", try_, methods=["POST"], response_model=answers.Tried, responses=REFUSALS)
router.add_api_route(
    "/rules/{rule_id}/switch", turn, methods=["POST"], status_code=201, response_model=answers.OwnRule, responses=REFUSALS
)
router.add_api_route("/returns", returns, response_model=answers.Parcels)

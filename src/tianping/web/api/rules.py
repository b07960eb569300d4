"""The API of rules that act by themselves: a shop's switches, its own rules and their trial; and parcels that came back."""

import datetime as dt
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from tianping.errors import NotFound
from tianping.policy.cases.casebook import Casebook
from tianping.store.accounts import Role
from tianping.store.desk.returned import Place, Wanted
from tianping.web.access import Forbidden, address_of
from tianping.web.api import answers_cases
from tianping.web.api import answers_rules as answers
from tianping.web.api.acts import REFUSALS, Key, Writer, asks, once
from tianping.web.api.cases import Limit, Time, instant
from tianping.web.api.read import Caller
from tianping.web.console import MOST_ID, Console, Desk
from tianping.work.desk import returned, rules, shops, trial
from tianping.work.desk.handed import clean
from tianping.work.desk.idempotency import Answer
from tianping.work.desk.serving import desk_of
from tianping.work.desk.sitting import Sitting
from tianping.work.people.accounts import Doer, Seat

router = APIRouter()
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


def switch(request: Request, desk: Desk, seat: Writer, key: Key, said: answers.Switching) -> Response:
    """Turn a switch of a shop, or state something of it. Orders that stand keep what the shop promised when they were made."""
    _may(seat, STATING if said.name in shops.STATED else SWITCHING)
    platform = _platform(desk, seat, said.shop_id)

    def make(sat: Sitting) -> Answer:
        doer = _doer(request, desk, seat)
        made = shops.switch(sat.directly(), doer, said.shop_id, said.name, on=said.on, platform=platform)
        return Answer(201, answers.Setting.model_validate(made).model_dump(mode="json"))

    return once(request, desk, seat, key, said.model_dump(), make)


def listing(desk: Desk, seat: Caller, shop: Shop) -> list[answers.OwnRule]:
    """A shop's own rules, in the order in which they are asked."""
    seat.reach.require(shop)
    with desk.home.database.connect() as connection:
        return [answers.OwnRule.of(row) for row in rules.listing(connection, shop)]


def make(request: Request, desk: Desk, seat: Writer, key: Key, said: answers.Making) -> Response:
    """A new rule, switched off: try it, then switch it on. Refused (400): `faults` says what, and where."""
    _may(seat, SWITCHING)
    book = _book(desk, seat, said.shop_id)

    def make_(sat: Sitting) -> Answer:
        doer = _doer(request, desk, seat)
        row = rules.add(sat.directly(), book, doer, said.shop_id, said.name, said.rule)
        return Answer(201, answers.OwnRule.of(row).model_dump(mode="json"))

    return once(request, desk, seat, key, said.model_dump(), make_)


def turn(request: Request, desk: Desk, seat: Writer, key: Key, rule_id: RuleId, said: answers.Turning) -> Response:
    """Have a rule act from now on, or no longer."""
    _may(seat, SWITCHING)

    def make_(sat: Sitting) -> Answer:
        if not seat.reach.holds(rules.one(sat.connection, rule_id).shop_id):
            raise NotFound(f'there is no rule "{rule_id}" here')
        row = rules.switch(sat.directly(), _doer(request, desk, seat), rule_id, on=said.on)
        return Answer(201, answers.OwnRule.of(row).model_dump(mode="json"))

    return once(request, desk, seat, key, said.model_dump(), make_)


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
    found = returned.listing(desk_of(desk.home), asks(seat), wanted, desk.clock(), after=_place(after), limit=limit)
    items = [
        answers.Parcel(**answers_cases.head(each.told).model_dump(), return_signed_at=each.signed_at) for each in found.parcels
    ]
    return answers.Parcels(items=items, next=_mark(found.after))


def _may(seat: Seat, roles: frozenset[Role]) -> None:
    """Raises Forbidden."""
    if seat.account.role not in roles:
        raise Forbidden("frame.no_right")


def _doer(request: Request, desk: Console, seat: Seat) -> Doer:
    return Doer(seat.account.id, desk.clock(), address_of(request))


def _platform(desk: Console, seat: Seat, shop: str) -> str:
    """Raises NotFound, alike for what is not there and what is out of reach."""
    seat.reach.require(shop)
    return shops.platform_of(desk.home, shop)


def _book(desk: Console, seat: Seat, shop: str) -> Casebook:
    return desk_of(desk.home).book(_platform(desk, seat, shop))


def _mark(place: Place | None) -> str | None:
    return None if place is None else urlsafe_b64encode(json.dumps(place).encode()).decode()


def _place(mark: str) -> Place | None:
    """Raises NotFound for a text that is none of ours."""
    if not mark:
        return None
    try:
        signed_at, case_id = json.loads(urlsafe_b64decode(mark))
        if not clean(f"{signed_at}{case_id}"):
            raise ValueError(mark)
        return Place(str(signed_at), str(case_id))
    except (ValueError, TypeError, RecursionError):
        raise NotFound(f"there is no page {mark!r:.100}; begin without `after`") from None


router.add_api_route("/switches", switches, response_model=list[answers.Setting])
router.add_api_route("/switches", switch, methods=["POST"], status_code=201, response_model=answers.Setting, responses=REFUSALS)
router.add_api_route("/rules", listing, response_model=list[answers.OwnRule])
router.add_api_route("/rules", make, methods=["POST"], status_code=201, response_model=answers.OwnRule, responses=REFUSALS)
router.add_api_route("/rules/trial", try_, methods=["POST"], response_model=answers.Tried, responses=REFUSALS)
router.add_api_route(
    "/rules/{rule_id}/switch", turn, methods=["POST"], status_code=201, response_model=answers.OwnRule, responses=REFUSALS
)
router.add_api_route("/returns", returns, response_model=answers.Parcels)

"""What every changing request of the API keeps to: who may send it, its Idempotency-Key, and how a refusal is told."""

import asyncio
import hmac
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Annotated, Any, NamedTuple, TypeVar, cast

from fastapi import Depends, FastAPI, Header, Query, Request, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials
from sqlalchemy import Connection
from starlette.responses import JSONResponse, Response

from tianping.web.access import SAFE, Forbidden, address_of
from tianping.web.api import answers_cases as answers
from tianping.web.api.answers import Problem
from tianping.web.api.problems import KIND, Lang, language, problem, saying, titled, translated
from tianping.web.api.read import bearer_, caller
from tianping.web.console import Console, Desk
from tianping.web.wording import t
from tianping.work.desk import idempotency
from tianping.work.desk.clerk import NotDone, clerk_of
from tianping.work.desk.handed import FactsRefused
from tianping.work.desk.idempotency import Answer, Asked, KeyReused
from tianping.work.desk.letters.calling import UrlRefused
from tianping.work.desk.serving import PARTS, Caller, NotAllowed, Refused, desk_of
from tianping.work.desk.sitting import CaseRefused, Sitting
from tianping.work.people.accounts import Doer, Seat

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": answers.FactsProblem | Problem, "content": {KIND: {}}},
    409: {"model": answers.Refusal | Problem, "content": {KIND: {}}},
    422: {"model": Problem, "content": {KIND: {}}},
    503: {"model": Problem, "content": {KIND: {}}},
}
Given = Annotated[HTTPAuthorizationCredentials | None, Security(bearer_)]
T = TypeVar("T")
_LOOKING = ThreadPoolExecutor(2, "tianping door")
"""Who asks is looked up by few threads: see `Clerk`."""
_FRESH = 10.0
"""Seconds. After a body that took longer to come, who asks is looked up again: a token may have been revoked meanwhile."""


class Door(APIRoute):
    """Of a request that would change something, who asks is known before its body is read; a stranger's never is. Raises
    SignedOut, Forbidden."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inside = super().get_route_handler()

        async def known(request: Request) -> Response:
            if request.method not in SAFE:
                await _look(request)
            return await inside(request)

        return known


async def _look(request: Request) -> None:
    look = partial(_actor, request, request.app.state.console, await bearer_(request))
    request.state.seat = await asyncio.wrap_future(_LOOKING.submit(look))
    request.state.looked = time.monotonic()


def _actor(request: Request, desk: Console, given: HTTPAuthorizationCredentials | None) -> Seat:
    """Whose program, or whose browser, would change something; a browser says that it comes from our page."""
    seat = caller(request, desk, given)
    if given is None:
        elsewhere = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
        if elsewhere or not hmac.compare_digest(request.headers.get("x-csrf-token", "").encode(), seat.csrf.encode()):
            raise Forbidden("frame.not_our_form")
    return seat


async def _writer(request: Request, _given: Given) -> Seat:
    if time.monotonic() - request.state.looked > _FRESH:
        await _look(request)
    return cast(Seat, request.state.seat)


Writer = Annotated[Seat, Depends(_writer)]
"""Who would change something, found at the `Door`."""
Part = Annotated[answers.Part | None, Query(alias="as", description="as what, for those who may act as several")]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=200, pattern=r"^[!-~]+$",
        description="new for each act, the same for its repeats: asked twice, done once, answered alike",
    ),
]  # fmt: skip


def asks(seat: Seat) -> Caller:
    """The account as the desk sees it."""
    return Caller(seat.account.id, PARTS[seat.account.role], seat.reach)


Make = Callable[[], Callable[[Sitting], Answer]]
"""What is then done in one sitting; itself called before the transaction, so that it may look things up."""
Sees = Callable[[Sitting], object]
"""Raises NotFound where who asks does not see, any more, what a request is about."""


class Asking(NamedTuple):
    """A changing request and who sends it."""

    request: Request
    desk: Console
    seat: Seat
    key: str

    @property
    def caller(self) -> Caller:
        return asks(self.seat)

    @property
    def doer(self) -> Doer:
        return Doer(self.seat.account.id, self.desk.clock(), address_of(self.request))

    async def beside(self, do: Callable[[], T]) -> T:
        """What takes long is done beside the clerk, for whom others wait."""
        return await asyncio.wrap_future(clerk_of(self.desk.home.database).aside(do))

    async def once(self, said: object, sees: Sees, make: Make) -> Response:
        """The answer under the request's key. `said`: all that was said besides its address. Raises KeyReused, NotFound …"""
        return await asyncio.wrap_future(self.hand_over(said, sees, make))

    def hand_over(self, said: object, sees: Sees, make: Make) -> Future[Response]:
        """The same, for who waits in a thread."""
        return clerk_of(self.desk.home.database).ask(lambda: self._ready(said, sees, make()))

    def _ready(self, said: object, sees: Sees, do: Callable[[Sitting], Answer]) -> Callable[[Connection], Response]:
        url, account, at = self.request.url, self.seat.account, self.desk.clock()
        asked = Asked(account.id, self.key, idempotency.digest(self.request.method, url.path, url.query, said), sees)

        def refuse(error: Refused) -> Answer:
            return refusal(error, language(self.request, account.lang))

        return lambda connection: _answer(idempotency.once(desk_of(self.desk.home), connection, at, asked, do, refuse))


def _answer(told: Answer) -> Response:
    headers = {"Idempotency-Replayed": "true"} if told.again else None
    return JSONResponse(told.body, told.status, headers, media_type=KIND if told.status >= 400 else None)


async def _asking(request: Request, desk: Desk, seat: Writer, key: Key) -> Asking:
    return Asking(request, desk, seat, key)


Ask = Annotated[Asking, Depends(_asking)]


def refusal(error: Refused, lang: Lang) -> Answer:
    """What is told of a verb that cannot be."""
    said = answers.Refusal(
        **titled(409, lang),
        detail=error.refusal.zh if lang == "zh" else error.refusal.en,
        guard=error.refusal.guard,
        possible=list(dict.fromkeys(each.noun for each in error.deeds)),
    )
    return Answer(409, said.model_dump())


def handle(app: FastAPI) -> None:
    """Have the API tell the desk's errors as problems."""
    app.add_exception_handler(FactsRefused, _facts)
    app.add_exception_handler(CaseRefused, _overtaken)
    app.add_exception_handler(NotDone, _undone)
    for error, status in _STATUS.items():
        app.add_exception_handler(error, saying(status))


_STATUS: Mapping[type[Exception], int] = {NotAllowed: 403, KeyReused: 422, UrlRefused: 400}


def _facts(request: Request, error: Exception) -> Response:
    lang = language(request)
    faults = [translated(lang, each) for each in error.faults] if isinstance(error, FactsRefused) else []
    said = answers.FactsProblem(**titled(400, lang), detail="; ".join(faults), faults=faults)
    return JSONResponse(said.model_dump(), 400, media_type=KIND)


def _undone(request: Request, _error: Exception) -> Response:
    told = problem(request, 503, t("problems.not_done", language(request)))
    told.headers["Retry-After"] = "1"
    return told


def _overtaken(request: Request, error: Exception) -> Response:
    """Somebody was faster, which shows only when all is written."""
    assert isinstance(error, CaseRefused)
    told = refusal(Refused(error.refusal), language(request))
    return JSONResponse(told.body, told.status, media_type=KIND)

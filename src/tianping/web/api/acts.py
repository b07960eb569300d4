"""What every changing request of the API keeps to: who may send it, its Idempotency-Key, and how a refusal is told."""

import asyncio
import hmac
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, FastAPI, Header, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials
from sqlalchemy import Connection
from starlette.responses import JSONResponse, Response

from tianping.web.access import Forbidden
from tianping.web.api import answers_cases as answers
from tianping.web.api.answers import Problem
from tianping.web.api.problems import KIND, Lang, language, saying, titled, translated
from tianping.web.api.read import bearer_, caller
from tianping.web.console import Console, Desk
from tianping.work.desk import idempotency
from tianping.work.desk.clerk import clerk_of
from tianping.work.desk.handed import FactsRefused
from tianping.work.desk.idempotency import Answer, Asked, KeyReused
from tianping.work.desk.letters.calling import UrlRefused
from tianping.work.desk.serving import PARTS, Caller, NotAllowed, Refused, desk_of
from tianping.work.desk.sitting import CaseRefused, Sitting
from tianping.work.people.accounts import Seat

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": answers.FactsProblem | Problem, "content": {KIND: {}}},
    409: {"model": answers.Refusal | Problem, "content": {KIND: {}}},
    422: {"model": Problem, "content": {KIND: {}}},
}


Given = Annotated[HTTPAuthorizationCredentials | None, Security(bearer_)]


def actor(request: Request, desk: Desk, given: Given) -> Seat:
    """Whose program, or whose browser, would change something; a browser says that it comes from our page. Raises SignedOut,
    Forbidden."""
    seat = caller(request, desk, given)
    if given is None:
        elsewhere = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
        if elsewhere or not hmac.compare_digest(request.headers.get("x-csrf-token", "").encode(), seat.csrf.encode()):
            raise Forbidden("frame.not_our_form")
    return seat


Writer = Annotated[Seat, Depends(actor)]
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


Make = Callable[[Seat], Callable[[Sitting], Answer]]
"""For who asks: what is then done in one sitting."""


class Asking(NamedTuple):
    """A changing request, before anybody has looked who sends it."""

    request: Request
    desk: Console
    given: HTTPAuthorizationCredentials | None
    key: str

    async def beforehand(self, look: Callable[[Seat], None]) -> None:
        """What takes long is done beside the clerk, for whom others wait."""
        clerk = clerk_of(self.desk.home.database)
        await asyncio.wrap_future(clerk.aside(lambda: look(actor(self.request, self.desk, self.given))))

    async def once(self, said: object, make: Make) -> Response:
        """The answer under the request's key. `said`: all that was said besides its address."""
        return await asyncio.wrap_future(clerk_of(self.desk.home.database).ask(lambda: self._ready(said, make)))

    def _ready(self, said: object, make: Make) -> Callable[[Connection], Response]:
        """The clerk looks who asks, too: of threads only few should run."""
        seat = actor(self.request, self.desk, self.given)
        return _ready(self.request, self.desk, seat, self.key, said, make(seat))


def once(request: Request, desk: Console, seat: Seat, key: str, said: object, do: Callable[[Sitting], Answer]) -> Response:
    """The answer to a request under its key. `said`: all that was said besides its address. Raises KeyReused, NotFound …"""
    return clerk_of(desk.home.database).ask(lambda: _ready(request, desk, seat, key, said, do)).result()


def _ready(
    request: Request, desk: Console, seat: Seat, key: str, said: object, do: Callable[[Sitting], Answer]
) -> Callable[[Connection], Response]:
    digest = idempotency.digest(request.method, request.url.path, request.url.query, said)
    asked = Asked(seat.account.id, key, digest, seat.reach)
    at = desk.clock()

    def answer(connection: Connection) -> Response:
        told = idempotency.once(
            desk_of(desk.home), connection, at, asked, do, lambda error: refusal(error, language(request, seat.account.lang))
        )
        headers = {"Idempotency-Replayed": "true"} if told.again else None
        return JSONResponse(told.body, told.status, headers, media_type=KIND if told.status >= 400 else None)

    return answer


async def _asking(request: Request, desk: Desk, given: Given, key: Key) -> Asking:
    return Asking(request, desk, given, key)


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
    for error, status in _STATUS.items():
        app.add_exception_handler(error, saying(status))


_STATUS: Mapping[type[Exception], int] = {NotAllowed: 403, KeyReused: 422, UrlRefused: 400}


def _facts(request: Request, error: Exception) -> Response:
    lang = language(request)
    faults = [translated(lang, each) for each in error.faults] if isinstance(error, FactsRefused) else []
    said = answers.FactsProblem(**titled(400, lang), detail="; ".join(faults), faults=faults)
    return JSONResponse(said.model_dump(), 400, media_type=KIND)


def _overtaken(request: Request, error: Exception) -> Response:
    """Somebody was faster, which shows only when all is written."""
    assert isinstance(error, CaseRefused)
    told = refusal(Refused(error.refusal), language(request))
    return JSONResponse(told.body, told.status, media_type=KIND)

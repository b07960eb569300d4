"""What every changing request of the API keeps to: who may send it, its Idempotency-Key, and how a refusal is told."""

import asyncio
import hmac
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import Depends, FastAPI, Header, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials
from sqlalchemy import Engine
from starlette.responses import JSONResponse, Response

from tianping.web.access import Forbidden
from tianping.web.api import answers_cases as answers
from tianping.web.api.answers import Problem
from tianping.web.api.problems import KIND, problem, titled
from tianping.web.api.read import bearer_, caller
from tianping.web.console import Console, Desk
from tianping.work.desk import idempotency
from tianping.work.desk.handed import FactsRefused
from tianping.work.desk.idempotency import Answer, Asked, KeyReused
from tianping.work.desk.letters.calling import UrlRefused
from tianping.work.desk.serving import PARTS, Caller, NotAllowed, Refused, desk_of
from tianping.work.desk.sitting import CaseRefused, Sitting
from tianping.work.people.accounts import Seat

Lang = Literal["zh", "en"]
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


def language(request: Request, seat: Seat) -> Lang:
    """The language that the program asks for, else the account's."""
    said = request.headers.get("accept-language", "")[:2].lower()
    return "en" if said == "en" else "zh" if said == "zh" else seat.account.lang


Make = Callable[[Seat], Callable[[Sitting], Answer]]
"""For who asks: what is then done in one sitting."""


class Asking(NamedTuple):
    """A changing request, before anybody has looked who sends it."""

    request: Request
    desk: Console
    given: HTTPAuthorizationCredentials | None
    key: str

    async def once(self, said: object, make: Make) -> Response:
        """The answer under the request's key. `said`: all that was said besides its address.

        Few threads do this, from the token to the answer: the database takes one writer at a time, and many threads only keep
        one another from running (measured at 100 requests a second on a busy machine: 40 threads 455 ms, two 60 ms).
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_writers(self.desk.home.database), self._once, said, make)

    def _once(self, said: object, make: Make) -> Response:
        seat = actor(self.request, self.desk, self.given)
        return once(self.request, self.desk, seat, self.key, said, make(seat))


def once(request: Request, desk: Console, seat: Seat, key: str, said: object, do: Callable[[Sitting], Answer]) -> Response:
    """The answer to a request under its key. `said`: all that was said besides its address. Raises KeyReused, NotFound …"""
    asked = Asked(seat.account.id, key, idempotency.digest(request.method, request.url.path, request.url.query, said))
    told = idempotency.once(desk_of(desk.home), desk.clock(), asked, do, lambda error: refusal(error, language(request, seat)))
    headers = {"Idempotency-Replayed": "true"} if told.again else None
    return JSONResponse(told.body, told.status, headers, media_type=KIND if told.status >= 400 else None)


async def _asking(request: Request, desk: Desk, given: Given, key: Key) -> Asking:
    return Asking(request, desk, given, key)


Ask = Annotated[Asking, Depends(_asking)]


@lru_cache(maxsize=8)
def _writers(database: Engine) -> ThreadPoolExecutor:
    """Of PostgreSQL, which lets many write at once, some more."""
    return ThreadPoolExecutor(2 if database.dialect.name == "sqlite" else 8, "tianping desk")


def refusal(error: Refused, lang: Lang) -> Answer:
    """What is told of a verb that cannot be."""
    said = answers.Refusal(
        **titled(409),
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
        app.add_exception_handler(error, _as(status))


_STATUS: Mapping[type[Exception], int] = {NotAllowed: 403, KeyReused: 422, UrlRefused: 400}


def _as(status: int) -> Callable[[Request, Exception], Response]:
    return lambda _request, error: problem(status, str(error))


def _facts(_request: Request, error: Exception) -> Response:
    faults = list(error.faults) if isinstance(error, FactsRefused) else []
    said = answers.FactsProblem(**titled(400), detail="; ".join(faults), faults=faults)
    return JSONResponse(said.model_dump(), 400, media_type=KIND)


def _overtaken(request: Request, error: Exception) -> Response:
    """Somebody was faster, which shows only when all is written."""
    assert isinstance(error, CaseRefused)
    told = refusal(Refused(error.refusal), "en" if request.headers.get("accept-language", "").startswith("en") else "zh")
    return JSONResponse(told.body, told.status, media_type=KIND)

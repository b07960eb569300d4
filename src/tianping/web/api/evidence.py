"""The API of what sides show in a case: files handed in, listed, and downloaded; and what the table of a dispute says.

A file is only ever handed out to be saved, under a name of ours: never shown in place, never by the name its owner gave it.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Path, Request, UploadFile
from pydantic import BaseModel
from starlette.responses import Response

from tianping.cases.liability import Proposal
from tianping.errors import NotFound
from tianping.policy.cases.tables import Need, Question
from tianping.store.desk import evidence as stored
from tianping.store.desk.evidence import Evidence
from tianping.web.access import address_of
from tianping.web.api import answers_cases as answers
from tianping.web.api.acts import REFUSALS, Ask, Door, Part, asks
from tianping.web.api.answers import Answer, Words
from tianping.web.api.cases import CaseId
from tianping.web.api.read import Caller
from tianping.web.console import MOST_ID, Desk
from tianping.work.desk import disputes, evidence, idempotency, serving
from tianping.work.desk.serving import desk_of
from tianping.work.people.trail import record

router = APIRouter(route_class=Door)
EvidenceId = Annotated[int, Path(ge=1, le=MOST_ID)]
_ENDINGS: Mapping[str, str] = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/pdf": "pdf", "video/mp4": "mp4",
    "text/plain": "txt",
}  # fmt: skip
_SAVED: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "no-store",
}  # fmt: skip


class Taken(Answer):
    """A file that was taken. `media_type`: as its content says; `digest`: SHA-256."""

    id: int
    case_id: str
    party: Literal["buyer", "merchant", "platform"]
    kind: str
    media_type: str
    bytes: int
    digest: str
    at: answers.Instant


class Shown(Taken):
    """The same as both sides see it: `name` is its owner's, `says` words beside it."""

    name: str
    says: str


class Needed(BaseModel):
    """A kind of evidence that a side is asked for, and what it must show."""

    kind: str
    words: Words


class Answered(BaseModel):
    """A question of the table, and its answer in words."""

    question: Words
    answer: Words


class Asked(BaseModel):
    """A question still open: `fact` is what the adjudicator finds, one of the names of `answers`."""

    name: str
    label: Words
    fact: str | None
    answers: dict[str, Words]


class Proposed(BaseModel):
    """What the table says: the rule as a verdict cites it, and why."""

    rule: str
    liability: str
    remedy: str
    outbound_by_merchant: bool | None
    return_by_merchant: bool | None
    because: list[Answered]


class Ruling(BaseModel):
    """What a dispute goes by: its table, the evidence that each side is asked for, and the proposal or the open questions."""

    table: str
    label: Words
    buyer: list[Needed]
    merchant: list[Needed]
    answers: dict[str, str]
    questions: list[Asked]
    proposal: Proposed | None


def listing(desk: Desk, seat: Caller, case_id: CaseId) -> list[Shown]:
    """What was shown in a case, oldest first; both sides see all of it."""
    with serving.reading(desk_of(desk.home), desk.clock()) as sat:
        serving.found(sat, asks(seat), case_id)
        return [Shown.model_validate(each) for each in stored.listing(sat.connection, [case_id])]


async def hand_in(
    ask: Ask,
    case_id: CaseId,
    file: Annotated[UploadFile, File(description="at most 10 MB: JPEG, PNG, WebP, PDF, MP4 or text, judged by its content")],
    kind: Annotated[str, Form(max_length=40, description="what it shows: photo, report, chat, waybill …")],
    says: Annotated[answers.Text, Form(max_length=1_000)] = "",
    as_: Part = None,
) -> Response:
    """Show a file in a case, while it takes evidence."""
    caller, side = ask.caller, serving.party(ask.caller, as_)
    content = await file.read(evidence.MOST_BYTES + 1)

    def show() -> Response:
        given = evidence.file(kind, file.filename or "", content, says)
        said = {"file": given.digest, "name": given.name, "kind": kind, "says": says}
        with serving.laid(ask.desk.home, caller, case_id, side, given, ask.desk.clock()) as laid:
            told = ask.hand_over(
                said,
                lambda sat: serving.locked(sat, caller, case_id),
                lambda: lambda sat: _taken(serving.show(sat, caller, case_id, side, laid)),
            )
            return told.result()

    return await ask.beside(show)


def _taken(row: Evidence) -> idempotency.Answer:
    """Without the words beside it: they are kept in one place."""
    return idempotency.Answer(201, Taken.model_validate(row).model_dump(mode="json"))


def download(request: Request, desk: Desk, seat: Caller, case_id: CaseId, evidence_id: EvidenceId) -> Response:
    """A file, to be saved."""
    with serving.reading(desk_of(desk.home), desk.clock()) as sat:
        serving.found(sat, asks(seat), case_id)
        row = stored.one(sat.connection, case_id, evidence_id)
    if row is None:
        raise NotFound(f"there is no evidence {evidence_id} here")
    content = evidence.content(desk.home.path, row)
    record(desk.home, seat.account.id, "download", f"evidence {row.id}", desk.clock(), address=address_of(request))
    saved = {**_SAVED, "Content-Disposition": f'attachment; filename="{_named(row)}"'}
    return Response(content, media_type="application/octet-stream", headers=saved)


def _named(row: Evidence) -> str:
    return f"evidence-{row.id}.{_ENDINGS.get(row.media_type, 'bin')}"


def ruling(desk: Desk, seat: Caller, case_id: CaseId) -> Ruling:
    """What a dispute goes by."""
    with serving.reading(desk_of(desk.home), desk.clock()) as sat:
        case = serving.found(sat, asks(seat), case_id)
        if case.kind != disputes.DISPUTE:
            raise NotFound(f"a case of {case.kind} is judged by no table; its dispute is")
        view = disputes.view(sat, case)
    says = view.says
    proposal = _proposed(says) if isinstance(says, Proposal) else None
    return Ruling(
        table=view.table, label=Words.model_validate(view.label), buyer=_needed(view.evidence_needed.buyer),
        merchant=_needed(view.evidence_needed.merchant), answers=dict(says.answers),
        questions=[] if isinstance(says, Proposal) else [_asked(name, each) for name, each in says.questions.items()],
        proposal=proposal,
    )  # fmt: skip


def _needed(needs: Sequence[Need]) -> list[Needed]:
    return [Needed(kind=each.kind, words=Words.model_validate(each.words)) for each in needs]


def _asked(name: str, each: Question) -> Asked:
    named = {answer: Words.model_validate(one.label) for answer, one in each.answers.items()}
    return Asked(name=name, label=Words.model_validate(each.label), fact=each.fact, answers=named)


def _proposed(says: Proposal) -> Proposed:
    because = [
        Answered(question=Words.model_validate(question), answer=Words.model_validate(answer))
        for question, answer in says.because
    ]
    return Proposed(
        rule=says.rule, liability=says.liability, remedy=says.remedy, outbound_by_merchant=says.outbound_by_merchant,
        return_by_merchant=says.return_by_merchant, because=because,
    )  # fmt: skip


_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
router.add_api_route("/cases/{case_id}/ruling", ruling, response_model=Ruling)
router.add_api_route("/cases/{case_id}/evidence", listing, response_model=list[Shown])
router.add_api_route(
    "/cases/{case_id}/evidence", hand_in, methods=["POST"], status_code=201, response_model=Taken, responses=REFUSALS
)
router.add_api_route(
    "/cases/{case_id}/evidence/{evidence_id}", download, response_class=Response, response_model=None, responses=_FILE
)

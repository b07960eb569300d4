"""Uploads: files handed in, looked through, asked about, brought in."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tianping.errors import ImportRefused, NotFound
from tianping.facts import guess, versions
from tianping.facts.guess import Choice
from tianping.facts.schema import TABLES
from tianping.facts.versions import Tally
from tianping.periods import Period
from tianping.store import jobs
from tianping.store.jobs import Job
from tianping.store.uploads import Upload
from tianping.web.access import Seen, Viewer, address_of, needs
from tianping.web.console import MOST_ID, Console, Desk, Id
from tianping.web.frame import fragment, page, seen_other
from tianping.web.guard import MOST_UPLOADED
from tianping.web.pages import data_brought, data_cells
from tianping.web.pages.data_words import column_word, next_close, reason, said
from tianping.web.wording import t
from tianping.work.intake import exports, gaps, uploads
from tianping.work.intake.uploads import Given, Options
from tianping.work.people import trail

router = APIRouter()
MAY = [needs("upload")]
NAMED_SHOPS = 200
"""Shops that are offered in a list; more are typed."""
MOST_COUNTED = 1000
"""Files of a form that are counted, to say how many they are; a form of more is not read."""
UNDER_WAY = ("received", "queued", "running")
_UNSEEN = {"reads": "", "readable": False, "said": "", "shop": "", "mapping": "", "label": {}, "tables": []}
"""What is known of a file before anybody has looked at it."""
WORDS_SHOWN = 40
"""Different words of a column that a person may give a meaning."""


@router.get("/data/uploads")
def listed(request: Request, desk: Desk, seen: Seen, before: Annotated[int | None, Query(ge=0, le=MOST_ID)] = None) -> Response:
    """The form, and the newest uploads."""
    found = uploads.newest(desk.home, account_id=seen.account.id, reach=seen.reach, before=before)
    return page(
        request, seen, "data/uploads.html", shown=found, shops=own_shops(desk, seen), most=uploads.MOST_FILES,
        most_bytes=MOST_UPLOADED, seqs=data_brought.seqs, mappings=exports.mappings(),
        most_listed=data_brought.MOST_LISTED, undone=_undone(desk, found), before=found[-1].id if len(found) == 50 else None,
        **said(desk, seen),
    )  # fmt: skip


def _undone(desk: Console, found: Sequence[Upload]) -> Mapping[int, int]:
    """For each import that was undone, the undo; the imports are read where an upload became any."""
    return versions.undone_by(desk.home.versions()) if any(one.seq for one in found) else {}


def own_shops(desk: Console, seen: Viewer) -> list[tuple[str, str]]:
    """The viewer's shops to choose from, with their names; none where they are too many to list."""
    known = {shop.id: shop.name for shop in gaps.shops(desk.home, seen.reach)}
    ids = sorted(seen.reach.shops) if seen.reach.shops is not None else sorted(known)
    return [(one, f"{known.get(one, one)} · {one}") for one in ids] if len(ids) <= NAMED_SHOPS else []


@router.post("/data/uploads", dependencies=MAY)
async def hand_in(request: Request, desk: Desk, seen: Seen) -> Response:
    """Keep the files and have them brought in. Script asks for JSON, to show how far it is, and goes on by itself."""
    by_script = "application/json" in request.headers.get("accept", "")
    try:
        number = await _received(request, desk, seen)
    except ImportRefused as error:
        why = reason(seen.lang, uploads.plain(desk.home, str(error)))
        if by_script:
            return JSONResponse({"said": why}, status_code=409)
        raise ImportRefused(why) from error
    if by_script:
        return JSONResponse({"at": f"/data/uploads/{number}"})
    return seen_other(request, f"/data/uploads/{number}")


async def _received(request: Request, desk: Console, seen: Viewer) -> int:
    """Keep the files and queue their import; the upload's number. Raises ImportRefused."""
    try:
        form = await request.form(max_files=MOST_COUNTED)
    except HTTPException as error:
        raise ImportRefused(f"{MOST_COUNTED} files were handed in; hand in 1 to {uploads.MOST_FILES} at once") from error
    given = [
        Given(one.filename or "", one.file) for one in form.getlist("files") if isinstance(one, UploadFile) and one.filename
    ]
    options = Options(str(form.get("shop", "")).strip(), _covers(form), str(form.get("mapping", "")), _rules(form))
    number = await run_in_threadpool(
        uploads.receive, desk.home, seen.account.id, given, options, reach=seen.reach, at=desk.clock()
    )
    await run_in_threadpool(uploads.unlock, desk.home, _get(desk, seen, number), str(form.get("password", "")))
    detail = {"files": len(given), "bytes": sum(one["bytes"] for one in _get(desk, seen, number).files)}
    _record(request, desk, seen, "upload", number, detail)
    desk.jobs.queue("import", seen.account.id, {"upload": number})
    return number


def _rules(form: FormData) -> Given | None:
    """The mapping of one's own that was handed in with the files."""
    one = form.get("rules")
    return Given(one.filename, one.file) if isinstance(one, UploadFile) and one.filename else None


def _covers(form: FormData) -> Period | None:
    """Raises ImportRefused for half a period or one that ends before it begins."""
    first, last = (str(form.get(name, "")).strip() for name in ("first", "last"))
    if not first and not last:
        return None
    try:
        period = Period(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    except ValueError as error:
        raise ImportRefused("the days covered need a first and a last day, in this order; give both or neither") from error
    if period.first > period.last:
        raise ImportRefused("the days covered need a first and a last day, in this order; give both or neither")
    if period.first.year < 2000 or period.last.year > 2100:
        raise ImportRefused(
            "the days covered lie outside the years 2000 to 2100 that facts may have; give the days of the export"
        )
    return period


def _record(
    request: Request, desk: Console, seen: Viewer, act: trail.Act, number: int, detail: Mapping[str, object] | None = None
) -> None:
    trail.record(desk.home, seen.account.id, act, f"upload {number}", desk.clock(), address=address_of(request), detail=detail)


def _get(desk: Console, seen: Viewer, number: int) -> Upload:
    return uploads.get(desk.home, number, account_id=seen.account.id, reach=seen.reach)


@router.get("/data/uploads/{number}")
def one(request: Request, desk: Desk, seen: Seen, number: Id) -> Response:
    """What becomes of an upload: what is asked, how far it is, what it brought."""
    return page(request, seen, "data/upload.html", **_told(desk, seen, number))


@router.get("/data/uploads/{number}/state")
def state(request: Request, desk: Desk, seen: Seen, number: Id) -> Response:
    """The same as a piece of the page, which asks for itself again while the upload is under way."""
    return fragment(request, seen, "data/_upload.html", **_told(desk, seen, number))


def _told(desk: Console, seen: Viewer, number: int) -> dict[str, Any]:
    upload = _get(desk, seen, number)
    made = data_brought.made(seen.lang, upload, desk.home.versions() if upload.report else ())
    return {
        "upload": upload,
        "made": made,
        "total": sum((one.total for one in made if not one.undone), Tally()),
        "most_listed": data_brought.MOST_LISTED,
        "undone": any(one.seq for one in made) and all(one.undone for one in made if one.seq),
        **_files(upload),
        "job": _job(desk, upload) if upload.state in UNDER_WAY else None,
        "under_way": upload.state in UNDER_WAY,
        "shops": own_shops(desk, seen),
        "ready": upload.state == "asking" and not uploads.asks(upload.files),
        "shops_asked": _shops_asked(upload),
        "locked": [str(file["name"]) for file in upload.files if file.get("locked")],
        "next_close": next_close(desk, seen) if upload.state == "done" else None,
        **said(desk, seen),
    }


def _files(upload: Upload) -> dict[str, Any]:
    """The files, each with its place; of many those alone that a person has to do something about, and the others."""
    files = [{**_UNSEEN, **file, "index": index} for index, file in enumerate(upload.files)]
    many = len(files) > data_brought.MOST_LISTED
    shown = [file for file in files if not many or (upload.state in ("asking", "failed") and file["reads"] == "nothing")]
    folded = [file for file in files if file not in shown]
    return {"files": shown, "folded": folded, "folded_bytes": sum(file["bytes"] for file in folded)}


def _shops_asked(upload: Upload) -> Mapping[str, Sequence[str]]:
    """Platform → the names of its files that do not say whose rows they hold."""
    asked: dict[str, list[str]] = {}
    for file in upload.files:
        if file.get("needs_shop"):
            asked.setdefault(str(file.get("platform", "")), []).append(str(file["name"]))
    return asked


def _job(desk: Console, upload: Upload) -> Job | None:
    found = jobs.newest(desk.home.database, kind="import")
    return next((job for job in found if job.detail.get("upload") == upload.id), None)


def _index(upload: Upload, index: int) -> int:
    if not 0 <= index < len(upload.files) or upload.state not in ("asking", "failed"):
        raise NotFound(f"there is no file {index} to be read in upload {upload.id}")
    return index


@router.post("/data/uploads/{number}/shop", dependencies=MAY)
async def say_shop(request: Request, desk: Desk, seen: Seen, number: Id) -> Response:
    """Say whose rows the files hold that do not say it themselves: `shop <platform>`, or `shop` for all of them."""
    said = {name: str(value).strip() for name, value in (await request.form()).items()}
    shops = {name.removeprefix("shop "): value for name, value in said.items() if name.startswith("shop ")}
    return await run_in_threadpool(_say_shop, request, desk, seen, number, said.get("shop", ""), shops)


def _say_shop(request: Request, desk: Console, seen: Viewer, number: int, shop: str, shops: Mapping[str, str]) -> Response:
    upload = _get(desk, seen, number)
    if upload.state not in ("asking", "failed"):
        raise ImportRefused(f"upload {number} is under way or over; there is nothing to say of it any more")
    uploads.say(desk.home, upload, shop=shop, shops=shops, reach=seen.reach)
    again = _get(desk, seen, number)
    uploads.look_again(desk.home, again)
    return _go_on(request, desk, seen, number)


@router.post("/data/uploads/{number}/password", dependencies=MAY)
def say_password(request: Request, desk: Desk, seen: Seen, number: Id, password: Annotated[str, Form()] = "") -> Response:
    """Open the files that are locked; the password is tried at once and kept nowhere."""
    upload = _get(desk, seen, number)
    if upload.state not in ("asking", "failed"):
        raise ImportRefused(f"upload {number} is under way or over; there is nothing to say of it any more")
    if not uploads.unlock(desk.home, upload, password):
        return seen_other(request, f"/data/uploads/{number}", "data.password_unfit")
    uploads.look_again(desk.home, upload)
    return _go_on(request, desk, seen, number)


def _go_on(request: Request, desk: Console, seen: Viewer, number: int) -> Response:
    """Bring it in where nothing is left to be asked."""
    if not uploads.asks(_get(desk, seen, number).files) and uploads.queue(desk.home, number):
        desk.jobs.queue("import", seen.account.id, {"upload": number})
    return seen_other(request, f"/data/uploads/{number}")


@router.post("/data/uploads/{number}/import", dependencies=MAY)
def bring(request: Request, desk: Desk, seen: Seen, number: Id) -> Response:
    """Bring it in, or try again what failed."""
    return _go_on(request, desk, seen, number)


@router.post("/data/uploads/{number}/dropping", dependencies=MAY)
def drop(request: Request, desk: Desk, seen: Seen, number: Id) -> Response:
    """Take it away."""
    if not uploads.drop(desk.home, _get(desk, seen, number).id):
        raise ImportRefused(f"upload {number} is under way or over; it cannot be taken away")
    _record(request, desk, seen, "upload_dropped", number)
    return seen_other(request, "/data/uploads", "data.upload_dropped")


@router.post("/data/uploads/{number}/files/{index}/omission", dependencies=MAY)
def leave_out(request: Request, desk: Desk, seen: Seen, number: Id, index: int) -> Response:
    """Go on without one of its files."""
    upload = _get(desk, seen, number)
    uploads.leave_out(desk.home, upload, _index(upload, index))
    return seen_other(request, f"/data/uploads/{number}")


@router.get("/data/uploads/{number}/files/{index}")
def helper(request: Request, desk: Desk, seen: Seen, number: Id, index: int, table: str = "") -> Response:
    """The mapping helper: headings, the columns proposed, and what the first rows would become."""
    upload = _get(desk, seen, number)
    path = uploads.folder_of(desk.home, number) / upload.files[_index(upload, index)]["name"]
    proposed = guess.first_choice(path)
    if table and table in TABLES and table != proposed.table:
        proposed = guess.choice_for(path, table)
    return _helper(request, desk, seen, upload, index, proposed)


@router.post("/data/uploads/{number}/files/{index}/preview", dependencies=MAY)
async def preview(request: Request, desk: Desk, seen: Seen, number: Id, index: int) -> Response:
    """The same by the choice of a person, not kept yet."""
    upload = _get(desk, seen, number)
    _index(upload, index)
    return await run_in_threadpool(_helper, request, desk, seen, upload, index, _choice(await request.form()))


@router.post("/data/uploads/{number}/files/{index}/mapping", dependencies=MAY)
async def keep(request: Request, desk: Desk, seen: Seen, number: Id, index: int) -> Response:
    """Have the file read by this choice."""
    upload = _get(desk, seen, number)
    return await run_in_threadpool(_keep, request, desk, seen, upload, _index(upload, index), _choice(await request.form()))


def _keep(request: Request, desk: Console, seen: Viewer, upload: Upload, index: int, choice: Choice) -> Response:
    try:
        uploads.read_as(desk.home, upload, index, choice)
    except ImportRefused as error:
        return _helper(request, desk, seen, upload, index, choice, refused=reason(seen.lang, str(error)))
    number = upload.id
    return seen_other(request, f"/data/uploads/{number}", "data.mapping_kept", file=upload.files[index]["name"])


def _choice(form: FormData) -> Choice:
    """What the form says: `h<n>` the column of a heading, `heading<n>` that heading; `w <column> <word>` a word's meaning."""
    table = str(form.get("table", ""))
    if table not in TABLES:
        raise NotFound(f'there is no table "{table}"')
    columns: dict[str, str] = {}
    words: dict[str, dict[str, str]] = {}
    for name, value in form.multi_items():
        said = str(value)
        if name.startswith("column") and said and said not in columns:
            columns[said] = str(form.get(f"heading{name.removeprefix('column')}", ""))
        elif name.startswith("word ") and said:
            column, _, word = name.removeprefix("word ").partition(" ")
            words.setdefault(column, {})[word] = said
    return Choice(table, columns, words)


def _helper(
    request: Request, desk: Console, seen: Viewer, upload: Upload, index: int, choice: Choice, *, refused: str = ""
) -> Response:
    name = str(upload.files[index]["name"])
    path = uploads.folder_of(desk.home, upload.id) / name
    seen_rows, made = guess.sample(path), guess.chosen(path, choice)
    shop = str(upload.options.get("shop", "")) or str(upload.files[index].get("whose", "")) or _sample_shop(seen)
    shown, refusal = _shown(desk, seen, path, made.text, shop) if not made.lacks else ([], "")
    return page(
        request, seen, "data/file.html", status=400 if refused else 200, upload=upload, index=index, name=name, choice=choice,
        columns_of={heading: column for column, heading in choice.columns.items()},
        headings=list(enumerate(seen_rows.headings)), **said(desk, seen),
        sample=seen_rows, table=TABLES[choice.table], tables=guess.MAIN, lacks=made.lacks, unknown=made.unknown, shown=shown,
        words=_words(seen_rows, choice), refused=refused or refusal, text=made.text,
    )  # fmt: skip


def _sample_shop(seen: Viewer) -> str:
    return next(iter(seen.reach.shops)) if seen.reach.shops and len(seen.reach.shops) == 1 else t("data.shop_later", seen.lang)


def _shown(desk: Console, seen: Viewer, path: Path, text: str, shop: str) -> tuple[list[Any], str]:
    """The first rows as facts, or why they cannot be."""
    try:
        return [_in_words(seen.lang, *found) for found in guess.facts(path, text, shop=shop)], ""
    except ImportRefused as error:
        return [], reason(seen.lang, uploads.plain(desk.home, str(error)))


def _in_words(
    lang: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> tuple[str, list[str], Sequence[Sequence[object]]]:
    """The headings of the rows, their values, and why bad ones are bad, in the reader's language."""
    if table != "quarantine":
        known = TABLES[table].by_name
        told = [[data_cells.shown(lang, known.get(column), cell) for column, cell in zip(columns, row, strict=True)]
                for row in rows]  # fmt: skip
        return table, [column_word(lang, column) for column in columns], told
    said_by: Mapping[str, Callable[[str], str]] = {
        "reason": partial(reason, lang),
        "table": lambda name: t(f"data.table_{name}", lang),
    }
    bad = [[said_by.get(column, str)(str(cell)) for column, cell in zip(columns, row, strict=True)] for row in rows]
    return table, [t(f"data.bad_{column}", lang) for column in columns], bad


def _words(sample: guess.Sample, choice: Choice) -> list[tuple[str, str, Sequence[str], Mapping[str, str]]]:
    """Columns that allow some values only: column, heading, the file's words that are none of them, and what these mean now."""
    known = TABLES[choice.table].by_name
    found = []
    for column, heading in choice.columns.items():
        if column in known and known[column].values and not column.startswith("reason") and heading in sample.headings:
            words = [word for word in sample.values(heading) if word not in known[column].values][:WORDS_SHOWN]
            meant = {**guess.usual_words(column), **choice.words.get(column, {})}
            found.append((column, heading, words, meant))
    return [each for each in found if each[2]]

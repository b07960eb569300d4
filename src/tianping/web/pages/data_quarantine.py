"""Quarantine: bad rows listed, mended in place, downloaded and handed in again."""

import io
import re
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import Response

from tianping.errors import ImportRefused, NotFound
from tianping.facts.schema import TABLES
from tianping.web.access import Seen, Viewer, address_of, needs
from tianping.web.console import MOST_ID, Console, Desk
from tianping.web.frame import page, seen_other
from tianping.web.pages import data_cells
from tianping.web.pages.data_words import job_of, reason, said
from tianping.web.wording import t
from tianping.work.intake import badrows, quarantine, uploads
from tianping.work.intake.badrows import Bad
from tianping.work.intake.imports import Report
from tianping.work.people import trail

router = APIRouter()
MAY = [needs("upload")]
ROWS = 50
"""Rows of a page."""
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


@router.get("/data/quarantine")
def listed(
    request: Request,
    desk: Desk,
    seen: Seen,
    seq: str = "",
    table: str = "",
    skip: Annotated[int, Query(ge=0, le=MOST_ID)] = 0,
    job: Annotated[int | None, Query(ge=0, le=MOST_ID)] = None,
) -> Response:
    """The open bad rows with their reasons."""
    table = table if table in TABLES else ""
    skip = max(skip, 0)
    number = _seq(seq)
    found = badrows.look(desk.home, seq=number, table=table, reach=seen.reach, skip=skip, most=ROWS)
    return page(
        request, seen, "data/quarantine.html", rows=found.rows, total=found.total, seq=number, table=table, skip=skip,
        most=ROWS, tables=list(TABLES), file_of=file_of, preview=preview, job=job_of(desk, seen, job) if job else None,
        here_of_job=f"/data/quarantine?job={job}", **said(desk, seen),
    )  # fmt: skip


def _seq(said: str) -> int | None:
    return int(said) if said.isdecimal() and len(said) < 10 else None


def file_of(bad: Bad) -> str:
    """The file's name without its folders."""
    return bad.file.rsplit("/", 1)[-1]


def preview(bad: Bad) -> str:
    """The beginning of the row, for a list."""
    cells = bad.cells.values() if isinstance(bad.cells, Mapping) else bad.cells
    return " · ".join(cell for cell in cells if cell)[:160]


@router.get("/data/quarantine/row")
def one(request: Request, desk: Desk, seen: Seen, id: str) -> Response:  # noqa: A002  # the address's own word
    """One bad row as a form."""
    bad = badrows.one(desk.home, id, reach=seen.reach)
    cells = data_cells.written(bad, badrows.zone_of(desk.home, bad, reach=seen.reach))
    return _form(request, desk, seen, bad, cells)


def _form(
    request: Request,
    desk: Console,
    seen: Viewer,
    bad: Bad,
    cells: Mapping[str, str],
    *,
    refused: str = "",
    wrong: Sequence[str] = (),
) -> Response:
    """The row as a form; `refused`: why it was not taken, `wrong`: the cells that are the reason."""
    shown = cells if isinstance(bad.cells, Mapping) else bad.cells
    return page(
        request, seen, "data/row.html", status=409 if refused else 200, bad=bad, cells=shown, file=file_of(bad),
        refused=refused, wrong=wrong, label=partial(data_cells.label, seen.lang, bad), **said(desk, seen),
    )  # fmt: skip


@router.post("/data/quarantine/rows", dependencies=MAY)
async def mend(request: Request, desk: Desk, seen: Seen) -> Response:
    """Import one row again, mended."""
    form = await request.form()
    bad = await run_in_threadpool(badrows.one, desk.home, str(form.get("id", "")), reach=seen.reach)
    names = list(bad.cells) if isinstance(bad.cells, Mapping) else []
    given = {name: str(form.get(f"cell{at}", "")) for at, name in enumerate(names)}
    zone = await run_in_threadpool(badrows.zone_of, desk.home, bad, reach=seen.reach)
    cells, wrong = data_cells.read_back(bad, given, zone)
    if wrong:
        why = t("data.not_money", seen.lang, columns="、".join(data_cells.label(seen.lang, bad, name) for name in wrong))
        return _form(request, desk, seen, bad, given, refused=why, wrong=wrong)
    try:
        reports = await run_in_threadpool(quarantine.retry, desk.home, desk.clock(), mended={bad.id: cells}, reach=seen.reach)
    except ImportRefused as error:
        return _form(request, desk, seen, bad, given, refused=reason(seen.lang, uploads.plain(desk.home, str(error))))
    told = _told(request, desk, seen, reports)
    again = await run_in_threadpool(_still_bad, desk, seen, reports)
    return seen_other(request, f"/data/quarantine/row?{urlencode({'id': again.id})}", "data.still_bad") if again else told


def _still_bad(desk: Console, seen: Viewer, reports: Sequence[Report]) -> Bad | None:
    """The row as it is bad again, which is another import's now."""
    made = [report.seq for report in reports if report.seq and any(tally.quarantined for tally in report.counts.values())]
    found = (badrows.look(desk.home, seq=seq, reach=seen.reach, most=1).rows for seq in made)
    return next((row for rows in found for row in rows if row.kept), None)


def _told(request: Request, desk: Console, seen: Viewer, reports: list[Report]) -> Response:
    """Back to the list, with what became of the rows."""
    for report in reports:
        if report.seq:
            act: trail.Act = "retry"
            trail.record(desk.home, seen.account.id, act, f"import {report.seq}", desk.clock(), address=address_of(request))
    bad = sum(tally.quarantined for report in reports for tally in report.counts.values())
    rows = sum(tally.read for report in reports for tally in report.counts.values())
    stay = sum(count for report in reports for _, count, _ in report.stay)
    words = "data.retried_bad" if bad + stay else "data.retried"
    return seen_other(request, "/data/quarantine", words, good=rows - bad, bad=bad + stay)


@router.post("/data/quarantine/retrials", dependencies=MAY)
def retry(
    request: Request, desk: Desk, seen: Seen, seq: Annotated[str, Form()] = "", table: Annotated[str, Form()] = ""
) -> Response:
    """Import again, as they are, all rows that can come: what was wrong around them has been mended."""
    detail = {"seq": _seq(seq), "table": table if table in TABLES else ""}
    number = desk.jobs.queue("retry", seen.account.id, detail)
    return seen_other(request, f"/data/quarantine?job={number}", "data.retry_queued")


@router.post("/data/quarantine/sheets", dependencies=MAY)
async def hand_in(request: Request, desk: Desk, seen: Seen) -> Response:
    """Import the rows of mended sheets again."""
    form = await request.form(max_files=uploads.MOST_FILES)
    given = [one for one in form.getlist("files") if isinstance(one, UploadFile) and one.filename]
    if not given:
        raise ImportRefused("no file was handed in; choose the mended sheet first")
    with tempfile.TemporaryDirectory() as folder:
        paths = [_kept(Path(folder) / str(at), one) for at, one in enumerate(given)]
        try:
            reports = await run_in_threadpool(quarantine.retry, desk.home, desk.clock(), paths=paths, reach=seen.reach)
        except ImportRefused as error:
            raise ImportRefused(uploads.plain(desk.home, _without(str(error), folder))) from error
        except NotFound as error:
            raise ImportRefused("the sheet holds no row; hand in one that was downloaded here, with its first line") from error
    return _told(request, desk, seen, reports)


def _without(said: str, folder: str) -> str:
    """A sentence about a sheet without where it was kept meanwhile."""
    return re.sub(rf"{re.escape(folder)}/(?:\d+/)?", "", said)


def _kept(folder: Path, one: UploadFile) -> Path:
    folder.mkdir()
    path = folder / f"sheet{Path(one.filename or '').suffix[-10:]}"
    with path.open("wb") as file:
        while piece := one.file.read(1 << 20):
            file.write(piece)
    return path


@router.get("/data/quarantine/sheets.{form}")
def download(
    request: Request, desk: Desk, seen: Seen, form: Literal["csv", "xlsx"], seq: str = "", table: str = ""
) -> Response:
    """Bad rows as sheets to mend: one file, or several in a ZIP."""
    with tempfile.TemporaryDirectory() as folder:
        written = quarantine.export(
            desk.home, Path(folder), form=form, seq=_seq(seq), table=table if table in TABLES else "", reach=seen.reach,
            reason=partial(reason, seen.lang),
        )  # fmt: skip
        name, data = _packed([path for path, _ in written])
    kind = name.rpartition(".")[2]
    trail.record(
        desk.home, seen.account.id, "download", "quarantine", desk.clock(), address=address_of(request),
        detail={"rows": sum(rows for _, rows in written)},
    )  # fmt: skip
    return Response(data, media_type=_TYPES[kind], headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _packed(paths: list[Path]) -> tuple[str, bytes]:
    if len(paths) == 1:
        return paths[0].name, paths[0].read_bytes()
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in paths:
            packed.write(path, path.name)
    return "quarantine.zip", held.getvalue()

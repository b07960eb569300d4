"""`/figure-reports`: figures that somebody calls wrong, with everything as it was."""

import datetime as dt
from fractions import Fraction
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from tianping.errors import NotFound
from tianping.metrics.proof import Scope
from tianping.store.reports import Report
from tianping.web.access import Seen, Viewer, address_of, needs
from tianping.web.addresses import address, figure_url
from tianping.web.console import MOST_ID, Desk, Id
from tianping.web.downloads import csv_response
from tianping.web.frame import page, seen_other
from tianping.web.rowwords import Show, heads, shows
from tianping.work.figures import reports
from tianping.work.figures.explain import Named
from tianping.work.people.trail import Doer, record

router = APIRouter()
FEW = 50


@router.post("/figure-reports", dependencies=[needs("report")])
def send(
    request: Request, desk: Desk, seen: Seen, platform: Annotated[str, Form()], metric: Annotated[str, Form()],
    by: Annotated[str, Form()], subject: Annotated[str, Form()], days: Annotated[int, Form(ge=1, le=3660)],
    date: Annotated[dt.date, Form()], variant: Annotated[str, Form()] = "", version: Annotated[str, Form()] = "",
    words: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Keep a report; without words back to the figure."""
    named, scope = Named(metric, variant, version), Scope(platform, by, subject, date, days)
    figure = {"platform": platform, "metric": metric, "variant": variant, "by": by, "subject": subject, "days": days}
    if not 0 < len(words.strip()) <= reports.MOST_WORDS:
        return seen_other(request, figure_url({**figure, "date": date}), "figures.report_empty")
    doer = Doer(seen.account.id, desk.clock(), address_of(request))
    made = reports.report(desk.home, desk.packs, named, scope, words, reach=seen.reach, doer=doer)
    return seen_other(request, address("/figure-reports", made), "figures.reported", id=made)


@router.get("/figure-reports")
def listed(request: Request, desk: Desk, seen: Seen, before: Annotated[int | None, Query(ge=0, le=MOST_ID)] = None) -> Response:
    """All of them for those who look into them, one's own for others."""
    found, after = reports.listed(desk.home, _whose(seen), seen.reach, before=before)
    return page(request, seen, "figures/reports.html", found=found, after=after, label=_label(desk, seen), by=_by(desk, found))


def _whose(seen: Viewer) -> int | None:
    return None if seen.may("read_reports") else seen.account.id


def _label(desk: Desk, seen: Viewer) -> object:
    """The metric of a report in words, as they were."""
    return lambda report: report.definition["label"][seen.lang]


def _by(desk: Desk, found: list[Report]) -> dict[int, str]:
    """Who sent each."""
    return reports.senders(desk.home, {each.account_id for each in found})


@router.get("/figure-reports/{report_id}")
def one(request: Request, desk: Desk, seen: Seen, report_id: Id) -> Response:
    found = reports.one(desk.home, report_id, _whose(seen), seen.reach)
    rows = list(islice(reports.rows_of(desk.home, found, seen.reach), FEW))
    columns = reports.columns_of(desk.home, found) if rows else []
    named = Named.parse(found.definition["named"])
    now = figure_url({**found.figure, "metric": named.metric, "variant": named.variant})
    return page(
        request, seen, "figures/report.html",
        report=found, value=_value(found), rows=rows, columns=columns, label=_label(desk, seen), by=_by(desk, [found]), now=now,
        closes=seen.may("report") and seen.may("read_reports"), head=heads(seen.lang), show=_as_kept(found, desk, seen),
    )  # fmt: skip


def _value(found: Report) -> Fraction | None:
    """The figure's exact value as it was; None where there was nothing to divide by, or no figure."""
    top, bottom = found.figure.get("numerator"), found.figure.get("denominator")
    return Fraction(int(top), int(bottom)) if top is not None and bottom else None


def _as_kept(found: Report, desk: Desk, seen: Viewer) -> Show:
    """Cells by the rules' present words, where the pack is still there; what is kept is text."""
    pack = desk.packs.get(reports.scope_of(found).platform)
    return shows(seen.lang, pack) if pack else lambda _name, value: "–" if value is None else str(value)


@router.get("/figure-reports/{report_id}/rows.csv")
def rows_csv(request: Request, desk: Desk, seen: Seen, report_id: Id) -> Response:
    found = reports.one(desk.home, report_id, _whose(seen), seen.reach)
    columns = reports.columns_of(desk.home, found)
    if not columns:
        raise NotFound(f"no rows are kept of report {report_id}")
    thing = f"figure_report {report_id}"
    record(desk.home, seen.account.id, "download", thing, desk.clock(), address=address_of(request))
    cells = ([row[name] for name in columns] for row in reports.rows_of(desk.home, found, seen.reach))
    return csv_response(f"figure-report-{report_id}", columns, cells)


@router.post("/figure-reports/{report_id}/closing", dependencies=[needs("report"), needs("read_reports")])
def closing(request: Request, desk: Desk, seen: Seen, report_id: Id) -> Response:
    found = reports.one(desk.home, report_id, None, seen.reach)
    reports.close_report(desk.home, found, doer=Doer(seen.account.id, desk.clock(), address_of(request)))
    return seen_other(request, address("/figure-reports", report_id), "figures.report_closed", id=report_id)

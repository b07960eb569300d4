"""A figure's page: what it says, how it is defined, which rows it counts, and where its other definitions part from it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from tianping.errors import TianpingError
from tianping.metrics.compile import Definition
from tianping.metrics.proof import Scope
from tianping.policy.model import Unit
from tianping.policy.saying import amount, say
from tianping.store.closes import Close
from tianping.web.access import Seen, Viewer
from tianping.web.addresses import address, category_url
from tianping.web.charts import Chart, Mark, Series
from tianping.web.console import Console, Desk
from tianping.web.downloads import MOST_ROWS, csv_response, xlsx_response
from tianping.web.frame import fragment, page
from tianping.web.pages import reports
from tianping.web.rowwords import heads, part_word, readable, shows, table_word
from tianping.web.wording import t
from tianping.work.figures.boards import look
from tianping.work.figures.catalogue import catalogue
from tianping.work.figures.differ import NotComparable, difference
from tianping.work.figures.dossier import Dossier, dossier
from tianping.work.figures.explain import Disagrees, Named, NoRows, Only, PackChanged, totals
from tianping.work.figures.proofs import Kept, proved
from tianping.work.figures.subjects import ABOVE_SHOPS, may_read_rows, no_subject, require, require_rows, shop_of, shops_of
from tianping.work.people.trail import record

router = APIRouter()
router.include_router(reports.router)
By = Literal[
    "platform", "category_l1", "category_l2", "category_l3", "shop", "shop_category_l1", "shop_category_l2", "shop_category_l3",
    "product", "agent",
]  # fmt: skip
Role = Literal["", "numerator", "denominator", "not_counted", "left_out"]
FEW, MANY = 5, 50
"""Rows on the figure's own page, and on a page of rows."""
PARTED = 100
"""Rows of a difference shown."""
FAILED: tuple[tuple[type[TianpingError], str, int], ...] = (
    (PackChanged, "figures.proof_pack", 409),
    (Disagrees, "figures.proof_disagrees", 409),
    (NoRows, "figures.proof_nothing", 404),
    (NotComparable, "figures.difference_other", 404),
)
"""What kept rows from being shown: the key of its words, and the answer's status."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which figure, of which close; within the viewer's reach."""

    done: Close
    named: Named
    scope: Scope

    @property
    def query(self) -> dict[str, object]:
        """What stands after the `?` of its address."""
        scope, named = self.scope, self.named
        subject = "" if scope.by == "platform" else scope.subject
        whose = {"by": scope.by, "subject": subject, "days": scope.days, "date": scope.date}
        return {"variant": named.variant, "version": named.version, **whose}

    def url(self, *more: str, named: Named | None = None, **query: object) -> str:
        """This figure's page, or one below it; or that of another definition."""
        whose = self if named is None else replace(self, named=named)
        return address("/figures", self.scope.platform, whose.named.metric, *more, **{**whose.query, **query})

    def over(self, days: int) -> str:
        """The same over other days."""
        return self.url(days=days)


def asked(
    desk: Desk, seen: Seen, platform: str, metric: str, variant: str = "", by: By = "shop", subject: str = "",
    days: Annotated[int, Query(ge=1, le=3660)] = 30, date: dt.date | None = None, version: str = "",
) -> Asked:  # fmt: skip
    """Raises NotFound for a subject that is not there, or not within reach."""
    done = desk.close_of(date, seen.reach)
    scope = Scope(platform, by, subject or (platform if by == "platform" else ""), done.date, days)
    if not scope.subject.isprintable() or (by == "platform" and scope.subject != platform):
        raise no_subject(scope)
    require(desk.home, done.seq, scope, seen.reach)
    return Asked(done, Named(metric, variant, version), scope)


Wanted = Annotated[Asked, Depends(asked)]


@router.get("/figures/{platform}/{metric}")
def figure(request: Request, desk: Desk, seen: Seen, wanted: Wanted) -> Response:
    told = dossier(look(desk.home, desk.packs, wanted.done, seen.reach), wanted.named, wanted.scope)
    return page(
        request, seen, "figures/figure.html",
        told=told, wanted=wanted, whose=whose(desk, wanted.done.seq, wanted.scope, seen.lang), chart=_chart(told, seen.lang),
        market=desk.home.scope == "market", rows_seen=may_read_rows(wanted.scope, seen.reach), table=table_word(seen.lang),
        days_links={days: wanted.over(days) for days in told.days}, keep=wanted.query, comparable=_comparable(told, seen.lang),
    )  # fmt: skip


def _comparable(told: Dossier, lang: str) -> list[tuple[str, str]]:
    """Other metrics that this one can be held against: name and words."""
    return [(str(each), say(told.pack.metrics[each.metric, each.variant].label, lang)) for each in told.comparable]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of rows: those wanted, from `skip` on, of `size`."""

    proof: Kept
    only: Only
    skip: int
    size: int
    rows: Sequence[Mapping[str, object]]

    @property
    def total(self) -> tuple[int, int]:
        return totals(self.proof.definition, self.proof.parts)

    @property
    def value(self) -> Fraction | None:
        numerator, denominator = self.total
        return Fraction(numerator, denominator) if denominator else None

    @property
    def columns(self) -> Sequence[str]:
        """Without what every row has alike; of two sides, without what no row here has. The side stands beside the part."""
        two, shop = len(self.proof.sql) > 1, shop_of(self.proof.scope) is not None
        left_out = {"side", *(["shop_id"] if shop else [])}
        left_out |= {name for name in self.proof.columns if two and all(row[name] is None for row in self.rows)}
        listed = [name for name in self.proof.columns if name not in left_out]
        at = listed.index("role") if two and "role" in listed else 0
        return [*listed[:at], *(["side"] if two else []), *listed[at:]]


@router.get("/figures/{platform}/{metric}/rows")
def rows(
    request: Request, desk: Desk, seen: Seen, wanted: Wanted, side: str = "", role: Role = "", rule: str = "",
    skip: Annotated[int, Query(ge=0)] = 0,
) -> Response:  # fmt: skip
    """A whole page; for htmx the piece of the figure's own page."""
    require_rows(desk.home, wanted.done.seq, wanted.scope, seen.reach)
    piece = "hx-request" in request.headers
    try:
        proof = proved(desk.home, desk.packs, wanted.named, wanted.scope)
    except TianpingError as error:
        return _failed(request, seen, wanted, error, piece=piece)
    only = Only(side or None, role or None, rule or None, _others_out(wanted.scope, seen))
    sheet = Sheet(proof, only, skip, proof.size(only), list(proof.rows(only, skip=skip, limit=FEW if piece else MANY)))
    told: dict[str, Any] = {
        "sheet": sheet, "wanted": wanted, "whose": whose(desk, wanted.done.seq, wanted.scope, seen.lang), "many": MANY,
        "most": MOST_ROWS,
        "show": shows(seen.lang, proof.pack, _added(proof.definition)), "head": heads(seen.lang),
        "sql": readable(proof.sql), "part_word": part_word,
    }  # fmt: skip
    if piece:
        return fragment(request, seen, "figures/_rows.html", **told)
    return page(request, seen, "figures/rows.html", **told)


def _added(definition: Definition) -> Unit:
    """What a row adds: of two sides, one of them counts rows."""
    return definition.metric.unit if len(definition.sides) == 1 else "count"


def _others_out(scope: Scope, seen: Viewer) -> frozenset[str] | None:
    """Rows of other shops may name a product of this one; they are not shown to those who do not see those shops."""
    return None if shop_of(scope) is not None else seen.reach.shops


def _failed(request: Request, seen: Viewer, wanted: Asked, error: TianpingError, *, piece: bool) -> Response:
    """What kept the rows from being shown, and what now. Raises what a page of its own is not made for."""
    key, status = next(((key, status) for kind, key, status in FAILED if isinstance(error, kind)), ("", 0))
    if not key:
        raise error
    told: dict[str, Any] = {"key": key, "detail": str(error) if status == 409 else "", "wanted": wanted}
    if piece:
        return fragment(request, seen, "figures/_failed.html", **told)
    return page(request, seen, "figures/failed.html", status=status, **told)


@router.get("/figures/{platform}/{metric}/rows.csv")
def rows_csv(request: Request, desk: Desk, seen: Seen, wanted: Wanted) -> Response:
    proof, name = _download(desk, seen, wanted, request)
    return csv_response(name, proof.columns, _cells(proof, _others_out(wanted.scope, seen)))


@router.get("/figures/{platform}/{metric}/rows.xlsx")
def rows_xlsx(request: Request, desk: Desk, seen: Seen, wanted: Wanted) -> Response:
    proof, name = _download(desk, seen, wanted, request)
    return xlsx_response(name, proof.columns, _cells(proof, _others_out(wanted.scope, seen)))


def _download(desk: Console, seen: Viewer, wanted: Asked, request: Request) -> tuple[Kept, str]:
    """The proof, and the file's name without its ending; the trail says who took it."""
    require_rows(desk.home, wanted.done.seq, wanted.scope, seen.reach)
    proof, scope = proved(desk.home, desk.packs, wanted.named, wanted.scope), wanted.scope
    said = f"{scope.platform} {wanted.named} {scope.by} {scope.subject} {scope.days}d {scope.date}"
    address_of = request.client.host if request.client else ""
    record(desk.home, seen.account.id, "download", "figure rows", desk.clock(), address=address_of, detail={"figure": said})
    return proof, said.replace("/", "-").replace(" ", "_")


def _cells(proof: Kept, shops: frozenset[str] | None) -> Any:
    return ([row.get(name) for name in proof.columns] for row in proof.rows(Only(shops=shops)))


@router.get("/figures/{platform}/{metric}/difference")
def parted(
    request: Request, desk: Desk, seen: Seen, wanted: Wanted, other: Annotated[str, Query(alias="with", max_length=200)]
) -> Response:
    require_rows(desk.home, wanted.done.seq, wanted.scope, seen.reach)
    beside = Named.parse(other)
    try:
        found = difference(desk.home, desk.packs, wanted.named, beside, wanted.scope)
    except TianpingError as error:
        return _failed(request, seen, wanted, error, piece=False)
    shops = _others_out(wanted.scope, seen)
    some = list(islice((row for row in found.rows() if shops is None or row["shop_id"] in shops), PARTED))
    return page(
        request, seen, "figures/difference.html",
        found=found, wanted=wanted, beside=beside, rows=some, columns=[name for name in found.columns if name != "shop_id"],
        whose=whose(desk, wanted.done.seq, wanted.scope, seen.lang),
        names=[_name_of(each.definition, seen.lang) for each in (found.a, found.b)],
        totals=[_total(totals(each.definition, each.parts), each.definition, seen.lang) for each in (found.a, found.b)],
        show=shows(seen.lang, found.a.pack, _added(found.a.definition)), head=heads(seen.lang),
        sql=readable((("both", found.sql),)),
    )  # fmt: skip


def _total(total: tuple[int, int], definition: Definition, lang: str) -> tuple[str, str]:
    numerator, denominator = total
    value = Fraction(numerator, denominator) if denominator else None
    return amount(value, definition.metric.unit, lang), f"{numerator}/{denominator}"


def _name_of(definition: Definition, lang: str) -> str:
    """The metric, with its version where it has several."""
    label = say(definition.metric.label, lang)
    several = len(definition.metric.versions) > 1
    return f"{label}（{t('figures.version_of', lang, version=definition.version.name)}）" if several else label


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose figure: how it is called, of what kind it is, and its own page."""

    by: str
    name: str
    href: str


def whose(desk: Console, seq: int, scope: Scope, lang: str) -> Whose:
    """The subject in words. Its reach is checked already."""
    known = catalogue(desk.home, seq)
    if scope.by == "platform":
        pack = desk.packs.get(scope.platform)
        return Whose(scope.by, say(pack.label, lang) if pack else scope.platform, "")
    if scope.by == "product":
        product = known.product(scope.subject)
        called = product.title if product and product.title else scope.subject
        return Whose(scope.by, called, address("/products", scope.subject, date=scope.date))
    if scope.by == "agent":
        shops = sorted(shops_of(desk.home, seq, scope))
        return Whose(scope.by, scope.subject, address("/shops", shops[0], date=scope.date) if shops else "")
    if scope.by in ABOVE_SHOPS:
        return Whose(scope.by, scope.subject, category_url(scope.platform, scope.subject, date=scope.date))
    shop_id = str(shop_of(scope))
    shop = known.shops.get(shop_id)
    called = shop.name or shop.id if shop else shop_id
    path = scope.subject.removeprefix(shop_id).removeprefix("/")
    below = {"shop": shop_id, "date": scope.date}
    href = category_url(scope.platform, path, **below) if path else address("/shops", shop_id, date=scope.date)
    return Whose(scope.by, f"{called} · {path}" if path else called, href)


def _chart(told: Dossier, lang: str) -> Chart | None:
    """How the figure went, with its benchmark, and the days on which another definition came into force; None for fewer
    than two values."""
    if sum(point.value is not None for point in told.line) < 2:
        return None
    days = [point.date for point in told.line]
    beside = {point.date: point.value for point in told.benchmark}
    series = [Series(say(told.metric.label, lang), [point.value for point in told.line])]
    if any(value is not None for value in beside.values()) and not told.metric.is_count:
        series.append(Series(t("figures.benchmark", lang), [beside.get(day) for day in days], "benchmark"))
    versions = [point.version for point in told.line]
    marks = [
        Mark(day, t("figures.new_version", lang, version=now))
        for day, before, now in zip(days[1:], versions, versions[1:], strict=False)
        if before != now
    ]
    title = f"{say(told.metric.label, lang)} · {t('parts.n_days', lang, n=told.scope.days)}"
    return Chart(title, told.metric.unit, days, series, marks)

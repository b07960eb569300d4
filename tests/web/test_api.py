"""The read API: what it gives, to whom, and how it refuses."""

import datetime as dt
import json

import pytest
from starlette.testclient import TestClient

from tianping.errors import NotFound
from tianping.metrics.proof import Scope
from tianping.work.closing import closed
from tianping.work.figures.catalogue import catalogue
from tianping.work.figures.subjects import require
from tianping.work.people import accounts
from web.conftest import DATE, Site

API = "/api/v1"
Asked = dict[str, str | int]


def pages(client: TestClient, path: str, **asked: str | int) -> list[dict[str, object]]:
    """All items, page by page."""
    items: list[dict[str, object]] = []
    after: str | int | None = ""
    while after is not None:
        told = client.get(API + path, params={**asked, **({"after": after} if after else {})})
        assert told.status_code == 200, told.text
        items += told.json()["items"]
        after = told.json()["next"]
    return items


def test_figures_are_those_of_the_close(site: Site) -> None:
    """Page by page, as a stream, and as the close has them."""
    client, home = site.as_("operator"), site.console.home
    done = closed.find(home, DATE)
    rows = [
        (row["subject"], row["days"], row["numerator"], row["denominator"])
        for row in closed.read(home, done, closed.Filter(metric="quality_refund_rate", by="product"))
    ]
    assert len(rows) > 50
    asked: Asked = {"metric": "quality_refund_rate", "by": "product"}
    paged = pages(client, "/metrics", **asked, limit=7)
    streamed = [json.loads(line) for line in client.get(f"{API}/metrics/stream", params=asked).text.splitlines()]
    assert paged == streamed
    assert [(each["subject"], each["days"], each["numerator"], each["denominator"]) for each in paged] == rows


def test_filters_are_those_of_the_command_line(site: Site) -> None:
    asked: Asked = {
        "platform": "kuaishou",
        "metric": "refund_only_time",
        "variant": "",
        "by": "shop",
        "days": 30,
        "date": str(DATE),
    }
    found = pages(site.as_("operator"), "/metrics", **asked)
    assert found
    assert {(each["platform"], each["variant"], each["by"], each["days"]) for each in found} == {("kuaishou", "", "shop", 30)}


@pytest.mark.parametrize("role", ["merchant", "agency"])
def test_figures_within_reach_are_just_those_that_one_may_ask_for(site: Site, role: str) -> None:
    """The list and the single figure agree on every figure of the close, of every kind of subject."""
    home = site.console.home
    done = closed.find(home, DATE)
    member = next(each for each in accounts.every(home) if each.account.role == role)
    reach = accounts.Reach(frozenset(member.shops))
    told = {(each["platform"], each["by"], each["subject"]) for each in pages(site.as_(role), "/metrics", limit=10_000)}
    every = {(str(row["platform"]), str(row["by"]), str(row["subject"])) for row in closed.read(home, done)}
    allowed = set()
    for platform, by, subject in every:
        try:
            require(home, done.seq, Scope(platform, by, subject, DATE, 30), reach)
        except NotFound:
            continue
        allowed.add((platform, by, subject))
    assert told == allowed
    assert {by for _, by, _ in told} >= {"platform", "shop", "shop_category_l1", "product"}
    assert told < every


def test_shops(site: Site) -> None:
    home = site.console.home
    known = sorted(catalogue(home, closed.find(home, DATE).seq).shops)
    assert [each["id"] for each in pages(site.as_("operator"), "/shops", limit=3)] == known
    member = next(each for each in accounts.every(home) if each.account.role == "merchant")
    assert [each["id"] for each in pages(site.as_("merchant"), "/shops")] == list(member.shops)


def test_rows_behind_a_figure(site: Site) -> None:
    """As many as are counted; nobody else's."""
    [shop, _] = next(each.shops for each in accounts.every(site.console.home) if each.account.role == "merchant")
    asked: Asked = {"by": "shop", "subject": shop, "days": 30, "limit": 10}
    path = f"{API}/figures/kuaishou/negative_review_rate/rows"
    told = site.as_("merchant").get(path, params=asked)
    assert told.status_code == 200, told.text
    said = told.json()
    kept = sum(part["rows"] for part in said["parts"] if part["role"] != "left_out")
    assert kept == said["figure"]["denominator"]
    items = list(said["items"])
    while said["next"]:
        said = site.as_("merchant").get(path, params={**asked, "after": said["next"]}).json()
        items += said["items"]
    assert len(items) == sum(part["rows"] for part in said["parts"])
    others = [
        each.id for each in catalogue(site.console.home, 1).shops.values() if each.id != shop and each.platform == "kuaishou"
    ]
    member = next(each for each in accounts.every(site.console.home) if each.account.role == "merchant")
    for other in [each for each in others if each not in member.shops]:
        assert site.as_("merchant").get(path, params={**asked, "subject": other}).status_code == 404
    assert site.as_("merchant").get(path, params={**asked, "by": "platform", "subject": "kuaishou"}).status_code == 404


def test_definitions_and_closes(site: Site) -> None:
    client = site.as_("auditor")
    [each] = client.get(f"{API}/definitions", params={"platform": "kuaishou", "metric": "quality_refund_rate"}).json()
    assert [version["since"] for version in each["versions"]] == ["2010-01-01", "2023-01-01"]
    assert each["versions"][1]["source"][0].startswith("S1")
    dates = [each["date"] for each in client.get(f"{API}/closes").json()]
    assert dates == [str(DATE - dt.timedelta(days=back)) for back in range(3)]


def test_imports(site: Site) -> None:
    """Who is limited to shops does not see the imports of others."""
    client = site.as_("operator")
    [version] = client.get(f"{API}/imports").json()["items"]
    assert version["counts"]["orders"]["read"] > 3000
    assert client.get(f"{API}/imports/{version['seq']}").json() == version
    assert client.get(f"{API}/imports/99").status_code == 404
    assert site.as_("merchant").get(f"{API}/imports").json()["items"] == []
    assert site.as_("merchant").get(f"{API}/imports/{version['seq']}").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/metrics?metric=nothing", 404),
        ("/metrics?date=1999-01-01", 404),
        ("/metrics?date=never", 400),
        ("/metrics?limit=0", 400),
        ("/metrics?limit=10001", 400),
        ("/metrics?after=x", 404),
        ("/metrics?after=1.abc.5", 404),
        ("/nowhere", 404),
        ("/metrics?by=planet", 400),
        ("/imports?before=99999999999999", 400),
        ("/figures/kuaishou/quality_refund_rate/rows", 400),
        (f"/imports/{2**70}", 404),
    ],
)
def test_refusals_are_problems(site: Site, path: str, status: int) -> None:
    told = site.as_("operator").get(API + path)
    assert (told.status_code, told.headers["content-type"]) == (status, "application/problem+json")
    assert told.json()["status"] == status
    assert set(told.json()) == {"type", "title", "status", "detail"}
    assert len(told.json()["detail"]) > 10


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer tp_wrong"}, {"Authorization": "Basic YTpi"}, {"Authorization": ""}]
)
def test_nobody_is_told_nothing(site: Site, header: dict[str, str]) -> None:
    paths = ("/metrics", "/metrics/stream", "/shops", "/imports", "/imports/1", "/closes", "/definitions")
    for path in paths:
        told = site.client().get(API + path, headers=header, follow_redirects=False)
        assert told.status_code == 401, path
        assert told.headers["www-authenticate"] == "Bearer"


def test_a_wrong_token_is_not_helped_by_a_session(site: Site) -> None:
    assert site.as_("operator").get(f"{API}/shops", headers={"Authorization": "Bearer tp_wrong"}).status_code == 401


DESK = ("/cases", "/orders", "/webhooks", "/rules", "/switches")
"""Where programs change something."""


def test_it_describes_itself(site: Site) -> None:
    """Every answer but the streams has a model; nothing can be changed but at the desk, there only under a key (a trial changes
    nothing)."""
    told = site.client().get(f"{API}/openapi.json").json()
    assert told["servers"] == [{"url": API}]
    for path, methods in told["paths"].items():
        assert set(methods) <= ({"get", "post", "delete"} if path.startswith(DESK) else {"get"})
        for method, said in methods.items():
            [(_, done), *_] = sorted((status, each) for status, each in said["responses"].items() if status < "300")
            schema = done.get("content", {}).get("application/json", {}).get("schema", {})
            assert (
                path == "/metrics/stream"
                or path.endswith("{evidence_id}")
                or method == "delete"
                or "$ref" in json.dumps(schema)
            )
            assert "application/problem+json" in said["responses"]["401"]["content"]
            keys = [each for each in said.get("parameters", ()) if each["name"] == "Idempotency-Key" and each["required"]]
            assert bool(keys) == (method == "post" and path != "/rules/trial"), path


def test_the_stream_leaves_a_trace(own_site: Site) -> None:
    own_site.as_("operator").get(f"{API}/metrics/stream?metric=negative_review_rate")
    assert f"close {DATE}" in own_site.as_("auditor").get("/audit?act=download").text

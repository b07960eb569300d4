"""Every route, as every role, with one's own ids and another shop's: nothing leaks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import CodeType

import pytest
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.testclient import TestClient

from tianping.store.docket import Wanted
from tianping.web.access import SAFE, needs
from tianping.web.addresses import address
from tianping.work.docket import hearing
from tianping.work.home import facts
from tianping.work.people.accounts import ROLES
from tianping.work.people.reach import Reach
from web.conftest import DATE, Site

OPEN = {"/login", "/logout", "/password", "/language/{lang}", "/theme/{theme}", "/"}
"""Routes before, or beside, any right."""
_ORDERS = "join facts.orders using (order_id)"
NAMED = (
    ("shop_id", "facts.shops"), ("product_id", "facts.products"), ("order_id", "facts.orders"), ("agent_id", "facts.agents"),
    ("case_id", f"facts.cases {_ORDERS}"), ("review_id", f"facts.reviews {_ORDERS}"), ("parcel_id", f"facts.parcels {_ORDERS}"),
)  # fmt: skip
"""Columns whose values belong to one shop."""
_WORD = re.compile(r"[\w.-]+")


@dataclass(frozen=True)
class Told:
    """What names one shop and no other: ids of its rows, its name, its products' titles."""

    ids: Mapping[str, str]
    words: frozenset[str]


@pytest.fixture(scope="module")
def mine(site: Site) -> frozenset[str]:
    """The merchant's shops."""
    [row] = site.console.home.database.connect().exec_driver_sql(
        "select group_concat(shop_id) from account_shop join account on account.id = account_id where name = 'merchant'"
    )
    return frozenset(str(row[0]).split(","))


@pytest.fixture(scope="module")
def others(site: Site, mine: frozenset[str]) -> Told:
    """What only the other shops' rows say."""
    return _told(site, "not in", mine)


@pytest.fixture(scope="module")
def own(site: Site, mine: frozenset[str]) -> Told:
    return _told(site, "in", mine)


@cache
def _ids(which: str, shops: str) -> Mapping[str, str]:
    shop, product, order = "shop_id", "product_id", "order_id"
    return {
        "shop_id": f"select min({shop}) from facts.shops where shop_id {which} ({shops})",
        "product_id": f"select min_by(product_id, order_id) from facts.orders where shop_id {which} ({shops})",
        "order_id": f"select min({order}) from facts.orders where shop_id {which} ({shops})",
        "agent_id": f"select min(agent_id) from facts.agents where shop_id {which} ({shops})",
        "platform": f"select min_by(platform, {shop}) from facts.shops where shop_id {which} ({shops})",
        "path": f"select min_by(category_l1, {product}) from facts.products where shop_id {which} ({shops})",
    }


def _told(site: Site, which: str, mine: frozenset[str]) -> Told:
    shops = ", ".join(f"'{shop}'" for shop in sorted(mine))
    con, _ = facts(site.console.home)
    with con:
        one = {name: str((con.execute(sql).fetchone() or ("",))[0]) for name, sql in _ids(which, shops).items()}
        said: set[str] = set()
        for column, table in NAMED:
            said |= {
                str(row[0]) for row in con.execute(f"select {column} from {table} where shop_id {which} ({shops})").fetchall()
            }
    one["measure_id"] = one["violation_id"] = _measure(site, which, mine)
    return Told(one, frozenset(said))


def _measure(site: Site, which: str, mine: frozenset[str]) -> str:
    """A measure of one of the merchant's shops, or of another's."""
    reach = Reach(mine if which == "in" else None)
    found = hearing.listing(site.console.home, Wanted(), reach, limit=100).listed
    return str(next(each.row.id for each in found if (each.row.shop_id in mine) == (which == "in")))


def routes(site: Site) -> Iterator[RouteContext]:
    """Every route of the pages, with what it has from the routers it stands in."""
    yield from (each for each in iter_route_contexts(site.app.routes) if isinstance(each.original_route, APIRoute))


def paths(route: RouteContext, ids: Mapping[str, str]) -> str:
    """The route's address with its parameters filled in."""
    fallback = {"metric": "quality_refund_rate", "seq": "1", "id": "1", "name": "kuaishou_orders"}
    filled = {name: ids.get(name) or fallback.get(name, "1") for name in route.param_convertors}
    path = str(route.path_format)
    for name, value in filled.items():
        path = path.replace("{" + name + "}", value)
    return path


def queries(ids: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """What an address may ask besides."""
    yield {}
    yield {"shop": ids["shop_id"], "platform": ids["platform"]}
    for by, subject in (("shop", ids["shop_id"]), ("product", ids["product_id"]), ("agent", ids["agent_id"]), ("platform", "")):
        yield {"by": by, "subject": subject, "days": "30", "date": str(DATE)}
    yield {"by": "shop_category_l1", "subject": f"{ids['shop_id']}/{ids['path']}", "days": "30"}
    yield {"q": ids["order_id"], "search": ids["product_id"], "table": "orders"}


def leaked(client: TestClient, path: str, others: Told, asked: Mapping[str, str]) -> set[str]:
    """The words of other shops in an answer, but for those that were asked with."""
    told = client.get(path, follow_redirects=False)
    assert told.status_code < 500, (path, told.text[:500])
    given = set(_WORD.findall(path)) | set(asked.values())
    return (set(_WORD.findall(told.text)) & others.words) - given


def test_every_route_asks_for_a_right(site: Site) -> None:
    """A new page without a right would be everybody's."""
    check = needs("see").dependency.__code__
    bare = [
        route.path for route in routes(site)
        if route.path not in OPEN and check not in _calls(route)
    ]  # fmt: skip
    assert not bare
    assert sum(1 for _ in routes(site)) > 60


def _calls(route: RouteContext) -> Iterator[CodeType]:
    """The code of the functions that a route depends on."""
    yield from (code for each in route.dependant.dependencies if (code := getattr(each.call, "__code__", None)))


def test_nobody_sees_nothing(site: Site, own: Told) -> None:
    """Without a session every page leads to the sign-in page, and says nothing else."""
    client = site.client()
    for route in routes(site):
        if route.path in OPEN:
            continue
        method = "GET" if "GET" in (route.methods or ()) else "POST"
        told = client.request(method, paths(route, own.ids), follow_redirects=False)
        assert (told.status_code, told.headers.get("location", "").partition("?")[0]) in {(303, "/login")}, route.path
        assert not told.content


@pytest.mark.parametrize("role", ["merchant"])
def test_another_shop_is_never_seen(site: Site, role: str, own: Told, others: Told) -> None:
    """Whatever a merchant asks for, by his own ids or by another's: no row, id or product of another shop is told."""
    client, found = site.as_(role), {}
    for route in routes(site):
        if "GET" not in (route.methods or ()) or route.path in OPEN:
            continue
        for ids in (own.ids, others.ids):
            for asked in queries(ids):
                path = address(paths(route, ids), **asked)
                if words := leaked(client, path, others, asked):
                    found[path] = sorted(words)[:5]
    assert not found


def test_the_walk_would_see_it(site: Site, others: Told) -> None:
    """Who may see all shops is told of them: the walk looks at pages that could leak."""
    seen = leaked(site.as_("operator"), "/shops", others, {}) | leaked(site.as_("operator"), "/products", others, {})
    assert others.ids["shop_id"] in seen
    assert len(seen) > len(others.ids)


def test_another_shop_and_none_are_told_alike(site: Site, own: Told, others: Told) -> None:
    """Who guesses ids learns nothing from the answers."""
    client = site.as_("merchant")
    for path, key, nobody in (
        ("/shops/{}", "shop_id", "no-such-thing"), ("/shops/{}/judgement", "shop_id", "no-such-thing"),
        ("/products/{}", "product_id", "no-such-thing"), ("/measures/{}", "measure_id", "987654321"),
        ("/api/v1/violations/{}", "violation_id", "987654321"),
    ):  # fmt: skip
        there, nowhere = client.get(path.format(others.ids[key])), client.get(path.format(nobody))
        assert (there.status_code, nowhere.status_code) == (404, 404)
        assert _plain(there.text, others.ids[key], nobody) == _plain(nowhere.text, others.ids[key], nobody)
        assert client.get(path.format(own.ids[key])).status_code == 200


def _plain(text: str, *asked: str) -> str:
    """Without what was asked for, and what the addresses of the page make of it."""
    return re.sub("|".join(rf"(?<![\w.-]){each}(?![\w.-])|(?<=%2F){each}(?![\w.-])" for each in asked), "", text)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_form_from_elsewhere_changes_nothing(site: Site, role: str, own: Told) -> None:
    """Without the session's token every request that may change something is refused."""
    client = site.as_(role)
    for route in routes(site):
        for method in sorted((route.methods or set()) - set(SAFE)):
            if route.path != "/login":
                told = client.request(method, paths(route, own.ids), data={"shop": own.ids["shop_id"]}, follow_redirects=False)
                assert told.status_code == 403, (method, route.path, told.status_code)

"""An administrator adds somebody limited to one shop, who signs in and sees that shop alone."""

import pytest

from tianping.work.figures.catalogue import Catalogue, catalogue
from web.journeys.conftest import Visit
from web.journeys.visitor import Look, Place, Visitor

NAME, PASSWORD = "xiaowang", "a long enough one"
RATE = "/figures/kuaishou/quality_refund_rate"


@pytest.fixture
def book(own_place: Place) -> Catalogue:
    desk = own_place.site.console
    return catalogue(desk.home, desk.close_of(None).seq)


def test_a_newcomer_sees_one_shop(own_place: Place, visit: Visit, either: Look, book: Catalogue) -> None:
    mine, other = sorted(each.id for each in book.shops.values() if each.platform == "kuaishou")[:2]
    one_time = added(visit(own_place, either, "administrator"), mine)
    newcomer = visit(own_place, either)
    sign_in(newcomer, one_time)
    sees_one(newcomer, book, mine)
    sees_nothing_of(newcomer, book, other)


def added(administrator: Visitor, shop: str) -> str:
    """By the form; the password that is told once."""
    administrator.go("/accounts")
    administrator.check()
    administrator.follow(administrator.link("admin.new"))
    form = administrator.main.locator("form")
    form.get_by_label(administrator.t("frame.name"), exact=True).fill(NAME)
    form.locator("label").filter(has_text=administrator.t("admin.may_merchant")).get_by_role("radio").check()
    form.get_by_label(administrator.t("admin.only_shops")).fill(shop)
    administrator.check()
    administrator.follow(administrator.button("admin.create"))
    administrator.check()
    return administrator.main.locator("dd code").nth(1).inner_text()


def sign_in(newcomer: Visitor, one_time: str) -> None:
    """With the one-time password, which opens nothing but the form to change it, and is over then."""
    newcomer.go("/shops")
    assert newcomer.path.startswith("/login")
    newcomer.check()
    newcomer.page.get_by_label(newcomer.t("frame.name")).fill(NAME)
    newcomer.page.get_by_label(newcomer.t("frame.password")).fill(one_time)
    newcomer.follow(newcomer.button("frame.sign_in"))
    assert newcomer.path == "/password"
    newcomer.go("/shops")
    assert newcomer.path == "/password"
    newcomer.check()
    newcomer.page.get_by_label(newcomer.t("frame.old_password")).fill(one_time)
    newcomer.page.get_by_label(newcomer.t("frame.new_password")).fill(PASSWORD)
    newcomer.page.get_by_label(newcomer.t("frame.new_again")).fill(PASSWORD)
    newcomer.follow(newcomer.button("frame.save"))
    assert newcomer.path == "/morning"
    assert newcomer.page.get_by_role("status").inner_text() == newcomer.t("frame.password_changed")


def sees_one(newcomer: Visitor, book: Catalogue, shop: str) -> None:
    """On every page that lists something: its own shop's name, and nobody else's."""
    for path in ("/morning", "/shops", "/products", "/data", f"/shops/{shop}"):
        newcomer.go(path)
        newcomer.reveal()
        content = newcomer.page.content()
        assert [each.name for each in book.shops.values() if each.name in content or f">{each.id}<" in content] == [
            book.shops[shop].name
        ], path
        newcomer.check()


def sees_nothing_of(newcomer: Visitor, book: Catalogue, shop: str) -> None:
    """Another shop's page, product, rows and files are not there, as if there were none."""
    product = book.of_shop(shop)["product_id"][0].as_py()
    asked = f"by=shop&subject={shop}&days=30"
    for path in (f"/shops/{shop}", f"/products/{product}", f"{RATE}?{asked}", f"{RATE}/rows?{asked}"):
        newcomer.go(path, status=404)
        assert newcomer.t("frame.error_missing") in newcomer.words()
        assert book.shops[shop].name not in newcomer.page.content()
    for path in (f"{RATE}/rows.csv?{asked}", f"{RATE}/rows.xlsx?{asked}"):
        assert newcomer.page.request.get(newcomer.address + path).status == 404
    newcomer.check()

"""A shop on a phone: what Kuaishou's phone view says of the last thirty mature days."""

import datetime as dt

import pytest

from tianping.policy.saying import say
from tianping.work.figures.catalogue import catalogue
from web.conftest import DATE
from web.journeys.conftest import PHONE, Visit
from web.journeys.test_rows import fraction, number
from web.journeys.visitor import Look, Place, Visitor, rules

RATE = "quality_refund_rate"
PER_PRODUCT = ("quality_refund_count", RATE, "review_count", "negative_review_count", "negative_review_rate")
CARDS = """all => all.map(card => Object.fromEntries(
    [...card.querySelectorAll("td")].map(cell => [cell.dataset.label, cell.innerText])))"""


@pytest.mark.spec("KS-B06")
def test_a_shop_on_the_phone(place: Place, visit: Visit, lang: str) -> None:
    """Main category; the thirty days that end with T - 15; reviews, negative ones, quality refunds and rates of each product;
    rates of the categories of all levels; buyers' words; what the metrics mean. Nothing is to be pushed sideways."""
    reader = visit(place, Look(lang, PHONE), "merchant")
    reader.go("/morning")
    reader.press(reader.page.locator(".menu.narrow summary"))
    reader.check()
    reader.follow(reader.page.locator(".menu.narrow").get_by_role("link", name=reader.t("frame.shops"), exact=True))
    reader.follow(reader.main.locator("tbody th a").first)
    reader.reveal()
    reader.check()
    says_main_category(reader, place)
    says_products(reader)
    assert reader.section("boards.words").locator("blockquote").count() > 0
    assert not pushed_sideways(reader)


def says_main_category(reader: Visitor, place: Place) -> None:
    """With its days and the meaning of the rate; and the rates of the categories below it."""
    desk = place.site.console
    shop = catalogue(desk.home, desk.close_of(None).seq).shops["S001"]
    assert reader.t("boards.main_is", name=shop.main_category) in reader.words()
    first, last = (DATE - dt.timedelta(days=back) for back in (44, 15))
    reader.main.get_by_text(reader.t("boards.spans"), exact=True).click()
    name = reader.label(RATE)
    span = reader.main.get_by_role("listitem").filter(has_text=name)
    assert f"{first} {reader.t('parts.to')} {last}" in span.inner_text()
    line = reader.section("boards.main_category").locator("tbody tr").filter(has_text=name).first
    reader.press(line.get_by_text(reader.t("boards.meaning"), exact=True))
    version = rules()["kuaishou"].metrics[RATE, ""].versions[-1]
    assert say(version.words, reader.look.lang) in line.inner_text()
    paths = reader.section("boards.categories").locator("tbody th a").evaluate_all("all => all.map(a => a.pathname)")
    assert {path.count("/") for path in paths} == {3, 4, 5}, "categories of three levels"


def says_products(reader: Visitor) -> None:
    """Each card has its figures under their names, and the rates are those of the counts."""
    cards: list[dict[str, str]] = reader.section("boards.products").locator("tbody tr").evaluate_all(CARDS)
    assert len(cards) > 1
    for card in cards:
        quality, rate, reviews, negative, negative_rate = (card[reader.label(name)] for name in PER_PRODUCT)
        assert fraction(rate)[0] == number(quality)
        assert fraction(negative_rate) == (number(negative), number(reviews))


def pushed_sideways(reader: Visitor) -> list[str]:
    """Tables that are wider than the screen."""
    script = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.outerHTML.slice(0, 200))"
    found: list[str] = reader.main.locator(".table").evaluate_all(script)
    return found

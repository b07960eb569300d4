"""From the morning page to a product, to what its buyers wrote, to the orders that count."""

import re

from playwright.sync_api import Locator

from web.journeys.conftest import Visit
from web.journeys.test_rows import fraction, number
from web.journeys.visitor import Look, Place, Visitor


def test_what_got_worse_and_the_words_behind_it(place: Place, visit: Visit, either: Look) -> None:
    """Before work: which shop needs somebody, which product is behind it, what its buyers say, and which orders those are."""
    reader = visit(place, either, "merchant")
    reader.go("/")
    assert reader.path == "/morning"
    reader.reveal()
    reader.check()
    link = reader.main.locator(".behind .list a").first
    title = link.inner_text()
    reader.follow(link)
    assert reader.main.locator("h1").inner_text() == title
    reader.check()
    reader.follow(reader.page.get_by_role("link", name=reader.t("products.tab_quality"), exact=True))
    reader.reveal()
    reader.check()
    check_words(reader)
    check_orders(reader)


def check_words(reader: Visitor) -> None:
    """As many words of refunds and reviews as the page says, a page of each at a time; those of one reason by their number."""
    refunds, reviews = reader.main.locator("#refunds"), reader.main.locator("#reviews")
    told = number(refunds.locator("h2 + p").inner_text().split("·")[0])
    assert listed(refunds) == min(told, 20)
    worded = re.findall(r"\d+", reviews.locator("h2 + p").inner_text())[2]
    assert listed(reviews) == min(int(worded), 20)
    reasons = refunds.get_by_role("group", name=reader.t("products.reason"))
    reason = reasons.get_by_role("link").first.inner_text()
    reader.press(reasons.get_by_role("link").first)
    assert listed(refunds) == min(number(reason), 20)
    assert reasons.locator('[aria-current="true"]').inner_text() == reason


def check_orders(reader: Visitor) -> None:
    """The orders counted are the figure's numerator, on its own page too; each is a line with its reason."""
    orders = reader.main.locator("#orders")
    counted, of = fraction(orders.locator("a.figure").inner_text())
    assert 0 < counted < of, "a product without quality refunds shows nothing here"
    assert listed(orders) == min(counted, 20)
    shares = orders.locator(".columns .table tbody tr")
    assert sum(number(each) for each in shares.locator("td:nth-child(2)").all_inner_texts()) == counted
    reader.follow(orders.get_by_role("link", name=reader.t("products.all_rows"), exact=True))
    assert fraction(reader.main.locator(".lead").inner_text()) == (counted, of)
    assert reader.t("figures.adds_up", fraction=f"{counted}/{of}") in reader.words()
    reader.check()


def listed(piece: Locator) -> int:
    """Lines of the last table of a piece."""
    return piece.locator(".table").last.locator("tbody tr").count()

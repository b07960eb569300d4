"""Product analysis: choose columns, filter, save it as a view, and come back to it by its link."""

from urllib.parse import parse_qs, urlsplit

from web.journeys.conftest import Visit
from web.journeys.visitor import Look, Place, Visitor

RATE, COUNT = "quality_refund_rate", "quality_refund_count"
NAME = "周一要看的"


def test_a_view_is_made_saved_and_found_again(own_place: Place, visit: Visit, either: Look) -> None:
    """Two columns, at least two quality refunds, the most first; the link shows the same to the same account elsewhere."""
    reader = visit(own_place, either, "merchant")
    reader.go("/products")
    reader.check()
    narrow(reader)
    chosen = rows(reader)
    assert len(chosen) > 1
    counts = [int(cells[2]) for cells in chosen]
    assert min(counts) >= 2
    assert counts == sorted(counts, reverse=True)
    reader.check()
    save(reader)
    assert rows(reader) == chosen
    reader.go("/products")
    assert len(rows(reader)) > len(chosen)
    reader.page.locator(".views summary").click()
    reader.follow(reader.page.get_by_role("link", name=NAME, exact=True))
    assert rows(reader) == chosen
    asked = parse_qs(urlsplit(reader.path).query)
    assert (asked["show"], asked["low"]) == ([RATE, COUNT], ["2"])
    other = visit(own_place, either, "merchant")
    other.go(reader.path)
    assert rows(other) == chosen
    other.page.locator(".views summary").click()
    other.check()
    stranger = visit(own_place, either, "agency")
    stranger.go(f"/products?{urlsplit(reader.path).query}&shop=S001")
    assert NAME not in stranger.page.content()
    assert not set(map(tuple, rows(stranger))) & set(map(tuple, chosen))


def narrow(reader: Visitor) -> None:
    """By the form: columns, a bound, an order."""
    reader.main.get_by_text(reader.t("products.narrow"), exact=True).click()
    form = reader.main.locator("form.filters")
    while (shown := form.locator('input[name="show"]:checked')).count():
        shown.first.uncheck()
    for name in (RATE, COUNT):
        form.locator(f'input[name="show"][value="{name}"]').check()
    bound = form.locator("fieldset.bound").first
    bound.get_by_label(reader.t("products.metric")).select_option(COUNT)
    bound.get_by_label(reader.t("products.low")).fill("2")
    reader.follow(reader.button("products.apply"))
    labels = [reader.label(name) for name in (RATE, COUNT)]
    assert [label.removesuffix(" ↓") for label in reader.main.locator("thead th").all_inner_texts()][1:] == labels
    sort(reader)


def sort(reader: Visitor) -> None:
    """The most first: by the column's heading, or on a phone, which has none, by the form."""
    if not reader.look.phone:
        return reader.follow(reader.main.locator("thead th a").nth(2))
    reader.main.get_by_text(reader.t("products.narrow")).click()
    reader.main.get_by_label(reader.t("products.sort"), exact=True).select_option(f"-{COUNT}")
    return reader.follow(reader.button("products.apply"))


def save(reader: Visitor) -> None:
    reader.page.locator(".views summary").click()
    reader.page.locator("#view-name").fill(NAME)
    reader.follow(reader.button("products.save_view"))
    assert reader.page.get_by_role("status").inner_text() == reader.t("products.view_saved", name=NAME)


def rows(reader: Visitor) -> list[list[str]]:
    """Each product's title with the values of its figures."""
    return [
        [line.locator("th a").first.inner_text(), *line.locator(".figure .value").all_inner_texts()]
        for line in reader.main.locator("table.cards tbody tr").all()
    ]

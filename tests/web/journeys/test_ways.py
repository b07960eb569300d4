"""Other ways through the console: by the keyboard, back again, and without script."""

from tianping.work.people.accounts import DEMO_PASSWORD
from web.journeys.conftest import WIDE, Visit
from web.journeys.test_rows import METRIC, open_figure
from web.journeys.visitor import Look, Place, Visitor

SHOWN = """() => { const at = document.activeElement, look = getComputedStyle(at);
    return at.matches("input, select, textarea") || (look.outlineStyle !== "none" && parseFloat(look.outlineWidth) > 0); }"""


def tab_to(reader: Visitor, selector: str, most: int = 60) -> None:
    """Press Tab until the focus is there; wherever it is, one sees it."""
    for _ in range(most):
        reader.page.keyboard.press("Tab")
        assert reader.page.evaluate(SHOWN), reader.page.evaluate("document.activeElement.outerHTML")
        if reader.page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached from {reader.path} with {most} steps")


def enter(reader: Visitor) -> None:
    with reader.page.expect_navigation(wait_until="domcontentloaded"):
        reader.page.keyboard.press("Enter")
    reader.settle()


def test_the_keyboard_alone_is_enough(place: Place, visit: Visit, lang: str) -> None:
    """Sign in, past the navigation, to a shop, to its figure."""
    reader = visit(place, Look(lang, WIDE))
    reader.go("/login")
    reader.page.keyboard.type("merchant")
    tab_to(reader, "input[name=password]")
    reader.page.keyboard.type(DEMO_PASSWORD)
    enter(reader)
    assert reader.path == "/morning"
    reader.page.keyboard.press("Tab")
    assert reader.page.evaluate("document.activeElement.className") == "skip"
    reader.page.keyboard.press("Enter")
    tab_to(reader, 'tbody th a[href^="/shops/"]')
    enter(reader)
    assert reader.path.startswith("/shops/")
    tab_to(reader, f'a.figure[href^="/figures/kuaishou/{METRIC}?"]')
    enter(reader)
    assert reader.path.startswith(f"/figures/kuaishou/{METRIC}")
    reader.check()


def test_back_leads_to_the_whole_page(place: Place, visit: Visit, either: Look) -> None:
    """Pieces turned in place, on to another page, and back: a page with its frame and its pieces, never a piece alone."""
    reader = visit(place, either, "merchant")
    reader.go("/products?sort=-quality_refund_count")
    reader.follow(reader.main.locator("tbody th a").first)
    reader.follow(reader.page.get_by_role("link", name=reader.t("products.tab_quality"), exact=True))
    reader.reveal()
    here = reader.path
    reader.press(reader.main.locator("#refunds .pager a[rel=next]"))
    assert reader.path == here
    reader.follow(reader.main.locator("#orders").get_by_role("link", name=reader.t("products.all_rows"), exact=True))
    reader.page.go_back()
    reader.settle()
    assert reader.path == here
    reader.reveal()
    assert reader.page.locator("header.top").count() == 1
    assert reader.main.locator("#orders tbody tr, #refunds tbody tr, #reviews tbody tr").count() > 3
    reader.check()


def test_without_script_links_lead_to_the_rows(place: Place, visit: Visit, either: Look) -> None:
    """The figure's rows, and the orders, refunds and reviews of a product: what is fetched with script is a link without."""
    reader = visit(place, either, "merchant", script=False)
    open_figure(reader)
    reader.follow(reader.link("figures.rows_wait"))
    assert reader.main.locator(".table.scrolls tbody tr").count() > 10
    reader.go("/products?sort=-quality_refund_count")
    reader.follow(reader.main.locator("tbody th a").first)
    reader.follow(reader.page.get_by_role("link", name=reader.t("products.tab_quality"), exact=True))
    quality = reader.path
    for words, piece in (("loading_orders", "#orders"), ("loading_refunds", "#refunds"), ("loading_reviews", "#reviews")):
        reader.go(quality)
        reader.follow(reader.link(f"products.{words}"))
        assert reader.page.locator("header.top").count() == 1
        assert reader.main.locator(f"{piece} tbody tr").count() > 0


def test_language_and_theme_are_remembered(place: Place, visit: Visit, lang: str) -> None:
    """Switched by a link, on the page where one is; the next pages have them too, in colours that can be told apart."""
    other = "en" if lang == "zh" else "zh"
    reader = visit(place, Look(lang, WIDE), "merchant")
    reader.go("/shops?q=S0")
    reader.follow(reader.page.get_by_role("link", name=reader.t("frame.language"), exact=True))
    assert reader.path == "/shops?q=S0"
    reader.look = Look(other, WIDE)
    reader.page.locator(".tools details.menu summary").last.click()
    reader.follow(reader.page.get_by_role("link", name=reader.t("frame.theme_dark"), exact=True))
    reader.check()
    for path in ("/morning", "/shops/S001", f"/figures/kuaishou/{METRIC}?by=shop&subject=S001", "/data/uploads"):
        reader.go(path)
        assert reader.page.locator("html").get_attribute("data-theme") == "dark"
        reader.check()

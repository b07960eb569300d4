"""The page of the flows is that of the packs."""

from proofs import HOUSE
from tianping.policy.cases.casebook import Casebook, casebooks
from tianping.policy.cases.flowdraw import diagram, drawings, page


def test_the_page_is_up_to_date() -> None:
    written = (HOUSE / "docs" / "flows.md").read_text(encoding="utf-8")
    assert written == page(casebooks()) + "\n", "run `tianping policy flows > docs/flows.md`"


def test_every_flow_of_every_platform_is_drawn_once() -> None:
    books = casebooks()
    drawn = [(platform, each.kind) for each in drawings(books) for platform in each.platforms]
    assert sorted(drawn) == sorted((book.platform, kind) for book in books.values() for kind in book.flows)


def test_an_arrow_says_what_the_clock_does() -> None:
    book: Casebook = casebooks()["kuaishou"]
    drawn = diagram(book.flows["refund_only"].versions[-1])
    assert 'state "待商家处理<br/>waiting for the merchant" as requested' in drawn
    assert "⏱ 同意 agree" in drawn

"""From a figure to the rows it leaves out, and to the file that holds every row."""

import csv
import re
from pathlib import Path

from web.journeys.conftest import Visit
from web.journeys.visitor import Look, Place, Visitor, rules

METRIC = "quality_refund_rate"


def fraction(words: str) -> tuple[int, int]:
    """The first `24/433` of a text."""
    found = re.search(r"(\d[\d\u2009]*)/(\d[\d\u2009]*)", words)
    assert found, words
    numerator, denominator = (int(each.replace("\u2009", "")) for each in found.groups())
    return numerator, denominator


def number(words: str) -> int:
    return int(re.sub(r"\D", "", words))


def open_figure(reader: Visitor) -> None:
    """From the list of shops to a shop, to its first-cause rate."""
    reader.go("/shops")
    reader.check()
    reader.follow(reader.main.locator("tbody th a").first)
    reader.follow(reader.section("boards.main_category").locator(f'a.figure[href*="/figures/kuaishou/{METRIC}?"]').first)


def test_a_figure_its_left_out_rows_and_their_file(place: Place, visit: Visit, either: Look) -> None:
    """Each rule's count is the rows shown for it; the file's rows add up to the figure that the page says."""
    reader = visit(place, either, "merchant")
    open_figure(reader)
    assert reader.label(METRIC) in reader.words()
    said = fraction(reader.main.locator(".lead").inner_text())
    reader.check()
    counts = left_out(reader)
    assert counts, "no rule leaves anything out here"
    rule, count = max(counts.items(), key=lambda each: each[1])
    reader.follow(reader.main.locator("tbody tr").filter(has_text=rule).get_by_role("link"))
    shown = reader.main.locator(".table.scrolls tbody tr")
    assert shown.count() == min(count, 50)
    assert all(reader.t("figures.role_left_out") in each for each in shown.all_inner_texts())
    assert reader.t("figures.rows_shown", first=1, last=min(count, 50), n=count) in reader.words()
    reader.check()
    with reader.download() as files:
        reader.link("figures.csv").click()
    check_file(files[0], said, counts)
    reader.check()


def left_out(reader: Visitor) -> dict[str, int]:
    """Rows left out by each rule, as the page says: by the rule's words as people read them."""
    part = reader.page.get_by_role("link", name=reader.t("figures.role_left_out"), exact=True)
    lines = reader.main.locator("tbody tr").filter(has=part)
    return {
        line.locator("code").inner_text().strip(): number(line.locator("td.num").first.inner_text()) for line in lines.all()
    }


def check_file(path: Path, said: tuple[int, int], counts: dict[str, int]) -> None:
    """Its rows add up to the numerator, and there are as many as the denominator; as many are left out by each rule as said."""
    rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    roles = [row["role"] for row in rows]
    numerator = sum(int(row["adds"]) for row in rows if row["role"] == "numerator")
    assert (numerator, roles.count("numerator") + roles.count("denominator")) == said
    named = rules()["kuaishou"].rules
    found = {named[name].when: sum(row["rule"] == name for row in rows) for name in {row["rule"] for row in rows} - {""}}
    assert found == counts

"""Olist, the real data: our figures agree with the counts in its README where the definitions meet; where they do not, the
difference is explained to the row."""

import csv
import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tianping.metrics.proof import Scope
from tianping.policy.load import packs
from tianping.work.closing.close import Asked, close
from tianping.work.closing.closed import Filter, find, read
from tianping.work.figures.explain import Named, explain
from tianping.work.home import Home, open_home
from tianping.work.intake import imports

OLIST = Path(__file__).parents[3] / "shared" / "data" / "olist"
T, DAYS = dt.date(2018, 12, 1), 900
Rows = Sequence[Mapping[str, object]]

pytestmark = pytest.mark.skipif(not OLIST.is_dir(), reason=f"the real data is not beside the project: {OLIST} is missing")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The whole set, imported and closed over all its days."""
    made = open_home(tmp_path_factory.mktemp("olist"), create=True)
    imports.bring(made, imports.Request((OLIST,), dt.datetime(2018, 12, 1), mapping="olist"))
    close(made, packs(), Asked(T, days=(DAYS,)), at=dt.datetime(2018, 12, 1))
    return made


def _rows(home: Home, metric: str) -> Rows:
    return list(explain(home, packs(), Named.parse(metric), Scope("kuaishou", "platform", "kuaishou", T, DAYS)).rows())


def _figure(home: Home, metric: str) -> Mapping[str, object]:
    return next(read(home, find(home, T), Filter(metric=metric, variant="", by="platform", days=DAYS)))


def _source(name: str) -> Iterator[dict[str, str]]:
    with (OLIST / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def test_every_row_is_imported_waiting_or_quarantined(home: Home) -> None:
    """4,519 lines become orders; 23 purchases without a line are in quarantine and the 23 reviews of them wait."""
    orders, reviews = home.versions()[0].counts["orders"], home.versions()[0].counts["reviews"]
    assert (orders.new, orders.quarantined) == (4519, 23)
    assert (reviews.new, reviews.waiting, reviews.read) == (3963, 23, 3986)


@pytest.mark.spec("KS-M13")
def test_handover_agrees_with_the_readme_by_purchase_and_seller(home: Home) -> None:
    """Our lines, by purchase and seller under the latest limit, are the README's 3,645 of 3,990."""
    pairs: dict[tuple[object, object], list[Mapping[str, object]]] = defaultdict(list)
    for row in _rows(home, "timely_shipment"):
        pairs[str(row["order_id"]).split("-")[0], row["shop_id"]].append(row)
    handed = [lines for lines in pairs.values() if lines[0]["shipped_at"]]
    in_time = [lines for lines in handed if max(str(line["promised_ship_at"]) for line in lines) >= str(lines[0]["shipped_at"])]
    assert (len(in_time), len(handed)) == (3645, 3990)


@pytest.mark.spec("KS-M13")
def test_handover_by_line_differs_by_lines_not_pairs(home: Home) -> None:
    """By line: 4,058 of 4,518; the 52 lines without a carrier date are due and late, one is promised only after T."""
    rows = _rows(home, "timely_shipment")
    figure = _figure(home, "timely_shipment")
    assert (figure["numerator"], figure["denominator"]) == (4058, 4518)
    lines = list(_source("olist_order_items_dataset.csv"))
    carried = {row["order_id"]: row["order_delivered_carrier_date"] for row in _source("olist_orders_dataset.csv")}
    due = [line for line in lines if line["shipping_limit_date"] < "2018-12-01"]
    in_time = [line for line in due if carried[line["order_id"]] and carried[line["order_id"]] <= line["shipping_limit_date"]]
    assert (len(in_time), len(due), len(lines)) == (4058, 4518, 4519)
    assert sum(not row["shipped_at"] for row in rows) == sum(not carried[line["order_id"]] for line in due)


@pytest.mark.spec("KS-M28")
def test_product_rating_is_of_every_review_that_does_not_wait(home: Home) -> None:
    """3,986 reviews less the 23 that wait; the stars add up to those of the file."""
    known = {row["order_id"] for row in _source("olist_order_items_dataset.csv")}
    stars = [int(row["review_score"]) for row in _source("olist_order_reviews_dataset.csv") if row["order_id"] in known]
    figure = _figure(home, "product_rating")
    assert len(stars) == 3963
    assert (figure["numerator"], figure["denominator"]) == (sum(stars), len(stars))


@pytest.mark.spec("KS-M05")
def test_low_reviews_are_accounted_for_to_the_row(home: Home) -> None:
    """The README's 591 reviews of at most 2 stars: counted; first, but too long after payment; not a first; waiting."""
    rows = _rows(home, "negative_review_rate")
    fate = Counter(
        str(row["role"]) for row in rows if row["first_review_quality"] and int(str(row["first_review_quality"])) <= 2
    )
    known = {row["order_id"] for row in _source("olist_order_items_dataset.csv")}
    by_order: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for row in _source("olist_order_reviews_dataset.csv"):
        by_order[row["order_id"]].append((row["review_answer_timestamp"], row["review_id"], int(row["review_score"])))
    low = {order: [score <= 2 for _, _, score in sorted(found)] for order, found in by_order.items()}
    waiting = sum(sum(found) for order, found in low.items() if order not in known)
    later = sum(sum(found[1:]) for order, found in low.items() if order in known)
    assert fate["numerator"] == _figure(home, "negative_review_rate")["numerator"] == 178
    assert fate["numerator"] + fate["left_out"] + waiting + later == 591

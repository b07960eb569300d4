"""The delays and the skews are what is stated: in what is drawn, in the files, in the truth, in the documentation."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from proofs import HOUSE
from simulate.written import FIRST_DAY, Written
from tianping.simulate import draws, families, festival, market, troubles
from tianping.simulate.families import DELAYS, SKEWS, Gamma, Lognormal, Weibull

N = 200_000


def mean_and_median(family: families.Family) -> tuple[float, float]:
    """What the family's parameters say; a gamma's median by Wilson and Hilferty."""
    match family:
        case Lognormal(median, sigma):
            return median * math.exp(sigma**2 / 2), median
        case Weibull(scale, shape):
            return scale * math.gamma(1 + 1 / shape), scale * math.log(2) ** (1 / shape)
        case Gamma(scale, shape):
            return scale * shape, scale * shape * (1 - 1 / (9 * shape)) ** 3


@pytest.mark.parametrize("name", DELAYS)
def test_draws_are_of_the_family(name: str) -> None:
    """Mean and median, within a few of a hundred."""
    drawn = DELAYS[name].draw(draws.stream(1, name), N)
    assert (drawn.mean(), np.median(drawn)) == pytest.approx(mean_and_median(DELAYS[name]), rel=0.05)


def test_whole_seconds_and_never_endless() -> None:
    drawn = families.delay(draws.stream(1), "regret", N, 1_000.0)
    assert drawn.dtype == np.int64
    assert drawn.max() == families.LONGEST


@pytest.mark.parametrize(
    ("name", "seconds", "rows"),
    [
        ("pay", "epoch(paid_at - created_at)", "orders WHERE NOT cod AND NOT presale AND created_at < '2024-05-30'"),
        (
            "pickup",
            "epoch(collected_at - shipped_at)",
            "orders JOIN parcels USING (order_id) WHERE direction='out' AND shop_id <> '{slow}' AND shipped_at < '2024-05-20'",
        ),
        ("review", "epoch(reviewed_at - signed_at)", "{reviewed} WHERE NOT automatic AND signed_at < '2024-05-10'"),
        ("judge", "epoch(judged_at - escalated_at)", "cases WHERE escalated_at < '2024-05-20' AND judged_at IS NOT NULL"),
    ],
)
def test_delays_in_the_files(wide: Written, name: str, seconds: str, rows: str) -> None:
    """The median of those long over is the family's: of what no fault and no night moves."""
    reviewed = """(SELECT * FROM reviews JOIN (SELECT order_id, max(signed_at) AS signed_at FROM parcels WHERE direction = 'out'
                   GROUP BY 1 HAVING count(*) = count(signed_at)) USING (order_id) WHERE right(review_id, 2) = '-1')"""
    slow = wide.fault("bunched_shipments").subject
    (median,) = wide.one(f"SELECT median({seconds}) FROM {rows.format(reviewed=reviewed, slow=slow)}")
    assert median == pytest.approx(mean_and_median(DELAYS[name])[1], rel=0.08)


def slope(counts: list[int], shift: float) -> float:
    """The exponent that counts by rank follow: the slope of their logarithms, each weighted by its count."""
    rank = np.log(np.arange(1, len(counts) + 1) + shift)
    return -float(np.polyfit(rank, np.log(counts), 1, w=np.sqrt(counts))[0])


@pytest.mark.parametrize("exponent", [0.7, 1.0, 1.4])
def test_zipf_draws(exponent: float) -> None:
    drawn = draws.zipf(draws.stream(2), np.full(N, 50), exponent)
    assert slope(np.bincount(drawn, minlength=50).tolist(), 0) == pytest.approx(exponent, abs=0.02)


def test_shops_are_as_unequal_as_stated(wide: Written) -> None:
    """Shops always open, by rank; without the one that caps its days, and before it does."""
    since = min(fault.since for fault in wide.truth.faults)
    rows = wide.con.sql(f"""
        SELECT shop_id, count(*) FROM orders WHERE shop_id <= 'S020' AND created_at < '{since}' GROUP BY 1 ORDER BY 1""")
    counts = [n for _, n in rows.fetchall()]
    assert slope(counts, SKEWS["shops"].shift) == pytest.approx(SKEWS["shops"].exponent, abs=0.06)


def test_products_are_as_unequal_as_stated(wide: Written) -> None:
    """The products of the biggest shop, by rank."""
    rows = wide.con.sql("""
        SELECT right(product_id, 4)::INT AS rank, count(*) FROM orders WHERE shop_id = 'S001' GROUP BY 1 ORDER BY 1 LIMIT 40""")
    counts = [n for _, n in rows.fetchall()]
    assert slope(counts, SKEWS["products"].shift) == pytest.approx(SKEWS["products"].exponent, abs=0.06)


def test_the_truth_states_every_family(made: Written) -> None:
    said = json.loads((made.folder / "_truth.json").read_text(encoding="utf-8"))
    assert {one["name"]: one["family"] for one in said["delays"]} == {
        name: type(family).__name__.lower() for name, family in DELAYS.items()
    }
    assert {one["name"]: one["exponent"] for one in said["skews"]} == {name: skew.exponent for name, skew in SKEWS.items()}
    assert set(said["categories"]) == {
        row[0] for row in made.con.sql("SELECT DISTINCT category_l1 FROM products").fetchall()
    } - {None}


def rows_of(text: str) -> dict[str, list[str]]:
    """The rows of the tables of a document, by the name in backticks in their first cell."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_the_documentation_states_every_family() -> None:
    """docs/market.md: a row for each delay with its family and numbers, for each fault, for what the festival does."""
    rows = rows_of((HOUSE / "docs" / "market.md").read_text(encoding="utf-8"))
    for name, family in DELAYS.items():
        assert rows[name][:2] == [type(family).__name__.lower(), stated(family)], name
    for kind in troubles.KINDS:
        assert rows[kind.name][:2] == [kind.platform if kind.subject != "carrier" else "all", kind.subject], kind.name
    for name, value in festival.STRENGTH.items():
        assert rows[name][0] == f"{value:g}", name
    for name, skew in SKEWS.items():
        assert rows[name][0] == f"{skew.exponent:g}, {skew.shift:g}", name


def stated(family: families.Family) -> str:
    """The numbers of a family as the documentation writes them: seconds in their largest unit, then the shape."""
    match family:
        case Lognormal(median, sigma):
            return f"median {span(median)}, sigma {sigma:g}"
        case Weibull(scale, shape) | Gamma(scale, shape):
            return f"scale {span(scale)}, shape {shape:g}"


def span(seconds: float) -> str:
    units = (("d", 86_400), ("h", 3_600), ("min", 60))
    for unit, size in units:
        if seconds >= size and round(seconds / size, 1) == round(seconds / size, 6):
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g}" + (" s" if seconds >= 1 else "")


def test_a_market_too_short_has_no_festival(tmp_path: Path) -> None:
    truth = market.write(tmp_path, seed=1, shops=5, orders=500, days=festival.LEAST_DAYS - 1, first_day=FIRST_DAY)
    assert truth.festival is None

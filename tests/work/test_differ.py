"""Two definitions side by side: which rows they treat differently, why, and that nothing else parts them."""

import datetime as dt
from fractions import Fraction
from pathlib import Path

import pytest

from tianping.errors import NotFound
from tianping.metrics.proof import Scope
from tianping.work.figures.differ import Difference, difference
from tianping.work.figures.explain import Named, totals
from tianping.work.home import Home, open_home

from .homes import bring, closed, rules, table

T = dt.date(2024, 6, 1)
KEPT = ("numerator", "denominator")
FIRST = f"quality_refund_rate@{rules()['kuaishou'].metrics['quality_refund_rate', ''].versions[0].name}"
PAIRS = (
    ("quality_refund_rate", FIRST),
    ("quality_refund_rate", "product_quality_refund_rate"),
    ("product_quality_refund_rate", FIRST),
    ("return_refund_time", "return_refund_time/merchant_hands"),
    ("refund_only_time", "refund_only_time/of_ended"),
)


def compared(home: Home, a: str, b: str, subject: str = "S001") -> Difference:
    return difference(home, rules(), Named.parse(a), Named.parse(b), Scope("kuaishou", "shop", subject, T, 30))


@pytest.mark.spec("KS-M01", "KS-M02", "KS-M03", "KS-M18", "KS-M19")
@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_differing_rows_are_the_whole_difference(demo: Home, a: str, b: str) -> None:
    """What the rows add on both sides, subtracted, is the difference of the numerators; the rows kept, of the denominators."""
    found = compared(demo, a, b)
    numerators, denominators = zip(*(totals(proof.definition, proof.parts) for proof in (found.a, found.b)), strict=True)
    assert sum(kind.adds_a - kind.adds_b for kind in found.kinds) == numerators[0] - numerators[1]
    kept = sum(kind.rows * ((kind.role_a in KEPT) - (kind.role_b in KEPT)) for kind in found.kinds)
    assert kept == denominators[0] - denominators[1]
    rows = list(found.rows())
    assert list(rows[0]) == found.columns if rows else found.kinds == ()
    assert len(rows) == sum(kind.rows for kind in found.kinds)
    assert all((row["role_a"], row["adds_a"]) != (row["role_b"], row["adds_b"]) for row in rows)


def test_before_and_after_the_change(demo: Home) -> None:
    """The rule of today differs from the one before in the orders it leaves out, and says by which rule each."""
    found = compared(demo, "quality_refund_rate", FIRST)
    assert {(kind.role_a, kind.rule_a) for kind in found.kinds} == {
        ("left_out", "risk_flagged"),
        ("left_out", "not_signed_in_14_days"),
    }
    assert {(kind.role_b, kind.rule_b) for kind in found.kinds} <= {("denominator", ""), ("numerator", "")}
    assert compared(demo, "product_quality_refund_rate", FIRST).kinds == ()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """One shop with two returns: one whose buyer was slow to send the parcel back, one without those times."""
    home = open_home(tmp_path / "home", create=True)
    columns = "case_id,order_id,kind,reason,requested_at,answered_at,agreed_at,waybill_at,ended_at,return_signed_at,received_at"
    first = ("08:00:00", "08:00:10", "08:00:10", "09:00:10", "10:00:00", "09:30:00", "09:45:00")
    second = ("08:00:00", "08:00:10", None, None, "10:00:00", None, None)
    cases = [(f"c{n}", f"o{n}", "return_refund", "quality", *map(may_30, row)) for n, row in enumerate((first, second))]
    orders = [(f"o{n}", "s", "p", "2024-05-20", "2024-05-20", "flash") for n in range(2)]
    bring(
        home,
        {
            "shops": table("shop_id,platform", ("s", "kuaishou")),
            "orders": table("order_id,shop_id,product_id,created_at,paid_at,channel", *orders),
            "cases": table(f"{columns},escalated_at", *((*row, None) for row in cases)),
        },
    )
    closed(home, T)
    return home


def may_30(clock: str | None) -> str | None:
    return clock and f"2024-05-30T{clock}"


def test_two_times_of_one_return(home: Home) -> None:
    """S1 takes the buyer's hour off the whole; S4 adds the merchant's two parts: 3600 s against 910, then 7200 against 10."""
    found = compared(home, "return_refund_time", "return_refund_time/merchant_hands", "s")
    assert [(row["case_id"], row["adds_a"], row["adds_b"]) for row in found.rows()] == [("c0", 3600, 910), ("c1", 7200, 10)]
    assert Fraction(*totals(found.a.definition, found.a.parts)) == 5400
    assert [(kind.role_a, kind.role_b, kind.rows, kind.adds_a, kind.adds_b) for kind in found.kinds] == [
        ("numerator", "numerator", 2, 10800, 920)
    ]
    [row, _] = found.rows()
    assert row["waybill_at"] == "2024-05-30 09:00:10"


@pytest.mark.parametrize(
    ("a", "b", "what"),
    [
        ("quality_refund_rate", "return_refund_time", "(case, order)"),
        ("dispute_rate", "dispute_rate/all_channels", "(case, order)"),
        ("response_3min", "service_satisfaction", "(buyer_day, buyer_day once per buyer)"),
    ],
)
def test_different_things_are_refused(demo: Home, a: str, b: str, what: str) -> None:
    """Orders do not stand beside cases, nor buyers of a month beside buyers of a day."""
    with pytest.raises(NotFound) as refused:
        compared(demo, a, b)
    assert f"{a} and {b} do not count the same things {what}" in str(refused.value)


def test_windows_that_end_on_different_days(demo: Home) -> None:
    """A row in the days of one only is `outside` the other's."""
    found = compared(demo, "quality_refund_rate", "negative_review_rate")
    outside = [kind for kind in found.kinds if "outside" in (kind.role_a, kind.role_b)]
    assert outside
    assert all(
        (row["day"] < dt.date(2024, 4, 19)) == (row["role_b"] == "outside")
        for row in found.rows()
        if isinstance(row["day"], dt.date)
    )

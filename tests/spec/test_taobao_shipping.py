"""Paid but not shipped in the limit on Taobao: counted, punished, excused where the seller meant no harm (TB-W02, TB-W03)."""

import duckdb
import pytest

from assess.crowd import TUESDAY, Crowd, found_in, shipped
from tianping.assess.finding import Seen, Subject
from tianping.facts.asof import as_of
from tianping.policy.load import packs
from tianping.work.judgement.adjusted import Wanted, adjusted
from tianping.work.trials import trial

from .facts import Facts, Row, T, case, counts, order, parcel

SELLER = Subject("taobao", "S1")


def due(id_: str = "o1", promise: str = "06-29 12:00:00", **more: str | None) -> Row:
    """An order paid on the 27th, to be shipped on the 29th at noon."""
    return order(id_, "06-27 12:00", promised_ship_at=promise, **more)


@pytest.mark.spec("TB-W02")
@pytest.mark.parametrize(
    ("one", "sent", "late"),
    [
        (due(), None, 1), (due(), "06-29 12:00:00", 0), (due(), "06-29 12:00:01", 1), (order("o1", "06-27 12:00"), None, 0),
        (due(promise="06-28 23:59:59"), None, 0), (due(promise="06-29 00:00:00"), None, 1),
        (due(promise="06-30 00:00:00"), None, 0),
        (due(closed_at="06-29 11:59:59"), None, 0), (due(closed_at="06-29 12:00:00"), None, 1),
    ],
)  # fmt: skip
def test_what_is_not_shipped_by_the_promised_time_counts_under_it(one: Row, sent: str | None, late: int) -> None:
    facts = {"orders": [one], "parcels": [parcel("p1", "o1", sent)] if sent else []}
    assert counts("late_shipments", facts, platform="taobao")[0] == late


@pytest.mark.spec("TB-W02")
@pytest.mark.parametrize(("asked", "late"), [("06-29 12:00:00", 0), ("06-29 12:00:01", 1)])
def test_a_refund_asked_within_the_limit_leaves_it_out(asked: str, late: int) -> None:
    facts = {"orders": [due()], "cases": [case("c1", "o1", asked)]}
    assert counts("late_shipments", facts, platform="taobao")[0] == late


@pytest.mark.spec("TB-W02")
@pytest.mark.parametrize("late", [0, 1, 3])
def test_shipping_late_is_punished(late: int) -> None:
    figures = Crowd({("late_shipments", "shop", "S1", 1): Seen(late, 1)})
    found = found_in("shipping_late", figures, SELLER, date=TUESDAY, platform="taobao")
    assert [(each.records, each.table, each.severity) for each in found] == [(False, "shipping_late", "minor")] * (late > 0)
    kind = shipped("shipping_late", "taobao")
    assert kind.confirm == "person"


@pytest.mark.spec("TB-W03")
@pytest.mark.parametrize(("approved", "late"), [(True, 1), (False, 2)])
def test_an_excused_order_is_not_punished(approved: bool, late: int) -> None:
    """The violation reads the figure without the orders that were excused."""
    excused: Row = {
        "exemption_id": "desk-o1", "from": T.replace(day=27), "to": T.replace(day=29), "metrics": "late_shipments",
        "order_id": "o1", "approved": approved,
    }  # fmt: skip
    orders = [due("o1"), due("o2"), due("o3")]
    facts: Facts = {"orders": orders, "parcels": [parcel("p3", "o3", "06-28 12:00")], "exemptions": [excused]}
    con = duckdb.connect()
    trial.load(con, facts, platform="taobao")
    as_of(con, T)
    wanted = Wanted("taobao", "late_shipments", "shop", 1)
    seen = adjusted(con, {"taobao": packs()["taobao"]}, T, "violations", [wanted], covered=False)
    found = seen.get(("taobao", "late_shipments", "shop", "S1", 1))
    assert (found.numerator if found else counts("late_shipments", facts, platform="taobao")[0]) == late

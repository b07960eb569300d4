"""Rules change and metrics are added in YAML only: what that does to figures."""

import datetime as dt
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tianping.policy.load import packs, shipped
from tianping.policy.model import Pack
from tianping.work.trials.selftest import run
from tianping.work.trials.trial import figures

from .made import HEAD, metric, opened, shares, version, write

FIRST = "2024-01-01"
HOURS = {FIRST: 48, "2024-06-28": 24}
Counts = tuple[int, int, str]


def shipped_in_time(folder: Path, applies: str) -> Pack:
    """Shipped within 48 hours, since 28 June within 24."""
    versions = [
        version(shares(f"shipped_at <= paid_at + interval {hours} hour"), since, f"applies: {applies}, ")
        for since, hours in HOURS.items()
    ]
    return opened(write(folder / applies, a=HEAD + "metrics:\n" + metric("in_time", *versions))).pack


def counts(pack: Pack, *paid_at: str, date: dt.date = dt.date(2024, 6, 30), days: int = 7) -> Counts:
    """(numerator, denominator, version) where each order was shipped 36 hours after it was paid."""
    paid = [dt.datetime.fromisoformat(text if len(text) == 19 else f"2024-{text}") for text in paid_at]
    orders = [{"order_id": str(at), "shop_id": "S1", "product_id": "P1", "paid_at": at} for at in paid]
    parcels = [{"parcel_id": str(at), "order_id": str(at), "shipped_at": at + dt.timedelta(hours=36)} for at in paid]
    found = figures({"orders": orders, "parcels": parcels}, date=date, pack=pack)
    ((numerator, denominator, name),) = {
        (each.numerator, each.denominator, each.version) for each in found if (each.by, each.days) == ("shop", days)
    }
    return numerator, denominator, name


def test_rule_12_by_close_the_version_at_t_holds_for_the_whole_window(tmp_path: Path) -> None:
    """Three orders before the change are late too, once it is in force. (At 27 June only one has been shipped.)"""
    pack = shipped_in_time(tmp_path, "close")
    orders = ["06-24 12:00", "06-25 12:00", "06-26 12:00", "06-28 00:00"]
    assert counts(pack, *orders) == (0, 4, "2024-06-28")
    assert counts(pack, *orders, date=dt.date(2024, 6, 27)) == (1, 3, "2024-01-01")


def test_rule_12_by_deed_each_row_is_under_the_version_of_its_day(tmp_path: Path) -> None:
    """The same orders: the three before the change are in time, the one after it is late."""
    pack = shipped_in_time(tmp_path, "deed")
    orders = ["06-24 12:00", "06-25 12:00", "06-26 12:00", "06-28 00:00"]
    assert counts(pack, *orders) == (3, 4, "2024-06-28")
    assert counts(pack, *orders, date=dt.date(2024, 6, 27)) == (1, 3, "2024-01-01")


@pytest.mark.parametrize(("paid_at", "in_time"), [("06-27 23:59:59", 1), ("06-28 00:00:00", 0)])
def test_rule_12_by_deed_the_change_comes_at_midnight(tmp_path: Path, paid_at: str, in_time: int) -> None:
    assert counts(shipped_in_time(tmp_path, "deed"), paid_at) == (in_time, 1, "2024-06-28")


def test_rule_12_by_deed_days_before_the_first_version_are_under_none(tmp_path: Path) -> None:
    """By close the version in force at T holds for them too."""
    orders = ["01-01 00:00", "01-02 00:00"]
    assert counts(shipped_in_time(tmp_path, "deed"), *orders, "2023-12-31 23:59:59", date=dt.date(2024, 1, 5)) == (2, 2, FIRST)
    assert counts(shipped_in_time(tmp_path, "close"), *orders, "2023-12-31 23:59:59", date=dt.date(2024, 1, 5)) == (3, 3, FIRST)


@pytest.mark.parametrize("applies", ["close", "deed"])
def test_a_version_yet_to_come_changes_nothing(tmp_path: Path, applies: str) -> None:
    """At 27 June the new one stands in the pack and is not in force."""
    assert counts(shipped_in_time(tmp_path, applies), "06-24 12:00", date=dt.date(2024, 6, 27)) == (1, 1, "2024-01-01")


def test_before_its_first_version_a_metric_has_no_figures(tmp_path: Path) -> None:
    late, early = metric("late", version(shares("cod"), "2024-01-01")), metric("early", version(shares("cod")))
    pack = opened(write(tmp_path / "made", a=HEAD + "metrics:\n" + late + early)).pack
    orders = [{"order_id": "A", "shop_id": "S1", "product_id": "P1", "paid_at": "2023-12-30 12:00"}]
    assert {each.metric for each in figures({"orders": orders}, date=dt.date(2023, 12, 31), pack=pack)} == {"early"}


ADDED = """
metrics:
  many_pieces:
    label: {zh: 多件订单占比, en: Orders of several pieces}
    unit: rate
    better: neither
    days: [3]
    versions:
      - since: 2024-01-01
        source: [{document: S1, clause: 一, spec: [KS-M01]}]
        words: {zh: 两件及以上的订单 / 支付的订单, en: orders of two pieces or more / orders paid}
        window: 1
        both: {of: order, day: paid_at, leave_out: [other_channel], count: quantity >= 2}

tests:
  - sentence: {zh: 两件的订单占一半, en: Half of the orders are of two pieces}
    date: 2024-06-30
    days: 3
    facts:
      orders:
        - {order_id: A, shop_id: S1, product_id: P1, channel: flash, paid_at: 2024-06-27 00:00:00, quantity: 2}
        - {order_id: B, shop_id: S1, product_id: P1, channel: flash, paid_at: 2024-06-29 12:00, quantity: 1}
        - {order_id: C, shop_id: S1, product_id: P1, channel: other, paid_at: 2024-06-29 12:00, quantity: 2}
    figures: {many_pieces: 1/2}
"""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The shipped pack of Kuaishou, without its tests, as its owner's own folder."""
    (folder,) = (each for each in shipped() if each.name == "kuaishou")
    shutil.copytree(folder, tmp_path / "mine", ignore=shutil.ignore_patterns("tests.yaml"))
    return tmp_path / "mine"


def test_a_metric_is_added_by_yaml_alone(copied: Path) -> None:
    """One file beside the others, with a rule of theirs and its own sentence, and the figures are there at every level."""
    mine = opened(write(copied, added=ADDED))
    assert run(mine) == []
    order = {"order_id": "A", "shop_id": "S1", "product_id": "P1", "channel": "flash", "quantity": 3}
    facts = {"orders": [order | {"paid_at": "2024-06-29 12:00"}]}
    found = figures(facts, date=dt.date(2024, 6, 30), pack=mine.pack)
    added = {(each.by, each.days): each.value for each in found if each.metric == "many_pieces"}
    assert added == {(by, days): Decimal(1) for by in ("platform", "shop", "product") for days in (1, 3, 7, 30)}
    assert {"dispute_rate", "many_pieces"} <= {each.metric for each in found}


def test_a_rule_is_changed_by_a_dated_version_alone(copied: Path) -> None:
    """The old figures stay as they were; from the date on the new rule holds."""
    path = copied / "aftersales.yaml"
    text = path.read_text(encoding="utf-8")
    old = "both: {of: case, day: requested_at, leave_out: [not_refund, other_channel], count: answer = 'refused'}\n"
    assert text.count(old) == 1
    new = version("both: {of: case, day: requested_at, leave_out: [not_refund], count: answer = 'refused'}", "2024-06-29")
    path.write_text(text.replace(old, old + new), encoding="utf-8")
    facts = {
        "orders": [{"order_id": "A", "shop_id": "S1", "product_id": "P1", "channel": "distribution"}],
        "cases": [
            {"case_id": "a", "order_id": "A", "kind": "refund_only", "reason": "other", "requested_at": "2024-06-27 12:00",
             "answered_at": "2024-06-27 13:00", "answer": "refused"},
        ],
    }  # fmt: skip
    mine = packs([copied])["kuaishou"]
    found = [
        {each.numerator for each in figures(facts, date=date, pack=mine) if (each.metric, each.by) == ("refusal_rate", "shop")}
        for date in (dt.date(2024, 6, 28), dt.date(2024, 6, 29))
    ]
    assert found == [set(), {1}]

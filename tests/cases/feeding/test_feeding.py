"""The desk's cases in the facts: taken up once, by the close; the desk wins over imports, and what differed is listed."""

import datetime as dt

import pytest

from tianping.store.desk import cases
from tianping.work.desk.feeding import Difference, feed
from tianping.work.desk.sitting import Desk
from tianping.work.home import Home, facts
from tianping.work.intake.imports import Request, bring

from ..market import DAY, HOUR, SECOND, T, ask, do, family, order

NIGHT = T + 3 * DAY


def known(home: Home, columns: str, table: str = "cases") -> list[tuple[object, ...]]:
    con, _ = facts(home)
    rows: list[tuple[object, ...]] = con.execute(f"SELECT {columns} FROM facts.{table} ORDER BY 1").fetchall()
    con.close()
    return rows


def test_a_case_becomes_a_fact_with_its_order_and_parcels(home: Home, here: Desk) -> None:
    order(here, T, shipped_at=T, freight_fen=500)
    case = ask(here, at=T + DAY, reason="damaged", reason_text="碎了")
    do(here, case, "agree", "merchant", T + DAY + HOUR)
    done = feed(home, NIGHT)
    assert (done.rows, done.differences) == ({"orders": 1, "parcels": 1, "cases": 1}, ())
    assert known(home, "order_id, shop_id, product_id, amount_fen, freight_fen, paid_at", "orders") == [
        ("O1", "S1", "P1", 5_000, 500, T)
    ]
    assert known(home, "direction, shipped_at, signed_at", "parcels") == [("out", T, None)]
    columns = "case_id, kind, reason, reason_text, opened_by, requested_at, answered_at, answer, ended_at, refund_fen"
    assert known(home, columns) == [
        (case.id, "refund_only", "damaged", "碎了", "buyer", T + DAY, T + DAY + HOUR, "agreed", None, 3_000)
    ]
    payment = next(each for each in family(here, case) if each.kind == "payment")
    do(here, payment, "succeed", "gateway", NIGHT + SECOND)
    feed(home, NIGHT + HOUR)
    assert known(home, "ended_at, outcome") == [(NIGHT + SECOND, "refunded")]


def test_nothing_new_is_no_import(home: Home, here: Desk) -> None:
    order(here)
    ask(here)
    assert feed(home, NIGHT).seq is not None
    versions = len(home.versions())
    assert feed(home, NIGHT + HOUR).seq is None
    assert len(home.versions()) == versions


def test_killed_after_the_import_it_comes_once(home: Home, here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    order(here)
    ask(here)
    with monkeypatch.context() as killed:
        killed.setattr(cases, "fed", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            feed(home, NIGHT)
    before = known(home, "*")
    versions = len(home.versions())
    assert feed(home, NIGHT + HOUR).seq is None
    assert len(home.versions()) == versions
    assert known(home, "*") == before
    assert feed(home, NIGHT + 2 * HOUR).rows == {}


def test_the_desk_wins_over_an_import_and_the_differences_are_listed(home: Home, here: Desk) -> None:
    order(here)
    case = ask(here, reason="quality", refund_fen=3_000)
    feed(home, NIGHT)
    path = home.path.parent / "cases.csv"
    path.write_text(
        "case_id,order_id,kind,reason,requested_at,refund_fen,answer\n"
        f"{case.id},O1,refund_only,quality,2024-03-01T16:00:00,1,refused\n"
    )
    bring(home, Request((path,), NIGHT + HOUR))
    assert known(home, "refund_fen, answer") == [(1, "refused")]
    done = feed(home, NIGHT + 2 * HOUR)
    assert set(done.differences) == {
        Difference(case.id, "refund_fen", "3000", "1"),
        Difference(case.id, "answer", "", "refused"),
    }
    assert known(home, "refund_fen, answer") == [(3_000, None)]
    assert feed(home, NIGHT + 3 * HOUR).differences == ()


def test_an_undone_feed_comes_again(home: Home, here: Desk) -> None:
    from tianping.work.intake.imports import undo

    order(here)
    ask(here)
    seq = feed(home, NIGHT).seq
    assert seq is not None
    undo(home, seq, at=NIGHT + HOUR)
    assert known(home, "case_id") == []
    assert feed(home, NIGHT + 2 * HOUR).seq is not None
    assert len(known(home, "case_id")) == 1


def test_the_days_are_covered_only_where_nobody_else_brings_orders(home: Home, here: Desk) -> None:
    order(here)
    feed(home, NIGHT)
    [(first, last)] = known(home, "DISTINCT first_day, last_day", "coverage WHERE \"table\" = 'orders'")
    assert (first, last) == (dt.date(2024, 3, 1), dt.date(2024, 3, 3))


def test_where_others_bring_orders_the_desk_covers_nothing(home: Home, here: Desk) -> None:
    path = home.path.parent / "orders.csv"
    path.write_text("order_id,shop_id,product_id,created_at\nX1,S1,P1,2024-02-01T00:00:00\n")
    bring(home, Request((path,), T))
    order(here)
    feed(home, NIGHT)
    assert known(home, "DISTINCT last_day", "coverage WHERE \"table\" = 'orders'") == [(dt.date(2024, 2, 1),)]

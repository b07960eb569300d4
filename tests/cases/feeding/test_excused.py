"""An order whose lateness the platform excused is exempt in the facts (TB-W03)."""

from pathlib import Path

import pytest

from tianping.policy.cases.casebook import Casebook
from tianping.work.desk.feeding import feed
from tianping.work.desk.opening import open_desk
from tianping.work.home import facts, open_home
from tianping.work.intake.imports import Request, bring

from ..market import DAY, HOUR, T, do, order, pass_time, refused


@pytest.mark.spec("TB-W03")
def test_a_seller_with_proof_is_exempt(tmp_path: Path, books: dict[str, Casebook]) -> None:
    """Each attempt to reach the buyer is on record; with them the platform excuses, and the order is exempt from the count."""
    home = open_home(tmp_path / "home", create=True)
    (tmp_path / "shops.csv").write_text("shop_id,platform\nS1,taobao\n")
    (tmp_path / "products.csv").write_text("product_id,shop_id\nP1,S1\n")
    bring(home, Request((tmp_path / "shops.csv", tmp_path / "products.csv"), T))
    desk = open_desk(home.database, books)
    order(desk, platform="taobao")
    order(desk, id_="O2", platform="taobao")
    pass_time(desk, "order/O1", T + 2 * DAY)
    assert refused(desk, "order/O1", "excuse_lateness", "platform", T + 2 * DAY, note="flood") == "contacted_first"
    for channel in ("chat", "sms", "mail", "notice"):
        do(desk, "order/O1", "note_contact", "merchant", T + 2 * DAY, contact_by=channel, contact_text="the address is wrong")
    do(desk, "order/O1", "excuse_lateness", "platform", T + 2 * DAY + HOUR, note="flood")
    assert feed(home, T + 3 * DAY).rows == {"orders": 2, "exemptions": 1}
    con, _ = facts(home)
    found = con.sql('select order_id, "from"::text, "to"::text, metrics, approved, why from facts.exemptions').fetchall()
    con.close()
    assert found == [("O1", "2024-03-01", "2024-03-03", "late_shipments", True, "flood")]

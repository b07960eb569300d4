"""A small market with a bad product, whose names try to be markup, judged: for explanations and statements."""

import datetime as dt
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sparing import once_a_run
from tianping.periods import Period
from tianping.policy.judging import Severity
from tianping.store import accounts, violations
from tianping.work.closing.close import Asked
from tianping.work.docket import measures
from tianping.work.docket.history import Office
from tianping.work.docket.proposing import Charge
from tianping.work.home import Home, open_home, set_scope
from tianping.work.judge import close_day
from tianping.work.people.trail import Doer

from .homes import NOON, bring, rules, table

T = dt.date(2024, 6, 1)
DAY = dt.timedelta(days=1)
PAID = T - dt.timedelta(days=15)  # the last fully mature payment day
HOSTILE = "<script>alert(1)</script>"
TITLE = '"><img src=x onerror=alert(2)>'
ANNA, BO, MERCHANT = Doer(1, NOON + DAY), Doer(2, NOON + 2 * DAY), Doer(3, NOON + 3 * DAY)
DAN = Doer(4, NOON + DAY)


def _at(day: dt.date, hour: int = 12) -> str:
    return f"{day} {hour:02d}:00:00"


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def facts(bad: int = 20, of: int = 40) -> dict[str, str]:
    """Shop A's product PA has `bad` quality refunds of `of` orders, B's of the same category 1 of 400; A says no numbers."""
    lines = [(f"A{n}", "A", "PA") for n in range(of)] + [(f"B{n}", "B", "PB") for n in range(400)]
    refunded = [*(f"A{n}" for n in range(bad)), "B0"]
    return {
        "shops": table("shop_id,platform,name,phone_manager,phone_service,phone_shipping,phone_return",
                       ("A", "kuaishou", HOSTILE, *("",) * 4), ("B", "kuaishou", "乙", *("139",) * 4)),
        "products": table("product_id,shop_id,title,category_l1,category_l2,category_l3",
                          ("PA", "A", _cell(TITLE), "服饰", "女装", "连衣裙"), ("PB", "B", "裙", "服饰", "女装", "连衣裙")),
        "orders": table("order_id,shop_id,product_id,created_at,paid_at,channel,quantity,amount_fen",
                        *((*line, _at(PAID, 10), _at(PAID, 11), "self_built", 1, 1000) for line in lines)),
        "cases": table("case_id,order_id,kind,reason,requested_at",
                       *((f"R{order}", order, "refund_only", "quality", _at(PAID + DAY)) for order in refunded)),
    }  # fmt: skip


def accused(factory: pytest.TempPathFactory, folder: Path) -> Home:
    """That market, closed and judged at T: one's own, in this new folder."""
    shutil.copytree(once_a_run(factory, "accused-made", _make) / "home", folder)
    return open_home(folder)


def _make(folder: Path) -> None:
    folder.mkdir()
    home = open_home(folder / "home", create=True)
    set_scope(home, "market")
    bring(home, facts(), covers=Period(T - 200 * DAY, T))
    close_day(home, rules(), Asked(T), at=NOON)
    home.database.dispose()


def appoint(database: Engine, names: Sequence[str], at: dt.datetime) -> None:
    """Accounts of these names, numbered from 1, where there are none yet."""
    with database.begin() as connection:
        if not accounts.every(connection):
            for name in names:
                accounts.add(connection, {
                    "name": name, "label": "", "password": "", "one_time": False, "role": "adjudicator", "all_shops": True,
                    "demo": False, "active": True, "lang": "zh", "created_at": at,
                })  # fmt: skip


def office(home: Home) -> Office:
    """With people: the first two judge, the third is the merchant's, the fourth accuses."""
    appoint(home.database, ("Anna", "Bo", "Merchant", "Dan"), NOON)
    return Office(home.database, {name: pack.judging for name, pack in rules().items()})


def ids(home: Home, name: str = "") -> list[int]:
    """The violations of that name, or all of them."""
    with home.database.connect() as connection:
        found = violations.in_state(connection, violations.STATES)
    return sorted(each.row.id for each in found if name in ("", each.row.violation))


def bad_product(home: Home) -> int:
    """The violation of product PA."""
    [found] = ids(home, "quality_anomaly")
    return found


def entered(home: Home, severity: Severity = "minor", why: str = "") -> int:
    """A violation of shop A that a person entered, with a table."""
    charge = Charge(
        "kuaishou", "qualification", dt.date(2010, 1, 1), "by hand", "shop", "A", "A", T, severity, severity,
        table="qualification", evidence={"said": f"{HOSTILE} {why}"},
    )  # fmt: skip
    return measures.propose(office(home), DAN, charge)

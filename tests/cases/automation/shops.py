"""Shops for tests of automation: switches, what is stated of them, violations in force, points."""

import datetime as dt
from dataclasses import replace
from typing import Any

from tianping.policy.judging import Severity
from tianping.store import effects, violations
from tianping.store.desk import shops
from tianping.store.desk.shops import Shop
from tianping.store.violations import Event, State
from tianping.work.desk import shops as desk_shops
from tianping.work.desk.sitting import Desk
from tianping.work.people.trail import Doer

from ..market import T

EARLIER = T - dt.timedelta(days=30)


def tell(desk: Desk, shop: str = "S1", platform: str = "kuaishou", **told: Any) -> None:
    """What the facts tell of a shop."""
    with desk.database.begin() as connection:
        row = shops.get(connection, shop) or Shop(shop, platform, "Asia/Shanghai", {}, {}, EARLIER)
        shops.put(connection, replace(row, told={**row.told, **told}))


def switch(
    desk: Desk, name: str, *, on: bool = True, shop: str = "S1", at: dt.datetime = EARLIER, platform: str = "kuaishou"
) -> None:
    with desk.database.begin() as connection:
        desk_shops.switch(connection, Doer(None, at), shop, name, on=on, platform=platform)


def punish(
    desk: Desk, violation: str, severity: Severity = "serious", *, state: State = "in_force", shop: str = "S1",
    subject: str = "", platform: str = "kuaishou", at: dt.datetime = EARLIER,
) -> int:  # fmt: skip
    """A violation in that state; its id."""
    row = {
        "platform": platform, "violation": violation, "version": "2010-01-01", "trigger": "daily", "subject_kind": "shop",
        "subject_id": subject or shop, "shop_id": shop, "date": at.date(), "seq": 1, "severity": severity, "immediate": False,
        "records": False, "evidence": {}, "proposal": {}, "account_id": None, "at": at,
    }  # fmt: skip
    with desk.database.begin() as connection:
        id_ = violations.add(connection, row)
        violations.append(connection, Event(id_, 1, at, None, "propose", "proposed", severity, None, "", {}))
        if state != "proposed":
            violations.append(connection, Event(id_, 2, at, None, "confirm", state, severity, None, "", {}))
    return id_


def give_points(desk: Desk, number: int, *, at: dt.datetime = EARLIER, days: int = 365, shop: str = "S1") -> int:
    """Points of a confirmed violation that is nothing else; its id."""
    return effect(desk, "points", number, at, at + dt.timedelta(days=days), shop=shop)


def effect(desk: Desk, kind: str, amount: int | None, at: dt.datetime, until: dt.datetime | None, *, shop: str = "S1") -> int:
    """An effect of a violation that is nothing else; the violation's id."""
    id_ = punish(desk, "contact_numbers", "minor", shop=shop, subject=f"{kind}{amount}/{at}", at=at)
    row = {
        "violation_id": id_, "n": 2, "shop_id": shop, "subject_id": shop, "kind": kind, "name": kind,
        "lasts": "days" if until else "ever", "amount": amount, "begins_at": at, "ends_at": until, "reverses": None, "at": at,
    }  # fmt: skip
    with desk.database.begin() as connection:
        effects.add(connection, row)
    return id_

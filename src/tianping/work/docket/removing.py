"""Removals of shops, proposed at a judged close and taken back with what they rest on: points that have reached the line
(KS-P10), whoever dealt them, and the lowest level held too long (DY-L04). A person decides about each.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from tianping.store import effects, violations
from tianping.store.violations import Present, State
from tianping.work.docket import measures, points
from tianping.work.docket.brief import LOWEST
from tianping.work.docket.history import Office
from tianping.work.docket.matter import open_matter, record, told
from tianping.work.docket.proposing import propose_removal
from tianping.work.docket.rejudge import REMOVAL, weigh_points
from tianping.work.people.trail import Doer

AGAIN = "found again"
OPEN: tuple[State, ...] = ("proposed",)


def by_level(who: Office, platform: str, stands: Iterable[Mapping[str, Any]], at: dt.datetime) -> None:
    """Propose the removal of shops that stay at the lowest level, once each, and withdraw those only proposed of shops that do
    not stand any more where they stood. `stands`: the rows of the last judged day."""
    since = {row["shop_id"]: row["since"] for row in stands if row["removal"]}
    with who.database.connect() as connection:
        shops = violations.shops_with(connection, LOWEST, OPEN)
        open_ = [each for shop in shops for each in violations.of_subject(connection, LOWEST, "shop", shop, shop)]
    for row in (each.row for each in open_ if each.state in OPEN and each.row.platform == platform):
        stood = row.evidence.get("level_since")
        if stood is not None and stood != str(since.get(row.shop_id)):
            measures.withdraw(who, Doer(None, at), row.id, "the level is another by newer facts")
    with who.database.connect() as connection:  # those there already need no transaction of their own
        known = {shop: _known(connection, shop, day) for shop, day in since.items()}
    new = [shop for shop, each in known.items() if each is None or each.state == "withdrawn"]
    for shop in new:
        with violations.alone(who.database, shop) as connection:
            _propose(who, connection, platform, shop, since[shop], at)


def _propose(who: Office, connection: Connection, platform: str, shop: str, since: dt.date, at: dt.datetime) -> None:
    """What was withdrawn, and is so after all, is proposed again."""
    said, clock = {"level_since": str(since)}, Doer(None, at)
    known = _known(connection, shop, since)
    if known is None:
        propose_removal(connection, clock, platform, shop, name=LOWEST, since=since, cause="level", evidence=said)
    elif known.state == "withdrawn":
        record(told(open_matter(who, connection, known.row.id), clock, "propose", "proposed", why=AGAIN))


def _known(connection: Connection, shop: str, since: dt.date) -> Present | None:
    """The removal of a shop that has stood lowest since that day."""
    every = violations.of_shop(connection, shop)
    return next((each for each in every if each.row.evidence.get("level_since") == str(since)), None)


def by_points(who: Office, platform: str, shops: Sequence[str], date: dt.date, at: dt.datetime) -> None:
    """Propose the removal of shops whose points reach the line at `at`, measures from before this system among them; withdraw
    those only proposed whose points, by newer facts, did not. `date`: T of the close that looks."""
    rule = points.rule(who.rules, platform, at.date())
    if rule is None:
        return
    with who.database.connect() as connection:
        dealt = effects.points_of_all(connection, at)
        open_ = set(violations.shops_with(connection, REMOVAL, OPEN))
    for shop in shops:
        total = dealt.get(shop, 0) + points.of_past(who.past(shop), shop, at, days=rule.days)
        if total < rule.line and shop not in open_:
            continue
        with violations.alone(who.database, shop) as connection:
            if not _refused(connection, shop, at - dt.timedelta(days=rule.days)):
                cause = f"the close of {date}, {at.isoformat()}"
                weigh_points(who, connection, platform, shop, rule, at, cause=cause, falls=OPEN)


def _refused(connection: Connection, shop: str, after: dt.datetime) -> bool:
    """Whether a person has said no to the shop's removal for its points since `after`: the next penalty asks again."""
    return any(
        _by_person(connection, each)
        for each in violations.of_subject(connection, REMOVAL, "shop", shop, shop)
        if each.state in ("dismissed", "revoked", "overturned") and each.row.at > after
    )


def _by_person(connection: Connection, removal: Present) -> bool:
    return violations.events(connection, removal.row.id)[-1].account_id is not None

"""What the desk knows of shops: what their facts tell, what people switch and state, points and violations in force.

A merchant switches what it offers; an operator states what only the platform can say: that a shop is abandoned, or obstructive.
Both leave a line in the trail. What the facts tell of switches is where they start.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, get_args

from sqlalchemy import Connection

from tianping.cases.automation import OWN_RULES, Own
from tianping.cases.case import Facts
from tianping.errors import NotFound, TianpingError, did_you_mean
from tianping.periods import HOME_ZONE
from tianping.policy.cases.automation import OwnRule, StandingVersion, Switch
from tianping.policy.cases.casebook import Casebook
from tianping.policy.judging import SEVERITIES, Judging
from tianping.policy.load import packs
from tianping.store import effects
from tianping.store.desk import rules, shops
from tianping.store.desk.shops import Shop, Standing
from tianping.store.effects import Effect
from tianping.work.desk.sitting import ShopFacts
from tianping.work.docket import deposits, points
from tianping.work.docket.history import Past
from tianping.work.home import Home, facts
from tianping.work.people.reach import no_shop
from tianping.work.people.trail import Doer, leave

SWITCHES: tuple[Switch, ...] = get_args(Switch)
STATED = ("abandoned", "obstructive")
"""What only the platform can say of a shop."""


class ShopRefused(TianpingError):
    """Something that cannot be said of a shop."""


def shop_facts(books: Mapping[str, Casebook]) -> ShopFacts:
    """The facts of shops, each looked up when somebody asks for it."""
    return lambda connection, shop, at: _Known(connection, shop, at, books)


class _Known(Mapping[str, Any]):
    """The facts of one shop at a time. Of a shop that nothing is known of: no switch is on, and nothing is against it."""

    def __init__(self, connection: Connection, shop: str, at: dt.datetime, books: Mapping[str, Casebook]) -> None:
        self._connection, self._id, self._at, self._books = connection, shop, at, books
        self._found: dict[str, Any] = {}
        self._looks: dict[str, Callable[[], Any]] = {
            "closed": self._closed, "points": self._points, "deposit_at": self._deposit_at, OWN_RULES: self._rules
        }  # fmt: skip

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            self._found[name] = self._look(name)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        standings = (name for book in self._books.values() for name in book.standings)
        return iter(dict.fromkeys((*self._looks, *standings, *self._own)))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _look(self, name: str) -> Any:
        if name in self._looks:
            return self._looks[name]()
        if any(name in book.standings for book in self._books.values()):
            return any(self._makes(name, each) for each in self._standings)
        return self._own[name]

    @cached_property
    def _row(self) -> Shop | None:
        return shops.get(self._connection, self._id)

    @cached_property
    def _own(self) -> Facts:
        return {**self._row.told, **self._row.set} if self._row else {}

    @cached_property
    def _standings(self) -> Iterable[Standing]:
        return shops.in_force(self._connection, self._id)

    def _makes(self, name: str, found: Standing) -> bool:
        """Whether a violation makes this true, by its platform's rules."""
        book = self._books.get(found.platform)
        version = book.standings[name].at(self._at.date()) if book and name in book.standings else None
        return version is not None and _counts(version, found)

    @cached_property
    def _effects(self) -> Iterable[Effect]:
        return effects.in_force(self._connection, self._id, self._at)

    def _closed(self) -> bool:
        """It has closed, or was removed."""
        closed_at = self._own.get("closed_at")
        closed = closed_at is not None and dt.datetime.fromisoformat(closed_at) <= self._at
        return closed or any(each.kind == "remove" for each in self._effects)

    def _deposit_at(self) -> dt.datetime | None:
        of = self._own.get("deposit_at")
        return dt.datetime.fromisoformat(of) if of else None

    def _points(self) -> int:
        past = [Past("", self._id, "", "minor", dt.datetime.fromisoformat(at), n) for at, n in self._own.get("past", ())]
        days = _points_days(self._row.platform, self._at.date()) if self._row and past else points.DAYS
        now = sum(each.amount or 0 for each in self._effects if each.kind == "points")
        return points.of_past(past, self._id, self._at, days=days) + now

    def _rules(self) -> tuple[Own, ...]:
        return tuple(Own(row.name, OwnRule.model_validate(row.rule)) for row in rules.active(self._connection, self._id))


def _counts(version: StandingVersion, found: Standing) -> bool:
    heavy = SEVERITIES.index(found.severity) >= SEVERITIES.index(version.at_least)
    return heavy and found.violation in version.violations


@lru_cache(maxsize=1)
def _judging() -> Mapping[str, Judging]:
    return {name: pack.judging for name, pack in packs().items()}


def _points_days(platform: str, date: dt.date) -> int:
    return points.days_of(points.rule(_judging(), platform, date))


# Switching


@dataclass(frozen=True, slots=True)
class Setting:
    """A switch, or something stated: whether it is on, and who can change it."""

    name: str
    on: bool
    stated: bool


def settings(connection: Connection, shop: str) -> list[Setting]:
    """Every switch of a shop, and what the platform states of it."""
    row = shops.get(connection, shop)
    known = {**row.told, **row.set} if row else {}
    return [Setting(name, bool(known.get(name)), name in STATED) for name in (*SWITCHES, *STATED)]


def switch(connection: Connection, doer: Doer, shop: str, name: str, *, on: bool, platform: str = "") -> Setting:
    """Turn a switch, or state something of a shop. `platform`: of a shop that the desk does not know yet. Cases that are open
    see it at their next change. Raises ShopRefused, NotFound."""
    if name not in (*SWITCHES, *STATED):
        raise NotFound(f'there is no switch "{name}"; {did_you_mean(name, [*SWITCHES, *STATED])}')
    known = shops.get(connection, shop)
    if known is None and not platform:
        raise ShopRefused(f'the desk does not know the shop "{shop}" yet; say its platform')
    row = known or Shop(shop, platform, HOME_ZONE, {}, {}, doer.at)
    shops.put(connection, replace(row, set={**row.set, name: on}, changed_at=doer.at))
    leave(connection, doer, "switch", f"shop {shop}", name=name, on=on)
    return Setting(name, on, name in STATED)


def platform_of(home: Home, shop: str) -> str:
    """The platform of a shop that the desk knows, or the facts. Raises NotFound."""
    with home.database.connect() as connection:
        row = shops.get(connection, shop)
        found = row.platform if row else shops.platform(connection, shop)
    if found:
        return found
    told = _told(home, shop)
    if told is None:
        raise no_shop(shop)
    return told[0]


# What the facts tell

_SHOP = "select platform, timezone, switches, closed_at, deposit_fen from facts.shops where shop_id = $shop"
_PAST = "select decided_at, coalesce(points, 0) from facts.past_measures where shop_id = $shop and points > 0"


def learn(home: Home, shop: str, at: dt.datetime) -> None:
    """Note what the facts tell of a shop, unless it is noted of this version already."""
    seq = len(home.versions())
    with home.database.connect() as connection:
        known = shops.get(connection, shop)
    if known is not None and known.told.get("seq") == seq:
        return
    told = _told(home, shop)
    if told is None:
        return
    platform, zone, found = told
    with home.database.begin() as connection:
        own = shops.get(connection, shop)
        shops.put(connection, Shop(shop, platform, zone, {**found, "seq": seq}, own.set if own else {}, at))


def _told(home: Home, shop: str) -> tuple[str, str, dict[str, Any]] | None:
    con, version = facts(home)
    found = con.execute(_SHOP, {"shop": shop}).fetchone()
    past = con.execute(_PAST, {"shop": shop}).fetchall() if found else []
    held = deposits.told(home, con, version).get(shop) if found and found[4] is not None else None
    con.close()
    if found is None:
        return None
    platform, zone, words, closed_at, _ = found
    told: dict[str, Any] = {name: name in switched(words or "") for name in SWITCHES}
    told |= {"closed_at": closed_at.isoformat()} if closed_at else {}
    told |= {"deposit_fen": held.fen, "deposit_at": held.at.isoformat()} if held else {}
    told |= {"past": [[decided.isoformat(), number] for decided, number in past]} if past else {}
    return platform, zone or HOME_ZONE, told


def switched(words: str) -> frozenset[str]:
    """The switches that a shop's facts name: `instant_refund, seven_days`."""
    return frozenset(f"switch_{word}" for word in words.replace(",", " ").replace(";", " ").replace("，", " ").split())

"""Histories: markets whose rows come in pieces and in disorder, are changed, undone, compacted and erased, with closes between;
and what is told of a close that is carried from another beside the same close counted directly."""

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from oracle.markets import DATES, HOUR, Maker, Shop, Size, Trade, after, draw
from tianping.errors import NotFound
from tianping.facts import versions
from tianping.facts.schema import TABLES
from tianping.periods import HOME_ZONE, to_instant
from tianping.policy.model import Pack
from tianping.work.erase import erase
from tianping.work.home import Home
from tianping.work.intake import imports
from tianping.work.intake.compact import compact_now

from .homes import NOON, bring, closed, table

PLATFORMS = ("kuaishou", "douyin", "taobao", "tmall", "jd")
STARTS = (*DATES, dt.date(2022, 6, 24), dt.date(2020, 4, 13))  # days on which some pack's version is new
MOVES = (0, 0, 1, 1, 1, 1, 1, 2, 2, 3, 5, 8, 13, 14, 15, -1, -1, -2, -5, -14, -15)
FEW = Size(orders=8, buyers=3, messages=8, views=6, videos=2, plays=4)

Fact = tuple[str, dict[str, Any]]
"""A table and a row of it; times as text with their offset."""


# --- A market of five platforms


def market(rng: random.Random, date: dt.date) -> list[Fact]:
    """All rows of it."""
    return [
        fact
        for platform in rng.sample(PLATFORMS, rng.choice((2, 2, 3, 5)))
        for fact in _with_offsets(
            draw(rng.randrange, size=FEW, date=date, prefix=platform[:2], trade=Trade(platform, more=_served)).facts
        )
    ]


def _served(maker: Maker, shops: list[Shop]) -> None:
    """Agents, and what they do: sessions, shifts, whom they served; and complaints."""
    agents = [f"{maker.prefix}A{number}" for number in range(3)]
    for agent in agents:
        maker.add("agents", agent_id=agent, shop_id=maker.one_of(shops).shop_id)
    for name in ("orders", "messages", "chat_ratings"):
        for row in maker.facts.get(name, ()):
            row["agent_id"] = maker.one_of((*agents, None))
            if name != "orders":
                row["session_id"] = maker.one_of((f"{maker.prefix}X1", f"{maker.prefix}X2", None))
    for number in range(maker.pick(3)):
        _session(maker, maker.one_of(shops), f"{maker.prefix}X{number}", maker.one_of(agents))
    for number in range(maker.pick(4)):
        _shift(maker, maker.one_of(shops), f"{maker.prefix}F{number}", maker.one_of(agents))
    for order in maker.facts.get("orders", ()):
        if maker.pick(3) == 0:
            _complaint(maker, order["order_id"])


def _session(maker: Maker, shop: Shop, session_id: str, agent_id: str) -> None:
    opened = maker.edge()
    assigned = maker.not_before(opened, shop.zone, (opened, 0), (opened, HOUR))
    who = {"shop_id": shop.shop_id, "buyer_id": f"{maker.prefix}B{maker.pick(3)}", "agent_id": agent_id}
    closed_at = maker.not_before(opened, shop.zone, (opened, HOUR))
    human = maker.one_of((True, False, None))
    times = {"opened_at": opened, "assigned_at": assigned, "closed_at": closed_at}
    maker.add("chat_sessions", session_id=session_id, human=human, **who, **times)


def _shift(maker: Maker, shop: Shop, shift_id: str, agent_id: str) -> None:
    online = maker.edge()
    offline = maker.not_before(online, shop.zone, (online, HOUR), (after(online, 8 * HOUR, shop.zone), 0))
    gone = {"suspended_s": maker.pick(5), "longest_suspension_s": maker.pick(3)}
    maker.add(
        "agent_shifts", shift_id=shift_id, shop_id=shop.shop_id, agent_id=agent_id, online_at=online, offline_at=offline, **gone
    )


def _complaint(maker: Maker, order_id: str) -> None:
    verdict = maker.one_of(("merchant", "buyer", "malicious", "open", None))
    complaint_id = maker.new_id("complaints", "Q")
    maker.add("complaints", complaint_id=complaint_id, order_id=order_id, complained_at=maker.edge(), verdict=verdict)


def _with_offsets(facts: dict[str, list[dict[str, Any]]]) -> Iterator[Fact]:
    """Wall times of the rows' shops with their offset, so that nothing hangs on when the zone becomes known."""
    zones = {row["shop_id"]: row["timezone"] for row in facts.get("shops", ())}
    shop_of = {row["order_id"]: row["shop_id"] for row in facts.get("orders", ())}
    shop_of |= {row["video_id"]: row["shop_id"] for row in facts.get("videos", ())}
    for name, rows in facts.items():
        for row in rows:
            shop = row.get("shop_id") or shop_of.get(row.get("order_id")) or shop_of.get(row.get("video_id"))
            yield name, {column: _cell(column, value, zones.get(shop) or HOME_ZONE) for column, value in row.items()}


def _cell(column: str, value: Any, zone: str) -> Any:
    if column.endswith("_at") and value is not None:
        wall = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value)
        return f"{to_instant(wall, zone).isoformat()}Z"
    return str(value).lower() if isinstance(value, bool) else value


# --- A history


@dataclass
class History:
    """A home and what happened to it so far. `waiting` rows are still to come, `told` ones have."""

    home: Home
    rng: random.Random
    date: dt.date
    waiting: list[Fact]
    told: list[Fact] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def happen(self) -> None:
        """Some act; rows come more often than anything else."""
        rare = (self.undo_some, self.undo_some, self.merge, self.rng.choice((self.merge, self.forget)))
        acts = (self.bring_some,) * 6 * bool(self.waiting) + (self.change_some,) * 6 * bool(self.told)
        self.rng.choice((*acts, *rare) if self.told else acts)()

    def bring_some(self) -> None:
        """A part of what is waiting, children before parents; of some tables some columns come later."""
        self.rng.shuffle(self.waiting)
        count = 1 + int(len(self.waiting) * self.rng.choice((0.1, 0.3, 0.6, 0.9)))
        some, self.waiting = self.waiting[:count], self.waiting[count:]
        late = {name: self._optional(name) for name in TABLES if self.rng.random() < 0.2}
        self.waiting += [(name, _only(name, row, late[name])) for name, row in some if late.get(name, set()) & set(row)]
        self._import([(name, _only(name, row, set(row) - late.get(name, set()))) for name, row in some])
        self.told += some

    def change_some(self) -> None:
        """Cells of some rows become those of others of their table; with a time of their own, or as they come."""
        changed = []
        for name in self.rng.sample(sorted({name for name, _ in self.told}), 2):
            rows = [row for table_name, row in self.told if table_name == name]
            columns = self._optional(name) | self._hung(name)
            dated = self.rng.random() < 0.5
            for row in self.rng.sample(rows, min(len(rows), 4)):
                cells = _only(name, row, set()) | {column: self.rng.choice(rows).get(column) for column in columns}
                changed.append((name, cells | ({"updated_at": self._some_time()} if dated else {})))
        self._import(changed)

    def _optional(self, name: str) -> set[str]:
        """Some columns that a row need not have."""
        free = [column.name for column in TABLES[name].columns if not column.required and column.name != "updated_at"]
        return set(self.rng.sample(free, min(len(free), self.rng.randint(1, 3))))

    def _hung(self, name: str) -> set[str]:
        """Sometimes what the row hangs on: its order, its product, its time."""
        needed = {column.name for column in TABLES[name].columns if column.required} - {"shop_id", *TABLES[name].key}
        return {column for column in needed if self.rng.random() < 0.4}

    def _some_time(self) -> str | None:
        moment = dt.datetime.combine(self.date, dt.time()) + dt.timedelta(hours=self.rng.randint(-500, 500))
        return self.rng.choice((None, f"{moment.isoformat()}Z"))

    def _import(self, facts: list[Fact]) -> None:
        """One file for each table and set of columns."""
        files: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        for name, row in facts:
            files[name, *sorted(row)].append(row)
        texts = {
            f"{name}-{number}": table(",".join(columns), *([row[column] for column in columns] for row in rows))
            for number, ((name, *columns), rows) in enumerate(files.items())
        }
        report = bring(self.home, texts, hour=len(self.log))
        self.log.append(f"import {report.seq}: {', '.join(sorted(texts))}")

    def undo_some(self) -> None:
        live = versions.live(self.home.versions())
        if len(live) > 1:
            seq = self.rng.choice(live).seq
            imports.undo(self.home, seq, at=self._at())
            self.log.append(f"undo {seq}")

    def merge(self) -> None:
        self.log.append(f"compact {compact_now(self.home, at=self._at())}")

    def forget(self) -> None:
        buyers = sorted({str(row["buyer_id"]) for _, row in self.told if row.get("buyer_id")})
        buyer = self.rng.choice(buyers or ["nobody"])
        self.log.append(f"erase {buyer}")
        try:
            erase(self.home, buyer, at=self._at())
        except NotFound:
            self.log.append("(nobody)")

    def close(self) -> None:
        self.date += dt.timedelta(days=self.rng.choice(MOVES))
        days = self.rng.choice(((), (), (), (3,), (45,)))
        self.log.append(f"close {self.date} {days}")
        found = differences(self.home, self.date, days)
        assert not found, "\n".join(["", *self.log, *found])

    def _at(self) -> dt.datetime:
        return NOON + dt.timedelta(hours=len(self.log))


def _only(name: str, row: dict[str, Any], columns: set[str]) -> dict[str, Any]:
    """The row's key and these columns of it."""
    return {column: value for column, value in row.items() if column in columns or column in TABLES[name].key}


# --- Carried beside counted


def differences(home: Home, date: dt.date, days: Sequence[int] = (), packs: Mapping[str, Pack] | None = None) -> list[str]:
    """Rows of the close that is carried from the last one and not of the one counted directly (+), and the other way (-)."""
    carried, counted = carried_and_counted(home, date, days, packs)
    if carried.read_bytes() == counted.read_bytes():
        return []
    con = duckdb.connect()
    told = 'platform, metric, variant, "by", subject, days, numerator, denominator, status'
    return [
        f"{sign} {row}"
        for sign, one, other in (("+", carried, counted), ("-", counted, carried))
        for row in con.sql(f"select {told} from '{one}' except select {told} from '{other}' order by all limit 20").fetchall()
    ] or ["the rows are the same, their order is not"]


def carried_and_counted(
    home: Home, date: dt.date, days: Sequence[int] = (), packs: Mapping[str, Pack] | None = None
) -> tuple[Path, Path]:
    """The figures of the day, twice: carried where that may be, and counted from the rows."""
    files = []
    for name, known_at in (("carried", None), ("counted", versions.seq_at(home.versions()))):
        done = closed(home, date, packs=packs, known_at=known_at, days=tuple(days))
        files.append((home.path / done.path).replace(home.path.parent / f"{name}.parquet"))
    return files[0], files[1]

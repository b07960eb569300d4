"""The rules of versions in plain, slow Python: what the lake must do, row by row."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tianping.facts.schema import Table

from .hand import Row

Values = dict[str, Any]
NEVER = dt.datetime.min


class Said(NamedTuple):
    """One row of one import."""

    seq: int
    part: int
    line: int
    row: Row

    @property
    def stamp(self) -> dt.datetime | None:
        return self.row.get("updated_at")


@dataclass
class Plain:
    """One table of a store: every row kept, with the import that brought it; `undone` by the number of the undo."""

    table: Table
    said: list[Said] = field(default_factory=list)
    undone: dict[int, int] = field(default_factory=dict)
    seq: int = 0
    imports: set[int] = field(default_factory=set)

    def bring(self, parts: Sequence[Sequence[Row]]) -> dict[str, int]:
        """Import; how many rows were what."""
        self.seq += 1
        self.imports.add(self.seq)
        rows = [Said(self.seq, part, line, row) for part, listed in enumerate(parts) for line, row in enumerate(listed)]
        once = [one for one in rows if not any(same(one, other) for other in rows if other.line < one.line)]
        clear = [one for one in once if not self.clashes(one, once)]
        good = self.complete(self.own_shop(clear))
        before, earlier = self.state(), list(self.said)
        self.said += good
        counts = dict.fromkeys(("new", "changed", "unchanged"), 0)
        for one in good:
            counts[self.fate(one, good, before)] += 1
        copies = [one for one in rows if one not in once and any(same(one, other) for other in good)]
        counts["unchanged"] += len(copies)
        counts["quarantined"] = len(rows) - len(good) - len(copies)
        assert len(self.said) == len(earlier) + len(good)
        return counts

    def key(self, one: Said) -> Any:
        return one.row[self.table.key[0]]

    def clashes(self, one: Said, once: list[Said]) -> bool:
        """Whether another row of its file has its key, differs, and nothing says which is newer."""
        mine = [other for other in once if other.part == one.part and self.key(other) == self.key(one)]
        twins = [other for other in mine if other.row != one.row]
        stamps = [other.stamp for other in mine]
        return bool(twins) and (None in stamps or any(other.stamp == one.stamp for other in twins))

    def own_shop(self, rows: list[Said]) -> list[Said]:
        """Leave out rows whose key is known under another shop."""
        known = {key: values.get("shop_id") for key, values in self.states().items()}
        kept = []
        for one in sorted(rows, key=lambda one: (one.part, one.stamp or NEVER)):
            shop = one.row.get("shop_id")
            if shop and not known.get(self.key(one)):
                known[self.key(one)] = shop
            if not shop or known[self.key(one)] == shop:
                kept.append(one)
        return kept

    def complete(self, rows: list[Said]) -> list[Said]:
        """Leave out rows of keys that are still incomplete with them."""
        after = {}
        for key in {self.key(one) for one in rows}:
            after[key] = resolve(self.table, [one for one in [*self.visible(), *rows] if self.key(one) == key])
        return [one for one in rows if self.is_complete(after[self.key(one)])]

    def is_complete(self, values: Values) -> bool:
        return all(column.name in values for column in self.table.columns if column.required)

    def fate(self, one: Said, good: list[Said], before: dict[Any, Values]) -> str:
        key, mine = self.key(one), [other for other in good if self.key(other) == self.key(one)]
        if key in before:
            return "unchanged" if self.state()[key] == before[key] else "changed"
        if one == min(mine, key=lambda other: (other.part, other.stamp or NEVER)):
            return "new"
        return "unchanged" if any(other.part < one.part and other.row == one.row for other in mine) else "changed"

    def undo(self, seq: int) -> None:
        self.seq += 1
        self.undone[seq] = self.seq

    def visible(self, seq: int | None = None) -> list[Said]:
        at = self.seq if seq is None else seq
        return [one for one in self.said if one.seq <= at < self.undone.get(one.seq, at + 1)]

    def states(self, seq: int | None = None) -> dict[Any, Values]:
        """Complete or not."""
        rows = self.visible(seq)
        return {key: resolve(self.table, [one for one in rows if self.key(one) == key]) for key in map(self.key, rows)}

    def state(self, seq: int | None = None) -> dict[Any, Values]:
        return {key: values for key, values in self.states(seq).items() if self.is_complete(values)}


def same(one: Said, other: Said) -> bool:
    return one.part == other.part and one.row == other.row


def resolve(table: Table, rows: list[Said]) -> Values:
    """One row of a key: column by column the newest row that gives or clears it."""
    arrived = sorted(rows, key=lambda one: (one.seq, one.part))
    newest: dt.datetime = NEVER
    ranked = []
    for one in arrived:  # several rows of one file are all stamped, so their order here does not matter
        newest = max(newest, one.stamp or NEVER)
        ranked.append((one.stamp or newest, one.seq, one.part, one))
    ranked.sort(key=lambda four: four[:3])
    values: Values = {}
    firsts = {column: first_known(arrived, column) for column in table.write_once}
    for *_, one in ranked:
        for column, value in one.row.items():
            values[column] = value
    for column, first in firsts.items():
        values[column] = first.row[column] if first else None
        if first:
            values["reason_now"] = reason_now([four[3] for four in ranked], first)
    values["updated_at"] = max((one.stamp for one in rows if one.stamp), default=None)
    return {column: value for column, value in values.items() if value is not None}


def first_known(arrived: list[Said], column: str) -> Said | None:
    given = [one for one in arrived if one.row.get(column) is not None]
    return min(given, key=lambda one: (one.seq, one.part, one.stamp or NEVER), default=None)


def reason_now(ranked: list[Said], first: Said) -> Any:
    now = None
    for place, one in enumerate(ranked):
        differs = one.row.get("reason") not in (None, first.row["reason"]) and place > ranked.index(first)
        if one.row.get("reason_now") is not None:
            now = one.row["reason_now"]
        elif differs:
            now = one.row["reason"]
        elif "reason_now" in one.row:
            now = None
    return now

"""Cells of our columns as people read and write them, and back: money in yuan, times on the shop's clock."""

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction

from tianping import money
from tianping.facts.schema import TABLES, Column
from tianping.periods import HOME_ZONE, to_instant, to_wall
from tianping.policy.saying import amount
from tianping.web.pages.data_words import column_word, value_word
from tianping.web.wording import t
from tianping.work.intake.badrows import Bad

UNITS = {"fen": "data.in_yuan", "time": "data.shop_time"}
"""Type of a column → the words of what its cells are written in."""


def shown(lang: str, column: Column | None, value: object, zone: str = HOME_ZONE) -> str:
    """A typed value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return t(f"data.{'yes' if value else 'no'}", lang)
    if isinstance(value, dt.datetime):
        return to_wall(value, zone).isoformat(" ", "seconds")
    if column and column.type == "fen" and isinstance(value, int):
        return amount(Fraction(value), "fen")
    return value_word(lang, str(value)) if column and column.values else str(value)


def label(lang: str, bad: Bad, name: str) -> str:
    """What a cell of a bad row is called: its heading in the file; of a row that a mapping has made, column and unit."""
    if bad.form != "canonical":
        return name
    column = TABLES[bad.table].by_name.get(name)
    unit = UNITS.get(column.type, "") if column else ""
    return column_word(lang, name) + (t("data.unit_of", lang, unit=t(unit, lang)) if unit else "")


def written(bad: Bad, zone: str) -> Mapping[str, str]:
    """The cells of a bad row as people write them: as the file has them; of a row that a mapping has made, in yuan and on the
    clock of `zone`."""
    if not isinstance(bad.cells, Mapping):
        return {}
    types = {column.name: column.type for column in TABLES[bad.table].columns} if bad.form == "canonical" else {}
    return {name: _written(types.get(name, ""), cell, zone) for name, cell in bad.cells.items()}


def _written(kind: str, cell: str, zone: str) -> str:
    if kind == "fen" and cell.removeprefix("-").isdecimal():
        return money.yuan(int(cell))
    time = _time(cell) if kind == "time" else None
    return to_wall(time.astimezone(dt.UTC).replace(tzinfo=None), zone).isoformat(" ") if time and time.tzinfo else cell


def _time(cell: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(cell.strip().replace("/", "-"))
    except ValueError:
        return None


def read_back(bad: Bad, given: Mapping[str, str], zone: str) -> tuple[dict[str, str], list[str]]:
    """What people wrote as the cells of the row, those they left as they were unchanged; and the names of those that are no sum
    of money."""
    was, shown_as = bad.cells if isinstance(bad.cells, Mapping) else {}, written(bad, zone)
    types = {column.name: column.type for column in TABLES[bad.table].columns} if bad.form == "canonical" else {}
    cells = {
        name: cell if given.get(name, shown_as[name]) == shown_as[name] else _read_back(types.get(name, ""), given[name], zone)
        for name, cell in was.items()
    }
    return {name: cell or "" for name, cell in cells.items()}, [name for name, cell in cells.items() if cell is None]


def _read_back(kind: str, said: str, zone: str) -> str | None:
    """The cell; None for what should be money and is none. A time that cannot be read stays, for the import to refuse."""
    if kind == "fen" and said.strip():
        sum_ = money.fen(said)
        return None if sum_ is None else str(sum_)
    time = _time(said) if kind == "time" else None
    return f"{to_instant(time, zone).isoformat()}Z" if time else said

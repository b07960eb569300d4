"""The rows of `figure_report`: "this figure is wrong", with what the user saw."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine, Select, insert, select, update

from tianping.store.schema import figure_report

State = Literal["open", "closed"]


@dataclass(frozen=True, slots=True)
class Report:
    """A figure and its definition as they were shown, the user's words, and where the rows are kept (relative to the home;
    empty: they are not)."""

    id: int
    account_id: int
    at: dt.datetime
    figure: dict[str, Any]
    definition: dict[str, Any]
    words: str
    rows_path: str
    state: State


def add(
    engine: Engine,
    account_id: int,
    at: dt.datetime,
    figure: Mapping[str, Any],
    definition: Mapping[str, Any],
    words: str,
    rows_path: str = "",
) -> int:
    """Keep a report; its id. Figure and definition must be JSON: dates and decimals as text."""
    values = {"account_id": account_id, "at": at, "figure": dict(figure), "definition": dict(definition), "words": words}
    made = insert(figure_report).values(**values, rows_path=rows_path, state="open").returning(figure_report.c.id)
    with engine.begin() as connection:
        return int(connection.execute(made).scalar_one())


def get(engine: Engine, id_: int) -> Report | None:
    return next(iter(_read(engine, select(figure_report).where(figure_report.c.id == id_))), None)


def newest(engine: Engine, *, account_id: int | None = None, before: int | None = None, limit: int = 50) -> Sequence[Report]:
    """The newest reports, of one account or of all; `before` is the id of the last one seen."""
    query = select(figure_report).order_by(figure_report.c.id.desc()).limit(limit)
    query = query if account_id is None else query.where(figure_report.c.account_id == account_id)
    return _read(engine, query if before is None else query.where(figure_report.c.id < before))


def change(engine: Engine, id_: int, **values: object) -> bool:
    """Change columns of a report; whether there is one."""
    with engine.begin() as connection:
        return connection.execute(update(figure_report).where(figure_report.c.id == id_).values(**values)).rowcount == 1


def _read(engine: Engine, query: Select[Any]) -> Sequence[Report]:
    with engine.connect() as connection:
        return [Report(**row) for row in connection.execute(query).mappings()]

"""Many rows by one statement: what its columns' types make of a value is found once a statement and kind of database.

SQLAlchemy finds that anew for every row, which costs the desk's clock more than SQLite takes to write it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, Insert, Update


class _Compiled(NamedTuple):
    """`order`: which of a row's values, or of the statement's own behind them, each parameter takes. `turned`: those that their
    type turns into another."""

    sql: str
    names: Sequence[str]
    order: Sequence[int]
    turned: Sequence[tuple[int, Callable[[Any], Any]]]
    own: Sequence[Any]
    positional: bool


class Many:
    """A statement and the names of its parameters: the columns of an insert, the `bindparam`s of an update. A row holds their
    values in that order."""

    def __init__(self, statement: Insert | Update, names: Sequence[str]) -> None:
        self._statement, self._names = statement, tuple(names)
        self._compiled: dict[str, _Compiled] = {}

    def write(self, connection: Connection, rows: Iterable[Sequence[Any]]) -> int:
        """Do it to these rows; how many the database says it changed."""
        found = self._compiled.get(connection.dialect.name)
        if found is None:
            found = self._compiled[connection.dialect.name] = self._compile(connection.dialect)
        given = [_turned(found, row) for row in rows]
        if not given:
            return 0
        many = given if found.positional else [dict(zip(found.names, row, strict=True)) for row in given]
        return int(connection.exec_driver_sql(found.sql, many).rowcount)

    def _compile(self, dialect: Dialect) -> _Compiled:
        inserted = list(self._names) if isinstance(self._statement, Insert) else []
        compiled = self._statement.compile(dialect=dialect, column_keys=inserted)
        bound = {name: bind for bind, name in compiled.bind_names.items()}
        names = list(compiled.positiontup or bound)
        turns = [bound[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
        turned = [(place, turn) for place, turn in enumerate(turns) if turn is not None]
        own = [name for name in names if name not in self._names]
        order = [(*self._names, *own).index(name) for name in names]
        return _Compiled(str(compiled), names, order, turned, [bound[name].value for name in own], bool(compiled.positiontup))


def _turned(found: _Compiled, row: Sequence[Any]) -> tuple[Any, ...]:
    given = (*row, *found.own)
    values = [given[place] for place in found.order]
    for place, turn in found.turned:
        values[place] = turn(values[place])
    return tuple(values)

"""The rows of `store_version`: an import is committed by one of them, and by nothing else."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, func, insert, select, update

from tianping.facts.versions import Input, LakeFile, Tally, Version
from tianping.store.schema import store_version


def read(engine: Engine) -> tuple[Version, ...]:
    """All versions, oldest first."""
    with engine.connect() as connection:
        rows = connection.execute(select(store_version).order_by(store_version.c.seq)).mappings()
        return tuple(_version(row) for row in rows)


def newest(engine: Engine) -> int:
    """The number of the last version, 0 before the first."""
    with engine.connect() as connection:
        return connection.execute(select(func.max(store_version.c.seq))).scalar() or 0


def commit(engine: Engine, version: Version) -> None:
    """Commit one import or undo. From here on its files are part of the store."""
    with engine.begin() as connection:
        add(connection, version)


def add(connection: Connection, version: Version) -> None:
    """The same in a transaction of the caller's."""
    connection.execute(insert(store_version).values(**asdict(version)))


def rename(connection: Connection, seq: int, inputs: Sequence[Input]) -> None:
    """Put other inputs in the place of a version's: the names of its files may have named somebody."""
    listed = [asdict(one) for one in inputs]
    connection.execute(update(store_version).where(store_version.c.seq == seq).values(inputs=listed))


def _version(row: RowMapping) -> Version:
    values: dict[str, Any] = dict(row)
    own = {"first": row["seq"], "last": row["seq"]}
    values["files"] = tuple(LakeFile(**own | file) for file in values["files"])
    values["counts"] = {table: Tally(**tally) for table, tally in values["counts"].items()}
    values["inputs"] = tuple(Input(**one) for one in values["inputs"])
    values["replaces"] = tuple(values["replaces"])
    values["covers"] = tuple(values["covers"]) if values["covers"] else None
    return Version(**values)

"""The rows of `erasure`: while one runs, the database lets words in tables that only grow take its pseudonym in."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, insert, update

from tianping.store.schema import erasure


@contextmanager
def running(connection: Connection, seq: int, pseudonym: str) -> Iterator[None]:
    """An erasure of the version `seq`, within the caller's transaction: the database commits none that still runs. Its row
    stays."""
    connection.execute(insert(erasure).values(seq=seq, pseudonym=pseudonym, ended=-seq))
    yield
    connection.execute(update(erasure).where(erasure.c.seq == seq).values(ended=seq))

"""What is made once and then used again, because making it takes longer than most tests; what is left out because no test needs
it; and what the heap costs."""

import fcntl
import gc
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, inspect

from tianping.policy import load
from tianping.policy.cases import casebook
from tianping.store import database
from tianping.work.people import passwords

Read = TypeVar("Read")


@contextmanager
def heap_at_rest() -> Iterator[None]:
    """What is loaded until the tests begin (modules, models, seven thousand tests) lasts until the end. Without this every full
    collection of garbage looks through all of it: a third of what a test of packs takes."""
    gc.disable()
    try:
        yield
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def once_a_run(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder that `make` has made: by the first of the run's workers that asks, while the others wait. To be copied: what
    one worker writes into it the others would read."""
    own = factory.getbasetemp()
    shared = own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made := shared / name).exists():
            make(begun := shared / f"{name}-begun")
            begun.rename(made)
    return made


def hash_cheaply(patch: pytest.MonkeyPatch) -> None:
    """A password's hash takes a tenth of a second of four cores, on purpose."""
    patch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def keep_the_power(patch: pytest.MonkeyPatch) -> None:
    """Programs are killed, but no test cuts the power: what was written is read again, whether or not the disk has it."""
    patch.setattr(os, "fsync", lambda handle: None)
    patch.setattr(
        database, "_PRAGMAS", tuple(each.replace("synchronous = FULL", "synchronous = OFF") for each in database._PRAGMAS)
    )


def read_once(patch: pytest.MonkeyPatch) -> None:
    """The packs and casebooks that are shipped."""
    patch.setattr(load, "open_pack", _shipped_once(load.open_pack))
    patch.setattr(casebook, "open_casebook", _shipped_once(casebook.open_casebook))


def _shipped_once(read: Callable[[Path], Read]) -> Callable[[Path], Read]:
    kept, shipped = cache(read), frozenset(load.shipped())
    return lambda folder: kept(folder) if folder in shipped else read(folder)


def migrate_once(patch: pytest.MonkeyPatch, template: Path) -> None:
    """A new SQLite database takes its tables from the first that the migrations made; one with anything in it is migrated."""
    migrate = database._upgrade

    def upgrade(engine: Engine) -> None:
        if engine.dialect.name != "sqlite" or inspect(engine).get_table_names():
            migrate(engine)
        elif template.exists():
            _copy(template, engine)
        else:
            migrate(engine)
            _keep(engine, template)

    patch.setattr(database, "_upgrade", upgrade)


def _copy(template: Path, engine: Engine) -> None:
    with closing(sqlite3.connect(template)) as made, engine.connect() as connection:
        made.backup(_raw(connection.connection.driver_connection))


def _keep(engine: Engine, template: Path) -> None:
    with engine.connect() as connection, closing(sqlite3.connect(template)) as kept:
        _raw(connection.connection.driver_connection).backup(kept)


def _raw(connection: object) -> sqlite3.Connection:
    assert isinstance(connection, sqlite3.Connection)
    return connection

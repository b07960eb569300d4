"""The operational database: migrations build what the schema says; versions are read back as they were written."""

import datetime as dt
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from tianping.errors import TianpingError
from tianping.facts.versions import Input, LakeFile, Tally, Version
from tianping.store import versions
from tianping.store.database import HEAD, MIGRATIONS, open_database, sqlite_url
from tianping.store.schema import metadata

AT = dt.datetime(2024, 5, 1, 12, 30, 0)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database(sqlite_url(tmp_path / "db.sqlite"))


def test_migrations_build_the_schema(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_readers_do_not_block_the_writer(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_a_newer_database_is_refused(tmp_path: Path, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(TianpingError, match="newer tianping"):
        open_database(sqlite_url(tmp_path / "db.sqlite"))


def test_versions_come_back(engine: Engine) -> None:
    """With their files, counts and inputs, in order."""
    made = Version(
        seq=1,
        at=AT,
        mapping="olist",
        options={"shop": "s1"},
        files=(LakeFile("orders", "2024-04", "orders/2024-04/1-0-base.parquet", "base", 2, 100),),
        counts={"orders": Tally(2, 2)},
        inputs=(Input("orders.csv", "abc", 2, "", {"orders": 2}),),
        covers=("2024-04-01", "2024-04-30"),
    )
    undo = Version(2, AT, "undo", 1)
    for version in (made, undo):
        versions.commit(engine, version)
    assert versions.read(engine) == (made, undo)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(Version(1, AT), id="a number is used once"),
        pytest.param(Version(3, AT, "undo", 1), id="an import is undone once"),
        pytest.param(Version(3, AT, "undo", 9), id="what is undone was imported"),
        pytest.param(Version(3, AT, "import", 1), id="an import undoes nothing"),
        pytest.param(Version(3, AT, "undo"), id="an undo undoes something"),
    ],
)
def test_the_database_refuses_the_impossible(engine: Engine, wrong: Version) -> None:
    versions.commit(engine, Version(1, AT))
    versions.commit(engine, Version(2, AT, "undo", 1))
    with pytest.raises(IntegrityError):
        versions.commit(engine, wrong)

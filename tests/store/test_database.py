"""The operational database: migrations build what the schema says; versions are read back as they were written."""

import datetime as dt
import shutil
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import IntegrityError

from tianping.errors import TianpingError
from tianping.facts.versions import Input, LakeFile, Tally, Version
from tianping.store import closes, settings, versions
from tianping.store.database import HEAD, MIGRATIONS, ease, open_database, sqlite_url
from tianping.store.desk.schema import metadata

AT = dt.datetime(2024, 5, 1, 12, 30, 0)


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """A new database of either kind."""
    url = sqlite_url(tmp_path / "db.sqlite") if request.param == "sqlite" else request.getfixturevalue("postgres")
    return open_database(url)


def test_migrations_build_the_schema(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_readers_do_not_block_the_writer(tmp_path: Path) -> None:
    with open_database(sqlite_url(tmp_path / "db.sqlite")).connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_a_newer_database_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(TianpingError, match="newer tianping"):
        open_database(engine.url.render_as_string(hide_password=False))


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


def test_an_older_database_comes_along(tmp_path: Path) -> None:
    """What it holds is kept, with all that refers to it; a version then may be a compaction, and nothing else new."""
    url = sqlite_url(tmp_path / "db.sqlite")
    old = create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
    with old.begin() as connection:
        connection.execute(
            text(f"INSERT INTO store_version VALUES (1, '{AT}', 'import', null, '', '{{}}', '[]', '{{}}', '[]', 'null')")
        )
        connection.execute(text(f"INSERT INTO close VALUES ('2024-05-01', 1, 'd', '{{}}', '[]', 'p', 0, '{AT}')"))
    old.dispose()
    engine = open_database(url)
    assert versions.read(engine) == (Version(1, AT),)
    assert [done.seq for done in closes.every(engine)] == [1]
    versions.commit(engine, Version(2, AT, "compact", replaces=("a", "b")))
    assert versions.read(engine)[1].replaces == ("a", "b")
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("UPDATE store_version SET kind = 'magic' WHERE seq = 2"))
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_files_of_old_versions_are_theirs(engine: Engine) -> None:
    """A file recorded before compactions were holds the rows of its own version only."""
    versions.commit(engine, Version(3, AT, files=(LakeFile("orders", "all", "p", "base", 1, 1, 3, 3),)))
    with engine.begin() as connection:
        listed = '[{"table": "orders", "shelf": "all", "path": "p", "kind": "base", "rows": 1, "bytes": 1}]'
        connection.execute(text("UPDATE store_version SET files = :files"), {"files": listed})
    [version] = versions.read(engine)
    assert (version.files[0].first, version.files[0].last) == (3, 3)


def test_settings(engine: Engine) -> None:
    """A name has one value; before it was told, the default."""
    assert settings.get(engine, "scope", "own_shops") == "own_shops"
    for value in ("market", "own_shops", "market"):
        settings.put(engine, "scope", value)
        assert settings.get(engine, "scope", "own_shops") == value


def test_no_database(tmp_path: Path) -> None:
    """A file that is something else is told in one sentence."""
    (tmp_path / "db.sqlite").write_text("hello, hello, hello", encoding="utf-8")
    with pytest.raises(TianpingError, match="cannot be opened"):
        open_database(sqlite_url(tmp_path / "db.sqlite"))


def test_a_full_disk_is_no_broken_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is to be restored: room is to be made."""
    path = tmp_path / "tianping.db"
    path.write_bytes(b"x" * 4096)
    with pytest.raises(TianpingError, match="cannot be opened; mend it or restore a backup"):
        open_database(sqlite_url(path))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=0))
    with pytest.raises(TianpingError, match=r"the disk that holds .* is full \(0 bytes free\); make room on it"):
        open_database(sqlite_url(path))


@pytest.mark.parametrize("fails", [False, True])
def test_a_connection_that_eased_the_log_waits_for_others_as_before(tmp_path: Path, *, fails: bool) -> None:
    """Also where it could not, for the disk is full."""
    database = open_database(sqlite_url(tmp_path / "db.sqlite"))
    waits = "PRAGMA busy_timeout"

    def full(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if fails and "wal_checkpoint" in statement:
            raise OSError("the disk is full")

    event.listen(database, "before_cursor_execute", full)
    with database.connect() as connection:
        before = connection.exec_driver_sql(waits).scalar()
    with pytest.raises(OSError, match="disk is full") if fails else nullcontext():
        ease(database)
    with database.connect() as connection:
        assert connection.exec_driver_sql(waits).scalar() == before == 30_000

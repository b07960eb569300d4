"""A desk over a new database: SQLite, and PostgreSQL where a test asks for both (`any_desk`)."""

from pathlib import Path

import pytest

from tianping.policy.cases.casebook import Casebook, casebooks
from tianping.store.database import open_database, sqlite_url
from tianping.work.desk.opening import open_desk
from tianping.work.desk.sitting import Desk


@pytest.fixture(scope="session")
def books() -> dict[str, Casebook]:
    """The rules of cases that come with the program."""
    return dict(casebooks())


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and nothing in them, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("database") / "empty.sqlite"
    open_database(sqlite_url(path)).dispose()
    return path


@pytest.fixture
def desk(tmp_path: Path, empty_database: Path, books: dict[str, Casebook]) -> Desk:
    """A desk over SQLite."""
    path = tmp_path / "desk.sqlite"
    path.write_bytes(empty_database.read_bytes())
    return open_desk(open_database(sqlite_url(path)), books)


@pytest.fixture(params=["sqlite", "postgres"])
def any_desk(request: pytest.FixtureRequest, books: dict[str, Casebook]) -> Desk:
    """The same over either database."""
    if request.param == "sqlite":
        made: Desk = request.getfixturevalue("desk")
        return made
    return open_desk(open_database(request.getfixturevalue("postgres_made")), books)

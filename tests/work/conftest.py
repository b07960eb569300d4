"""The demo home, and databases with an office, shared by every test of this folder."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tianping.store.database import open_database, sqlite_url
from tianping.work.docket.history import Office
from tianping.work.home import Home

from .bench import office
from .homes import demo_home


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The demo market; not to be written into."""
    return demo_home(tmp_path_factory)


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """A new database of either kind."""
    url = sqlite_url(tmp_path / "db.sqlite") if request.param == "sqlite" else request.getfixturevalue("postgres_made")
    return open_database(url)


@pytest.fixture
def bench(engine: Engine) -> Office:
    return office(engine)


@pytest.fixture
def either(bench: Office) -> Office:
    """The same, where a test is most of all about the database."""
    return bench

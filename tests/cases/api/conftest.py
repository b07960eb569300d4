"""The office, over SQLite; over PostgreSQL too where a test asks for both."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tianping.work.home import open_home

from .office import Office, copy_people, make


@pytest.fixture(scope="session")
def office_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """To be copied: making accounts takes longer than most tests."""
    path = tmp_path_factory.mktemp("office") / "home"
    make(path)
    return path


@pytest.fixture
def office(office_made: Path, tmp_path: Path) -> Iterator[Office]:
    """An office of one's own."""
    shutil.copytree(office_made, tmp_path / "home")
    made = Office(open_home(tmp_path / "home"))
    yield made
    made.console.jobs.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def any_office(request: pytest.FixtureRequest, office_made: Path, tmp_path: Path) -> Iterator[Office]:
    """The same over either database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("office")
        return
    url = request.getfixturevalue("postgres_made")
    home = open_home(tmp_path / "home", create=True, url=url)
    copy_people(office_made, home)
    made = Office(home)
    yield made
    made.console.jobs.stop()

"""A new database of either kind."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tianping.store.database import open_database, sqlite_url


@pytest.fixture(params=["sqlite", "postgres"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    url = sqlite_url(tmp_path / "db.sqlite") if request.param == "sqlite" else request.getfixturevalue("postgres_made")
    return open_database(url)

"""A desk in a home of its own, whose cases flow into the facts."""

from pathlib import Path

import pytest

from tianping.policy.cases.casebook import Casebook
from tianping.work.desk.opening import open_desk
from tianping.work.desk.sitting import Desk
from tianping.work.home import Home, open_home
from tianping.work.intake.imports import Request, bring

from ..market import T


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home", create=True)


@pytest.fixture
def here(home: Home, books: dict[str, Casebook]) -> Desk:
    """A desk in a home that knows the shop and its product."""
    folder = home.path.parent / "given"
    folder.mkdir()
    (folder / "shops.csv").write_text("shop_id,platform\nS1,kuaishou\n")
    (folder / "products.csv").write_text("product_id,shop_id\nP1,S1\n")
    bring(home, Request((folder,), T))
    return open_desk(home.database, books)

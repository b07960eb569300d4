"""The markets that several tests look at: the demo's, and a wider one for what the demo has few of."""

import pytest

from simulate.written import FIRST_DAY, Written
from tianping.simulate import demo, market


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The demo market."""
    folder = tmp_path_factory.mktemp("demo")
    return Written(folder, demo.write(folder))


@pytest.fixture(scope="session")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """More orders than the demo's, of as many shops."""
    folder = tmp_path_factory.mktemp("wide")
    return Written(folder, market.write(folder, seed=5, shops=24, orders=90_000, days=92, first_day=FIRST_DAY))

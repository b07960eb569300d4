"""The demo home to call commands on."""

import pytest

from tianping.work.home import Home
from work.homes import demo_home


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The demo market; not to be written into."""
    return demo_home(tmp_path_factory)

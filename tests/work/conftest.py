"""The demo home, shared by every test of this folder."""

import pytest

from tianping.work.home import Home

from .homes import demo_home


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The demo market; not to be written into."""
    return demo_home(tmp_path_factory.getbasetemp())

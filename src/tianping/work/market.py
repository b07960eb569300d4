"""The demo market: made, imported, closed, in one go."""

import datetime as dt
import shutil
from collections.abc import Mapping

from tianping.policy.model import Pack
from tianping.simulate import demo
from tianping.store.closes import Close
from tianping.work import imports
from tianping.work.close import Asked, close
from tianping.work.home import Home, set_scope

CLOSE_DAY = demo.CLOSE_DAY


def bring_demo(home: Home, packs: Mapping[str, Pack], *, at: dt.datetime) -> Close:
    """Make the demo market, bring it into the home (again changes nothing), close its last day; the home
    is a market from then on. `at` is naive UTC."""
    folder = home.path / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    demo.write(folder)
    imports.bring(home, imports.Request((folder,), at))
    set_scope(home, "market")
    return close(home, packs, Asked(CLOSE_DAY), at=at)

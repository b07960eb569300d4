"""The demo market: made, imported, closed, in one go."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tianping.errors import ImportRefused
from tianping.policy.model import Pack
from tianping.simulate import demo
from tianping.store.closes import Close
from tianping.work.closing.close import Asked
from tianping.work.home import Home, set_scope
from tianping.work.intake import imports
from tianping.work.judge import close_day
from tianping.work.people.accounts import create_demo

CLOSE_DAY = demo.CLOSE_DAY
CLOSES = 7
"""Days of the demo that are closed, its last ones: a week to look back on."""
FOLDER = "demo-market"
"""The folder the demo's files come from: imports from elsewhere are not the demo's."""


def bring_demo(home: Home, packs: Mapping[str, Pack], *, at: dt.datetime, closes: int = CLOSES) -> Close:
    """Make the demo market, bring it into the home (again changes nothing), close its last days (`closes` of them), make an
    account of each role; the home is a market from then on. `at` is naive UTC."""
    others = [one.file for version in home.versions() for one in version.inputs if Path(one.file).parent.name != FOLDER]
    if others:
        raise ImportRefused(f"{home.path} holds real facts ({others[0]}); give the demo market a home of its own with --home")
    with TemporaryDirectory(prefix="tianping-") as scratch:
        demo.write(Path(scratch) / FOLDER)
        imports.bring(home, imports.Request((Path(scratch) / FOLDER,), at))
    set_scope(home, "market")
    create_demo(home, at)
    days = [CLOSE_DAY - dt.timedelta(days=back) for back in range(closes)]
    return [close_day(home, packs, Asked(day), at=at)[0] for day in reversed(days)][-1]

"""The demo market: three months of several platforms, always the same."""

import datetime as dt
from pathlib import Path
from typing import Final

from tianping.simulate import market
from tianping.simulate.sink import Form
from tianping.simulate.truth import Truth

SEED: Final = 20240601
SHOPS: Final = 24
ORDERS: Final = 26_000
DAYS: Final = 92
FIRST_DAY: Final = dt.date(2024, 3, 1)
CLOSE_DAY: Final = FIRST_DAY + dt.timedelta(days=DAYS)  # T of the demo's last close: all that happened before it


def write(out: Path, *, form: Form = "parquet") -> Truth:
    """Write the demo market into the new or empty folder `out`."""
    return market.write(out, seed=SEED, shops=SHOPS, orders=ORDERS, days=DAYS, first_day=FIRST_DAY, form=form)

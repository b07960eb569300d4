"""Four metrics by their packs over a home, with the program's own engine: by_packs.py HOME T."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd  # noqa: F401  # pyarrow would import it in the midst of the count, only because it is there

from ratios.answer import METRICS, Row, answer
from tianping.facts.asof import as_of
from tianping.facts.views import VIEWS
from tianping.metrics.compile import Definition, define
from tianping.metrics.engine import compute
from tianping.policy.load import packs_for
from tianping.work.home import facts, open_home

_PLATFORM = "kuaishou"


def count(folder: Path, date: dt.date) -> Iterator[Row]:
    con, _ = facts(open_home(folder))
    as_of(con, date)
    compute(con, VIEWS, _PLATFORM, list(_defined(date)), date)
    found = con.sql("""select metric, subject, numerator, denominator from figures where "by" = 'shop' and denominator <> 0""")
    yield from found.fetchall()


def _defined(date: dt.date) -> Iterator[Definition]:
    pack = packs_for(_PLATFORM)[_PLATFORM]
    for key in ((metric, "") for metric in METRICS):
        version = pack.metrics[key].at(date)
        assert version
        yield replace(define(pack, VIEWS, key, version, date), days=(30,))


if __name__ == "__main__":
    answer(count)

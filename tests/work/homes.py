"""Homes for tests: the demo market, made once in a process, and small ones brought in by hand."""

import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sparing import once_a_run
from tianping.policy.load import packs
from tianping.policy.model import Pack
from tianping.store.closes import Close
from tianping.work.closing.close import Asked, close
from tianping.work.closing.closed import Filter, read
from tianping.work.home import Home, open_home
from tianping.work.intake import imports
from tianping.work.market import bring_demo

NOON = dt.datetime(2024, 6, 3, 4, 0)  # 12:00 in Shanghai
Row = Mapping[str, object]


@cache
def rules() -> dict[str, Pack]:
    """The packs shipped."""
    return dict(packs())


def demo_home(factory: pytest.TempPathFactory) -> Home:
    """The demo market, imported and closed. Nobody writes into it; who must takes a `copy`."""
    own = factory.getbasetemp() / "demo"
    if not own.exists():
        shutil.copytree(once_a_run(factory, "demo-made", _make_demo), own)
    return open_home(own)


def _make_demo(folder: Path) -> None:
    home = open_home(folder, create=True)
    bring_demo(home, rules(), at=NOON, closes=1)
    home.database.dispose()


def copy(home: Home, folder: Path) -> Home:
    """Another home with the same facts and closes."""
    shutil.copytree(home.path, folder)
    return open_home(folder)


def bring(home: Home, files: Mapping[str, str], *, hour: int = 0, **more: Any) -> imports.Report:
    """Write CSV files into one folder and import it, `hour` hours after NOON."""
    folder = home.path.parent / f"in-{len(list(home.path.parent.iterdir()))}"
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return imports.bring(home, imports.Request((folder,), NOON + dt.timedelta(hours=hour), **more))


def table(columns: str, *rows: Sequence[object]) -> str:
    """A CSV file: its columns and its rows; None is an empty cell."""
    lines = [columns, *(",".join("" if cell is None else str(cell) for cell in row) for row in rows)]
    return "\n".join(lines) + "\n"


def closed(home: Home, date: dt.date, *, packs: Mapping[str, Pack] | None = None, hour: int = 9, **more: Any) -> Close:
    """Close a day, `hour` hours after NOON."""
    return close(home, packs or rules(), Asked(date, **more), at=NOON + dt.timedelta(hours=hour))


def figures(home: Home, done: Close, metric: str, **wanted: Any) -> list[Row]:
    """The figures of one metric."""
    return list(read(home, done, Filter(metric=metric, **wanted)))


def counts(home: Home, done: Close, metric: str, **wanted: Any) -> dict[Any, tuple[object, object]]:
    """Numerator and denominator by subject, of one `by` and number of days."""
    found = figures(home, done, metric, **{"by": "shop", "variant": "", "days": 30} | wanted)
    return {row["subject"]: (row["numerator"], row["denominator"]) for row in found}

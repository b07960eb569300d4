"""The disk is looked at before anything is written, and the estimate is of the right size."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from simulate.written import FIRST_DAY, Written
from tianping.errors import TianpingError
from tianping.simulate import market, plan, room
from tianping.simulate.sink import Form


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_too_little_room_is_refused_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence: what, where, what now."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12 - 10**9, 10**9))
    out = tmp_path / "not" / "yet"
    with pytest.raises(TianpingError) as refused:
        market.write(out, seed=1, shops=5, orders=100_000_000, days=365, first_day=FIRST_DAY)
    said = str(refused.value)
    assert said.startswith(f"{out}: a market of 100000000 orders takes about 26.")
    assert said.endswith("1.0 GB are free; make room, name a folder on another disk, or ask for fewer orders")
    assert not (tmp_path / "not").exists()


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_the_estimate_is_a_little_above_what_is_taken(tmp_path: Path, form: Form) -> None:
    market.write(tmp_path, seed=1, shops=20, orders=20_000, days=60, first_day=FIRST_DAY, form=form)
    taken = sum(path.stat().st_size for path in tmp_path.iterdir())
    needed = room.needed(plan.Market(1, 20, 20_000, 60, FIRST_DAY), form)
    assert taken < needed < 1.8 * taken


def test_of_many_shops_too(tmp_path: Path) -> None:
    """Shops cost room by the day, for their shifts and videos."""
    market.write(tmp_path, seed=1, shops=2_000, orders=2_000, days=60, first_day=FIRST_DAY)
    taken = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert taken < room.needed(plan.Market(1, 2_000, 2_000, 60, FIRST_DAY), "parquet") < 2.5 * taken


def test_the_demo_fits(made: Written) -> None:
    taken = sum(path.stat().st_size for path in made.folder.iterdir())
    assert taken < 20_000_000

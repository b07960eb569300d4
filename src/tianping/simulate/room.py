"""Room on the disk: how many bytes a market will take, and whether they are free, before anything is written."""

import shutil
from pathlib import Path
from typing import Final, NamedTuple

from tianping.errors import TianpingError
from tianping.simulate.plan import Market
from tianping.simulate.sink import Form


class Bytes(NamedTuple):
    """What a market takes: for each order, and for each day of a shop (shifts, videos)."""

    order: int
    shop_day: int


BYTES: Final[dict[Form, Bytes]] = {
    "parquet": Bytes(260, 60),
    "csv": Bytes(1_150, 260),
}  # measured 205, 45, 890, 200; and a quarter more
PER_SHOP: Final = 800  # its row, its agents, its first products


def needed(market: Market, form: Form) -> int:
    """Bytes of all files of a market, rather too many than too few."""
    each = BYTES[form]
    return market.orders * each.order + market.shops * (market.days * each.shop_day + PER_SHOP)


def check(out: Path, market: Market, form: Form) -> None:
    """Raises TianpingError where the disk that `out` is to lie on has too little room."""
    there = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    need, free = needed(market, form), shutil.disk_usage(there).free
    if need > free:
        raise TianpingError(
            f"{out}: a market of {market.orders} orders takes about {_size(need)} there and {_size(free)} are free; "
            "make room, name a folder on another disk, or ask for fewer orders"
        )


def _size(number: int) -> str:
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"

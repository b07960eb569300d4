"""Numbers to Arrow columns. Every function keeps the length; `where` false means empty."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianping.simulate.draws import Flags, Ints
from tianping.simulate.plan import Market

Column: TypeAlias = "pa.Array[Any]"
Columns: TypeAlias = "dict[str, pa.Array[Any]]"
_join: Any = pc.binary_join_element_wise


def ids(prefix: str, number: Ints, part: Ints | None = None, where: Flags | None = None) -> Column:
    """`C2403010000012`, or with `part` `C2403010000012-1`."""
    texts: list[Any] = [prefix, pa.array(number, mask=_out(where)).cast(pa.string())]
    if part is not None:
        texts += ["-", pa.array(part).cast(pa.string())]
    joined: Column = _join(*texts, "")
    return joined


def names(values: Sequence[str | None], index: Ints, where: Flags | None = None) -> Column:
    """`values[index]`."""
    taken: Column = pc.take(pa.array(values, type=pa.string()), pa.array(index, type=pa.int64(), mask=_out(where)))
    return taken


def times(market: Market, at: Ints, where: Flags | None = None) -> Column:
    """Wall times without a zone; what is at or after the market's end is empty."""
    known = at < market.end if where is None else (at < market.end) & where
    return moments(np.asarray(np.where(known, at, 0) + market.epoch), known)


def moments(wall: Ints, where: Flags | None = None) -> Column:
    """Seconds of wall time since 1970, also from before the market began."""
    column: Column = pa.array(wall.astype("datetime64[s]"), mask=_out(where))
    return column


def numbers(values: Ints, where: Flags | None = None) -> Column:
    return pa.array(values, type=pa.int64(), mask=_out(where))


def flags(values: Flags, where: Flags | None = None) -> Column:
    return pa.array(values, type=pa.bool_(), mask=_out(where))


def _out(where: Flags | None) -> Flags | None:
    return None if where is None else ~where


def join(texts: Column, number: Ints) -> Column:
    """Each text with its number behind it."""
    joined: Column = _join(texts, pa.array(number).cast(pa.string()), "")
    return joined

"""Wall time → instant as plain SQL arithmetic, for one zone or for each row's own."""

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

from tianping.periods import offsets

LAST_YEAR = 2101


def to_instant_sql(wall: str, zone: str) -> str:
    """SQL for the naive UTC instant of the wall time `wall` (a column's name) in `zone`.

    As `periods.to_instant`: a time a clock change skips moves forward, one that comes twice is the first. The changes stand in
    a balanced tree, so that a row costs a handful of comparisons however many there are.
    """
    changes = offsets(zone, 1999, LAST_YEAR)
    starts = [at + dt.timedelta(seconds=max(before, after)) for (_, before), (at, after) in pairwise(changes)]
    return _tree(wall, starts, [seconds for _, seconds in changes])


def _tree(wall: str, starts: Sequence[dt.datetime], seconds: Sequence[int]) -> str:
    """`seconds[i]` rules before `starts[i]`, the last one after all of them."""
    if not starts:
        return f"{wall} - INTERVAL ({seconds[0]}) SECOND"
    middle = len(starts) // 2
    before = _tree(wall, starts[:middle], seconds[: middle + 1])
    after = _tree(wall, starts[middle + 1 :], seconds[middle + 1 :])
    return f"CASE WHEN {wall} < TIMESTAMP '{starts[middle]}' THEN {before} ELSE {after} END"


def each_to_instant_sql(wall: str, zone: str, zones: Sequence[str]) -> str:
    """The same where the column `zone` names each row's zone, one of `zones`."""
    if len(zones) == 1:
        return to_instant_sql(wall, zones[0])
    cases = " ".join(f"WHEN '{name}' THEN {to_instant_sql(wall, name)}" for name in zones)
    return f"CASE {zone} {cases} END"

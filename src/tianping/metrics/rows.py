"""The rows that tallies count, and the window each falls into."""

import datetime as dt
from collections.abc import Iterable, Sequence

from tianping.metrics.compile import Tally, View
from tianping.periods import Window


def rows_sql(
    view: View, tallies: Sequence[Tally], windows: Iterable[int], date: dt.date, *, besides: Iterable[str] = ()
) -> str:
    """The view's rows with the columns that the tallies read (and some besides); folded to one row per buyer and window
    where they ask for it."""
    columns = {"shop_id", "platform", "timezone", *view.key, *besides, *(name for tally in tallies for name in tally.columns)}
    columns |= {"product_id"} if view.by_product else set()
    select = view.select(sorted(columns))
    return _folded(view, select, columns, windows, tallies[0].lag, date) if tallies[0].once_per else select


def _folded(view: View, select: str, columns: set[str], windows: Iterable[int], lag: int, date: dt.date) -> str:
    """A buyer's days inside each window as one row, with `window_days` and the window's last day as its `day`."""
    spans = [(days, Window(days, lag).at(date)) for days in windows]
    listed = ", ".join(f"({days}, date '{span.first}', date '{span.last}')" for days, span in spans)
    folded = ", ".join(f"{view.folds[name]} as {name}" for name in sorted(columns) if name in view.folds)
    return (
        f"select w.days as window_days, max(w.last) as day, shop_id, buyer_id, {folded} from ({select}) d "
        f"join (values {listed}) w(days, first, last) on d.day between w.first and w.last group by w.days, shop_id, buyer_id"
    )


def bucket_sql(tally: Tally, windows: Iterable[int], date: dt.date) -> str:
    """The smallest window that holds the row's day, null where none does."""
    if tally.once_per:
        return "window_days"
    spans = [(days, Window(days, tally.lag).at(date)) for days in sorted(windows)]
    inside = [f"{tally.day} <= date '{spans[0][1].last}'"]
    inside += [f"{tally.day} between date '{tally.clip.first}' and date '{tally.clip.last}'"] if tally.clip else []
    whens = " ".join(f"when {tally.day} >= date '{span.first}' then {days}" for days, span in spans)
    return f"case when {' and '.join(inside)} then case {whens} end end"

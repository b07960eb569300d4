"""The program's figures beside an oracle's, and what a person needs to see where they differ."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction

from tianping.metrics.figure import Figure
from tianping.work.trials import trial

from .markets import KUAISHOU, Market, Trade, seeded
from .reckon import Key, Metric

Pairs = Mapping[Key, tuple[int, int]]


def program(market: Market, trade: Trade = KUAISHOU) -> list[Figure]:
    return trial.figures(market.facts, date=market.date, days=market.days, platform=trade.platform)


def pairs(rows: Iterable[Figure]) -> Pairs:
    return {key(row): (row.numerator, row.denominator) for row in rows}


def key(row: Figure) -> Key:
    return row.metric, row.variant, row.by, row.subject, row.days


def differences(ours: Pairs, theirs: Pairs, metrics: Collection[Metric]) -> list[str]:
    """One line per key on which program and oracle do not agree; a missing row is 0/0, a count of 0 is no count."""
    alone = {metric.name for metric in metrics if metric.alone}
    lines = []
    for one in sorted({*ours, *theirs}):
        found, expected = (_seen(one, side, alone) for side in (ours, theirs))
        if found != expected:
            metric, variant, by, subject, days = one
            lines.append(
                f"{metric} [{variant}] {by} {subject} {days} days: program {_fraction(found)}, oracle {_fraction(expected)}"
            )
    return lines


def _seen(key: Key, pairs: Pairs, alone: Collection[str]) -> tuple[int, int]:
    over, under = pairs.get(key, (0, 0))
    return (0, 0) if key[0] in alone and not over else (over, under)


def _fraction(pair: tuple[int, int]) -> str:
    return f"{pair[0]}/{pair[1]}"


def well_formed(rows: Iterable[Figure], metrics: Collection[Metric], date: dt.date) -> None:
    """One row per key; the value exactly rounded; the days those of the window; 0/0 undefined."""
    rows = list(rows)
    lags = {(metric.name, metric.variant): metric.lag for metric in metrics}
    assert len({key(row) for row in rows}) == len(rows)
    for row in rows:
        last = date - dt.timedelta(days=lags[row.metric, row.variant])
        assert (row.date, row.last_day, row.first_day) == (date, last, last - dt.timedelta(days=row.days - 1))
        if row.denominator:
            assert row.value is not None
            assert Fraction(row.value) == round(Fraction(row.numerator, row.denominator), 6)
        else:
            assert (row.value, row.status) == (None, "undefined")


def first_culprit(lines: list[str], date: dt.date, trade: Trade = KUAISHOU) -> str:
    """The differences of one market of the crowd, and its rows. Its shops' ids begin with its seed."""
    of_shops = [line for line in lines if " shop " in line]
    if not of_shops:
        return "\n".join(["", *lines])
    seed = of_shops[0].split(" shop ")[1].split("-")[0]
    own = [line for line in lines if f" {seed}-" in line]
    market = seeded(int(seed), date=date, prefix=f"{seed}-", trade=trade)
    return "\n".join(["", f"{len(lines)} differences; market {seed}:", *own, shown(market)])


def shown(market: Market) -> str:
    """The rows of a market, without their empty columns, for a person."""
    lines = [f"T = {market.date}, days = {market.days}"]
    for table, rows in market.facts.items():
        lines.append(table)
        lines += ["    " + ", ".join(f"{column} {value}" for column, value in row.items() if value is not None) for row in rows]
    return "\n".join(lines)

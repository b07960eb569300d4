"""A figure beside its benchmark: the same metric over all shops (with and without this one), as a ratio of sums.

In a market the benchmark is computed from the home's shops, and an imported one is shown beside it. In a home of own shops
that average is only "your shops": the benchmark is the imported one, or there is none.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tianping.facts.engine import in_memory
from tianping.policy.model import Pack
from tianping.store.closes import Close
from tianping.work.closing.closed import Filter, figures_path, read
from tianping.work.home import Home, facts

# The benchmark of a figure by `by` stands under this `by`; the subject drops what is above it.
BESIDE = {
    "shop": ("platform", "f.platform"),
    "shop_category_l1": ("category_l1", "substr(f.subject, strpos(f.subject, '/') + 1)"),
    "shop_category_l2": ("category_l2", "substr(f.subject, strpos(f.subject, '/') + 1)"),
    "shop_category_l3": ("category_l3", "substr(f.subject, strpos(f.subject, '/') + 1)"),
}


@dataclass(frozen=True, slots=True)
class Imported:
    """An industry figure that somebody typed in or imported: as of `date`, the newest not after T."""

    date: dt.date
    rate: Fraction


@dataclass(frozen=True, slots=True)
class Beside:
    """A figure with the whole it is part of. All are counts, so that nothing is lost to rounding."""

    figure: Mapping[str, object]
    whole: tuple[int, int] | None
    imported: Imported | None = None
    market: bool = True

    @property
    def own(self) -> Fraction | None:
        return _rate(self.figure["numerator"], self.figure["denominator"])

    @property
    def all_shops(self) -> Fraction | None:
        """Over all shops of the home, this one included."""
        return _rate(*self.whole) if self.whole else None

    @property
    def others(self) -> Fraction | None:
        """Over all shops of the home but this one."""
        if self.whole is None:
            return None
        return _rate(self.whole[0] - int(str(self.figure["numerator"])), self.whole[1] - int(str(self.figure["denominator"])))

    @property
    def benchmark(self) -> Fraction | None:
        """The one that rules use."""
        if self.market:
            return self.all_shops
        return self.imported.rate if self.imported else None

    @property
    def ratio(self) -> Fraction | None:
        """Own value over the benchmark's; None where the benchmark is none or 0."""
        own, benchmark = self.own, self.benchmark
        return own / benchmark if own is not None and benchmark else None


def rounded(rate: Fraction) -> Decimal:
    """As figures are rounded: exactly, half-even, to 6 decimals."""
    return Decimal(round(rate * 10**6)).scaleb(-6)


def _rate(numerator: object, denominator: object) -> Fraction | None:
    return Fraction(int(str(numerator)), int(str(denominator))) if denominator else None


@dataclass(frozen=True, slots=True)
class Yardsticks:
    """What a close's figures are held against besides figures: the imported benchmarks, and whether the home is a market."""

    imported: Mapping[tuple[object, ...], Imported]
    market: bool


def yardsticks(home: Home, done: Close) -> Yardsticks:
    """Those of a close. Reads the lake: once for many `beside`."""
    return Yardsticks(_imported(home, done), home.scope == "market")


def beside(
    home: Home,
    done: Close,
    wanted: Filter,
    *,
    counts: frozenset[tuple[str, str]] = frozenset(),
    against: Yardsticks | None = None,
) -> Iterator[Beside]:
    """The wanted figures of a close, each with its benchmark. Counts (by metric and variant) have none."""
    wholes, sticks = _wholes(home, done, wanted), against or yardsticks(home, done)
    for figure in read(home, done, wanted):
        if (figure["metric"], figure["variant"]) in counts:
            yield Beside(figure, None, None, sticks.market)
        else:
            yield Beside(figure, wholes.get(_key(figure)), sticks.imported.get(_above(figure)), sticks.market)


def _above(figure: Mapping[str, object]) -> tuple[object, ...]:
    """Under which key an imported benchmark of this figure stands."""
    by, _ = BESIDE.get(str(figure["by"]), (str(figure["by"]), ""))
    subject = figure["platform"] if by == "platform" else str(figure["subject"]).partition("/")[2]
    return figure["platform"], figure["metric"], figure["variant"], by, subject, figure["days"]


def _imported(home: Home, done: Close) -> dict[tuple[object, ...], Imported]:
    """Of each imported benchmark the newest not after T, as known at the close."""
    con, _ = facts(home, known_at=done.seq, tables=("benchmarks",))
    found = con.execute(
        "select platform, metric, coalesce(variant, ''), \"by\", subject, days, date, numerator, denominator, value "
        "from facts.benchmarks where date <= ? order by date",
        [done.date],
    )
    rows = [(row[:6], row[6], _rate(row[7], row[8]) if row[8] else _written(row[9])) for row in found.fetchall()]
    return {key: Imported(date, rate) for key, date, rate in rows if rate is not None}


def unused(home: Home, packs: Mapping[str, Pack]) -> list[tuple[str, str]]:
    """(platform, metric) of the imported benchmarks that no pack has figures for, the metric with its variant (`name/variant`).
    They stay: a pack may come later."""
    con, _ = facts(home, tables=("benchmarks",))
    with con:
        found = con.execute(
            "select distinct platform, metric, coalesce(variant, '') from facts.benchmarks order by all"
        ).fetchall()
    return [
        (platform, "/".join(filter(None, key)))
        for platform, *key in found
        if platform not in packs or tuple(key) not in packs[platform].metrics
    ]


def _written(value: str | None) -> Fraction | None:
    """A benchmark given as a value; None where it is no number."""
    try:
        return Fraction(value) if value else None
    except (ValueError, ZeroDivisionError):
        return None


def _key(figure: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(figure[name] for name in ("platform", "metric", "variant", "by", "subject", "days"))


def _wholes(home: Home, done: Close, wanted: Filter) -> dict[tuple[object, ...], tuple[int, int]]:
    path = figures_path(home, done)
    given = [(name, value) for name in Filter.__slots__ if (value := getattr(wanted, name)) is not None]
    where = " and ".join(f'f."{name}" = ?' for name, _ in given) or "true"
    above = " or ".join(
        f"(f.\"by\" = '{by}' and p.\"by\" = '{whole}' and p.subject = {subject})" for by, (whole, subject) in BESIDE.items()
    )
    found = in_memory().execute(
        'select f.platform, f.metric, f.variant, f."by", f.subject, f.days, p.numerator, p.denominator '
        "from read_parquet(?) f join read_parquet(?) p using (platform, metric, variant, days) "
        f"where ({above}) and {where}",
        [path, path, *(value for _, value in given)],
    )
    return {tuple(row[:6]): (row[6], row[7]) for row in found.fetchall()}

"""A figure beside its benchmark: the same metric over all shops (with and without this one), as a ratio of sums."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import duckdb

from tianping.store.closes import Close
from tianping.work.close import Filter, figures_path, read
from tianping.work.home import Home

# The benchmark of a figure by `by` stands under this `by`; the subject drops what is above it.
BESIDE = {
    "shop": ("platform", "f.platform"),
    "shop_category_l1": ("category_l1", "substr(f.subject, strpos(f.subject, '/') + 1)"),
    "shop_category_l2": ("category_l2", "substr(f.subject, strpos(f.subject, '/') + 1)"),
    "shop_category_l3": ("category_l3", "substr(f.subject, strpos(f.subject, '/') + 1)"),
}


@dataclass(frozen=True, slots=True)
class Beside:
    """A figure with the whole it is part of. All are counts, so that nothing is lost to rounding."""

    figure: Mapping[str, object]
    whole: tuple[int, int] | None

    @property
    def own(self) -> Fraction | None:
        return _rate(self.figure["numerator"], self.figure["denominator"])

    @property
    def benchmark(self) -> Fraction | None:
        """Over all shops, this one included: the one that rules use."""
        return _rate(*self.whole) if self.whole else None

    @property
    def others(self) -> Fraction | None:
        """Over all shops but this one."""
        if self.whole is None:
            return None
        return _rate(self.whole[0] - int(str(self.figure["numerator"])), self.whole[1] - int(str(self.figure["denominator"])))

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


def beside(home: Home, done: Close, wanted: Filter, *, counts: frozenset[tuple[str, str]] = frozenset()) -> Iterator[Beside]:
    """The wanted figures of a close, each with its benchmark. Counts (by metric and variant) have none."""
    wholes = _wholes(home, done, wanted)
    for figure in read(home, done, wanted):
        key = (figure["metric"], figure["variant"])
        yield Beside(figure, None if key in counts else wholes.get(_key(figure)))


def _key(figure: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(figure[name] for name in ("platform", "metric", "variant", "by", "subject", "days"))


def _wholes(home: Home, done: Close, wanted: Filter) -> dict[tuple[object, ...], tuple[int, int]]:
    path = figures_path(home, done)
    given = [(name, value) for name in Filter.__slots__ if (value := getattr(wanted, name)) is not None]
    where = " and ".join(f'f."{name}" = ?' for name, _ in given) or "true"
    above = " or ".join(
        f"(f.\"by\" = '{by}' and p.\"by\" = '{whole}' and p.subject = {subject})" for by, (whole, subject) in BESIDE.items()
    )
    found = duckdb.connect().execute(
        'select f.platform, f.metric, f.variant, f."by", f.subject, f.days, p.numerator, p.denominator '
        "from read_parquet(?) f join read_parquet(?) p using (platform, metric, variant, days) "
        f"where ({above}) and {where}",
        [path, path, *(value for _, value in given)],
    )
    return {tuple(row[:6]): (row[6], row[7]) for row in found.fetchall()}

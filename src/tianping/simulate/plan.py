"""What is to be made: the market's parameters, its days, its festival, and the chunks of orders it is made in."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tianping.simulate import festival
from tianping.simulate.draws import DAY, HOUR, Flags, Floats, Ints, Rng, between, stream, weighted

CHUNK: Final = 200_000  # orders made at once: about 400 MB at the peak, whatever the market's size
PER_DAY: Final = 10_000_000  # order numbers of one day

WEEK: Final = (0.93, 0.92, 0.95, 0.97, 1.05, 1.12, 1.06)  # Monday … Sunday
HOURS: Final = (
    1.6, 0.9, 0.5, 0.3, 0.3, 0.4, 0.9, 1.8, 2.9, 3.9, 4.7, 4.6, 4.8, 4.5, 4.2, 4.2, 4.3, 4.2, 4.6, 6.2, 8.4, 9.3, 7.6, 4.2,
)  # fmt: skip


Piece = tuple[int, int, int, int]
"""Day, orders, order numbers of the day used already, orders of the whole day."""


@dataclass(frozen=True, slots=True)
class Market:
    """Parameters. Times inside the simulation are seconds of wall time since 00:00 of `first_day`."""

    seed: int
    shops: int
    orders: int
    days: int
    first_day: dt.date

    @property
    def end(self) -> int:
        """The end of the last day: the export is made then, and nothing later is known."""
        return self.days * DAY

    @property
    def epoch(self) -> int:
        """The market's first second, as seconds of wall time since 1970."""
        return (self.first_day - dt.date(1970, 1, 1)).days * DAY

    @property
    def last_day(self) -> dt.date:
        return self.day(self.days - 1)

    @property
    def festival(self) -> festival.Festival | None:
        return festival.place(self.days)

    def day(self, number: int) -> dt.date:
        return self.first_day + dt.timedelta(days=number)

    def stamps(self) -> Ints:
        """Every day as the number yymmdd."""
        return np.array([int(self.day(n).strftime("%y%m%d")) for n in range(self.days)], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Orders made together: `counts[i]` of the `whole[i]` of day `first + i`, of whose numbers `taken[i]` are used already."""

    number: int
    first: int
    counts: Ints
    taken: Ints
    whole: Ints


def day_weights(market: Market) -> Floats:
    """How busy each day is: the weekly rhythm, slow growth, chance, the festival."""
    rng = stream(market.seed, "days")
    number = np.arange(market.days)
    rhythm = np.array(WEEK)[(number + market.first_day.weekday()) % 7]
    growth = 1 + 0.25 * number / market.days
    busy = market.festival.busy(market.days) if market.festival else 1.0
    return np.asarray(rhythm * growth * busy * np.exp(rng.standard_normal(market.days) * 0.06), dtype=np.float64)


def chunks(market: Market) -> Iterator[Chunk]:
    """All orders, in chunks of days, of at most about CHUNK orders; a day above that is cut into several."""
    weights = day_weights(market)
    counts = stream(market.seed, "counts").multinomial(market.orders, weights / weights.sum())
    pieces = [piece for day, count in enumerate(counts) for piece in _pieces(day, int(count))]
    group: list[Piece] = []
    number = 0
    for piece in pieces:
        full = sum(count for _, count, _, _ in group) + piece[1] > CHUNK
        if group and (full or group[-1][0] == piece[0]):
            yield _chunk(number, group)
            number, group = number + 1, []
        group.append(piece)
    yield _chunk(number, group)


def _pieces(day: int, count: int) -> list[Piece]:
    return [(day, min(CHUNK, count - taken), taken, count) for taken in range(0, max(count, 1), CHUNK)]


def _chunk(number: int, group: list[Piece]) -> Chunk:
    _, counts, taken, whole = (np.array(column, dtype=np.int64) for column in zip(*group, strict=True))
    return Chunk(number, group[0][0], counts, taken, whole)


def moments(rng: Rng, chunk: Chunk) -> tuple[Ints, Ints]:
    """A moment for each order of the chunk, in order of time, and its day."""
    day = np.repeat(chunk.first + np.arange(len(chunk.counts), dtype=np.int64), chunk.counts)
    hour = weighted(rng, HOURS, len(day))
    at = np.sort(day * DAY + hour * HOUR + between(rng, 0, HOUR, len(day)))
    return at, day


def to_daytime(rng: Rng, at: Ints, first_hour: int = 8) -> Ints:
    """Moments of the night moved to the two hours after `first_hour`."""
    night: Flags = at % DAY < first_hour * HOUR
    moved = at - at % DAY + first_hour * HOUR + between(rng, 0, 2 * HOUR, len(at))
    return np.where(night, moved, at)

"""The festival: a sale of three days, with deposits taken in the week before it, and what it does to everything else."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tianping.simulate.draws import DAY, Flags, Floats, Ints

LEAST_DAYS: Final = 28  # a shorter market has no festival
SHARE: Final = 0.20  # part of the market's days before the festival: it is over when the faults begin
LASTS: Final = 3  # days
PRESALE: Final = 7  # days of deposits before it
BALANCE: Final = 2 * DAY  # the balance is due this long after the festival begins
RUSH: Final = (3.2, 1.9, 2.2)  # how busy each of its days is
BEFORE: Final = 0.92  # how busy the days of deposits are: the others wait
AFTER: Final = (0.72, 0.78, 0.85, 0.92)  # how busy the days after it are

STRENGTH: Final = {
    "deposits": 0.25,  # share of the purchases of the presale days that are deposits
    "balance_unpaid": 0.06,  # share of deposits that are forfeited whatever happens
    "promise_days": 3,  # what a deposit's promise has more than others, counted from the balance
    "ship_times": 1.8,  # shipping takes so many times as long
    "transit_times": 1.3,  # parcels of the festival and of the four days after it
    "refund_times": 1.6,  # chance that a buyer regrets or returns without reason
    "reply_times": 1.7,  # answers in chats
}
REGRETS: Final = ("not_wanted", "wrong_order", "seven_days")


@dataclass(frozen=True, slots=True)
class Festival:
    """Days are numbers of the market's days: deposits from `presale` on, the sale from `first` to `last`."""

    presale: int
    first: int
    last: int

    @property
    def begins(self) -> int:
        return self.first * DAY

    def busy(self, days: int) -> Floats:
        """How many times as busy as usual each day of the market is."""
        times = np.ones(days)
        times[self.presale : self.first] = BEFORE
        times[self.first : self.last + 1] = RUSH
        tail = times[self.last + 1 : self.last + 1 + len(AFTER)]
        tail[:] = AFTER[: len(tail)]
        return times

    def taking_deposits(self, at: Ints) -> Flags:
        return np.asarray((at >= self.presale * DAY) & (at < self.begins))

    def rush(self, at: Ints, days_after: int = 0) -> Flags:
        """Whether a moment is in the sale, or in the days after it."""
        return np.asarray((at >= self.begins) & (at < (self.last + 1 + days_after) * DAY))


def place(days: int) -> Festival | None:
    """Where the festival of a market of `days` days lies."""
    if days < LEAST_DAYS:
        return None
    first = max(PRESALE, int(days * SHARE))
    return Festival(first - PRESALE, first, first + LASTS - 1)


def times(festival: Festival | None, name: str, at: Ints, days_after: int = 0) -> Floats:
    """1, or STRENGTH[name] where the moment is in the rush."""
    if festival is None:
        return np.ones(len(at))
    return np.where(festival.rush(at, days_after), STRENGTH[name], 1.0)

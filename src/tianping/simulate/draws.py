"""Chance: one stream of random numbers per purpose, and the stated families every delay is drawn from."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rng = np.random.Generator

DAY: Final = 86_400
HOUR: Final = 3_600
MINUTE: Final = 60
NEVER: Final = 2**40  # seconds: stays beyond every end, whatever delay is added to it
LONGEST: Final = 120 * DAY


@dataclass(frozen=True, slots=True)
class Lognormal:
    """A delay whose logarithm is normal: half of all are below `median` (seconds), `sigma` is the logarithm's deviation."""

    median: float
    sigma: float
    what: str


DELAYS: Final[dict[str, Lognormal]] = {
    "pay": Lognormal(45, 1.9, "order created → paid online"),
    "ship": Lognormal(0.27, 0.60, "paid → shipped, as a share of the promised time, moved out of the night"),
    "next_parcel": Lognormal(8 * HOUR, 0.7, "shipping of one parcel → of the order's next"),
    "pickup": Lognormal(5 * HOUR, 0.75, "shipped → collected"),
    "transit": Lognormal(2.2 * DAY, 0.40, "collected → signed, moved out of the night"),
    "regret": Lognormal(4 * HOUR, 1.3, "paid → refund requested for a change of mind"),
    "impatience": Lognormal(6 * HOUR, 1.0, "promise broken → refund requested"),
    "lost_patience": Lognormal(4.5 * DAY, 0.4, "shipped → refund requested for slow logistics"),
    "trial": Lognormal(1.3 * DAY, 0.9, "signed → refund requested for what the goods are"),
    "answer": Lognormal(25 * MINUTE, 1.0, "refund requested → merchant's answer, times the shop's own factor"),
    "send_back": Lognormal(1.2 * DAY, 0.8, "agreed → return waybill; beyond 7 days the case closes"),
    "back_transit": Lognormal(2.4 * DAY, 0.4, "return waybill → return signed"),
    "check": Lognormal(14 * HOUR, 0.8, "return signed → receipt confirmed, times the shop's own factor"),
    "send_again": Lognormal(1.5 * DAY, 0.6, "agreed or received → exchanged, reissued, repaired"),
    "give_up": Lognormal(6 * HOUR, 0.8, "refused → closed"),
    "escalate": Lognormal(7 * HOUR, 1.0, "refused → escalated to the platform"),
    "judge": Lognormal(2.5 * DAY, 0.5, "escalated → judged"),
    "overturn": Lognormal(5 * DAY, 0.5, "judged → overturned"),
    "ask_again": Lognormal(1 * DAY, 0.9, "case closed → the next request of the same order"),
    "voucher": Lognormal(12 * HOUR, 0.9, "cash on delivery: received → payment voucher"),
    "rate_case": Lognormal(10 * HOUR, 1.0, "case ended → rated"),
    "review": Lognormal(2.5 * DAY, 0.8, "signed → reviewed"),
    "append": Lognormal(6 * DAY, 0.6, "review → second review"),
    "complain": Lognormal(3 * DAY, 0.8, "order created → complained of"),
    "reply": Lognormal(25, 0.9, "buyer's last message → answer of a person, times the shop's own factor"),
    "think": Lognormal(55, 0.9, "answer → buyer's next message"),
    "rate_chat": Lognormal(4 * MINUTE, 1.0, "chat closed → rated"),
    "look": Lognormal(30 * HOUR, 0.7, "video published → look review"),
    "watch_live": Lognormal(38, 1.4, "seconds watched of a live room"),
    "watch_video": Lognormal(9, 0.9, "seconds watched of a video, at most its length"),
}


def stream(seed: int, *key: str | int) -> Rng:
    """The stream for one purpose: a new table or chunk never moves the numbers of another."""
    words = [part if isinstance(part, int) else zlib.crc32(part.encode()) for part in key]
    return np.random.default_rng([seed, *words])


def delay(rng: Rng, name: str, n: int, scale: float | Floats = 1.0) -> Ints:
    """`n` delays of the family `name`, whole seconds, at most LONGEST."""
    family = DELAYS[name]
    drawn = np.exp(rng.standard_normal(n) * family.sigma) * family.median * scale
    return np.asarray(np.minimum(drawn, LONGEST), dtype=np.int64)


def between(rng: Rng, low: int, high: int, n: int) -> Ints:
    """`n` whole numbers, low ≤ number < high."""
    return rng.integers(low, high, n, dtype=np.int64)


def chance(rng: Rng, p: float | Floats, n: int) -> Flags:
    """`n` draws, each true with probability `p`."""
    return rng.random(n) < p


def weighted(rng: Rng, weights: Sequence[float] | Floats, n: int) -> Ints:
    """`n` indices, each drawn in proportion to its weight."""
    steps = np.cumsum(np.asarray(weights, dtype=np.float64))
    found = np.searchsorted(steps, rng.random(n) * steps[-1], side="right")
    return np.asarray(np.minimum(found, len(steps) - 1), dtype=np.int64)


def by_row(rng: Rng, table: Floats, row: Ints) -> Ints:
    """For each entry of `row` an index drawn by the weights that stand in that row of `table` (rows × choices)."""
    steps = np.cumsum(table, axis=1)
    steps /= steps[:, -1:]
    level = rng.random(len(row))
    found = np.zeros(len(row), dtype=np.int64)
    for column in range(table.shape[1] - 1):
        found += level >= steps[row, column]
    return found


def zipf(rng: Rng, size: Ints) -> Ints:
    """For each entry a rank in 0..size-1, rank r about as likely as 1/(r+1)."""
    drawn = np.power(size + 1.0, rng.random(len(size))).astype(np.int64) - 1
    return np.asarray(np.minimum(drawn, size - 1))

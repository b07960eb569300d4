"""Chance: one stream of random numbers per purpose, and draws from it."""

import zlib
from collections.abc import Sequence
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


def stream(seed: int, *key: str | int) -> Rng:
    """The stream for one purpose: a new table or chunk never moves the numbers of another."""
    words = [part if isinstance(part, int) else zlib.crc32(part.encode()) for part in key]
    return np.random.default_rng([seed, *words])


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


def zipf(rng: Rng, size: Ints, exponent: float) -> Ints:
    """For each entry a rank in 0..size-1, rank r with a chance in proportion to (r+1)^-exponent."""
    steps = np.cumsum(np.power(np.arange(1.0, int(size.max(initial=1)) + 1), -exponent))
    found = np.searchsorted(steps, rng.random(len(size)) * steps[size - 1], side="right")
    return np.asarray(np.minimum(found, size - 1), dtype=np.int64)


def turn_of(group: Ints) -> Ints:
    """For each entry how many equal ones stand before it."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    turn = np.empty(len(group), dtype=np.int64)
    turn[order] = np.arange(len(group), dtype=np.int64) - np.searchsorted(ordered, ordered)
    return turn

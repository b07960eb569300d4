"""A gateway to try things with. It keeps its own books, in a file of its own, and misbehaves as it is told or by a seed.

It is worse than real ones: asked twice to pay a key, it pays twice. What it truly paid can be counted.
"""

import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tianping.work.desk.money.gateway import Answer, Paid, Refused, Unclear

Manner = Literal["pays", "refuses", "loses", "forgets", "dawdles", "repeats"]
"""How it takes one asking. `loses`: it never arrives, and times out; `forgets`: paid, and times out; `dawdles`: times out
at work, paid when it is looked at for the third time, and the answer comes by itself too; `repeats`: paid, answered twice."""
Plan = Callable[[str, int], Manner]
"""Of a key and which asking this is, from 1."""
_LOOKS = 3
_TABLE = """CREATE TABLE IF NOT EXISTS asking (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, fen INTEGER NOT NULL, purpose TEXT NOT NULL, buyer TEXT, state TEXT NOT NULL,
  looks INTEGER NOT NULL DEFAULT 0, comes INTEGER NOT NULL DEFAULT 0)"""
_STATES: Mapping[Manner, str] = {"refuses": "refused", "loses": "lost", "dawdles": "working"}


def well(_key: str, _n: int) -> Manner:
    """Every asking is paid."""
    return "pays"


def by_seed(seed: int, odds: Mapping[Manner, int]) -> Plan:
    """A manner by chance, the same for the same seed, key and asking."""

    def plan(key: str, n: int) -> Manner:
        return random.Random(f"{seed}/{key}/{n}").choices(list(odds), list(odds.values()))[0]

    return plan


class Sandbox:
    """A gateway over a SQLite file, which several processes may use."""

    def __init__(self, path: Path, plan: Plan = well) -> None:
        self._path, self._plan = path, plan
        with self._books() as books:
            books.execute(_TABLE)

    def pay(self, key: str, fen: int, purpose: str, buyer: str | None) -> Answer:
        with self._books() as books:
            n = books.execute("SELECT count(*) + 1 FROM asking WHERE key = ?", (key,)).fetchone()[0]
            manner = self._plan(key, n)
            state, comes = _STATES.get(manner, "paid"), manner in ("dawdles", "repeats")
            row = (key, fen, purpose, buyer, state, comes)
            books.execute("INSERT INTO asking (key, fen, purpose, buyer, state, comes) VALUES (?, ?, ?, ?, ?, ?)", row)
        if manner == "refuses":
            return Refused("refused")
        return Paid(f"R-{key}") if manner in ("pays", "repeats") else Unclear("timed out")

    def look(self, key: str) -> Answer | None:
        with self._books() as books:
            books.execute("UPDATE asking SET looks = looks + 1 WHERE key = ? AND state = 'working'", (key,))
            books.execute("UPDATE asking SET state = 'paid' WHERE key = ? AND state = 'working' AND looks >= ?", (key, _LOOKS))
            states = {state for (state,) in books.execute("SELECT state FROM asking WHERE key = ?", (key,))}
        answers: Mapping[str, Answer] = {
            "paid": Paid(f"R-{key}"), "working": Unclear("at work"), "refused": Refused("refused"),
        }  # fmt: skip
        return next((answer for state, answer in answers.items() if state in states), None)

    def mail(self) -> Sequence[tuple[str, Answer]]:
        """Answers that come by themselves, each once: late ones, and those that come a second time."""
        with self._books() as books:
            keys = [key for (key,) in books.execute("SELECT key FROM asking WHERE comes AND state = 'paid' ORDER BY id")]
            books.execute("UPDATE asking SET comes = 0 WHERE state = 'paid'")
        return [(key, Paid(f"R-{key}")) for key in keys]

    def paid(self) -> Mapping[str, Sequence[int]]:
        """What it truly paid: by key, the sum of each time."""
        with self._books() as books:
            rows = books.execute("SELECT key, fen FROM asking WHERE state = 'paid' ORDER BY id").fetchall()
        return {key: [fen for each, fen in rows if each == key] for key in Counter(key for key, _ in rows)}

    @contextmanager
    def _books(self) -> Iterator[sqlite3.Connection]:
        books = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        try:
            books.execute("BEGIN IMMEDIATE")
            yield books
            books.execute("COMMIT")
        finally:
            books.close()

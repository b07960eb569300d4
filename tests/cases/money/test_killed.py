"""The sender is killed (SIGKILL) again and again, at any point: every key is paid exactly once, every case ends right."""

import datetime as dt
import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event

from tianping.store import ledger
from tianping.store.database import open_database
from tianping.work.desk.money.gateway import Answer
from tianping.work.desk.money.sandbox import Manner, Sandbox, by_seed
from tianping.work.desk.money.sending import PAUSES, hear, send_due
from tianping.work.desk.sitting import Desk

from ..market import HOUR, T, order, pass_time, read
from .till import FUNDS, balances, payment

ODDS: Mapping[Manner, int] = {"pays": 4, "refuses": 1, "loses": 1, "forgets": 2, "dawdles": 1, "repeats": 1}
PAYMENTS = 8


class Mortal:
    """Counts the points that a sender comes to, and kills it at one of them."""

    def __init__(self, dies_at: int) -> None:
        self.left = dies_at

    def point(self, *_: object) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """A gateway with a point before and after everything it is asked."""

    def __init__(self, gateway: Sandbox, mortal: Mortal) -> None:
        self.gateway, self.mortal = gateway, mortal

    def pay(self, key: str, fen: int, purpose: str, buyer: str | None) -> Answer:
        self.mortal.point()
        answer = self.gateway.pay(key, fen, purpose, buyer)
        self.mortal.point()
        return answer

    def look(self, key: str) -> Answer | None:
        self.mortal.point()
        return self.gateway.look(key)


def one_pass(desk: Desk, sandbox: Sandbox, at: dt.datetime, mortal: Mortal) -> None:
    """What a worker does: send, hear what comes by itself."""
    send_due(desk, Watched(sandbox, mortal), lambda: at)
    for key, answer in sandbox.mail():
        mortal.point()
        hear(desk, key, answer, at)


def in_a_process(url: str, desk: Desk, sandbox: Sandbox, at: dt.datetime, mortal: Mortal) -> int:
    """A pass in a process of its own, with its own connections. Its id."""
    process = os.fork()
    if process:
        return process
    try:
        engine: Engine = open_database(url)
        for name in ("begin", "commit"):
            event.listen(engine, name, mortal.point)
        one_pass(replace(desk, database=engine), sandbox, at, mortal)
    finally:
        os._exit(0)


def chosen(url: str, desk: Desk, sandbox: Sandbox, at: dt.datetime, chance: random.Random) -> bool:
    """Killed at one of its own points."""
    process = in_a_process(url, desk, sandbox, at, Mortal(chance.randint(1, 25)))
    return os.WIFSIGNALED(os.waitpid(process, 0)[1])


def sudden(url: str, desk: Desk, sandbox: Sandbox, at: dt.datetime, chance: random.Random) -> bool:
    """Killed from outside, whatever it is at."""
    process = in_a_process(url, desk, sandbox, at, Mortal(-1))
    time.sleep(chance.random() * 0.15)
    os.kill(process, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(process, 0)[1])


@pytest.mark.parametrize("kill", [chosen, sudden])
def test_killed_at_any_point_every_key_is_paid_exactly_once(
    any_desk: Desk, tmp_path: Path, kill: Callable[[str, Desk, Sandbox, dt.datetime, random.Random], bool]
) -> None:
    url = any_desk.database.url.render_as_string(hide_password=False)
    order(any_desk, amount_fen=100_000)
    pays = [payment(any_desk, "refund", 1_000 + n) for n in range(PAYMENTS)]
    any_desk.database.dispose()
    sandbox, chance, at, deaths = Sandbox(tmp_path / "gateway", by_seed(7, ODDS)), random.Random(7), T, 0
    for _ in range(20):
        deaths += kill(url, any_desk, sandbox, at, chance)
        at += PAUSES[-1] + HOUR
    desk = replace(any_desk, database=create_engine(url) if url.startswith("postgres") else open_database(url))
    for _ in range(40):
        for pay in pays:
            pass_time(desk, pay, at)  # what failed is tried again by the clock
        one_pass(desk, sandbox, at, Mortal(-1))
        at += PAUSES[-1] + HOUR
    assert deaths >= (5 if kill is chosen else 1)
    assert sandbox.paid() == {pay.id: [pay.facts["fen"]] for pay in pays}
    assert {read(desk, pay.id).state for pay in pays} == {"paid"}
    total = sum(pay.facts["fen"] for pay in pays)
    assert balances(desk) == {ledger.GATEWAY_IN: -100_000, FUNDS: 100_000 - total, ledger.GATEWAY_OUT: total}
    desk.database.dispose()

"""Agents in a close: what is said where nobody supplied them, and every figure down to its rows."""

import datetime as dt
from pathlib import Path

import pytest

from tianping.errors import NotFound
from tianping.metrics.proof import Scope
from tianping.periods import Period
from tianping.work.figures.explain import Named, explain, totals
from tianping.work.home import Home, open_home

from .homes import bring, closed, counts, figures, rules, table

T = dt.date(2024, 6, 1)
WHOLE = Period(dt.date(2024, 3, 1), dt.date(2024, 5, 31))
SHOPS = table("shop_id,platform", ("s", "jd"))
MESSAGES = "message_id,shop_id,buyer_id,sent_at,sender"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home", create=True)


def said(*agents: str | None) -> str:
    """Of each agent, what a buyer said to them and their answer."""
    rows = [
        (f"{n}{by}", "s", f"b{n}", f"2024-05-20 12:0{minute}", by, agent)
        for n, agent in enumerate(agents)
        for minute, by in enumerate(("buyer", "agent"))
    ]
    return table(f"{MESSAGES},agent_id", *rows)


def test_agents_never_supplied(home: Home) -> None:
    """Messages without a column of agents give no rate of agents; the column is named."""
    bring(home, {"shops": SHOPS, "messages": table(MESSAGES, ("m", "s", "b", "2024-05-20", "buyer"))}, covers=WHOLE)
    done = closed(home, T)
    (found,) = figures(home, done, "reply_rate", by="shop", days=30)
    assert (found["status"], found["why"]) == ("no_data", "never supplied: messages.agent_id")


def test_agents_are_proved_by_their_rows(home: Home) -> None:
    """Each by their own; no product or category has a figure."""
    bring(home, {"shops": SHOPS, "messages": said("A", "A", "B")}, covers=WHOLE)
    done = closed(home, T)
    assert counts(home, done, "reply_rate", by="agent") == {"A": (2, 2), "B": (1, 1)}
    proof = explain(home, rules(), Named("reply_rate"), Scope("jd", "agent", "A", T, 30))
    assert totals(proof.definition, proof.parts) == (2, 2)
    assert {(row["agent_id"], row["role"]) for row in proof.rows()} == {("A", "numerator")}
    with pytest.raises(NotFound, match=r'no figures by "product"; it has them by platform, shop, agent$'):
        explain(home, rules(), Named("reply_rate"), Scope("jd", "product", "P", T, 30))

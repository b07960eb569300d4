"""Figures by agent: who has them, and that shops are the sums of their agents."""

import datetime as dt
from pathlib import Path

from tianping.policy.model import Pack
from tianping.work.trials.trial import Rows, figures

from .made import HEAD, metric, opened, shares, version, write

T = dt.date(2024, 6, 30)
NOBODYS = "  nobodys: {label: {zh: 无客服, en: no agent}, when: agent_id is null}\n"
NOT_CONSULTED = "  not_consulted: {label: {zh: 未咨询, en: did not consult}, when: not consulted}\n"
PAID = "2024-06-29 12:00"
ORDER: dict[str, object] = {"shop_id": "S1", "product_id": "P1", "buyer_id": "B1", "paid_at": PAID}


def pack(folder: Path, *metrics: str, rules: str = "") -> Pack:
    return opened(write(folder / "made", a=HEAD + f"rules:\n{rules}" * bool(rules) + "metrics:\n" + "".join(metrics))).pack


def counted(made: Pack, facts: Rows, name: str, days: int = 7) -> dict[str, tuple[int, int]]:
    found = figures(facts, date=T, pack=made)
    return {
        f"{each.by} {each.subject}": (each.numerator, each.denominator)
        for each in found
        if (each.metric, each.days) == (name, days)
    }


def test_agents_shops_and_platforms_have_them(tmp_path: Path) -> None:
    """No product and no category has; what is nobody's counts nowhere; an agent of two shops counts in each."""
    by_agent = metric("m", version(shares("quantity > 1", leave_out=["nobodys"])), by="agent")
    by_product = metric("n", version(shares("quantity > 1")))
    made = pack(tmp_path, by_agent, by_product, rules=NOBODYS)
    of = [("a", "S1", "A", 2), ("b", "S1", "A", 1), ("c", "S1", "B", 2), ("d", "S2", "B", 1), ("e", "S2", None, 2)]
    orders = [
        ORDER | {"order_id": name, "shop_id": shop, "agent_id": agent, "quantity": pieces, "product_id": f"P{shop}"}
        for name, shop, agent, pieces in of
    ]
    products = [{"product_id": f"P{shop}", "shop_id": shop, "category_l1": "x"} for shop in ("S1", "S2")]
    facts: Rows = {"orders": orders, "products": products}
    assert counted(made, facts, "m") == {
        "platform kuaishou": (2, 4), "shop S1": (2, 3), "shop S2": (0, 1), "agent A": (1, 2), "agent B": (1, 2),
    }  # fmt: skip
    assert counted(made, facts, "n")["product PS1"] == (2, 3)


def test_a_buyer_counts_once_for_each_agent(tmp_path: Path) -> None:
    """Over a window, in each shop: the buyer of two days with A counts once, and once more with B."""
    body = version("both: {of: served, day: day, once_per: buyer, leave_out: [not_consulted], count: paid}")
    made = pack(tmp_path, metric("m", body, by="agent"), rules=NOT_CONSULTED)
    said = [("B1", "A", 27), ("B1", "A", 28), ("B1", "B", 28), ("B2", "A", 28), ("B3", "A", 20)]
    messages = [
        {"message_id": str(n), "shop_id": "S1", "buyer_id": buyer, "agent_id": agent, "sender": "buyer",
         "sent_at": f"2024-06-{day} 12:00"}
        for n, (buyer, agent, day) in enumerate(said)
    ]  # fmt: skip
    orders = [ORDER | {"order_id": "O", "agent_id": "A"}, ORDER | {"order_id": "Q", "agent_id": "A", "buyer_id": "B9"}]
    facts: Rows = {"messages": messages, "orders": orders}
    assert counted(made, facts, "m") == {
        "platform kuaishou": (1, 3), "shop S1": (1, 3), "agent A": (1, 2), "agent B": (0, 1)
    }  # fmt: skip
    assert counted(made, facts, "m", days=30)["agent A"] == (1, 3)
    assert counted(made, facts, "m", days=1) == {}


def test_the_greatest_of_a_shop_is_that_of_its_agents(tmp_path: Path) -> None:
    """Of suspensions of 30 and 20 seconds the shop's longest is 30; their lengths together are 90."""
    longest = metric("m", version("alone: {of: shift, day: offline_at, max: longest_suspension_s}"), unit="seconds", by="agent")
    together = metric("n", version("alone: {of: shift, day: offline_at, sum: suspended_s}"), unit="seconds", by="agent")
    made = pack(tmp_path, longest, together)
    shifts = [
        {"shift_id": name, "shop_id": "S1", "agent_id": agent, "online_at": "2024-06-29 09:00",
         "offline_at": "2024-06-29 17:00", "suspended_s": total, "longest_suspension_s": most}
        for name, agent, total, most in (("a", "A", 40, 30), ("b", "A", 10, 10), ("c", "B", 40, 20))
    ]  # fmt: skip
    facts: Rows = {"agent_shifts": shifts}
    assert counted(made, facts, "m") == {
        "platform kuaishou": (30, 1), "shop S1": (30, 1), "agent A": (30, 1), "agent B": (20, 1)
    }  # fmt: skip
    assert counted(made, facts, "n") == {
        "platform kuaishou": (90, 1), "shop S1": (90, 1), "agent A": (50, 1), "agent B": (40, 1)
    }  # fmt: skip

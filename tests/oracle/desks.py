"""What markets of other platforms have besides Kuaishou's: agents, sessions, shifts, complaints, amounts, late returns."""

import datetime as dt

from .markets import DATES, DAY, EDGE_DAYS, FORTNIGHT, GAPS, HOUR, NEAR_DAYS, SECOND, Maker, Row, Shop, Trade, Wall, after

# Windows of 28 and 90 days, and 90 days that end with T-15.
EDGES = (*EDGE_DAYS, 1, 2, 28, 29, 90, 91, 104, 105)
# The first days of the levels' and the score's metrics, and dates of Kuaishou's after them.
DOUYIN_DATES = (
    *(date for date in DATES if date.year >= 2022),
    *(dt.date.fromisoformat(day) for day in ("2020-04-10", "2020-04-11", "2020-05-01", "2022-06-20", "2022-06-21")),
)


def staff(maker: Maker, shops: list[Shop]) -> None:
    """Agents for what there is, then sessions, shifts, complaints."""
    zones = {shop.shop_id: shop.zone for shop in shops}
    for order in maker.facts.get("orders", []):
        order["agent_id"] = _agent(maker, order["shop_id"])
        order["amount_fen"] = maker.one_of((100, 0, 1, 9999, None))
        _complaints(maker, order, zones[order["shop_id"]])
        _change_of_mind(maker, order, zones[order["shop_id"]])
    for case in maker.facts.get("cases", []):
        _late_return(maker, case)
    for message in list(maker.facts.get("messages", [])):
        _answer(maker, message, zones[message["shop_id"]])
    for table in ("messages", "chat_ratings"):
        for row in maker.facts.get(table, []):
            row["agent_id"] = _agent(maker, row["shop_id"])
            number = maker.one_of((1, 2, None))
            row["session_id"] = number and f"{row['shop_id']}-{row['buyer_id']}-X{number}"
    _sessions(maker, zones)
    for shop in shops:
        _shifts(maker, shop)


def _agent(maker: Maker, shop_id: str) -> str | None:
    return maker.one_of((f"{shop_id}-A1", f"{shop_id}-A2", None))


def _complaints(maker: Maker, order: Row, zone: str) -> None:
    for _ in range(maker.one_of((0, 0, 1, 2))):
        maker.add(
            "complaints",
            complaint_id=maker.new_id("complaints", "Q"),
            order_id=maker.mostly(order["order_id"], ("nowhere",), out_of=20),
            complained_at=maker.around(zone, (order["created_at"], HOUR), (_midnight(maker), 0), (maker.edge(), 0)),
            verdict=maker.one_of(("merchant", "merchant", "buyer", "malicious", "open", None)),
        )


def _change_of_mind(maker: Maker, order: Row, zone: str) -> None:
    """A poor review and a better one after it."""
    first = maker.edge()
    later = maker.one_of((after(first, maker.one_of(GAPS), zone), maker.edge()))
    for at, stars in ((first, (2, 1, 3)), (later, (4, 5, 3))) if maker.pick(3) == 0 else ():
        quality = maker.one_of(stars)
        review_id = maker.new_id("reviews", "R")
        maker.add("reviews", review_id=review_id, order_id=order["order_id"], reviewed_at=at, quality=quality)


def _midnight(maker: Maker) -> Wall:
    return dt.datetime.combine(maker.date, dt.time())


def _late_return(maker: Maker, case: Row) -> None:
    """Often a return because of the logistics, asked about fourteen days after the last parcel was shipped."""
    shipped = [row["shipped_at"] for row in maker.facts.get("parcels", []) if row["order_id"] == case["order_id"]]
    if shipped and maker.pick(2):
        reason = maker.mostly("logistics", ("late_shipment",))
        case.update(kind=maker.mostly("return_refund", ("refund_only",)), reason=reason)
        wanted = max(shipped) + dt.timedelta(seconds=maker.mostly(FORTNIGHT, (0,)) + maker.one_of(SECOND))
        moved = wanted - case["requested_at"]
        case.update({name: value + moved for name, value in case.items() if isinstance(value, dt.datetime)})


def _answer(maker: Maker, message: Row, zone: str) -> None:
    """An agent's answer to it, about thirty seconds later."""
    if message["sender"] == "buyer" and maker.pick(2):
        sent = after(message["sent_at"], maker.one_of((30, 31, 29, 0)), zone)
        more = {"message_id": maker.new_id("messages", "M"), "sent_at": sent, "sender": "agent"}
        maker.add("messages", **{**message, **more})


def _sessions(maker: Maker, zones: dict[str, str]) -> None:
    """A session for each name that a message or rating gives (not for all), opened about the first of them."""
    begun: dict[str, Row] = {}
    for table, time in (("messages", "sent_at"), ("chat_ratings", "rated_at")):
        for row in maker.facts.get(table, []):
            if row["session_id"]:
                known = begun.setdefault(row["session_id"], {**row, "at": row[time]})
                known["at"] = min(known["at"], row[time])
    for session_id, row in begun.items():
        if maker.pick(8) < 7:
            _session(maker, session_id, row, zones[row["shop_id"]])


def _session(maker: Maker, session_id: str, row: Row, zone: str) -> None:
    opened = after(row["at"], -maker.one_of((0, 1, HOUR)), zone)
    maker.add(
        "chat_sessions",
        session_id=session_id,
        shop_id=row["shop_id"],
        buyer_id=row["buyer_id"],
        agent_id=_agent(maker, row["shop_id"]),
        opened_at=opened,
        assigned_at=maker.one_of((opened, after(opened, maker.one_of(GAPS), zone), row["at"], None)),
        human=maker.one_of((True, True, None, False)),
    )


def _shifts(maker: Maker, shop: Shop) -> None:
    for _ in range(maker.one_of((0, 1, 2, 3))):
        online = maker.edge(NEAR_DAYS)
        suspended = maker.one_of((0, 60, 900, 901, None))
        maker.add(
            "agent_shifts",
            shift_id=maker.new_id("agent_shifts", "H"),
            shop_id=shop.shop_id,
            agent_id=f"{shop.shop_id}-A{1 + maker.pick(2)}",
            online_at=online,
            offline_at=maker.mostly(after(online, maker.one_of((HOUR, 1, 8 * HOUR, DAY)), shop.zone), (None,)),
            suspended_s=suspended,
            longest_suspension_s=maker.one_of((suspended, 30, None)),
        )


DOUYIN = Trade("douyin", DOUYIN_DATES, EDGES, staff)
TAOBAO = Trade("taobao", DATES, EDGES, staff)
TMALL = Trade("tmall", DATES, EDGES, staff)
JD = Trade("jd", DATES, EDGES, staff)

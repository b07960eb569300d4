"""A made-up market as fact files: the same parameters give the same bytes, and every fault in it has a known cause."""

import datetime as dt
from pathlib import Path

from tianping.errors import TianpingError
from tianping.simulate import (
    agents,
    casefile,
    cases,
    chats,
    content,
    endings,
    orders,
    parcels,
    plan,
    products,
    reviews,
    shops,
    truth,
    world,
)
from tianping.simulate.causes import Course
from tianping.simulate.draws import Rng, stream
from tianping.simulate.plan import Chunk, Market
from tianping.simulate.sink import Form, Sink
from tianping.simulate.truth import Truth
from tianping.simulate.world import World

MOST_SHOPS = 900_000  # product numbers hold the shop's in front


def write(out: Path, *, seed: int, shops: int, orders: int, days: int, first_day: dt.date, form: Form = "parquet") -> Truth:
    """Write one file per table and truth.json into the new or empty folder `out`.

    The files are an export made at the end of the last day: later events are left empty. Times are wall times of
    Asia/Shanghai. Memory is bounded by plan.CHUNK, whatever the number of orders. Raises TianpingError.
    """
    _check(shops=shops, orders=orders, days=days, seed=seed)
    market_world = world.make(Market(seed, shops, orders, days, first_day))
    with Sink(out, form) as sink:
        videos = _write_standing(sink, market_world)
        for chunk in plan.chunks(market_world.market):
            _write_chunk(sink, market_world, videos, chunk)
    known = truth.make(market_world, sink.rows)
    known.write(out / "_truth.json")
    return known


def _check(*, shops: int, orders: int, days: int, seed: int) -> None:
    for name, value, least, most in (
        ("shops", shops, 1, MOST_SHOPS),
        ("days", days, 1, 3650),
        ("orders", orders, 1, days * plan.PER_DAY // 2),
        ("seed", seed, 0, 2**63),
    ):
        if not least <= value <= most:
            raise TianpingError(f"a market cannot have {name} = {value}; give a number from {least} to {most}")


def _write_standing(sink: Sink, known: World) -> content.Videos:
    """What does not grow with the orders."""
    sink.write("shops", shops.table(known.market, known.shops))
    sink.write("products", products.table(known.market, known.shops, known.products))
    sink.write("agents", agents.table(known))
    sink.write("agent_shifts", agents.shifts(known))
    videos = content.make(known)
    sink.write("videos", content.video_table(known, videos))
    return videos


def _write_chunk(sink: Sink, known: World, videos: content.Videos, chunk: Chunk) -> None:
    """One chunk of orders and all that follows from them."""

    def rng(purpose: str) -> Rng:
        return stream(known.market.seed, purpose, chunk.number)

    bought = orders.make(known, chunk, rng("orders"))
    planned = parcels.plan(known, bought, rng("parcels"))
    course = Course(planned.last("shipped", bought), planned.last("signed", bought), parcels.crushed(known, bought, planned))
    rounds = cases.make(known, bought, course, rng("cases"))
    trips = endings.stop_refunded(bought, planned, rounds)
    ends = endings.make(bought, trips, rounds)
    sink.write("orders", endings.table(known, bought, ends))
    sink.write("parcels", parcels.outbound(known, bought, trips))
    _write_cases(sink, known, bought, rounds, rng("case file"))
    sink.write("reviews", reviews.table(known, bought, course, ends, rounds, rng("reviews")))
    sink.write("complaints", reviews.complaints(known, bought, rng("complaints")))
    for table, columns in chats.tables(known, bought, rng("chats")).items():
        sink.write(table, columns)
    sink.write("live_views", content.view_table(known, bought, rng("live")))
    sink.write("video_plays", content.play_table(known, videos, bought, rng("plays")))


def _write_cases(sink: Sink, known: World, bought: orders.Orders, rounds: list[cases.Cases], rng: Rng) -> None:
    for done in rounds:
        asked = done.requests
        sink.write("cases", casefile.table(known, bought, done, rng))
        sink.write(
            "parcels",
            parcels.back(known, rng, bought.number[asked.order], asked.round, done.returns.waybill, done.returns.signed),
        )

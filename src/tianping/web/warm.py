"""What pages read once and then keep is read before anybody asks: when the server starts, and whenever a day was closed, be it
by another process."""

import logging
import threading

from tianping.store import closes
from tianping.store.closes import Close
from tianping.web.console import Console
from tianping.web.frame import templates
from tianping.web.selecting import usual
from tianping.work.closing import bysubject
from tianping.work.figures import boards, goods, subjects
from tianping.work.figures.boards import Look, Subject
from tianping.work.figures.catalogue import catalogue
from tianping.work.figures.goodsql import Order, Selection
from tianping.work.figures.needs import DAYS, headline, ranking
from tianping.work.intake import gaps

log = logging.getLogger("tianping.warm")
_EVERY = 15.0
"""Seconds between two looks whether a day was closed."""


class Warmer:
    """The thread that reads ahead. Whatever fails here is told by the page that needs it."""

    def __init__(self, console: Console) -> None:
        self._console, self._stopping = console, threading.Event()
        self._thread = threading.Thread(target=self._run, name="tianping warm", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more, and wait a moment for what is under way: DuckDB grumbles at a thread that dies inside it."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        for name in templates().list_templates():
            templates().get_template(name)
        seen: Close | None = None
        while not self._stopping.is_set():
            try:
                newest = next(iter(closes.every(self._console.home.database)), None)
                if newest != seen:
                    seen = newest
                    read_ahead(self._console)
            except Exception:
                log.debug("could not read ahead", exc_info=True)
            self._stopping.wait(_EVERY)


def read_ahead(console: Console) -> None:
    """Read what the first page about the newest close would wait for. Measured with 10 000 shops, 180 000 products and 10 M
    orders: 4 s of a core, 2 of them what the first page of a morning would wait for."""
    look = boards.look(console.home, console.packs, console.close_of(None))
    ranking(look)
    for name in (name for name in look.packs if name in look.done.packs):
        _of_platform(look, name)
    subjects.shared(look.home, look.done.seq)
    subjects.agents(look.home, look.done.seq)


def _of_platform(look: Look, platform: str) -> None:
    """The lists of shops and of products, as they begin."""
    pack, book = look.packs[platform], catalogue(look.home, look.done.seq)
    shops = [Subject(platform, "shop", each.id) for each in book.shops.values() if each.platform == platform]
    boards.shown(look, shops[: 2 * bysubject.MANY], days=DAYS, keys=headline(pack))
    book.paths_of(platform)
    gaps.needs(pack, look.done.date)
    view = goods.goods(look, pack)
    if columns := usual(view):
        found = goods.find(view, Selection(platform, DAYS, Order(columns[0], "numerator")))
        goods.cells(view, found.products, columns, DAYS)
        goods.categories(view)

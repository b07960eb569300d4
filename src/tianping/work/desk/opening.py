"""The desk put together: the one place where its parts meet."""

from collections.abc import Mapping

from sqlalchemy import Engine

from tianping.policy.cases.casebook import Casebook, casebooks
from tianping.work.desk.automation import automate
from tianping.work.desk.effects import follow
from tianping.work.desk.letters.announcing import announce, remind
from tianping.work.desk.money.purse import with_purse
from tianping.work.desk.shops import shop_facts
from tianping.work.desk.sitting import Desk


def open_desk(database: Engine, books: Mapping[str, Casebook] | None = None) -> Desk:
    """The desk over an operational database, by these rules (default: those of the packs that come with the program)."""
    books = casebooks() if books is None else books
    shops = with_purse(shop_facts(books))
    return Desk(database, books, follow, shops, announce=announce, remind=remind, automate=automate)

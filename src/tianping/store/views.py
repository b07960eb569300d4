"""The rows of `saved_view`: how somebody likes to look at a page, under a name of theirs."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select

from tianping.store.schema import saved_view


@dataclass(frozen=True, slots=True)
class View:
    """A page's query string, named."""

    id: int
    account_id: int
    page: str
    name: str
    query: str


def save(engine: Engine, account_id: int, page: str, name: str, query: str) -> int:
    """Keep a view; the one of the same name goes. Its id."""
    where = (saved_view.c.account_id == account_id) & (saved_view.c.page == page) & (saved_view.c.name == name)
    values = {"account_id": account_id, "page": page, "name": name, "query": query}
    with engine.begin() as connection:
        connection.execute(delete(saved_view).where(where))
        return int(connection.execute(insert(saved_view).values(values).returning(saved_view.c.id)).scalar_one())


def of_account(engine: Engine, account_id: int, page: str) -> Sequence[View]:
    """An account's views of a page, by name."""
    where = (saved_view.c.account_id == account_id) & (saved_view.c.page == page)
    with engine.connect() as connection:
        found = connection.execute(select(saved_view).where(where).order_by(saved_view.c.name)).mappings()
        return [View(**row) for row in found]


def drop(engine: Engine, account_id: int, id_: int) -> bool:
    """Forget a view of an account's; whether there was one."""
    where = (saved_view.c.account_id == account_id) & (saved_view.c.id == id_)
    with engine.begin() as connection:
        return connection.execute(delete(saved_view).where(where)).rowcount == 1

"""The views that packs may use (`facts.md`, Views): one row per thing, as of T, by the reading rules. A promise to others."""

from tianping.facts.chats import CHATS
from tianping.facts.goods import GOODS
from tianping.facts.screen import SCREEN
from tianping.facts.viewsql import View

__all__ = ["VIEWS", "View"]

VIEWS: dict[str, View] = {view.name: view for view in (*GOODS, *CHATS, *SCREEN)}

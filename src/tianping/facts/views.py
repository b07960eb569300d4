"""The views that packs may use (`facts.md`, Views): one row per thing, as of T, by the reading rules. A promise to others."""

from tianping.facts.chats import CHATS
from tianping.facts.goods import GOODS
from tianping.facts.screen import SCREEN
from tianping.facts.viewsql import SHOP, View, of_table

__all__ = ["VIEWS", "View"]

_SHOP = View("shop", ("shop_id",), "from dated.shops s", of_table("shops", "s") | SHOP, by_product=False, tables=("shops",))
"""For rules about shops themselves: papers, numbers to call, deposit. They have no day, so no metric counts them."""

VIEWS: dict[str, View] = {view.name: view for view in (*GOODS, *CHATS, *SCREEN, _SHOP)}

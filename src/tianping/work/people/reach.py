"""Which shops somebody may see and change."""

from collections.abc import Iterable
from dataclasses import dataclass

from tianping.errors import NotFound


@dataclass(frozen=True, slots=True)
class Reach:
    """`shops`: those alone; None: every shop, and what stands above shops."""

    shops: frozenset[str] | None = None

    @property
    def everything(self) -> bool:
        return self.shops is None

    def holds(self, shop: str) -> bool:
        return self.shops is None or shop in self.shops

    def narrow(self, shops: Iterable[str]) -> list[str]:
        """Those of `shops` within reach, in their order."""
        return [shop for shop in shops if self.holds(shop)]

    def require(self, shop: str) -> None:
        """Raises NotFound for a shop out of reach, in the very words for one that does not exist."""
        if not self.holds(shop):
            raise no_shop(shop)


EVERYTHING = Reach()


def no_shop(shop: str) -> NotFound:
    """What is said of a shop that is not there, or not within reach."""
    return NotFound(f'there is no shop "{shop}" here')

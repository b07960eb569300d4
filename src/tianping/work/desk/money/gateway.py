"""What the desk asks of a payment gateway. An adapter of a real one has these two methods and keeps these promises."""

from typing import NamedTuple, Protocol


class Paid(NamedTuple):
    """The buyer has the money."""

    receipt: str = ""


class Refused(NamedTuple):
    """Surely not paid: neither this asking nor an earlier one under the key has paid or will."""

    why: str


class Unclear(NamedTuple):
    """Nobody knows: timed out, cut off, or still at work."""

    why: str


Answer = Paid | Refused | Unclear


class Gateway(Protocol):
    """Pays buyers. What either method raises counts as Unclear."""

    def pay(self, key: str, fen: int, purpose: str, buyer: str | None) -> Answer:
        """Pay `fen` to the buyer (None: not known, as of an erased one; then by the order that the key belongs to). A key that
        was paid is not paid again, and says so; one that was refused may be asked for anew."""

    def look(self, key: str) -> Answer | None:
        """What became of a key. None: never heard of."""

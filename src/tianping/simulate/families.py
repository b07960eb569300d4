"""The stated families: what every delay is drawn from, and how unequal shops and products are. docs/market.md shows them."""

from dataclasses import asdict, dataclass
from typing import Final, TypeAlias

import numpy as np

from tianping.simulate.draws import DAY, HOUR, MINUTE, Floats, Ints, Rng

LONGEST: Final = 120 * DAY


@dataclass(frozen=True, slots=True)
class Lognormal:
    """The logarithm is normal: half of all are below `median` (seconds), `sigma` is the logarithm's deviation."""

    median: float
    sigma: float
    what: str

    def draw(self, rng: Rng, n: int) -> Floats:
        return np.asarray(np.exp(rng.standard_normal(n) * self.sigma) * self.median)


@dataclass(frozen=True, slots=True)
class Weibull:
    """63 % are below `scale` (seconds); with `shape` below 1 most come at once and a few very late."""

    scale: float
    shape: float
    what: str

    def draw(self, rng: Rng, n: int) -> Floats:
        return np.asarray(rng.weibull(self.shape, n) * self.scale)


@dataclass(frozen=True, slots=True)
class Gamma:
    """The sum of `shape` legs, each exponential with the mean `scale` (seconds)."""

    scale: float
    shape: float
    what: str

    def draw(self, rng: Rng, n: int) -> Floats:
        return np.asarray(rng.standard_gamma(self.shape, n) * self.scale)


Family: TypeAlias = Lognormal | Weibull | Gamma

DELAYS: Final[dict[str, Family]] = {
    "pay": Lognormal(45, 1.9, "order created → paid online"),
    "balance": Lognormal(5 * HOUR, 1.3, "festival begins → balance of a deposit paid; beyond two days it is forfeited"),
    "ship": Lognormal(0.27, 0.60, "paid → shipped, as a share of the promised time, moved out of the night"),
    "next_parcel": Lognormal(8 * HOUR, 0.7, "shipping of one parcel → of the order's next"),
    "pickup": Lognormal(5 * HOUR, 0.75, "shipped → collected"),
    "transit": Gamma(9.6 * HOUR, 6, "collected → signed, times the region's slowness, moved out of the night"),
    "regret": Lognormal(4 * HOUR, 1.3, "paid → refund requested for a change of mind"),
    "impatience": Weibull(8.5 * HOUR, 0.9, "promise broken → refund requested"),
    "lost_patience": Lognormal(4.5 * DAY, 0.4, "shipped → refund requested for slow logistics"),
    "trial": Weibull(1.9 * DAY, 0.95, "signed → refund requested for what the goods are"),
    "answer": Lognormal(25 * MINUTE, 1.0, "refund requested → merchant's answer, times the shop's own factor"),
    "send_back": Lognormal(1.2 * DAY, 0.8, "agreed → return waybill; beyond 7 days the case closes"),
    "back_transit": Gamma(10.4 * HOUR, 6, "return waybill → return signed"),
    "check": Lognormal(14 * HOUR, 0.8, "return signed → receipt confirmed, times the shop's own factor"),
    "send_again": Lognormal(1.5 * DAY, 0.6, "agreed or received → exchanged, reissued, repaired"),
    "give_up": Lognormal(6 * HOUR, 0.8, "refused → closed"),
    "escalate": Lognormal(7 * HOUR, 1.0, "refused → escalated to the platform"),
    "judge": Lognormal(2.5 * DAY, 0.5, "escalated → judged"),
    "overturn": Lognormal(5 * DAY, 0.5, "judged → overturned"),
    "ask_again": Lognormal(1 * DAY, 0.9, "case closed → the next request of the same order"),
    "voucher": Lognormal(12 * HOUR, 0.9, "cash on delivery: received → payment voucher"),
    "rate_case": Lognormal(10 * HOUR, 1.0, "case ended → rated"),
    "review": Weibull(3.6 * DAY, 1.2, "signed → reviewed"),
    "append": Lognormal(6 * DAY, 0.6, "review → second review"),
    "complain": Lognormal(1.5 * DAY, 0.8, "promise broken, parcel faked or goods signed for → complained of"),
    "reply": Lognormal(25, 0.9, "buyer's last message → answer of a person, times the shop's and the agent's own factor"),
    "think": Lognormal(55, 0.9, "answer → buyer's next message"),
    "rate_chat": Lognormal(4 * MINUTE, 1.0, "chat closed → rated"),
    "look": Lognormal(30 * HOUR, 0.7, "video published → look review"),
    "watch_live": Lognormal(38, 1.4, "seconds watched of a live room"),
    "watch_video": Lognormal(9, 0.9, "seconds watched of a video, at most its length"),
}


@dataclass(frozen=True, slots=True)
class Zipf:
    """The share of the one of rank r (1 = the biggest) is in proportion to (r + shift)^-exponent."""

    exponent: float
    shift: float
    what: str

    def weights(self, n: int) -> Floats:
        """The weights of ranks 1 … n."""
        return np.asarray(np.power(np.arange(1, n + 1) + self.shift, -self.exponent), dtype=np.float64)


SKEWS: Final = {
    "shops": Zipf(0.9, 1, "orders of a shop; nearly dead ones apart, and while a shop is not open its orders go to the others"),
    "products": Zipf(1.0, 0, "orders of a product within its shop"),
    "categories": Zipf(1.0, 0, "products of a level-3 category within its level-1 category, per shop"),
}


def delay(rng: Rng, name: str, n: int, scale: float | Floats = 1.0) -> Ints:
    """`n` delays of the family `name`, whole seconds, at most LONGEST."""
    return np.asarray(np.minimum(DELAYS[name].draw(rng, n) * scale, LONGEST), dtype=np.int64)


def stated(families: dict[str, Family] | dict[str, Zipf]) -> list[dict[str, object]]:
    """The families as data for the truth file."""
    return [{"name": name, "family": type(one).__name__.lower(), **asdict(one)} for name, one in families.items()]

"""What follows a dispute judged the seller's on Taobao: TB-V03."""

import pytest

from assess.crowd import MONDAY, TUESDAY, Crowd, found_in, shipped
from tianping.assess.finding import Seen, Subject

from .facts import AT_T, BEFORE_T, case, counts, order

SELLER = Subject("taobao", "S1")

pytestmark = pytest.mark.spec("TB-V03")


@pytest.mark.parametrize("judged", [0, 1, 3])
def test_a_judgement_against_the_seller_is_recorded(judged: int) -> None:
    """On any day after it; the credit rating shows it, no penalty is proposed."""
    figures = Crowd({("seller_liable_disputes", "shop", "S1", 1): Seen(judged, 1)})
    for date in (MONDAY, TUESDAY):
        found = found_in("dispute_lost", figures, SELLER, date=date, platform="taobao")
        assert [(each.records, each.table, each.severity) for each in found] == [(True, None, "minor")] * (judged > 0)


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        ({}, 1), ({"liability": "both"}, 1), ({"liability": "buyer"}, 0), ({"liability": "none"}, 0), ({"liability": None}, 0),
        ({"kind": "exchange"}, 0), ({"judged_at": BEFORE_T}, 1), ({"judged_at": AT_T}, 0), ({"judged_at": "06-28 23:59:59"}, 0),
        ({"overturned_at": "06-29 18:00"}, 0), ({"overturned_at": AT_T}, 1),
    ],
)  # fmt: skip
def test_judgements_count_under_their_day(change: dict[str, str | None], counted: int) -> None:
    """The seller's or both sides', of refunds, not overturned before T."""
    one = case("c1", "o1", "06-01 12:00", **({"judged_at": "06-29 12:00", "liability": "seller"} | change))
    facts = {"orders": [order("o1", "05-30 12:00")], "cases": [one]}
    assert counts("seller_liable_disputes", facts, platform="taobao")[0] == counted


def test_search_suffers_by_hand() -> None:
    """With falling sales, whoever is at fault: a person enters it."""
    kind = shipped("search_suffers", "taobao")
    assert (kind.by_hand, kind.triggers, kind.table) == (True, (), None)

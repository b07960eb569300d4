"""Lists of violations in both databases: their pages, counts, and what was found or confirmed last."""

import datetime as dt

import pytest
from sqlalchemy import Connection, Engine

from tianping.store import docket
from tianping.store.docket import Confirmed, Last, Wanted

from .test_judgement import AT, DAY, FIRST, entered, happen


@pytest.fixture
def four(either: Engine) -> Engine:
    """One in force of S1, one proposed of S1 and one of S2, and one of another platform that is only recorded."""
    with either.begin() as connection:
        happen(connection, entered(connection), 2, "confirm", "in_force", at=AT + DAY)
        entered(connection, date=FIRST + DAY)
        entered(connection, shop_id="S2", subject_id="S2")
        entered(connection, platform="douyin", violation="late", shop_id="S3", subject_id="S3", records=True)
    return either


def ids(connection: Connection, wanted: Wanted, limit: int = 9) -> list[int]:
    return [each.row.id for each in docket.page(connection, wanted, limit)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), [4, 3, 2, 1]),
        (Wanted(states=("in_force", "appealed")), [1]),
        (Wanted(states=("proposed",), records=False), [3, 2]),
        (Wanted(records=True), [4]),
        (Wanted(platform="douyin"), [4]),
        (Wanted(violation="negative_reviews"), [3, 2, 1]),
        (Wanted(shop="S1"), [2, 1]),
        (Wanted(shops=frozenset({"S2", "S3"})), [4, 3]),
        (Wanted(shops=frozenset()), []),
        (Wanted(before=3), [2, 1]),
    ],
)
def test_those_wanted(four: Engine, wanted: Wanted, found: list[int]) -> None:
    """Newest first."""
    with four.connect() as connection:
        assert ids(connection, wanted) == found
        assert ids(connection, wanted, 1) == found[:1]


def test_they_come_as_they_stand(four: Engine) -> None:
    with four.connect() as connection:
        [first] = docket.page(connection, Wanted(states=("in_force",)), 9)
        assert (first.row.severity, first.severity, first.row.date, first.row.records) == ("minor", "serious", FIRST, False)


def test_counts(four: Engine) -> None:
    """By state, and whether only recorded."""
    with four.connect() as connection:
        assert docket.counts(connection, Wanted()) == {("in_force", False): 1, ("proposed", False): 2, ("proposed", True): 1}
        assert docket.counts(connection, Wanted(shop="S2")) == {("proposed", False): 1}
        assert docket.shops(connection, Wanted()) == 3
        assert docket.shops(connection, Wanted(states=("proposed",), records=False)) == 2
        assert docket.newest(connection) == 4
        assert docket.names(connection, None) == [("douyin", "late"), ("kuaishou", "negative_reviews")]
        assert docket.names(connection, frozenset({"S3"})) == [("douyin", "late")]


def test_confirmed_since(four: Engine) -> None:
    with four.connect() as connection:
        one = Confirmed("kuaishou", "negative_reviews", FIRST, AT + DAY)
        assert docket.confirmed(connection, AT + DAY, None, 9) == [one]
        assert docket.confirmed(connection, AT + DAY + dt.timedelta(microseconds=1), None, 9) == []
        assert docket.confirmed(connection, AT, frozenset({"S2"}), 9) == []


def test_the_last_of_each_subject(four: Engine) -> None:
    """Not what is only recorded."""
    with four.connect() as connection:
        of = ("kuaishou", "negative_reviews")
        both = {(*of, "S1"): Last(2, FIRST + DAY), (*of, "S2"): Last(3, FIRST)}
        assert docket.latest(connection, ["S1", "S2", "S3"], FIRST + DAY) == both
        assert docket.latest(connection, ["S1"], FIRST) == {(*of, "S1"): Last(1, FIRST)}


def test_an_empty_docket(either: Engine) -> None:
    with either.connect() as connection:
        assert (docket.newest(connection), docket.shops(connection, Wanted())) == (0, 0)
        assert docket.counts(connection, Wanted()) == {}

"""Accounts, sessions, tokens and the audit trail in both databases."""

import datetime as dt

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from tianping.store import accounts, audit, sessions, tokens
from tianping.store.audit import Entry, Wanted

AT = dt.datetime(2024, 5, 1, 1, 30)
MINUTE = dt.timedelta(minutes=1)


def row(name: str, **other: object) -> dict[str, object]:
    plain = {
        "label": "", "password": "hash", "one_time": False, "role": "operator", "all_shops": True, "demo": False,
        "active": True, "lang": "zh", "created_at": AT,
    }  # fmt: skip
    return {"name": name, **plain, **other}


def add(engine: Engine, name: str, **other: object) -> int:
    with engine.begin() as connection:
        return accounts.add(connection, row(name, **other))


def test_an_account_comes_back(either: Engine) -> None:
    id_ = add(either, "Li Wei", role="merchant", all_shops=False)
    with either.begin() as connection:
        accounts.put_shops(connection, id_, ["S2", "S1", "S2"])
        accounts.put_shops(connection, id_, ["S1", "S3"])
        assert accounts.shops(connection, id_) == {"S1", "S3"}
        assert accounts.shops_of_all(connection) == {id_: ["S1", "S3"]}
        found = accounts.of_name(connection, "LI WEI")
        assert found == (accounts.of_id(connection, id_), "hash")
        assert accounts.of_name(connection, "Li") is None


@pytest.mark.parametrize("alike", ["anna", "ＡＮＮＡ", " Anna"])
def test_names_alike_are_one_name(either: Engine, alike: str) -> None:
    add(either, "Anna")
    with pytest.raises(IntegrityError):
        add(either, alike)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"role": "king"}, id="a role is one of six"),
        pytest.param({"role": "merchant"}, id="a merchant has a list of shops"),
        pytest.param({"role": "agency"}, id="an agency has a list of shops"),
        pytest.param({"lang": "fr"}, id="two languages"),
    ],
)
def test_impossible_accounts_are_refused(either: Engine, wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError):
        add(either, "Anna", **wrong)


ACTS = ("UPDATE audit SET act = 'nothing'", "DELETE FROM audit", "DELETE FROM audit WHERE id = 1")


@pytest.mark.parametrize("act", ACTS)
def test_the_trail_stays(either: Engine, act: str) -> None:
    """Whoever has the database's own password still meets the trigger."""
    with either.begin() as connection:
        audit.write(connection, Entry(AT, None, "sign_in", "account 1", {}, ""))
    with pytest.raises(DatabaseError, match="append-only"), either.begin() as connection:
        connection.execute(text(act))
    with either.connect() as connection:
        assert [line.entry.act for line in audit.page(connection, Wanted(), 9)] == ["sign_in"]


def test_the_trail_is_not_truncated(postgres_made: str) -> None:
    from tianping.store.database import open_database

    with pytest.raises(DatabaseError, match="append-only"), open_database(postgres_made).begin() as connection:
        connection.execute(text("TRUNCATE audit"))


def test_the_trail_by_pages_and_filters(either: Engine) -> None:
    anna, bo = add(either, "Anna"), add(either, "Bo")
    with either.begin() as connection:
        for number in range(6):
            act, who = ("close", anna) if number % 2 else ("undo", bo)
            audit.write(connection, Entry(AT + number * MINUTE, who, act, f"import {number}", {"n": number}, "::1"))

    def asked(wanted: Wanted, most: int = 9) -> list[object]:
        with either.connect() as connection:
            return [line.entry.detail["n"] for line in audit.page(connection, wanted, most)]

    with either.connect() as connection:
        newest = audit.page(connection, Wanted(), 2)
    assert [(line.name, line.entry.act) for line in newest] == [("Anna", "close"), ("Bo", "undo")]
    assert asked(Wanted(before=newest[-1].id), 2) == [3, 2]
    assert asked(Wanted(account_id=anna)) == [5, 3, 1]
    assert asked(Wanted(act="undo", since=AT + MINUTE)) == [4, 2]
    assert asked(Wanted(until=AT + MINUTE)) == [0], "until is not of the time itself"
    assert asked(Wanted(object="import 3")) == [3]


def test_sessions_end(either: Engine) -> None:
    id_ = add(either, "Anna")
    made = [sessions.Session(f"d{n}", id_, "c", AT, AT + n * MINUTE, AT + 60 * MINUTE) for n in range(4)]
    with either.begin() as connection:
        for each in made:
            sessions.begin(connection, each)
        sessions.see(connection, "d0", AT + 9 * MINUTE)
        sessions.sweep(connection, AT + 10 * MINUTE, AT + MINUTE)
        left = [n for n in range(4) if sessions.of_digest(connection, f"d{n}")]
        assert left == [0, 2, 3], "d1 was unused for too long"
        sessions.end_all(connection, id_, but="d2")
        assert sessions.of_digest(connection, "d2") == made[2]
        assert sessions.of_digest(connection, "d3") is None
        sessions.sweep(connection, AT + 60 * MINUTE, AT)
        assert sessions.of_digest(connection, "d2") is None, "and over at its last moment"


def test_tokens_are_revoked_once(either: Engine) -> None:
    anna, bo = add(either, "Anna"), add(either, "Bo")
    with either.begin() as connection:
        id_ = tokens.add(connection, anna, "till", "digest", AT)
        tokens.see(connection, id_, AT + MINUTE)
        assert tokens.of_digest(connection, "digest") == tokens.Token(id_, anna, "till", AT, AT + MINUTE, None)
        assert tokens.revoke(connection, bo, AT, id_) == 0, "nobody else's"
        assert tokens.revoke(connection, anna, AT, id_) == 1
        assert tokens.revoke(connection, anna, AT, id_) == 0
        assert tokens.of_digest(connection, "digest") is None
        assert [each.revoked_at for each in tokens.of_account(connection, anna)] == [AT]

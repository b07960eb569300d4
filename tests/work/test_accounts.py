"""Signing in and out, roles and shops, keys of programs: what is let in, what is refused, and what the trail says of it."""

import datetime as dt
from pathlib import Path
from typing import cast

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from tianping.errors import NotFound
from tianping.store import accounts as store
from tianping.store.audit import Wanted
from tianping.work.home import Home, open_home
from tianping.work.people import accounts, passwords, signing, trail
from tianping.work.people.accounts import AccountRefused, Doer, Draft, PasswordRefused, Refused, Role, Signed

AT = dt.datetime(2024, 5, 1, 1, 30)
MINUTE = dt.timedelta(minutes=1)
HOUR = 60 * MINUTE
ME = Doer(None, AT, "127.0.0.1")
GOOD = "correct horse"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> PasswordHasher:
    """Hashes that take no time."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", hasher)
    return hasher


@pytest.fixture(params=["sqlite", "postgres"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    url = "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_made"))
    return open_home(tmp_path / "home", create=True, url=url)


def make(home: Home, name: str = "anna", role: Role = "operator", shops: set[str] | None = None) -> accounts.Account:
    draft = Draft(name.title(), role, None if shops is None else frozenset(shops))
    return accounts.create(home, name, draft, doer=ME, password=GOOD)[0]


def try_(
    home: Home, name: str = "anna", password: str = GOOD, *, at: dt.datetime = AT, address: str = "10.0.0.1", demo: bool = True
) -> Signed | Refused:
    return accounts.sign_in(home, name, password, address=address, at=at, demo=demo)


def key_of(home: Home, name: str = "anna", password: str = GOOD) -> str:
    return cast(Signed, try_(home, name, password)).key


def acts(home: Home) -> list[str]:
    """Oldest first."""
    return [line.entry.act for line in reversed(trail.page(home, Wanted()).lines)]


def test_in_and_out(home: Home) -> None:
    anna = make(home, role="merchant", shops={"S1"})
    key = key_of(home, "Anna")
    seat = accounts.session(home, key, AT)
    assert seat is not None
    assert seat.account == anna
    assert seat.reach.holds("S1")
    assert not seat.reach.holds("S2")
    accounts.sign_out(home, key, anna, address="", at=AT)
    assert accounts.session(home, key, AT) is None
    assert acts(home) == ["account_new", "sign_in", "sign_out"]


def test_only_digests_are_kept(tmp_path: Path) -> None:
    """Whoever reads the database can sign in nowhere with what is there."""
    home = open_home(tmp_path / "home", create=True)
    anna = make(home)
    secrets = [GOOD, key_of(home), accounts.new_token(home, anna.id, "till", doer=ME)]
    try_(home, "a password typed as name")
    with home.database.connect() as connection:
        tables = ("account", "session", "token", "audit", "login_try")
        held = repr([connection.execute(text(f"SELECT * FROM {table}")).fetchall() for table in tables])
    assert not [secret for secret in [*secrets, "typed as name"] if secret in held]


@pytest.mark.parametrize(
    ("name", "password"),
    [("anna", "wrong horse!"), ("nobody", GOOD), ("gone", GOOD), ("anna", ""), ("", GOOD), ("x" * 9999, GOOD)],
)
def test_what_is_wrong_is_not_said(home: Home, name: str, password: str) -> None:
    make(home)
    gone = make(home, "gone")
    make(home, "boss", "administrator")
    accounts.deactivate(home, gone.id, doer=ME)
    assert try_(home, name, password) == Refused("wrong")
    assert acts(home)[-1] == "sign_in_refused"


def test_a_name_that_is_none_takes_as_long(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many hashes are verified, of the same cost."""
    make(home)
    asked: list[str] = []
    true = PasswordHasher.verify

    def verify(self: PasswordHasher, kept: str, given: str) -> bool:
        asked.append(kept)
        return true(self, kept, given)

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    for name in ("anna", "nobody"):
        asked.clear()
        try_(home, name, "wrong horse!")
        assert [kept.split("$")[:4] for kept in asked] == [["", "argon2id", "v=19", "m=8,t=1,p=1"]]


def test_the_demo_is_for_loopback(home: Home) -> None:
    accounts.create(home, "demo", Draft("", "operator", None), doer=ME, password=GOOD, demo=True)
    assert try_(home, "demo", demo=False) == Refused("wrong")
    assert isinstance(try_(home, "demo"), Signed)


def test_five_wrong_tries(home: Home) -> None:
    """Then nothing is judged from there, not even what is right; from elsewhere it is; a quarter of an hour later too."""
    make(home)
    for minute in range(5):
        assert try_(home, password="wrong", at=AT + minute * MINUTE) == Refused("wrong")
    assert try_(home, at=AT + 5 * MINUTE) == Refused("too_many")
    assert isinstance(try_(home, at=AT + 5 * MINUTE, address="10.0.0.2"), Signed)
    assert try_(home, at=AT + 15 * MINUTE - MINUTE / 60) == Refused("too_many")
    assert isinstance(try_(home, at=AT + 15 * MINUTE), Signed), "the first of the five is forgotten"
    assert acts(home).count("sign_in_refused") == 5


def test_too_many_looks_the_same_for_names_that_are_none(home: Home) -> None:
    make(home)
    told = [[try_(home, name, "wrong") for _ in range(7)] for name in ("anna", "nobody")]
    assert told[0] == told[1] == [Refused("wrong")] * 5 + [Refused("too_many")] * 2


def test_twenty_wrong_names_of_an_address(home: Home) -> None:
    """All addresses of an IPv6 customer are one."""
    make(home)
    for number in range(20):
        assert try_(home, f"n{number}", address=f"2001:db8:1:2::{number:x}") == Refused("wrong")
    assert try_(home, address="2001:db8:1:2:ffff::1") == Refused("too_many")
    assert isinstance(try_(home, address="2001:db8:1:3::1"), Signed)


def test_a_right_try_forgives(home: Home) -> None:
    make(home)
    for _ in range(3):
        for _ in range(4):
            try_(home, password="wrong")
        assert isinstance(try_(home), Signed)


def test_hashes_keep_up(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = make(home)
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    key_of(home)
    with home.database.connect() as connection:
        assert "m=16,t=2" in store.password(connection, anna.id)
    key_of(home)


@pytest.mark.parametrize(("after", "there"), [(12 * HOUR - MINUTE / 60, True), (12 * HOUR, False)])
def test_a_session_unused(home: Home, after: dt.timedelta, there: bool) -> None:
    make(home)
    key = key_of(home)
    assert (accounts.session(home, key, AT + after) is not None) == there


def test_a_session_lasts_seven_days_at_most(home: Home) -> None:
    make(home)
    key = key_of(home)
    hours = [hour for hour in range(0, 8 * 24, 6) if accounts.session(home, key, AT + hour * HOUR)]
    assert hours[-1] == 7 * 24 - 6


def test_another_password_ends_the_others(home: Home) -> None:
    anna = make(home)
    mine, other = key_of(home), key_of(home)
    accounts.change_password(home, anna, GOOD, "another horse", key=mine, at=AT)
    assert accounts.session(home, mine, AT)
    assert accounts.session(home, other, AT) is None
    assert try_(home) == Refused("wrong")
    assert isinstance(try_(home, password="another horse"), Signed)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("wrong", "another horse", "wrong_old"), (GOOD, GOOD, "same"), (GOOD, "ninechars", "short"), (GOOD, "x" * 201, "long"),
        (GOOD, "Anna-anna-2024", "is_name"), (GOOD, "aaaaaaaaaaaa", "is_name"),
    ],
)  # fmt: skip
def test_passwords_that_will_not_do(home: Home, old: str, new: str, why: str) -> None:
    anna = make(home)
    with pytest.raises(PasswordRefused) as refused:
        accounts.change_password(home, anna, old, new, key="", at=AT)
    assert refused.value.why == why


def test_the_old_password_is_not_guessed(home: Home) -> None:
    """Whoever finds a session open has five guesses."""
    anna = make(home)
    for _ in range(5):
        with pytest.raises(PasswordRefused):
            accounts.change_password(home, anna, "guess", "another horse", key="", at=AT)
    with pytest.raises(PasswordRefused, match="present password"):
        accounts.change_password(home, anna, GOOD, "another horse", key="", at=AT)


def test_a_one_time_password(home: Home) -> None:
    anna = make(home)
    key = key_of(home)
    given = accounts.reset_password(home, anna.id, doer=ME)
    assert accounts.session(home, key, AT) is None
    signed = cast(Signed, try_(home, password=given))
    assert signed.account.one_time
    accounts.change_password(home, signed.account, given, GOOD, key=signed.key, at=AT)
    assert not accounts.get(home, anna.id).account.one_time


@pytest.mark.parametrize(
    ("draft", "why"),
    [
        (Draft("", "merchant", None), "seller"), (Draft("", "agency", frozenset()), "seller"),
        (Draft("", "administrator", frozenset({"S1"})), "administrator"), (Draft("x" * 121, "operator", None), "label"),
        (Draft("", "operator", frozenset({""})), "shops"),
    ],
)  # fmt: skip
def test_accounts_that_cannot_be(home: Home, draft: Draft, why: str) -> None:
    anna = make(home)
    with pytest.raises(AccountRefused) as made:
        accounts.create(home, "bo", draft, doer=ME)
    with pytest.raises(AccountRefused) as edited:
        accounts.edit(home, anna.id, draft, doer=ME)
    assert made.value.why == edited.value.why == why


@pytest.mark.parametrize(
    ("name", "why"), [("ANNA", "taken"), ("", "name"), (" bo", "name"), ("b\no", "name"), ("b" * 61, "name")]
)
def test_names_that_will_not_do(home: Home, name: str, why: str) -> None:
    make(home)
    with pytest.raises(AccountRefused) as refused:
        make(home, name)
    assert refused.value.why == why


def test_edits_hold_at_once(home: Home) -> None:
    make(home, "boss", "administrator")
    anna = make(home, role="merchant", shops={"S1"})
    key, token = key_of(home), accounts.new_token(home, anna.id, "till", doer=ME)
    accounts.edit(home, anna.id, Draft("", "merchant", frozenset({"S2"})), doer=ME)
    for seat in (accounts.session(home, key, AT), accounts.bearer(home, token, AT)):
        assert seat is not None
        assert seat.reach.shops == frozenset({"S2"})
    accounts.edit(home, anna.id, Draft("", "auditor", None), doer=ME)
    assert accounts.bearer(home, token, AT) is None, "an auditor has no tokens"
    accounts.edit(home, anna.id, Draft("", "operator", None), doer=ME)
    accounts.deactivate(home, anna.id, doer=ME)
    assert accounts.session(home, key, AT) is None
    accounts.activate(home, anna.id, doer=ME)
    assert accounts.session(home, key, AT) is None
    assert accounts.bearer(home, token, AT) is None, "what was ended stays so"


def test_somebody_stays_administrator(home: Home) -> None:
    boss, other = make(home, "boss", "administrator"), make(home, "other", "administrator")
    accounts.deactivate(home, other.id, doer=ME)
    with pytest.raises(AccountRefused, match="last administrator"):
        accounts.deactivate(home, boss.id, doer=ME)
    with pytest.raises(AccountRefused, match="last administrator"):
        accounts.edit(home, boss.id, Draft("", "operator", None), doer=ME)
    assert accounts.get(home, boss.id).account.role == "administrator"
    assert acts(home)[-1] == "account_off", "and of what was not done the trail says nothing"


def test_tokens(home: Home) -> None:
    anna, bo = make(home), make(home, "bo")
    key = accounts.new_token(home, anna.id, "till", doer=ME)
    assert key.startswith("tp_")
    seat = accounts.bearer(home, key, AT + HOUR)
    assert seat is not None
    assert seat.account == anna
    [token] = accounts.tokens_of(home, anna.id)
    assert (token.label, token.used_at) == ("till", AT + HOUR)
    with pytest.raises(NotFound):
        accounts.revoke_token(home, bo.id, token.id, doer=ME)
    accounts.revoke_token(home, anna.id, token.id, doer=ME)
    assert accounts.bearer(home, key, AT) is None
    assert accounts.bearer(home, key.removeprefix("tp_"), AT) is None


def test_the_first_administrator(home: Home) -> None:
    password = accounts.ensure_administrator(home, AT)
    assert password is not None
    assert cast(Signed, try_(home, "admin", password)).account.one_time
    assert accounts.ensure_administrator(home, AT) is None


def test_an_administrator_where_the_name_is_taken(home: Home) -> None:
    make(home, "Admin", "merchant", {"S1"})
    password = accounts.ensure_administrator(home, AT)
    assert password is not None
    assert isinstance(try_(home, "admin2", password), Signed)


@pytest.mark.parametrize("role", ["auditor", "adjudicator"])
def test_who_changes_no_data(role: Role) -> None:
    assert not accounts.ROLES[role] & {"upload", "undo", "close", "manage_accounts"}


def test_programs_of_an_auditor_have_no_way_in() -> None:
    """An adjudicator's may: disputes are judged by the API too."""
    assert [role for role in accounts.ROLES if "tokens" not in accounts.ROLES[role]] == ["auditor"]


def test_the_demo_of_an_empty_home(home: Home) -> None:
    made = [each.role for each in accounts.create_demo(home, AT)]
    assert made == ["adjudicator", "operator", "administrator", "auditor"]
    assert accounts.create_demo(home, AT) == []


@pytest.mark.parametrize(
    ("address", "stands"), [("::1", "::/64"), ("10.0.0.1", "10.0.0.1"), ("testclient", "testclient"), ("", "")]
)
def test_networks(address: str, stands: str) -> None:
    assert signing.network(address) == stands

"""Accounts from the shell: the way in, and back in."""

import pytest

from shell import Tianping
from tianping.work.home import Home
from tianping.work.people.accounts import ROLES, Refused, Signed, sign_in
from work.homes import NOON, copy


@pytest.fixture
def home(demo: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return copy(demo, tmp_path_factory.mktemp("accounts") / "home")


def test_a_lost_password_is_replaced(tianping: Tianping, home: Home) -> None:
    """The new one opens, the old one does not, and the account changes it first."""
    first = tianping("accounts", "add", "li", "--role", "merchant", "--shop", "S001", home=home.path).out.strip()
    second = tianping("accounts", "password", "LI", home=home.path).out.strip()
    assert isinstance(sign_in(home, "li", first, address="", at=NOON), Refused)
    found = sign_in(home, "li", second, address="", at=NOON)
    assert isinstance(found, Signed)
    assert found.account.one_time


def test_a_merchant_without_a_shop_is_refused(tianping: Tianping, home: Home) -> None:
    said = tianping("accounts", "add", "li", "--role", "merchant", home=home.path)
    assert said.status == 1
    assert "limited to shops; list them" in said.err


def test_accounts_are_listed(tianping: Tianping, home: Home) -> None:
    said = tianping("accounts", "list", "--format", "csv", home=home.path).out.splitlines()
    assert said[0].split(",")[:4] == ["name", "label", "role", "shops"]
    assert [line.split(",")[0] for line in said[1:]] == sorted(ROLES)


def test_an_unknown_name_is_told(tianping: Tianping, home: Home) -> None:
    said = tianping("accounts", "password", "merchnt", home=home.path)
    assert (said.status, 'did you mean "merchant"' in said.err) == (1, True)

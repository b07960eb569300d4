"""Coming in: signing in and out, sessions, and the keys of programs."""

import datetime as dt
import hashlib
import ipaddress
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from tianping.errors import NotFound
from tianping.store import accounts, sessions, tokens
from tianping.store.accounts import Account, folded
from tianping.store.sessions import Session, Tries
from tianping.store.tokens import Token
from tianping.work.home import Home
from tianping.work.people import passwords
from tianping.work.people.passwords import PasswordRefused
from tianping.work.people.reach import Reach
from tianping.work.people.roles import ROLES
from tianping.work.people.trail import Doer, leave

IDLE = dt.timedelta(hours=12)
LONGEST = dt.timedelta(days=7)
"""How long a session lasts unused, and at all."""
_SEEN_EVERY = dt.timedelta(minutes=1)
WRONG_WITHIN = dt.timedelta(minutes=15)
WRONG_HERE, WRONG_ADDRESS = 5, 20
"""Wrong tries in that time, of one name from one address and of all names from it, after which no more are judged."""
TOKEN = "tp_"


class Seat(NamedTuple):
    """Somebody let in: whose account, how far they see, and the secret of their forms (a program has none)."""

    account: Account
    reach: Reach
    csrf: str


class Signed(NamedTuple):
    """Signed in: the key that only the browser has from now on."""

    account: Account
    key: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Not signed in. `wrong` does not say what was wrong."""

    why: Literal["wrong", "too_many"]


def digest(key: str) -> str:
    """What is kept of a key that is itself random."""
    return hashlib.sha256(key.encode()).hexdigest()


def network(address: str) -> str:
    """Who an address stands for: of IPv6 the /64, of which one customer has all addresses."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


def sign_in(home: Home, name: str, password: str, *, address: str, at: dt.datetime, demo: bool = True) -> Signed | Refused:
    """A session for name and password, or the same refusal in about the same time whatever was wrong. `demo`: whether the
    demo's accounts, whose password everybody knows, may come in."""
    tried, place = digest(folded(name)), network(address)
    with home.database.begin() as connection:
        try_id, tries = sessions.try_once(connection, tried, place, at, at - WRONG_WITHIN)
        if _over(tries):
            sessions.untry(connection, try_id)
            return Refused("too_many")
        found = accounts.of_name(connection, name)
    verdict = passwords.verify(found[1] if found else None, password)
    with home.database.begin() as connection:
        if found is None or not verdict.right or not found[0].active or (found[0].demo and not demo):
            _refuse(connection, found[0] if found else None, Doer(None, at, address), tries)
            return Refused("wrong")
        sessions.forgive(connection, tried, place)
        if verdict.rehashed:
            accounts.change(connection, found[0].id, password=verdict.rehashed)
        leave(connection, Doer(found[0].id, at, address), "sign_in", f"account {found[0].id}")
        return Signed(found[0], _begin(connection, found[0].id, at))


def _over(tries: Tries) -> bool:
    return tries.here > WRONG_HERE or tries.address > WRONG_ADDRESS


def _refuse(connection: Connection, account: Account | None, doer: Doer, tries: Tries) -> None:
    """Later tries of that quarter of an hour are not written down: a trail that nobody may shorten must not be flooded."""
    last = tries.here == WRONG_HERE or tries.address == WRONG_ADDRESS
    leave(connection, doer, "sign_in_refused", f"account {account.id}" if account else "account", last=last)


def _begin(connection: Connection, account_id: int, at: dt.datetime) -> str:
    """A new session; its key."""
    sessions.sweep(connection, at, at - IDLE)
    key = secrets.token_urlsafe(32)
    sessions.begin(connection, Session(digest(key), account_id, secrets.token_urlsafe(32), at, at, at + LONGEST))
    return key


def session(home: Home, key: str, at: dt.datetime) -> Seat | None:
    """Whose session a key opens; None where it is over."""
    with home.database.connect() as connection:
        found = sessions.of_digest(connection, digest(key))
        if found is None or at >= min(found.expires_at, found.seen_at + IDLE):
            return None
        seat = _seat(connection, found.account_id, found.csrf)
    if at - found.seen_at >= _SEEN_EVERY:
        _note(home, lambda connection: sessions.see(connection, found.digest, at))
    return seat


def _note(home: Home, write: Callable[[Connection], None]) -> None:
    """That somebody came; who cannot be noted (the disk is full) comes in all the same."""
    with suppress(DatabaseError), home.database.begin() as connection:
        write(connection)


def _seat(connection: Connection, account_id: int, csrf: str) -> Seat | None:
    account = accounts.of_id(connection, account_id)
    if account is None or not account.active:
        return None
    return Seat(account, Reach(None if account.all_shops else accounts.shops(connection, account.id)), csrf)


def sign_out(home: Home, key: str, account: Account, *, address: str, at: dt.datetime) -> None:
    """End a session."""
    with home.database.begin() as connection:
        sessions.end(connection, digest(key))
        leave(connection, Doer(account.id, at, address), "sign_out", f"account {account.id}")


def change_password(home: Home, account: Account, old: str, new: str, *, key: str, at: dt.datetime, address: str = "") -> None:
    """Another password; the sessions elsewhere end. Raises PasswordRefused, and for wrong tries at the old one too many."""
    tried, place = digest(f"{account.id} changes"), network(address)
    with home.database.begin() as connection:
        _, tries = sessions.try_once(connection, tried, place, at, at - WRONG_WITHIN)
        kept = accounts.password(connection, account.id)
    if _over(tries) or not passwords.verify(kept, old).right:
        raise PasswordRefused("wrong_old")
    if old == new:
        raise PasswordRefused("same")
    passwords.require(new, account.name)
    hashed = passwords.hashed(new)
    with home.database.begin() as connection:
        sessions.forgive(connection, tried, place)
        accounts.change(connection, account.id, password=hashed, one_time=False)
        sessions.end_all(connection, account.id, but=digest(key))
        leave(connection, Doer(account.id, at, address), "password", f"account {account.id}")


def new_token(home: Home, account_id: int, label: str, *, doer: Doer) -> str:
    """A key for a program of an account's; shown this once."""
    key = TOKEN + secrets.token_urlsafe(32)
    with home.database.begin() as connection:
        id_ = tokens.add(connection, account_id, label, digest(key), doer.at)
        leave(connection, doer, "token_new", f"token {id_}", label=label)
    return key


def tokens_of(home: Home, account_id: int) -> list[Token]:
    """An account's keys, those in use first."""
    with home.database.connect() as connection:
        return list(tokens.of_account(connection, account_id))


def revoke_token(home: Home, account_id: int, id_: int, *, doer: Doer) -> None:
    """The key opens nothing any more. Raises NotFound where the account has no such key in use."""
    with home.database.begin() as connection:
        if not tokens.revoke(connection, account_id, doer.at, id_):
            raise NotFound(f"there is no token {id_} in use here")
        leave(connection, doer, "token_revoked", f"token {id_}")


def bearer(home: Home, key: str, at: dt.datetime) -> Seat | None:
    """Whose key a program shows; None where it opens nothing."""
    with home.database.connect() as connection:
        token = tokens.of_digest(connection, digest(key)) if key.startswith(TOKEN) else None
        seat = _seat(connection, token.account_id, "") if token else None
    if token is None or seat is None or "tokens" not in ROLES[seat.account.role]:
        return None
    if token.used_at is None or at - token.used_at >= _SEEN_EVERY:
        _note(home, lambda connection: tokens.see(connection, token.id, at))
    return seat

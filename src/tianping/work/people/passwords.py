"""Passwords: which will do, how they are kept (argon2id), and one that is told once."""

import secrets
import threading
import unicodedata
from functools import cache
from typing import Literal, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tianping.errors import TianpingError
from tianping.store.accounts import folded

LEAST = 10
"""Characters."""
MOST = 200
HASHER = PasswordHasher()
"""RFC 9106's second choice: 64 MiB, three passes; about 50 ms."""
_TURNS = threading.BoundedSemaphore(4)
"""So many hashes at once: each takes its memory."""
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is mistaken for another."""

Why = Literal["short", "long", "is_name", "same", "wrong_old"]
_SAID: dict[Why, str] = {
    "short": f"a password has at least {LEAST} characters; choose a longer one",
    "long": f"a password has at most {MOST} characters; choose a shorter one",
    "is_name": "the password holds the user name, or is one character again and again; choose another",
    "same": "the new password is the old one; choose another",
    "wrong_old": "the present password is not right; type it again",
}


class PasswordRefused(TianpingError):
    """A password that will not do; `why` for words in other languages."""

    def __init__(self, why: Why) -> None:
        super().__init__(_SAID[why])
        self.why = why


class Verdict(NamedTuple):
    """Whether a password is right, and, where it should be kept in another way by now, its new hash."""

    right: bool
    rehashed: str = ""


def require(password: str, name: str) -> None:
    """Raises PasswordRefused for one that is too short, or hardly better than none."""
    plain, called = folded(password), folded(name)
    if len(password) < LEAST:
        raise PasswordRefused("short")
    if len(password) > MOST:
        raise PasswordRefused("long")
    if plain.replace(called, "") == "" or len(set(plain)) == 1 or (len(called) > 3 and called in plain):
        raise PasswordRefused("is_name")


def hashed(password: str) -> str:
    """What is kept of a password."""
    with _TURNS:
        return HASHER.hash(_normal(password))


def verify(kept: str | None, password: str) -> Verdict:
    """Whether a password is that of the hash. Without one it takes as long, and is wrong."""
    with _TURNS:
        try:
            HASHER.verify(kept or _nobodys(HASHER), _normal(password))
        except (VerificationError, InvalidHashError):
            return Verdict(right=False)
    stale = kept is not None and HASHER.check_needs_rehash(kept)
    return Verdict(kept is not None, hashed(password) if stale else "")


def one_time() -> str:
    """A password to be told once and changed at once: about 70 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3))


@cache
def _nobodys(hasher: PasswordHasher) -> str:
    return hasher.hash(secrets.token_urlsafe())


def _normal(password: str) -> str:
    """However a keyboard composes it."""
    return unicodedata.normalize("NFKC", password)

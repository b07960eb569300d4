"""Places in lists, as texts: `next` of one page, which is handed back as `after` of the following one."""

import datetime as dt
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_json

from tianping.errors import NotFound
from tianping.work.desk.handed import EARLIEST, LATEST, clean

P = TypeVar("P", bound=tuple[Any, ...])
_MOST = 2**31


def mark(place: tuple[Any, ...] | None) -> str | None:
    """A place as a text."""
    return None if place is None else urlsafe_b64encode(to_json(place)).decode()


def place(text: str, form: type[P]) -> P | None:
    """The place that a text stands for; None for none. Raises NotFound for a text that is none of ours."""
    if not text:
        return None
    try:
        found: P = _adapter(form).validate_json(urlsafe_b64decode(text))
        if all(map(_sound, found)):
            return found
    except ValueError:
        pass
    raise NotFound(f"there is no page {text!r:.100}; begin without `after`")


@cache
def _adapter(form: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(form)


def _sound(part: object) -> bool:
    """Whether the database can be asked for it."""
    if isinstance(part, dt.datetime):
        return part.tzinfo is None and EARLIEST <= part < LATEST
    if isinstance(part, str):
        return clean(part)
    return isinstance(part, int) and -_MOST <= part < _MOST

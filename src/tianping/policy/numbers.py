"""Exact numbers as packs write them: `5`, `0.35`, `80 %`, `1/3`, `3 min`, `24 h`, `5 d` (spans of time are seconds)."""

import re
from fractions import Fraction
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator

_WRITTEN = re.compile(r"(-?\d+(?:\.\d+)?|\d+/[1-9]\d*) ?(%|s|min|h|d)?", re.ASCII)
_TIMES = {
    None: Fraction(1),
    "%": Fraction(1, 100),
    "s": Fraction(1),
    "min": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86400),
}


def exact(written: object) -> Fraction:
    """The number as a fraction. Raises ValueError for what is none."""
    text = repr(written) if isinstance(written, float) else str(written)
    found = None if isinstance(written, bool) else _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no number; numbers are 5, 0.35, 80 %, 1/3, 3 min, 24 h or 5 d")
    return Fraction(found[1]) * _TIMES[found[2]]


Number = Annotated[Fraction, PlainValidator(exact), PlainSerializer(str)]
"""A number of a pack, exact."""

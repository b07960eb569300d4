"""Headings of exports are matched by name: blanks, width and case aside.

`售后申请时间|申请时间` is one thing under two names.
"""

import unicodedata
from collections.abc import Sequence


def plain(heading: str) -> str:
    """`商品 ID` and `商品id`, `（元）` and `(元)` are the same heading."""
    return "".join(unicodedata.normalize("NFKC", heading).casefold().split())


def find(column: str, headings: Sequence[str]) -> int | None:
    """Where a column stands: under the first of its names that the headings have, as written or else plainly."""
    for name in column.split("|"):
        if name in headings:
            return headings.index(name)
        folded = plain(name)
        found = next((index for index, heading in enumerate(headings) if plain(heading) == folded), None)
        if found is not None:
            return found
    return None


def twice(column: str, headings: Sequence[str]) -> bool:
    """Whether the heading under which the column was found stands there again, letter for letter."""
    found = find(column, headings)
    return found is not None and list(headings).count(headings[found]) > 1

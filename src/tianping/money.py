"""Money is integer fen. Yuan appear only in text people wrote: how such text looks is said here, for Python and SQL alike."""

import re

SIGNS = "¥￥"
"""Signs of currency; they stand before or behind a plus or minus, `元` at the end."""
YUAN = r"(\d{1,3}(,\d{3})+|\d+)(\.\d{0,2}0*)?"
"""A sum of yuan without its signs: at most two decimals that are not 0, thousands commas allowed."""
WRITTEN = rf"[{SIGNS} ]*([+-]?)[{SIGNS} ]*(.*?)[ 元]*"
"""Text of a sum: its first group is the plus or minus, its second the sum."""

_WRITTEN = re.compile(WRITTEN, re.DOTALL)
_YUAN = re.compile(YUAN, re.ASCII)


def fen(yuan: str) -> int | None:
    """Yuan as people write them (`¥1,234.5`) as integer fen; None where the text is no sum of whole fen.

    A third decimal is refused, never rounded: nobody but the writer knows which way it should go.
    """
    found = _WRITTEN.fullmatch(yuan.strip())
    assert found is not None  # it matches any text
    sign, plain = found.groups()
    if not _YUAN.fullmatch(plain):
        return None
    whole, _, part = plain.replace(",", "").partition(".")
    return (-1 if sign == "-" else 1) * (int(whole) * 100 + int(part[:2].ljust(2, "0")))


def yuan(fen: int) -> str:
    """Integer fen as yuan with two decimals: `-5` is `-0.05`."""
    whole, part = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{part:02d}"

"""Money is integer fen. Yuan appear only in text people wrote."""

import re

YUAN = r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d{1,2})?"
"""A sum of yuan as text, without its sign of currency: at most two decimals, thousands commas allowed."""

_SIGNS = "¥￥元 "
_WRITTEN = re.compile(YUAN)


def fen(yuan: str) -> int | None:
    """Yuan as people write them (`¥1,234.5`) as integer fen; None where the text is no sum of whole fen.

    A third decimal is refused, never rounded: nobody but the writer knows which way it should go.
    """
    plain = yuan.strip(_SIGNS)
    if not _WRITTEN.fullmatch(plain):
        return None
    whole, _, part = plain.replace(",", "").partition(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole)) * 100 + int(part.ljust(2, "0")))


def yuan(fen: int) -> str:
    """Integer fen as yuan with two decimals: `-5` is `-0.05`."""
    whole, part = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{part:02d}"

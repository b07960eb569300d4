"""How labels and figures read: words in a language, values in their unit."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from tianping.policy.model import Unit
from tianping.policy.words import Words


def say(words: Words, lang: str) -> str:
    """The words in a language."""
    return words.zh if lang == "zh" else words.en


def amount(value: Fraction | None, unit: Unit, lang: str = "en") -> str:
    """A value as people read it: `3.21 %`, `1 d 02:15:08`, `4.56`, `1 277`, `¥1 277.50`; a dash where there is none."""
    if value is None:
        return "–"
    if unit == "rate":
        return f"{float(value) * 100:.2f} %"
    if unit == "seconds":
        return span(round(value), lang)
    if unit == "stars":
        return f"{float(value):.2f}"
    return _grouped(f"{int(value):,}" if unit == "count" else f"¥{Decimal(round(value)) / 100:,.2f}")


def _grouped(number: str) -> str:
    return number.replace(",", "\u2009")


def span(seconds: int, lang: str = "en") -> str:
    """Seconds as days, hours, minutes, seconds: `1 d 02:15:08`, `1 天 02:15:08`."""
    days, rest = divmod(abs(seconds), 86400)
    clock = str(dt.timedelta(seconds=rest)).rjust(8, "0")
    return ("-" if seconds < 0 else "") + (f"{days} {'天' if lang == 'zh' else 'd'} {clock}" if days else clock)

"""How measures read: violations, effects, amounts, states, what the clock did and why, in the reader's language."""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from tianping.periods import to_wall
from tianping.policy.model import Pack
from tianping.policy.saying import amount, say
from tianping.store.accounts import Account
from tianping.store.violations import Event, Violation
from tianping.web.access import Viewer
from tianping.web.console import Console
from tianping.web.findings import Whose
from tianping.web.wording import t, words
from tianping.work.judgement.watch import Warned

KINDS: Mapping[str, str] = {
    "proposed": "note", "in_force": "bad", "appealed": "warn", "served": "none", "dismissed": "none", "withdrawn": "none",
    "revoked": "ok", "overturned": "ok",
}  # fmt: skip
"""The badge of a state."""
GRAVE: Mapping[str, str] = {"minor": "note", "serious": "warn", "especially_serious": "bad", "extremely_serious": "bad"}
"""The badge of a severity."""
CLOCK: Sequence[tuple[str, str]] = (
    (r"^found anew with newer facts$", "found_anew"),
    (r"^not found any more with newer facts$", "found_no_more"),
    (r"^found anew by changed rules$", "found_anew_rules"),
    (r"^found anew with newer facts and changed rules$", "found_anew_both"),
    (r"^not found any more by changed rules$", "found_no_more_rules"),
    (r"^not found any more with newer facts and changed rules$", "found_no_more_both"),
    (r"^found again$", "found_again"),
    (r"^by the rule, without a person$", "by_itself"),
    (r"^violation (?P<id>\d+), which was counted here: (?P<verb>\w+)$", "counted"),
    (r"^level$", "lowest_level"),
    (r"^the level is another by newer facts$", "level_moved"),
    (r"^the close of (?P<date>[\d-]{10}), .*$", "points_at_close"),
    (r"^the points at the time would have been (?P<n>\d+): the close of (?P<date>[\d-]{10}), .*$", "points_fell_at_close"),
    (r"^violation (?P<id>\d+) event \d+$", "points"),
    (r"^the points at the time would have been (?P<n>\d+): violation (?P<id>\d+) event \d+$", "points_fell"),
)
"""What the clock gives as its reason: a pattern and the word for it."""


def violation_words(packs: Mapping[str, Pack], platform: str, name: str, lang: str) -> str:
    """What a violation is called; those that the program proposes have words of ours."""
    pack = packs.get(platform)
    ruled = pack.judging.violations.get(name) if pack else None
    key = f"judgement.violation_{name}"
    return say(ruled.label, lang) if ruled else t(key, lang) if key in words() else name


def platform_words(packs: Mapping[str, Pack], platform: str, lang: str) -> str:
    return say(packs[platform].label, lang) if platform in packs else platform


def effect_words(key: str, lang: str) -> str:
    """`ban`, `right/live`: what an effect does."""
    kind, _, right = key.partition("/")
    if not right:
        return t(f"judgement.effect_{kind}", lang)
    name = f"judgement.right_{right}"
    return t("judgement.effect_right", lang, right=t(name, lang) if name in words() else right)


def amount_words(value: int | None, unit: str, *, for_ever: bool, lang: str) -> str:
    """`3 天`, `5 分`, `¥300.00`; '' where there is nothing to say."""
    if for_ever:
        return t("judgement.for_ever", lang)
    if value is None or not unit:
        return ""
    return amount_of(value, unit, lang)


def amount_of(value: int, unit: str, lang: str) -> str:
    if unit == "fen":
        return _money(value)
    return t(f"judgement.n_{unit}" if value != 1 else f"judgement.one_{unit}", lang, n=value)


def _money(fen: int) -> str:
    """Whole yuan without fen: penalties are mostly such."""
    return amount(Fraction(fen), "fen").removesuffix(".00")


def clock_words(event: Event, lang: str) -> str:
    """Why something happened; what a person wrote stays as it is."""
    if event.account_id is not None:
        return event.why
    for pattern, name in CLOCK:
        if found := re.match(pattern, event.why):
            given = found.groupdict()
            if "verb" in given:
                given["verb"] = t(f"judgement.verb_{given['verb']}", lang)
            return t(f"judgement.clock_{name}", lang, **given)
    return event.why


def who_words(event: Event, people: Mapping[int, Account], seen: Viewer) -> str:
    """Who did it. Those who judge know one another by name; others are told the role of whom they do not share it with."""
    if event.account_id is None:
        return t("judgement.the_clock", seen.lang)
    account = people.get(event.account_id)
    if account is None:
        return t("judgement.somebody", seen.lang)
    named = account.id == seen.account.id or seen.may("judge") or seen.may("read_reports")
    return account.label or account.name if named else t(f"parts.role_{account.role}", seen.lang)


def whose_warned(packs: Mapping[str, Pack], warned: Warned, date: dt.date) -> Whose:
    """Whom the figures of a warning are of."""
    product = warned.subject if warned.kind == "product" else ""
    return Whose(packs.get(warned.platform), warned.platform, warned.shop, product, (), date)


def whose_found(packs: Mapping[str, Pack], row: Violation) -> Whose:
    """Whom the figures of a violation's evidence are of."""
    whom = row.evidence.get("subject", {})
    product = row.subject_id if row.subject_kind == "product" else ""
    return Whose(packs.get(row.platform), row.platform, row.shop_id, product, whom.get("categories", ()), row.date)


def wall(desk: Console) -> Callable[[dt.datetime], str]:
    """Instants as people here read them."""
    return lambda at: to_wall(at, desk.home.zone).strftime("%Y-%m-%d %H:%M")

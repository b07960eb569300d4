"""How the effects of a violation read: what, how much and why so much, from when to when."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import takewhile
from typing import Any

from tianping.assess import penalty
from tianping.assess.penalty import Deal, Dealt, deal_of
from tianping.policy.saying import amount
from tianping.store.effects import Effect
from tianping.store.violations import Event
from tianping.work.docket.brief import Brief
from tianping.work.why.voice import Voice


@dataclass(frozen=True, slots=True)
class Line:
    """One effect. `reason`: why this amount within its range; `span`: from when to when; `exact`: the same as JSON."""

    name: str
    amount: str
    reason: str
    span: str
    exact: dict[str, Any]


def lines(voice: Voice, known: Brief) -> list[Line]:
    """The effects that stand, then those taken back; before it is confirmed, those proposed."""
    matter = known.matter
    if matter.confirmed_at is None:
        proposed = matter.offer.options[0] if matter.offer and matter.state == "proposed" else ()
        return [_line(voice, known, each, None, "") for each in proposed]
    dealt = {each.key: each for each in matter.standing.deal} if matter.standing else {}
    held = [_line(voice, known, dealt.get(each.name), each, _span(voice, known, each)) for each in known.effects]
    gone = [_line(voice, known, None, each, voice.t("taken_back", at=voice.moment(taker.at))) for each, taker in known.gone]
    return held + gone


def _line(voice: Voice, known: Brief, dealt: Dealt | None, effect: Effect | None, span: str) -> Line:
    """Of an effect dealt, of one proposed, or (without `dealt`) of one taken back."""
    key = effect.name if effect else dealt.key if dealt else ""
    unit = dealt.unit if dealt else _UNITS.get(key, "days")
    size = dealt.amount if dealt else effect.amount if effect else None
    reason = _reason(voice, known, dealt) if dealt else ""
    exact = {
        "effect": key, "amount": size, "unit": unit if size is not None else "",
        "low": dealt.low if dealt and size is not None else None, "high": dealt.high if dealt and size is not None else None,
        "begins_at": _iso(effect.begins_at if effect else None), "ends_at": _iso(effect.ends_at if effect else None),
    }  # fmt: skip
    return Line(
        effect_name(voice, key), "" if size is None else sized(voice, size, unit), reason, span or voice.t("not_begun"), exact
    )


_UNITS = {"points": "points", "money": "fen"}


def effect_name(voice: Voice, key: str) -> str:
    """`ban`, `right/live` in words."""
    kind, _, right = key.partition("/")
    name = voice.t(f"effect_{kind}")
    if not right:
        return name
    ruled = voice.pack.judging.rights.get(right) if voice.pack else None
    return f"{name}{voice.t('colon')}{voice.say(ruled.label) if ruled else right}"


def sized(voice: Voice, size: int, unit: str) -> str:
    """`7 days`, `¥3 000.00`."""
    text = amount(Fraction(size), "fen", voice.lang) if unit == "fen" else voice.number(size)
    return voice.t(unit, n=text).strip()


def _reason(voice: Voice, known: Brief, dealt: Dealt) -> str:
    if dealt.amount is None:
        return ""
    if dealt.low == dealt.high:
        return voice.t("why_only")
    span = voice.t("range", low=sized(voice, dealt.low, dealt.unit), high=sized(voice, dealt.high, dealt.unit))
    return f"{span}{voice.t('semicolon')}{_choice(voice, known, dealt)}"


def _choice(voice: Voice, known: Brief, dealt: Dealt) -> str:
    offered, standing = known.matter.offer, known.matter.standing
    n = offered.n if offered else 0
    proposed = penalty.amount(dealt.low, dealt.high, n)
    if standing and dealt.key in standing.picked:
        chosen = voice.t("why_chosen", amount=sized(voice, proposed, dealt.unit))
        reason = _picked_because(known, dealt)
        return f"{chosen}{voice.t('semicolon')}{voice.t('why_said', why=reason) if reason else voice.t('why_unsaid')}"
    if dealt.amount != proposed:
        return voice.t("why_eased")
    return voice.t(("why_low", "why_middle", "why_high")[min(n, 2)], n=n + 1)


def _picked_because(known: Brief, dealt: Dealt) -> str:
    """What was said by whoever picked the amount that stands."""
    made = [each for each in known.matter.events if each.chosen is not None]
    same = takewhile(lambda each: any(one == dealt for one in _deal(each)), reversed(made))
    return next((each.why.strip() for each in reversed(list(same)) if dealt.key in (each.chosen or {}).get("picked", ())), "")


def _deal(event: Event) -> Deal:
    return deal_of(event.chosen["effects"]) if event.chosen else ()


def _span(voice: Voice, known: Brief, effect: Effect) -> str:
    begins = voice.moment(effect.begins_at)
    if effect.lasts == "duty":
        done = effect.name not in _open(known)
        return voice.t("until_done", begins=begins) + (f"{voice.t('comma')}{voice.t('done_duty')}" if done else "")
    if effect.lasts == "ever":
        return voice.t("for_ever", begins=begins)
    if effect.lasts == "once" or effect.ends_at is None:
        return voice.t("at_once", begins=begins)
    return voice.t("from_to", begins=begins, ends=voice.moment(effect.ends_at))


def duties(voice: Voice, known: Brief) -> list[str]:
    """The names of the duties still open."""
    return [effect_name(voice, key) for key in _open(known)]


def _open(known: Brief) -> tuple[str, ...]:
    """None where the measure does not stand, or not any more."""
    standing, binds = known.matter.standing, known.matter.state in ("in_force", "appealed")
    return penalty.still_open(standing.deal, known.matter.fulfilled) if standing and binds else ()


def told(voice: Voice, known: Brief) -> Iterator[str]:
    """What is said above the effects: nothing stands, it is only proposed, which time it is counted as, the options."""
    matter, offered = known.matter, known.matter.offer
    if matter.row.records:
        yield voice.t("penalty_none")
    elif matter.state == "proposed":
        yield voice.t("penalty_proposed")
    elif not known.effects:
        yield voice.t("penalty_gone")
    yield from confirming(voice, known)
    if matter.row.immediate:
        yield voice.t("immediate")
    if offered and known.table and known.table.version and known.table.version.by == "count":
        yield voice.t("times_counted", n=offered.times)
    if offered and len(offered.options) > 1 and matter.state == "proposed":
        yield voice.t("options", n=len(offered.options))


def confirming(voice: Voice, known: Brief) -> Iterator[str]:
    """Why a person must confirm it, while nobody has; that nobody had to, where the clock did. Of what is only recorded,
    nothing."""
    matter = known.matter
    if matter.row.records:
        return
    by_clock = any(each.verb == "confirm" and each.account_id is None for each in matter.events)
    if matter.state == "proposed":
        held = str(matter.row.proposal.get("why") or "the rule") if matter.row.proposal.get("needs_person", True) else "late"
        yield voice.t("held_back", why=voice.t(_HELD.get(held, "why_rule")))
    elif by_clock and known.effects:
        yield voice.t("itself")


_HELD = {
    "the rule": "why_rule", "texts to read": "why_texts", "chance unknown": "why_unknown", "chance": "why_chance",
    "repeats": "why_repeats", "late": "why_late",
}  # fmt: skip


def changes(voice: Voice, events: Sequence[Event]) -> Iterator[str]:
    """What each event made of severity and penalty: `情节：严重；限制上新 28 天 → 11 天`; "" where nothing."""
    before: Event | None = None
    deal: Deal = ()
    for event in events:
        after = () if event.verb in ("overturn", "revoke") else deal if event.chosen is None else _deal(event)
        said = [*_severity(voice, before, event), *_moved(voice, deal, after)]
        yield voice.t("semicolon").join(said)
        before, deal = event, after


def _severity(voice: Voice, before: Event | None, event: Event) -> Iterator[str]:
    now = voice.t(event.severity)
    if before is None:
        yield voice.t("said_severity", severity=now)
    elif before.severity != event.severity:
        yield voice.t("said_severity", severity=voice.t("from_into", before=voice.t(before.severity), after=now))


def _moved(voice: Voice, before: Deal, after: Deal) -> Iterator[str]:
    held, kept = {each.key: each for each in before}, {each.key for each in after}
    for each in after:
        was = held.get(each.key)
        if was is None or was.amount != each.amount:
            name, now = effect_name(voice, each.key), _amount(voice, each)
            size = now if was is None else voice.t("from_into", before=_amount(voice, was) or "–", after=now or "–")
            yield f"{name} {size}".strip()
    yield from (voice.t("no_more", name=effect_name(voice, key)) for key in held if key not in kept)


def _amount(voice: Voice, each: Dealt) -> str:
    return "" if each.amount is None else sized(voice, each.amount, each.unit)


def _iso(at: dt.datetime | None) -> str | None:
    return None if at is None else f"{at.isoformat()}Z"

"""What a pack says of rules that act by themselves: when, on which cases, by which verb, as whom. Data without behaviour.

A rule does what a person could do, by the same verb. Some belong to the platform, some need a switch that the merchant sets,
some leave the conditions to the merchant's own rules. Which violations make a sanction is said here too (`standings`).
"""

from typing import Literal

from pydantic import Field

from tianping.policy.cases.flowing import ALWAYS, When
from tianping.policy.judging import Dated, Severity
from tianping.policy.strict import Strict
from tianping.policy.words import Name

Switch = Literal["switch_instant_refund", "switch_assistant", "switch_seven_days", "switch_return_freight"]
"""What a merchant can switch on: a fact of the shop."""
Own = Literal["no", "may", "must"]
ORDER: tuple[Own, ...] = ("no", "may", "must")


class Deed(Strict):
    """What is done to cases of these kinds in these states, where the test holds."""

    kinds: tuple[Name, ...] = Field(min_length=1)
    states: tuple[Name, ...] = Field(min_length=1)
    verb: Name
    when: When = ALWAYS


class AutomationVersion(Dated):
    """A rule: its deeds are tried in order. `part`: as whom it acts. `needs`: a switch of the shop. `when` must hold beside a
    deed's own test. `borne_by`: at whose cost the money that follows is. `own`: whether the merchant's own rules of this name
    decide too: no; where there are some (`may`); always (`must`). Those without come first, then in the order of the files.
    """

    part: Literal["rule", "platform"] = "rule"
    needs: Switch | None = None
    when: When = ALWAYS
    does: tuple[Deed, ...] = Field(min_length=1)
    borne_by: Literal["merchant", "platform"] = "merchant"
    own: Own = "no"


class StandingVersion(Dated):
    """A fact of a shop (true or not): one of these violations is in force there, at this severity or above."""

    violations: tuple[Name, ...] = Field(min_length=1)
    at_least: Severity = "minor"


class OwnRule(Strict):
    """A merchant's own rule, within what the platform's rule `of` allows: cases of these kinds in these states, where all of
    the tests hold."""

    of: Name
    kinds: tuple[Name, ...] = Field(min_length=1)
    states: tuple[Name, ...] = Field(min_length=1)
    verb: Name
    when: When = ALWAYS

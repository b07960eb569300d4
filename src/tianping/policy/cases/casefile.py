"""One file of what a pack says of cases."""

import datetime as dt

from pydantic import Field

from tianping.policy.cases.automation import AutomationVersion, StandingVersion
from tianping.policy.cases.flowing import AmountVersion, Calendar, ClockVersion, FlowVersion, GuardVersion, Labelled, Verb
from tianping.policy.cases.tables import TableVersion
from tianping.policy.strict import Strict
from tianping.policy.words import Name


class Verbs(Strict):
    """Verbs that stand apart from their flows: those that several flows have alike, or a part of a flow too long for one file.

    They belong to the version that begins `since` of each flow that is named.
    """

    of: tuple[Name, ...] = Field(min_length=1)
    since: dt.date
    verbs: dict[Name, Verb] = Field(min_length=1)


class CaseFile(Strict):
    """One file of a pack's folder `cases/`, or a shared one. `shares` names shared files that it takes in."""

    shares: tuple[str, ...] = ()
    flows: dict[Name, Labelled[FlowVersion]] = {}
    verbs: dict[Name, Verbs] = {}
    clocks: dict[Name, Labelled[ClockVersion]] = {}
    guards: dict[Name, Labelled[GuardVersion]] = {}
    amounts: dict[Name, Labelled[AmountVersion]] = {}
    calendars: dict[Name, Calendar] = {}
    tables: dict[Name, Labelled[TableVersion]] = {}
    automation: dict[Name, Labelled[AutomationVersion]] = {}
    standings: dict[Name, Labelled[StandingVersion]] = {}

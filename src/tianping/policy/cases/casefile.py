"""One file of what a pack says of cases."""

from tianping.policy.cases.automation import AutomationVersion, StandingVersion
from tianping.policy.cases.flowing import AmountVersion, Calendar, ClockVersion, FlowVersion, GuardVersion, Labelled
from tianping.policy.cases.tables import TableVersion
from tianping.policy.strict import Strict
from tianping.policy.words import Name


class CaseFile(Strict):
    """One file of a pack's folder `cases/`, or a shared one. `shares` names shared files that it takes in."""

    shares: tuple[str, ...] = ()
    flows: dict[Name, Labelled[FlowVersion]] = {}
    clocks: dict[Name, Labelled[ClockVersion]] = {}
    guards: dict[Name, Labelled[GuardVersion]] = {}
    amounts: dict[Name, Labelled[AmountVersion]] = {}
    calendars: dict[Name, Calendar] = {}
    tables: dict[Name, Labelled[TableVersion]] = {}
    automation: dict[Name, Labelled[AutomationVersion]] = {}
    standings: dict[Name, Labelled[StandingVersion]] = {}

"""Whether a right is there: while no condition fails. Sanction and release are the same line; what cannot be said takes nothing
away."""

from dataclasses import dataclass

from tianping.assess.finding import Figures, Finding, Subject, weigh
from tianping.policy.judging import RightVersion


@dataclass(frozen=True, slots=True)
class Held:
    """A right of a subject: whether it holds, and what each condition said, in the pack's order."""

    holds: bool
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> tuple[Finding, ...]:
        """The conditions that take the right away."""
        return tuple(each for each in self.findings if each.holds is False)


def held(version: RightVersion, subject: Subject, figures: Figures) -> Held:
    """Weigh a right of a shop, or of a product."""
    findings = tuple(weigh(condition, subject, figures) for condition in version.all)
    return Held(all(each.holds is not False for each in findings), findings)

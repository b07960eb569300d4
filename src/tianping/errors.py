"""The family of errors. A message says what, where and what now.

Faults in the user's data are values (`Fault`), collected and shown together; exceptions are for what stops the work.
"""

from dataclasses import dataclass


class TianpingError(Exception):
    """Something refused or failed. `str()` is one sentence for a person: what, where, what now."""


class PolicyError(TianpingError):
    """A pack cannot be used; carries every fault found in it."""

    def __init__(self, faults: "tuple[Fault, ...]") -> None:
        self.faults = faults
        lines = "\n".join(str(fault) for fault in faults)
        super().__init__(f"the policy packs have {len(faults)} fault(s); mend them and try again:\n{lines}")


class ImportRefused(TianpingError):
    """Nothing was imported and the store is as it was."""


class NotFound(TianpingError):
    """A named thing (home, close, metric, subject, import) is not there."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a file the user wrote: where it stands, what is wrong, what to do now."""

    file: str
    line: int
    what: str
    now: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}" + (f" ({self.now})" if self.now else "")


def did_you_mean(name: str, known: "list[str]") -> str:
    """`did you mean "x"?` where one of `known` is near `name`, else the allowed ones."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    if near:
        return f'did you mean "{near[0]}"? allowed: {", ".join(sorted(known))}'
    return f"allowed: {', '.join(sorted(known))}"

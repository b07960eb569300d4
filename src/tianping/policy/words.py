"""The words every part of a pack is made of: names, labels in two languages, sources."""

from typing import Annotated

from pydantic import Field

from tianping.policy.strict import Strict

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]  # names go into SQL
MetricName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(/[a-z][a-z0-9_]*)?$")]  # metric, or metric/variant


class Words(Strict):
    """The same words in Chinese and English."""

    zh: str
    en: str


class Source(Strict):
    """Where a rule comes from: document (S0–S4, or a rule's title), clause, and the rows of the specification it fulfils."""

    document: str
    clause: str = ""
    spec: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.document} {self.clause}".strip()

"""The words every part of a pack is made of: names, labels in two languages, sources."""

import re
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from tianping.policy.strict import Strict

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]  # names go into SQL
MetricName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(/[a-z][a-z0-9_]*)?$")]  # metric, or metric/variant


_FOLDED = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])")


class Words(Strict):
    """The same words in Chinese and English."""

    zh: str
    en: str

    @field_validator("zh")
    @classmethod
    def _unfolded(cls, zh: str) -> str:
        """YAML folds a line's end into a space; Chinese has none there."""
        return _FOLDED.sub("", zh)


class Source(Strict):
    """Where a rule comes from: document (S0–S4, or a rule's title), clause, and the rows of the specification it fulfils."""

    document: str
    clause: str = ""
    spec: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.document} {self.clause}".strip()


class Sourced(Strict):
    """What a rule rests on, in words, and what we decided where the source is silent."""

    source: tuple[Source, ...] = Field(min_length=1)
    words: Words
    assumed: bool = False
    note: Words | None = None

    @model_validator(mode="after")
    def _told(self) -> Self:
        if self.assumed and not self.note:
            raise ValueError('"assumed: true" needs a note that says what was decided')
        return self

"""Plain data from a file into a Pydantic model, every mistake as a Fault with its line."""

import types
import typing
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from tianping.errors import Fault, did_you_mean
from tianping.policy.yamlio import Document


class Strict(BaseModel):
    """A part of a user's file: unknown keys refused, never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_NAMES = "names are small letters, digits and _, a letter first; of a metric also metric/variant; of a category a/b/c"
M = typing.TypeVar("M", bound=Strict)


def read(model: type[M], document: Document) -> tuple[M | None, list[Fault]]:
    """The model, or None, with all faults at once (a list is not too short where its parts have faults)."""
    faults = list(document.faults)
    if document.data is None:
        return None, faults
    try:
        return model.model_validate(document.data), faults
    except ValidationError as error:
        details = error.errors()
        inner = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
        told = [detail for detail in details if detail["type"] != "too_short" or detail["loc"] not in inner]
        return None, faults + [_fault(model, document, detail) for detail in told]


def _fault(model: type[BaseModel], document: Document, detail: ErrorDetails) -> Fault:
    place = detail["loc"]
    line = document.line(place)
    where = ".".join(str(step) for step in place[:-1])
    if detail["type"] == "extra_forbidden":
        now = did_you_mean(str(place[-1]), _allowed(model, place[:-1]))
        return Fault(document.file, line, f'unknown key "{place[-1]}"' + (f" in {where}" if where else ""), now)
    if detail["type"] == "missing":
        return Fault(document.file, line, f'"{place[-1]}" is missing' + (f" in {where}" if where else ""), "add it")
    what = ".".join(str(step) for step in place if step != "[key]") or "the file"
    if detail["type"] == "model_type":
        allowed = ", ".join(sorted(_allowed(model, place)))
        return Fault(document.file, line, f"{what}: keys with values belong here", f"allowed: {allowed}")
    if detail["type"] == "string_pattern_mismatch":
        return Fault(document.file, line, f'{what}: "{detail["input"]}" is no name', _NAMES)
    if detail["type"] == "too_short":
        return Fault(document.file, line, f"{what}: at least {detail['ctx']['min_length']} needed")
    return Fault(document.file, line, f"{what}: {detail['msg'].removeprefix('Value error, ')}")


def _allowed(model: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    """The keys that the model standing at `place` allows."""
    at: object = model
    for step in place:
        at = _inside(at, step)
    return [field.alias or name for name, field in at.model_fields.items()] if _is_model(at) else []


def _inside(at: object, step: str | int) -> object:
    if _is_model(at):
        fields = {field.alias or name: field.annotation for name, field in at.model_fields.items()}
        return _unwrap(fields.get(str(step)))
    arguments = typing.get_args(at)
    return _unwrap(arguments[-1] if typing.get_origin(at) is dict else arguments[0]) if arguments else None


def _unwrap(annotation: object) -> object:
    """`X | None` is X."""
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return next((part for part in typing.get_args(annotation) if part is not type(None)), None)
    return annotation


def _is_model(at: object) -> typing.TypeGuard[type[BaseModel]]:
    return isinstance(at, type) and issubclass(at, BaseModel)

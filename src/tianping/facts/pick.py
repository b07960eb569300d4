"""Which mapping reads a file, told by the file's headings."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from tianping.errors import ImportRefused
from tianping.facts.headings import find
from tianping.facts.mapping import Mapping, load, shipped, split


@lru_cache
def _known() -> tuple[Mapping, ...]:
    """The shipped mappings whose files are known by headings."""
    return tuple(found for found in map(load, shipped()) if any(part.headings for part in found.files.values()))


def names(mapping: Mapping) -> frozenset[str]:
    """Every heading that the mapping may ask for."""
    refs = {ref for target in mapping.tables for ref in target.refs}
    refs |= {heading for part in mapping.files.values() for heading in part.headings}
    columns = {split(ref, mapping.files)[1] for ref in refs}
    return frozenset(name for column in columns for name in column.split("|"))


@lru_cache
def all_names() -> frozenset[str]:
    """Every heading that any of the shipped mappings may ask for."""
    return frozenset().union(*map(names, _known()))


def candidates(headings: Sequence[str]) -> list[Mapping]:
    """The shipped mappings that read a file with these headings."""
    return [mapping for mapping in _known() if mapping.role_by(headings)]


def pick(file: str, headings: Sequence[str]) -> Mapping | None:
    """The one mapping for a file with these headings, or None. Raises ImportRefused where several fit."""
    found = candidates(headings)
    if len(found) > 1:
        names = ", ".join(mapping.name for mapping in found)
        raise ImportRefused(f"{file}: its headings fit several mappings; choose with --mapping, one of: {names}")
    return found[0] if found else None


def near(headings: Sequence[str]) -> str:
    """The mapping that lacks fewest of its headings here, and which; "" where none has even half of them."""
    lacking = [(len(part.lacks(headings)) / len(part.headings), mapping.name, part.lacks(headings))
               for mapping in _known() for part in mapping.files.values() if part.headings]  # fmt: skip
    share, name, lacks = min(lacking, default=(1.0, "", []))
    return f'it is near the mapping "{name}" but lacks {", ".join(lacks)}' if 0 < share < 0.5 else ""


def refuse(mapping: Mapping, file: str, headings: Sequence[str]) -> ImportRefused:
    """Why a mapping does not read a file."""
    part = min((part for part in mapping.files.values() if part.headings), key=lambda part: len(part.lacks(headings)))
    lacks = ", ".join(f'"{column}"' for column in part.lacks(headings))
    too_much = ", ".join(f'"{column}"' for column in part.without if find(column, headings) is not None)
    why = f"it has no column {lacks}" if lacks else f"it has the column {too_much}"
    fits = ", ".join(other.name for other in candidates(headings)) or near(headings) or "none shipped fits; try `mapping guess`"
    return ImportRefused(f'{file} is not what the mapping "{mapping.name}" reads: {why}; mappings for it: {fits}')


def together(mappings: Iterable[Mapping]) -> None:
    """Raises ImportRefused where two of the mappings read the same orders from different exports."""
    used = {mapping.name: mapping for mapping in mappings}
    for mapping in used.values():
        for other in mapping.book.not_with:
            if other in used:
                raise ImportRefused(
                    f'the mappings "{mapping.name}" and "{other}" read the same orders, each in its own way, and would count '
                    "them twice; import the files of one of them"
                )

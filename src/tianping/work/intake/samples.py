"""Sample exports to try: made up by us, one for each mapping that has one."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from tianping.errors import NotFound


@cache
def samples() -> Mapping[str, Path]:
    """Mapping → its sample file."""
    folder = Path(str(files("tianping") / "mappings" / "samples"))
    return {path.stem: path for path in sorted(folder.glob("*.csv"))}


def sample(mapping: str) -> Path:
    """The sample of a mapping. Raises NotFound."""
    if mapping not in samples():
        raise NotFound(f'there is no sample for the mapping "{mapping}"')
    return samples()[mapping]

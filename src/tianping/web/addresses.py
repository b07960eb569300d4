"""Where things are: the addresses that pages give each other."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode


def address(path: str, *segments: object, **query: object) -> str:
    """`/shops`, "S 1", days=30 → `/shops/S%201?days=30`; empty values are left out. Lists give a name several times."""
    whole = "/".join([path.rstrip("/") if segments else path, *(quote(str(each), safe="") for each in segments)])
    given = {name: value for name, value in query.items() if value not in (None, "", ())}
    return whole + (f"?{urlencode(given, doseq=True)}" if given else "")


def figure_url(figure: Mapping[str, object]) -> str:
    """The page of a figure (columns of metrics/figure.Figure)."""
    asked = {name: figure[name] for name in ("variant", "by", "subject", "days", "date")}
    return address("/figures", figure["platform"], figure["metric"], **asked)


def category_url(platform: object, path: str, **query: object) -> str:
    """A category by its path (`Clothing/Women`), whose slashes stay."""
    return address("/categories", platform, *path.split("/"), **query)

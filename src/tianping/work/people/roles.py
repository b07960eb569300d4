"""What each role may do."""

from collections.abc import Mapping
from typing import Literal

from tianping.store.accounts import Role

Right = Literal[
    "see", "upload", "undo", "close", "report", "read_reports", "save_views", "tokens", "manage_accounts", "read_audit",
    "judge", "appeal",
]  # fmt: skip
_SELLER: frozenset[Right] = frozenset({"see", "upload", "undo", "close", "report", "save_views", "tokens", "appeal"})
_PLATFORM: frozenset[Right] = _SELLER - {"appeal"} | frozenset[Right]({"read_reports", "judge"})
ROLES: Mapping[Role, frozenset[Right]] = {
    "merchant": _SELLER,
    "agency": _SELLER,
    "adjudicator": frozenset({"see", "report", "read_reports", "save_views", "tokens", "judge"}),
    "operator": _PLATFORM,
    "administrator": _PLATFORM | frozenset[Right]({"manage_accounts", "read_audit"}),
    "auditor": frozenset({"see", "read_reports", "read_audit"}),
}
"""What each role may. The auditor changes nothing; who sells appeals, who runs the market judges, nobody does both."""

"""Schemathesis: whatever the description of the API allows, and whatever it does not, the answer is one that it describes."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from .office import API, Office

EXAMPLES = int(os.environ.get("TIANPING_API_EXAMPLES", "10"))
"""Requests of each kind for each operation."""
OURS = ("/cases", "/orders", "/deadlines", "/worklists", "/webhooks", "/rules", "/switches", "/returns")
CHECKED = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "missing_required_header", "unsupported_method", "ignored_auth",
)  # fmt: skip


@pytest.fixture
def ids(office: Office) -> Mapping[str, str]:
    """Something to find at the desk: what the paths' parameters are where they are not made up."""
    office.order("O1", "S1")
    made = office.ask()
    hook = office.done("mei", "/webhooks", {"url": "https://example.com/x"})
    return {"case_id": made["id"], "order_id": "O1", "noun": "talk", "webhook_id": str(hook["id"]), "evidence_id": "1",
            "rule_id": "1"}  # fmt: skip


def operations(office: Office) -> Iterator[APIOperation[Any, Any, Any, Any]]:
    """Those of the desk."""
    described = schemathesis.openapi.from_asgi(f"{API}/openapi.json", office.app)
    for found in described.get_all_operations():
        assert isinstance(found, Ok), found
        if found.ok().path.startswith(OURS):
            yield found.ok()


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_one_that_is_described(
    office: Office, ids: Mapping[str, str], mode: GenerationMode, known: bool
) -> None:
    """By a merchant's program; with ids that are there, and with made-up ones."""
    load_all_checks()
    checks: Any = CHECKS.get_by_names(CHECKED)
    config = settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=(Phase.explicit, Phase.generate), derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    found = list(operations(office))
    for operation in found:
        names = {each.name for each in operation.path_parameters}
        given_ids = {name: ids[name] for name in names} if known and names else None

        @config
        @given(case=operation.as_strategy(mode, path_parameters=given_ids))
        def check(case: Case[Any]) -> None:
            case.call_and_validate(headers=office.headers("mei"), checks=checks)

        check()
    assert len(found) >= 18

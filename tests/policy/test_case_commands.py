"""`tianping policy` over casebooks: checked, shown in rows, drawn."""

import csv
import io
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from tianping.cli.policy import policy
from tianping.errors import PolicyError
from tianping.policy.cases.casebook import casebooks
from tianping.policy.cases.flowdraw import page
from tianping.policy.cases.flowing import When
from tianping.policy.cases.inshort import condition, span
from tianping.policy.load import shipped

TAOBAO = next(folder for folder in shipped() if folder.name == "taobao")


def test_every_version_is_a_row() -> None:
    done = CliRunner().invoke(policy, ["show", str(TAOBAO), "--cases", "--format", "csv"])
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    says = {row["version"]: row["says"] for row in rows if (row["part"], row["name"]) == ("clocks", "answer")}
    assert says == {
        "2010-01-01": "24 h if order.shipped_at unknown; 3 d",
        "2022-08-10": "24 h if order.shipped_at unknown; 48 h",
    }
    (feast,) = (row["says"] for row in rows if row["part"] == "calendars")
    assert feast == "24 h → 48 h, 48 h → 5 d, 7 d → 15 d, 10 d → 15 d"


def test_the_page_is_printed() -> None:
    assert CliRunner().invoke(policy, ["flows"]).stdout == page(casebooks()) + "\n"


@pytest.mark.parametrize("command", ["check", "flows", "test"])
def test_a_fault_of_a_casebook_is_told(tmp_path: Path, command: str) -> None:
    shutil.copytree(TAOBAO, tmp_path / "taobao")
    times = tmp_path / "taobao" / "cases" / "times.yaml"
    times.write_text(times.read_text(encoding="utf-8").replace("  waybill:\n", "  waybil:\n"), encoding="utf-8")
    done = CliRunner().invoke(policy, [command, str(tmp_path / "taobao")])
    assert isinstance(done.exception, PolicyError)
    told = [str(fault) for fault in done.exception.faults]
    assert any('no clock "waybill" (did you mean "waybil"?' in fault for fault in told), told
    assert any(fault.startswith('taobao/cases/times.yaml:19: no flow uses "waybil" of clocks') for fault in told), told


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({}, ""),
        ({"fact": "cod", "is": True}, "cod = true"),
        ({"fact": "reason", "in": ["a", "b"]}, "reason in a, b"),
        ({"fact": "fen", "at_most": "order.left_fen"}, "fen ≤ order.left_fen"),
        ({"any": [{"fact": "fen", "more_than": 0}, {"fact": "fen", "known": False}]}, "any of (fen > 0; fen unknown)"),
    ],
)
def test_conditions_in_short(when: dict[str, object], said: str) -> None:
    assert condition(When.model_validate(when)) == said


@pytest.mark.parametrize(("hours", "said"), [(24, "24 h"), (48, "48 h"), (72, "3 d"), (240, "10 d"), (50, "50 h")])
def test_hours_as_a_person_says_them(hours: int, said: str) -> None:
    assert span(hours) == said

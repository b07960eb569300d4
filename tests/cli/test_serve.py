"""`serve` as a process: its first words, one at a time, and a clean end."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tianping.cli.serve import is_loopback

TIANPING = Path(sys.executable).with_name("tianping")


@contextmanager
def serving(home: Path) -> Iterator[tuple[str, list[str]]]:
    """The address, and what was said before it."""
    said: list[str] = []
    server = subprocess.Popen([TIANPING, "--home", home, "serve", "--port", "8653"], stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr
        while not (line := server.stderr.readline()).startswith("http"):
            assert line, said
            said.append(line)
        yield line.strip(), said
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(30) in (0, 1, -signal.SIGINT)


def reached(address: str) -> httpx2.Response:
    """The first answer; the server listens a moment after it has said so."""
    transport = httpx2.HTTPTransport(retries=5)
    with httpx2.Client(base_url=address, transport=transport, timeout=30) as client:
        return client.get("/")


def test_a_new_home_is_served_once(tmp_path: Path) -> None:
    """It makes the home, tells a one-time password, leads to the sign-in page; a second server of the home is refused."""
    with serving(tmp_path / "home") as (address, said):
        assert "sign in as admin with the password" in "".join(said)
        told = reached(address)
        assert (told.status_code, told.headers["location"]) == (303, "/morning")
        command = [str(TIANPING), "--home", str(tmp_path / "home"), "serve", "--port", "8654"]
        again = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (again.returncode, "is being served already" in again.stderr) == (1, True)
    with serving(tmp_path / "home") as (_, said):
        assert "password" not in "".join(said)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("x", False),
    ],
)  # fmt: skip
def test_what_only_this_machine_reaches(host: str, local: bool) -> None:
    assert is_loopback(host) == local

"""A locked workbook at a terminal: the question stands still until it is answered."""

import os
import pty
import select
import sys
import time
from pathlib import Path

from facts.books import locked, xlsx

RUN = "import sys; from tianping.cli.main import main; sys.argv[0] = 'tianping'; main()"
SHEET = {"orders": [["order_id", "shop_id", "product_id", "created_at"], ["o1", "s1", "p1", "2024-03-01"]]}
QUIET = 0.5
"""Seconds in which a bar would have been drawn five times."""


def heard(terminal: int, until: bytes, *, seconds: float = 60) -> bytes:
    """What the terminal shows up to `until`, or to the end."""
    said, end = b"", time.monotonic() + seconds
    while until not in said and time.monotonic() < end:
        try:
            said += os.read(terminal, 4096) if select.select([terminal], [], [], 1)[0] else b""
        except OSError:  # the other side has gone
            return said
    return said


def test_the_question_is_not_written_over(tmp_path: Path) -> None:
    """A wrong answer is asked again; with the right one the file comes in."""
    (tmp_path / "orders-1.xlsx").write_bytes(locked(xlsx(SHEET), "sesame"))
    words = ["--home", str(tmp_path / "home"), "import", str(tmp_path / "orders-1.xlsx")]
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-c", RUN, *words], os.environ | {"TERM": "xterm"})
    for answer in (b"wrong\n", b"sesame\n"):
        assert heard(terminal, b"password of orders-1.xlsx: ").endswith(b"password of orders-1.xlsx: ")
        assert not select.select([terminal], [], [], QUIET)[0]
        os.write(terminal, answer)
    assert b"imported as 1" in heard(terminal, b"imported as 1")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(terminal)

"""The engine says nothing of its own."""

from tianping.facts.engine import connect


def test_a_long_query_writes_no_progress_bar() -> None:
    """It would stand among what a command prints."""
    with connect() as con:
        assert con.execute("SELECT current_setting('enable_progress_bar')").fetchone() == (False,)

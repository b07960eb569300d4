"""Reading ahead: what pages keep is there before anybody asks, and a close by another process is noticed."""

import datetime as dt
import time
from pathlib import Path

import pytest

from tianping.policy.load import packs
from tianping.web import warm
from tianping.web.console import Console, secret_of
from tianping.web.jobs import Jobs
from tianping.work.figures import catalogue, columns, needs
from tianping.work.home import open_home

from .conftest import NOW, Site


def _reads() -> list[int]:
    """How often each kept thing was read anew."""
    kept = (needs._ranking, catalogue.catalogue, columns.held, columns._of_shops)
    return [each.cache_info().misses for each in kept]


def test_the_first_page_reads_nothing_anew(site: Site) -> None:
    warm.read_ahead(site.console)
    before = _reads()
    for page in ("/morning", "/shops", "/products?platform=kuaishou"):
        assert site.as_("operator").get(page).status_code == 200
    assert _reads() == before


def test_reads_ahead_at_the_start_and_after_each_close(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[dt.date] = []
    monkeypatch.setattr(warm, "_EVERY", 0.01)
    monkeypatch.setattr(warm, "read_ahead", lambda console: read.append(console.close_of(None).date))
    warmer = warm.Warmer(site.console)
    try:
        until = time.monotonic() + 20
        while not read and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.1)
    finally:
        warmer.stop()
    assert read == [site.console.close_of(None).date], "once for the newest close"


def test_nothing_to_read_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home without a close: nothing is read, nothing fails."""
    monkeypatch.setattr(warm, "read_ahead", lambda console: pytest.fail("there is nothing to read"))
    home, rules = open_home(tmp_path / "home", create=True), packs()
    jobs = Jobs(home, rules, lambda: NOW)
    warmer = warm.Warmer(Console(home, rules, lambda: NOW, secret_of(home), True, jobs))
    warmer.stop()
    jobs.stop()

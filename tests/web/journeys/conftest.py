"""A real browser on a real server: Debian's Chromium, driven by Playwright, on consoles that listen on loopback."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from web.conftest import Site
from web.journeys.visitor import Look, Place, Visitor

WIDE, PHONE = (1280, 900), (390, 844)
LOOKS = {f"{lang}-{name}": Look(lang, size) for lang in ("zh", "en") for name, size in (("wide", WIDE), ("phone", PHONE))}
PATIENCE = 30_000
"""Milliseconds to wait for anything: the machine may be busy."""
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
Visit = Callable[..., Visitor]


@pytest.fixture(scope="package")
def browser(needs: Callable[[str], str]) -> Iterator[Browser]:
    """One for all journeys. It does not outlive them: as long as it runs, nothing else can have this thread's event loop."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs("chromium"), args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def serving(site: Site) -> Iterator[Place]:
    """The site on a free port of loopback."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(site.app, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield Place(site, f"http://127.0.0.1:{listener.getsockname()[1]}")
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="package")
def place(site: Site) -> Iterator[Place]:
    """The market that is only looked at."""
    with serving(site) as where:
        yield where


@pytest.fixture
def own_place(own_site: Site) -> Iterator[Place]:
    """A market of one's own."""
    with serving(own_site) as where:
        yield where


@pytest.fixture(params=["zh-phone", "en-wide"])
def either(request: pytest.FixtureRequest) -> Look:
    """Each language once, at a desk or on a phone."""
    return LOOKS[request.param]


@pytest.fixture(params=["zh", "en"])
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """`visit(place, look, "merchant")`: a browser of somebody who is signed in already; of nobody without a role."""
    contexts: list[BrowserContext] = []

    def begin(place: Place, look: Look, role: str = "", *, script: bool = True) -> Visitor:
        width, height = look.size
        context = browser.new_context(
            viewport={"width": width, "height": height}, has_touch=look.phone, is_mobile=look.phone, java_script_enabled=script
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        cookies = {"lang": look.lang} | ({"tianping": place.site.as_(role).cookies["tianping"]} if role else {})
        context.add_cookies([{"name": name, "value": value, "url": place.address} for name, value in cookies.items()])
        return Visitor(context.new_page(), place.address, look, script=script)

    yield begin
    for context in contexts:
        context.close()

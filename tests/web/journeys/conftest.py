"""A real browser on a real server: Debian's Chromium, driven by Playwright, on consoles that listen on loopback."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tianping.work.accounts import DEMO_PASSWORD
from web.conftest import Site

WIDE, PHONE = (1280, 900), (390, 844)
SERIOUS = ("serious", "critical")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def browser(needs: Callable[[str], str]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs("chromium"), args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def serving(site: Site) -> Iterator[str]:
    """The site on a free port of loopback; its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(site.app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    """Of the market that is only looked at."""
    with serving(site) as where:
        yield where


@pytest.fixture
def own_address(own_site: Site) -> Iterator[str]:
    """Of a market of one's own."""
    with serving(own_site) as where:
        yield where


@dataclass
class Visitor:
    """Somebody at a browser. What must not happen is collected: words on the console, requests that leave the machine."""

    page: Page
    address: str
    told: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.on("request", self._follow)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.told.append(message.text)

    def _follow(self, request: Request) -> None:
        if urlsplit(request.url).scheme in ("http", "https", "ws", "wss") and urlsplit(request.url).hostname != "127.0.0.1":
            self.left.append(request.url)

    def sign_in(self, name: str, password: str = DEMO_PASSWORD) -> None:
        self.go("/login")
        self.page.fill("input[name=name]", name)
        self.page.fill("input[name=password]", password)
        self.page.click("form[action='/login'] button")
        self.page.wait_for_url(lambda url: "/login" not in url)

    def go(self, path: str) -> None:
        self.page.goto(self.address + path)
        self.settle()

    def settle(self) -> None:
        """Until the pieces of the page have come."""
        self.page.wait_for_load_state("networkidle")

    def check(self) -> None:
        """The page as it stands: no serious fault of access, nothing wider than the screen, no trouble told."""
        found = Axe().run(self.page).response["violations"]
        assert not [
            (each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in found if each["impact"] in SERIOUS
        ]
        wide = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide[0] <= wide[1], f"{self.page.url} is wider than its screen: {wide}"
        assert not self.told
        assert not self.left

    def picture(self, path: Path) -> None:
        self.page.screenshot(path=path, full_page=True)


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """`visit(address, "merchant", lang="zh", size=WIDE)`: somebody signed in."""
    contexts = []

    def begin(address: str, name: str = "", *, lang: str = "zh", size: tuple[int, int] = WIDE) -> Visitor:
        phone = size == PHONE
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, has_touch=phone, is_mobile=phone, accept_downloads=True
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        visitor = Visitor(context.new_page(), address)
        visitor.watch()
        if lang != "zh":
            visitor.go(f"/language/{lang}?back=/login")
        if name:
            visitor.sign_in(name)
        return visitor

    yield begin
    for context in contexts:
        context.close()

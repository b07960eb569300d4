"""Somebody at a browser: what they do, and what must not happen to them on the way."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import ConsoleMessage, Locator, Page, Request

from tianping.policy.load import packs
from tianping.policy.model import Pack
from tianping.policy.saying import say
from tianping.web.wording import t
from web.conftest import Site

SERIOUS = ("serious", "critical")
_USUAL = {"resultTypes": ["violations"]}
_FINGERS = {**_USUAL, "rules": {"target-size": {"enabled": True}}}
"""Besides, a finger hits what it means to."""
LANGUAGES = {"zh": "zh-CN", "en": "en"}
_SETTLED = """() => !document.querySelector('[hx-trigger^="load"], .htmx-request, .htmx-settling')
    && [...document.querySelectorAll("figure.chart .canvas")].every(box => !box.hidden)"""
_FIXED_WORDS = "main button, main a.button, main thead th, main th[scope=col], main legend, .places a"
_CHINESE = re.compile(r"[\u3400-\u9fff]")


@cache
def rules() -> Mapping[str, Pack]:
    """All packs."""
    return packs()


class Look(NamedTuple):
    """The reader's language and the width and height of the screen."""

    lang: str
    size: tuple[int, int]

    @property
    def phone(self) -> bool:
        return self.size[0] < 600


class Place(NamedTuple):
    """A console that listens, and where."""

    site: Site
    address: str


@dataclass
class Visitor:
    """A reader with a page open. Words on the browser's console and requests that leave the machine are collected."""

    page: Page
    address: str
    look: Look
    script: bool = True
    told: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.on("request", self._follow)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.told.append(message.text)

    def _follow(self, request: Request) -> None:
        if urlsplit(request.url).scheme not in ("data", "blob") and not request.url.startswith(self.address + "/"):
            self.left.append(request.url)

    def t(self, key: str, **values: object) -> str:
        """Words of the pages in the reader's language."""
        return t(key, self.look.lang, **values)

    def label(self, metric: str) -> str:
        """What a metric of Kuaishou is called."""
        return say(rules()["kuaishou"].metrics[metric, ""].label, self.look.lang)

    @property
    def path(self) -> str:
        """Where the reader is: path and query."""
        return self.page.url.removeprefix(self.address)

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    def words(self) -> str:
        """What stands on the page, one blank for many."""
        return " ".join(self.main.inner_text().split())

    def go(self, path: str, *, status: int = 200) -> None:
        """Open an address. An error that is expected is said on the browser's console too."""
        told = self.page.goto(self.address + path)
        assert told is not None
        assert told.status == status, f"{path}: {told.status}"
        if status >= 400:
            self.told = [each for each in self.told if f"status of {status}" not in each]
        self.settle()

    def follow(self, link: Locator) -> None:
        """Click what leads to another page, and see it through."""
        with self.page.expect_navigation(wait_until="domcontentloaded") as led:
            link.click()
        assert led.value.status == 200, f"{self.path}: {led.value.status}"
        self.settle()

    def press(self, what: Locator) -> None:
        """Click what changes a piece of this page."""
        what.click()
        self.settle()

    def button(self, key: str, **values: object) -> Locator:
        return self.main.get_by_role("button", name=self.t(key, **values), exact=True)

    def link(self, key: str, **values: object) -> Locator:
        return self.main.get_by_role("link", name=self.t(key, **values), exact=True)

    def section(self, key: str) -> Locator:
        """The section under this heading."""
        heading = self.page.get_by_role("heading", name=self.t(key))
        return self.main.locator("section").filter(has=heading)

    def settle(self) -> None:
        """Until the pieces of the page have come and its charts are drawn. Without script nothing comes, nor can it be told."""
        self.page.wait_for_load_state("load")
        if self.script:
            self.page.wait_for_function(_SETTLED)

    def reveal(self) -> None:
        """Go down the page, so that the pieces come that wait to be seen."""
        while (pieces := self.page.locator('[hx-trigger="revealed"]')).count():
            first = pieces.first.element_handle()
            first.scroll_into_view_if_needed()
            self.page.wait_for_function("piece => !piece.isConnected", arg=first)
        self.settle()

    def check(self) -> None:
        """The page as it stands is for everybody, in the reader's language, no wider than the screen; nothing went wrong."""
        self.page.evaluate("scrollTo(0, 0)")  # what stays in sight covers what is scrolled beneath it
        by_script = self._inaccessible() if self.script else ()
        faults = [*by_script, *self._foreign(), *self._wide(), *self.told, *self.left]
        assert not faults, f"{self.path}: {faults}"

    def _inaccessible(self) -> Iterator[str]:
        for each in Axe().run(self.page, options=_FINGERS if self.look.phone else _USUAL).response["violations"]:
            if each["impact"] in SERIOUS:
                yield f"{each['id']}: {[node['html'][:200] for node in each['nodes']][:3]}"

    def _foreign(self) -> Iterator[str]:
        if self.page.locator("html").get_attribute("lang") != LANGUAGES[self.look.lang]:
            yield "the page says another language"
        if self.look.lang == "en":
            fixed = self.page.locator(_FIXED_WORDS).all_inner_texts()
            yield from (f"not English: {each}" for each in fixed if _CHINESE.search(each))

    def _wide(self) -> Iterator[str]:
        is_wide, has = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        if is_wide > has:
            yield f"wider than the screen: {is_wide} > {has}"

    @contextmanager
    def download(self) -> Iterator[list[Path]]:
        """What is clicked within is a file; afterwards the list has its path."""
        got: list[Path] = []
        with self.page.expect_download() as coming:
            yield got
        got.append(Path(coming.value.path()))

    def picture(self, path: Path) -> None:
        """For people: the whole page."""
        self.page.evaluate("scrollTo(0, 0)")
        self.page.screenshot(path=path, full_page=True)

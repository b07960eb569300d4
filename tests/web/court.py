"""A console to change with measures in it, for the tests of their pages."""

import datetime as dt
import html
import re
from dataclasses import dataclass

from starlette.testclient import TestClient

from tianping.policy.judging import Severity, SubjectKind
from tianping.store.violations import State
from tianping.work.docket import hearing, verdicts
from tianping.work.docket import measures as verbs
from tianping.work.docket.hearing import Post
from tianping.work.docket.history import Office
from tianping.work.docket.measures import Charge
from tianping.work.figures.catalogue import catalogue
from tianping.work.people import accounts
from tianping.work.people.reach import EVERYTHING
from tianping.work.people.trail import Doer
from web.conftest import DATE, NOW, Site, csrf_of

SINCE = dt.date(2010, 1, 1)
DAY = dt.timedelta(days=1)


@dataclass
class Court:
    """A console to change, a shop of the merchant's and another's, and a product of the first."""

    site: Site
    mine: str
    other: str
    product: str

    @property
    def office(self) -> Office:
        return verdicts.office(self.site.console.home, self.site.console.packs)

    def propose(
        self, name: str = "quality_anomaly", severity: Severity = "serious", table: str = "sensory_quality", shop: str = "",
        date: dt.date = DATE, kind: SubjectKind = "product",
    ) -> int:  # fmt: skip
        """A measure proposed by the clock."""
        shop = shop or self.mine
        subject = self.product if kind == "product" else shop
        trigger = "category" if kind == "product" else "daily"
        charge = Charge(
            "kuaishou", name, SINCE, trigger, kind, subject, shop, date, severity, severity,
            seq=1, table=table, needs_why="the rule",
        )  # fmt: skip
        return verbs.propose(self.office, Doer(None, NOW - 10 * DAY), charge)

    def confirm(self, id_: int, *, days_ago: int = 0) -> None:
        account = self.account("adjudicator")
        verbs.confirm(self.office, Doer(account, NOW - days_ago * DAY), id_)

    def account(self, name: str) -> int:
        return next(each.account.id for each in accounts.every(self.site.console.home) if each.account.name == name)

    def state(self, id_: int) -> State:
        return self.told(id_).last.state

    def told(self, id_: int) -> hearing.Hearing:
        return hearing.hear(self.office, id_, Post(0, EVERYTHING, judges=True, appeals=True), NOW)

    def send(self, role: str, id_: int, verb: str, *, lang: str = "zh", **given: object) -> "Told":
        """A form of the measure's page, as it stands now unless `seen` is given."""
        client = self.site.as_(role)
        client.get(f"/language/{lang}", follow_redirects=False)
        form = {"csrf": csrf_of(client), "verb": verb, "seen": self.told(id_).last.n, **given}
        answer = client.post(f"/measures/{id_}/events", data=form, follow_redirects=False)
        return Told(answer.status_code, answer.text, client)


@dataclass
class Told:
    status: int
    text: str
    client: TestClient


def sits(own_site: Site) -> Court:
    """A court over a console of one's own."""
    home = own_site.console.home
    shops = next(each.shops for each in accounts.every(home) if each.account.name == "merchant")
    book = catalogue(home, home.versions()[-1].seq)
    kuaishou = [each.id for each in book.shops.values() if each.platform == "kuaishou"]
    mine = next(each for each in shops if each in kuaishou)
    other = next(each for each in book.shops if each not in shops)
    return Court(own_site, mine, other, str(book.of_shop(mine)["product_id"][0]))


def page(court: Court, role: str, id_: int, lang: str = "zh") -> str:
    client = court.site.as_(role)
    client.get(f"/language/{lang}", follow_redirects=False)
    told = client.get(f"/measures/{id_}")
    assert told.status_code == 200, told.text
    return html.unescape(re.sub(r"\s+", " ", told.text))

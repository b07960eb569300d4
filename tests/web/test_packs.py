"""The pages about the rules: every metric of every pack has one, with its source, and says what is assumed."""

import re

import pytest

from tianping.errors import Fault
from tianping.work import rulebook
from web.conftest import Site


def test_all_packs(site: Site) -> None:
    text = site.as_("merchant").get("/packs").text
    for pack in site.console.packs.values():
        assert f'href="/packs/{pack.platform}"' in text
        assert pack.label.zh in text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_metric_has_its_page(site: Site, lang: str) -> None:
    """In both languages, with words, clause and version of each of its definitions."""
    client = site.sign_in("auditor", "tianping-demo")
    client.cookies.set("lang", lang)
    for pack in site.console.packs.values():
        listed = client.get(f"/packs/{pack.platform}").text
        for (name, variant), metric in pack.metrics.items():
            href = f"/packs/{pack.platform}/{name}" + (f"?variant={variant}" if variant else "")
            assert f'href="{href}"' in listed
            told = client.get(href)
            assert told.status_code == 200, href
            for version in metric.versions:
                assert f'id="since-{version.name}"' in told.text
                assert all(source.document in told.text for source in version.source)
                assert told.text.count("badge-note") >= version.assumed


def test_the_version_in_force(site: Site) -> None:
    """That of the day looked at: the older one before the change."""
    force = re.compile(r'id="since-([0-9-]+)">\s*<h3>[^<]*<span class="badge badge-ok">')
    client = site.as_("merchant")
    assert force.findall(client.get("/packs/kuaishou/quality_refund_rate").text) == ["2023-01-01"]
    assert force.findall(client.get("/packs/kuaishou/quality_refund_rate?date=2022-12-31").text) == ["2010-01-01"]
    assert force.findall(client.get("/packs/kuaishou/quality_refund_rate?date=2009-12-31").text) == []


@pytest.mark.parametrize(
    "path", ["/packs/nowhere", "/packs/kuaishou/nothing", "/packs/kuaishou/quality_refund_rate?variant=no"]
)
def test_what_is_not_there(site: Site, path: str) -> None:
    assert site.as_("merchant").get(path).status_code == 404


def test_faults(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of ours; else file, line, what and what now."""
    client = site.as_("auditor")
    assert "badge-bad" not in client.get("/packs/faults").text
    assert "notice-ok" in client.get("/packs/faults", headers={"hx-request": "true"}).text
    monkeypatch.setattr(rulebook, "faults", lambda: [Fault("kuaishou/quality.yaml", 12, 'no rule "<b>"', "name one")])
    text = client.get("/packs/faults").text
    assert "kuaishou/quality.yaml:12" in text
    assert "no rule &#34;&lt;b&gt;&#34;" in text
    assert "name one" in text

"""A merchant tries to see, or to move, what is another shop's."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tianping.work.intake import badrows

from .attacker import DATE, ORDERS, SHOPS, Stall, csrf, named, orders, words

TOKENS = re.compile(r'"after":"[^"]*"|"packs":{[^}]*}')

CLAIM = "product_id,shop_id,title,category_l1,virtual\nP1,B,mine now,Elsewhere,yes\n"
PLACES = (
    "/products/P1", "/products/P1/quality", "/products/P1/trend", "/products/P1/quality/orders",
    "/figures/kuaishou/quality_refund_rate?by=product&subject=P1",
    "/figures/kuaishou/quality_refund_rate/rows.csv?by=product&subject=P1",
    "/api/v1/figures/kuaishou/quality_refund_rate/rows?by=product&subject=P1&days=30",
)  # fmt: skip


@pytest.fixture
def stall(tmp_path: Path) -> Iterator[Stall]:
    """Shop A has orders of P1 and never listed it; B has orders of its own."""
    made = Stall.open(tmp_path, {"shops.csv": SHOPS, "orders.csv": ORDERS + orders("A", "P1") + orders("B", "PB", 7)})
    yield made
    made.stop()


def nothing_of_p1(stall: Stall) -> None:
    """The merchant of B sees no figure that counts orders of A."""
    client = stall.as_("b")
    assert {path: client.get(path).status_code for path in PLACES} == dict.fromkeys(PLACES, 404)
    assert client.get("/api/v1/metrics?by=product&subject=P1").json()["items"] == []
    for path in ("/products?platform=kuaishou", "/products.csv?platform=kuaishou", "/shops/B", "/shops/B/products"):
        told = client.get(path)
        assert told.status_code == 200
        assert not named(told.text, "P1"), path


def test_a_product_that_another_shop_sells_is_not_claimed(stall: Stall) -> None:
    """Product ids are public: whoever lists one first would see its figures and say where its orders count."""
    done = stall.hand_in("b", {"products.csv": CLAIM})
    assert done.report["imports"][0]["counts"]["products"]["quarantined"] == 1
    stall.close()
    nothing_of_p1(stall)
    assert stall.hand_in("a", {"products.csv": CLAIM.replace("P1,B", "P1,A")}).state == "done"
    assert stall.ask("select shop_id from facts.products") == [("A",)]


def test_a_product_claimed_before_the_orders_come(tmp_path: Path) -> None:
    """The other order: the claim first, then the orders, brought by those who run the home."""
    stall = Stall.open(tmp_path, {"shops.csv": SHOPS, "orders.csv": ORDERS + orders("B", "PB", 7)})
    stall.hand_in("b", {"products.csv": CLAIM})
    assert stall.ask("select shop_id from facts.products") == [("B",)]
    stall.bring(tmp_path / "late", {"orders-a.csv": ORDERS + orders("A", "P1")})
    stall.close()
    nothing_of_p1(stall)
    assert stall.as_("op").get("/products/P1").status_code == 200
    stall.stop()


def test_a_product_nobody_lists(stall: Stall) -> None:
    """One order is enough to name a product; it opens no figures of the others' orders."""
    stall.hand_in("b", {"orders-new.csv": ORDERS + "OX,B,P1,,2024-04-02 10:00:00,2024-04-02 10:00:00\n"})
    stall.close()
    for path in PLACES:
        assert stall.as_("b").get(path).status_code == 404, path
    assert not named(stall.as_("b").get("/products.csv?platform=kuaishou").text, "P1")
    assert stall.as_("a").get("/products/P1").status_code == 200


def test_another_shops_quarantine(stall: Stall) -> None:
    """Its rows are neither read, mended, downloaded nor handed in; and a row is not mended into another shop."""
    head, bad = ORDERS.strip(), "rubbish,rubbish"
    stall.hand_in("a", {"orders-a.csv": f"{head}\nAX,A,P1,,{bad}\n"})
    stall.hand_in("b", {"orders-b.csv": f"{head}\nBX,B,PB,,{bad}\n"})
    ids = {
        name: each.id for each in badrows.look(stall.site.console.home).rows for name in ("AX", "BX") if name in str(each.cells)
    }
    client, day = stall.as_("b"), "2024-04-03 10:00:00"
    token = csrf(client)
    assert client.get("/data/quarantine/row", params={"id": ids["AX"]}).status_code == 404
    cells = {"csrf": token, "id": ids["AX"], "cell0": "AX", "cell1": "B", "cell2": "PB", "cell4": day, "cell5": day}
    assert client.post("/data/quarantine/rows", data=cells).status_code == 404
    sheet = f"_quarantine,{head}\n{ids['AX']},AX,B,PB,,{day},{day}\n"
    assert client.post("/data/quarantine/sheets", data={"csrf": token}, files={"files": ("s.csv", sheet)}).status_code == 409
    assert not named(client.get("/data/quarantine").text + client.get("/data/quarantine/sheets.csv").text, "AX")
    client.post("/data/quarantine/rows", data={**cells, "id": ids["BX"], "cell0": "BX", "cell1": "A", "cell2": "P1"})
    assert stall.ask("select count(*) from facts.orders where order_id in ('AX', 'BX')") == [(0,)]


def test_another_shops_uploads_and_imports(stall: Stall) -> None:
    """Neither by reading nor by sending forms."""
    made = stall.hand_in("a", {"orders-a.csv": ORDERS + "AY,A,P1,,2024-04-03 10:00:00,\n"})
    client = stall.as_("b")
    form = {"csrf": csrf(client), "sure": "yes", "shop": "B"}
    for path in (f"/data/uploads/{made.id}", f"/data/uploads/{made.id}/state", f"/data/imports/{made.seq}"):
        assert client.get(path).status_code == 404
    assert client.get(f"/api/v1/imports/{made.seq}").status_code == 404
    for what in ("dropping", "shop", "import", "files/0/omission"):
        assert client.post(f"/data/uploads/{made.id}/{what}", data=form).status_code == 404
    assert client.post(f"/data/imports/{made.seq}/undoing", data=form).status_code == 404
    assert stall.ask("select count(*) from facts.orders where order_id = 'AY'") == [(1,)]


def test_averages_of_ones_own_home_are_not_the_merchants(tmp_path: Path) -> None:
    """In a home that is no market what stands above shops is of shops that a merchant may not see."""
    files = {"shops.csv": SHOPS, "orders.csv": ORDERS + orders("A", "P1") + orders("B", "PB", 7),
             "products.csv": "product_id,shop_id,category_l1\nP1,A,Clothes\nPB,B,Clothes\n"}  # fmt: skip
    stall = Stall.open(tmp_path, files)
    client, figure = stall.as_("b"), "/figures/kuaishou/quality_refund_rate"
    for path in (
        "/platforms/kuaishou", f"{figure}?by=platform",
        f"{figure}?by=category_l1&subject=Clothes", f"{figure}/rows?by=platform",
        f"{figure}/rows.csv?by=category_l1&subject=Clothes", f"{figure}?by=shop_category_l1&subject=A/Clothes",
        f"{figure}/difference?by=platform&with=dispute_rate", "/categories/kuaishou/Clothes?shop=A", "/shops/A/products",
        "/morning/behind?shop=A&metric=quality_refund_rate", "/morning/reasons?shop=A&metric=quality_refund_rate",
    ):  # fmt: skip
        assert client.get(path).status_code == 404, path
    assert {each["by"] for each in client.get("/api/v1/metrics").json()["items"]} == {"shop", "shop_category_l1", "product"}
    assert {each["subject"] for each in client.get("/api/v1/metrics").json()["items"]} == {"B", "B/Clothes", "PB"}
    for path in ("/categories/kuaishou/Clothes", "/shops/B", "/shops", "/morning", "/products", "/products/PB"):
        told = client.get(path)
        assert told.status_code == 200, path
        assert "47" not in words(told.text).split(), path
    report = {"platform": "kuaishou", "metric": "quality_refund_rate", "days": "30", "date": str(DATE), "words": "x"}
    for by, subject in (("platform", "kuaishou"), ("category_l1", "Clothes"), ("shop", "A"), ("product", "P1")):
        fields = {**report, "csrf": csrf(client), "by": by, "subject": subject}
        assert client.post("/figure-reports", data=fields).status_code == 404
    stall.stop()


def test_what_others_bring_tells_nothing(tmp_path: Path) -> None:
    """A merchant's pages are the same, but for numbers of imports, whatever another shop's data are."""
    seen = list[dict[str, str]]()
    for count in (0, 33):
        files = {"shops.csv": SHOPS, "orders.csv": ORDERS + orders("A", "P1", count) + orders("B", "PB", 21)}
        stall = Stall.open(tmp_path / str(count), files)
        client = stall.as_("b")
        pages = ("/morning", "/shops", "/shops/B", "/products", "/data", "/data/quarantine", "/data/imports", "/data/closes",
                 "/data/uploads", "/api/v1/metrics", "/api/v1/closes", "/api/v1/imports", "/api/v1/shops")  # fmt: skip
        seen.append({path: TOKENS.sub("", words(client.get(path).text)) for path in pages})
        stall.stop()
    assert seen[0] == seen[1]

"""Decisions from the shell: the same as in the console, refused for the same reasons, with the same line in the trail."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shell import Said, Tianping
from tianping.store import accounts as store
from tianping.store import ledger
from tianping.store.audit import Wanted
from tianping.work.docket.entering import Entry, enter
from tianping.work.docket.verdicts import office
from tianping.work.home import Home, set_scope
from tianping.work.people import accounts, trail
from tianping.work.people.accounts import Doer, Draft
from tianping.work.people.reach import EVERYTHING
from work.accused import T, accused, bad_product
from work.homes import NOON, rules


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Home:
    """The accused market; Anna and Bo judge, the shop's own account appeals."""
    made = accused(tmp_path_factory, tmp_path / "home")
    for name, draft in {
        "Anna": Draft("", "adjudicator", None),
        "Bo": Draft("", "operator", None),
        "Cai": Draft("", "merchant", frozenset({"A"})),
    }.items():
        accounts.create(made, name, draft, doer=Doer(None, NOON))
    return made


@pytest.fixture
def decide(tianping: Tianping, home: Home) -> Any:
    def run(*words: object, who: str = "", of: int | None = None) -> Said:
        return tianping("decide", of or bad_product(home), *words, *(("--as", who) if who else ()), home=home.path)

    return run


def told(said: Said) -> Any:
    assert said.status == 0, said.err
    return json.loads(said.out)


def test_how_it_stands(decide: Any) -> None:
    """Without a verb: what is offered within which ranges, as `--choose` takes it, and what this account can do."""
    out = decide(who="anna").out
    assert "proposed, especially_serious" in out
    assert "money=10000 yuan (10000 to 80000)" in out or "money=" in out
    assert "Anna (adjudicator) can: confirm, dismiss" in out
    assert "Cai (merchant) can: nothing" in decide(who="Cai").out


def test_confirmed_appealed_reduced(decide: Any, home: Home) -> None:
    """Days and yuan as chosen; the shop appeals, somebody else reduces; every act is in the trail with its doer."""
    [offered] = told(decide("--json", who="Anna"))["offered"]
    spans = {each["effect"]: each for each in offered if "amount" in each}
    most = spans["money"]["high"] // 100
    done = told(decide("confirm", "--choose", f"money={most}", "--why", "38 buyers", "--json", who="Anna"))
    assert (done["state"], done["why"], done["account"]) == ("in_force", "38 buyers", "Anna")
    assert {each["effect"]: each["amount"] for each in done["dealt"] if "amount" in each}["money"] == most * 100
    assert told(decide("appeal", "--why", "it was the carrier", "--json", who="Cai"))["state"] == "appealed"
    eased = told(decide("reduce", "--choose", f"money={most - 1}.50", "--why", "in part", "--json", who="Bo"))
    assert eased["state"] == "in_force"
    with home.database.connect() as connection:
        assert ledger.balance(connection, ledger.FINES) == most * 100 - 50
    lines = [each.entry for each in trail.page(home, Wanted(act="measure")).lines]
    assert [(each.detail["verb"], each.address) for each in lines] == [
        ("reduce", "command line"), ("appeal", "command line"), ("confirm", "command line"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "who", "why"),
    [
        (("dismiss",), "Anna", "say why you dismiss it; possible now: confirm, dismiss"),
        (
            ("uphold", "--why", "so"),
            "Anna",
            "uphold is not possible: violation .* is proposed .*; possible now: confirm, dismiss",
        ),
        (("appeal", "--why", "so"), "Anna", "it is not for this account to appeal a measure; possible now: confirm, dismiss"),
        (("confirm",), "Cai", "it is not for this account to confirm a measure; possible now: nothing"),
        (("confirm", "--choose", "money=1"), "Anna", "money: 100 fen lies outside"),
        (("confirm", "--choose", "money=lots"), "Anna", '"lots" is no number'),
        (("confirm", "--choose", "mony=4"), "Anna", 'no amount of "mony" is to be chosen; there is: .*money'),
        (("confirm", "--option", "7"), "Anna", "there is no option 7"),
        (("confirm", "--severity", "extremely_serious"), "Anna", "say why it is extremely_serious"),
        (("confirm", "--severity", "minor", "--why", "so"), "Anna", "may only raise it to extremely serious"),
        (("confirm", "--seen", "9"), "Anna", "look at it again"),
        (("fulfil", "--duty", "exam"), "Anna", 'no duty "exam" is open to you'),
        (("confirm",), "Ana", 'no account "Ana" may sign in: did you mean "Anna"'),
        (("confirm",), "", r"say who acts with --as: Anna \(adjudicator\)"),
    ],
)
def test_refused(decide: Any, words: tuple[str, ...], who: str, why: str) -> None:
    """In one sentence, which says what is possible."""
    said = decide(*words, who=who)
    assert (said.status, said.out) == (1, "")
    assert re.search(why, said.err), said.err
    assert "proposed" in decide(who="Anna").out


def test_usage(decide: Any) -> None:
    for words in (("serve",), ("confirm", "--choose", "money"), ("confirm", "--severity", "bad")):
        assert decide(*words, who="Anna").status == 2
    assert "there is no measure 999 here" in decide(who="Anna", of=999).err


def test_of_own_shops_the_administrator_acts(decide: Any, home: Home) -> None:
    """Where there is one: with two of them it has to be said which."""
    set_scope(home, "own_shops")
    accounts.create(home, "root", Draft("", "administrator", None), doer=Doer(None, NOON))
    assert told(decide("dismiss", "--why", "ours", "--json"))["account"] == "root"
    accounts.create(home, "other", Draft("", "administrator", None), doer=Doer(None, NOON))
    assert "say who acts" in decide().err


def test_four_eyes(decide: Any, home: Home) -> None:
    """Who enters one by hand does not confirm it, but may dismiss it; who is alone does both."""
    people = {each.account.name: each.account.id for each in accounts.every(home)}
    entry = Entry("kuaishou", "late_shipment", "A", "serious", T, "38 orders late")
    id_ = enter(home, office(home, rules()), rules(), entry, EVERYTHING, Doer(people["Bo"], NOON))
    assert "who entered it by hand does not confirm it" in decide("confirm", who="Bo", of=id_).err
    shown = decide(who="Bo", of=id_).out
    assert "can: dismiss (somebody else decides" in shown
    with home.database.begin() as connection:
        store.change(connection, people["Anna"], active=False)
    assert told(decide("confirm", "--json", who="Bo", of=id_))["state"] == "in_force"

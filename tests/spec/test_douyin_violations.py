"""Violations of Douyin shops: DY-D14."""

import pytest

from assess.crowd import judged_packs, shipped
from tianping.policy.load import packs


@pytest.mark.spec("DY-D14")
def test_fake_logistics_information_is_entered_by_a_person() -> None:
    """What content promises of service, carrier or origin differs from the fact: by hand, punished by its seriousness."""
    assert list(judged_packs()["douyin"]) == ["fake_logistics"]
    kind = shipped("fake_logistics", "douyin")
    assert (kind.by_hand, kind.triggers, kind.subject, kind.table) == (True, (), "shop", "fake_logistics")
    assert kind.table in packs()["douyin"].judging.penalties

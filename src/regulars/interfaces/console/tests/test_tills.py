"""The page of offline tills: who sees it, and what is done there."""

from __future__ import annotations

from regulars.interfaces.console.tests.conftest import Desk
from regulars_till import DeviceKey

PAGE = "/console/tills/"


def test_tills_are_registered_and_revoked_by_who_may_and_for_a_reason(desk: Desk) -> None:
    boss = desk.sits("owner")
    assert (boss.get(PAGE).status_code, desk.sits("marketer").get(PAGE).status_code) == (200, 403)
    told = {"key": "t1", "name": "One", "store": "bund", "public_key": DeviceKey.make("t1").public}
    assert desk.sits("service").post(f"{PAGE}register/", told).status_code == 403
    assert boss.post(f"{PAGE}register/", told).status_code == 302
    boss.post("/console/till/t1/revoke/", {"why": ""})
    assert "stolen" not in boss.get(PAGE).content.decode()
    boss.post("/console/till/t1/revoke/", {"why": "stolen"})
    page = boss.get(f"{PAGE}?state=all").content.decode()
    assert ("t1" in page, "stolen" in page) == (True, True)
    boss.post(f"{PAGE}rotate/", {"why": "yearly"})
    assert boss.post(f"{PAGE}conflict/cft_00000000000000000000000001/", {"why": "x"}).status_code == 404

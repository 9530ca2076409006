"""A small grocer who never was, played through sessions with fifty promotions and coupons; the real ones: test_sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.realdata import proving, replaying, shops

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


def test_two_hundred_baskets_with_fifty_promotions_end_sound_and_every_discount_is_explained(tmp_path: Path) -> None:
    opened = replaying.open_shop(shops.made_up())
    notes = replaying.play(opened, tmp_path)
    redeemed = proving.prove_all(opened, notes, replays=1)
    assert len(redeemed) > 20
    reasons = {reason for note in notes for *_, reason in note.get("coupons", ())}
    assert reasons >= {
        "already_used",
        "expired",
        "limit_reached",
        "not_entitled",
        "not_yet",
        "not_yours",
        "unknown_code",
    }

"""A year of two real shops, played through sessions with fifty promotions. Needs REGULARS_DATA; docs/real-baskets.md.

`REGULARS_REPLAY_SHARE=50` plays one customer in fifty (with the whole of her history) and one guest's basket in fifty.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.realdata import proving, replaying, shops

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.deep, pytest.mark.timeout(14_400)]
SHARE = int(os.environ.get("REGULARS_REPLAY_SHARE", "1"))


def test_online_retail_played_with_fifty_promotions_ends_sound_and_explained(real_data: Path, tmp_path: Path) -> None:
    shop = shops.online_retail(real_data, SHARE)
    if SHARE == 1:
        assert (len(shop.sales), sum(s.is_credit for s in shop.sales)) == (25_900, 3_836)
    opened = replaying.open_shop(shop)
    notes = replaying.play(opened, tmp_path)
    proving.prove_all(opened, notes, replays=50)


def test_the_longest_invoices_and_the_largest_quantities_are_played_in_any_share(
    real_data: Path, tmp_path: Path
) -> None:
    shop = shops.online_retail(real_data, 1)
    sold = [s for s in shop.sales if not s.is_credit]
    longest = sorted(sold, key=lambda s: -len(s.pieces))[:20]
    largest = sorted(sold, key=lambda s: -max(p.quantity for p in s.pieces))[:20]
    assert (len(longest[0].pieces), max(p.quantity for p in largest[0].pieces)) == (1_114, 80_995)
    them = {s.key: s for s in longest + largest}
    opened = replaying.open_shop(replace(shop, sales=sorted(them.values(), key=lambda s: (s.at, s.key))))
    notes = replaying.play(opened, tmp_path)
    proving.prove_all(opened, notes, replays=1, least=20)


def test_complete_journey_played_with_its_campaigns_and_coupons_holds_every_rule(
    real_data: Path, tmp_path: Path
) -> None:
    shop = shops.complete_journey(real_data, SHARE)
    assert (len(shop.campaigns), len(shop.coupons)) == (27, 1_197)
    if SHARE == 1:
        assert len(shop.sales) == 155_848
    opened = replaying.open_shop(shop)
    notes = replaying.play(opened, tmp_path)
    redeemed = proving.prove_all(opened, notes, replays=50)
    assert breaches(real_data / "complete_journey", redeemed) == []
    assert redeemed


def breaches(home: Path, redeemed: list[proving.Redeemed]) -> list[proving.Redeemed]:
    """Redemptions that the files do not allow, asked of the files alone: basket, goods, household and window."""
    rows = [
        (i, int(r.key), int(str(r.household)[1:]), *map(int, r.template.split("-")[1:]), int(sku))
        for i, r in enumerate(redeemed)
        for sku in r.skus
    ]
    names = ["i", "basket_id", "household_id", "coupon_upc", "campaign_id", "product_id"]
    told = pd.DataFrame(rows, columns=names)
    sold = pd.read_parquet(home / "transactions.parquet")
    sold["day"] = (
        sold.transaction_timestamp.dt.tz_localize("UTC").dt.tz_convert("America/New_York").dt.tz_localize(None)
    )
    good = told.merge(sold[["basket_id", "household_id", "product_id", "day"]].drop_duplicates())
    good = good.merge(pd.read_parquet(home / "campaigns.parquet"))
    good = good.merge(pd.read_parquet(home / "coupons.parquet").drop_duplicates())
    good = good.merge(pd.read_parquet(home / "campaign_descriptions.parquet"))
    good = good[(good.day >= good.start_date) & (good.day < good.end_date + pd.Timedelta(days=1))]
    held = set(zip(good.i, good.product_id, strict=True))
    return [r for i, r in enumerate(redeemed) if any((i, int(sku)) not in held for sku in r.skus)]

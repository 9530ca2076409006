"""What acting promotions bring beside discounts: gifts, draws, and things to do at close."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from regulars.value.promotions.rules.pricing import allowing
from regulars.value.promotions.rules.pricing.allowing import Counted
from regulars.value.promotions.rules.pricing.offers import Offer
from regulars.value.promotions.terms import Act, Action, Gift, Outcome, Prize, RandomReward

RANDOM_REWARD = "random_reward"


def outcomes(
    offer: Offer, code: str | None, seed: bytes, left: Mapping[str, int]
) -> tuple[list[Outcome], list[Counted]]:
    """The outcomes of an acting promotion, and the stocks that its prizes come from.

    Args: code: the coupon that triggered it. left: what is left of stocks, by key.
    """
    found: list[Outcome] = []
    stocks: list[Counted] = []
    for n, effect in enumerate(offer.acts):
        if isinstance(effect, Act):
            found.append(Outcome(offer.key, effect.kind.value, effect.body))
        elif isinstance(effect, Gift):
            found.append(Outcome(offer.key, "gift", _gift(effect)))
        else:
            outcome, counted = _draw(offer, effect, n, code, seed, left)
            found.append(outcome)
            stocks += counted
    return found, stocks


def _gift(gift: Gift) -> dict[str, object]:
    body: dict[str, object] = {"quantity": gift.quantity}
    if gift.choose_from:
        return {**body, "choose_from": list(gift.choose_from)}
    return {**body, "sku": gift.sku}


def _draw(
    offer: Offer, reward: RandomReward, n: int, code: str | None, seed: bytes, left: Mapping[str, int]
) -> tuple[Outcome, list[Counted]]:
    """One draw by the published odds. Without a seed nothing is drawn: the odds are told.

    A prize that is out of stock is drawn as often as before, and gives nothing: the odds of the others stay.
    """
    whole = sum([p.weight for p in reward.prizes])
    odds = {p.key: [p.weight, whole] for p in reward.prizes}
    if not seed:
        return Outcome(offer.key, RANDOM_REWARD, {"odds": odds}), []
    told = b"\x00".join([seed, offer.key.encode(), (code or "").encode(), str(n).encode()])
    ticket = int.from_bytes(hashlib.sha256(told).digest(), "big") % whole
    prize = _holder(reward, ticket)
    counted = _stocks(offer.key, reward, prize)
    nothing: dict[str, object] = {"odds": odds, "prize": prize.key, "kind": "", "body": {}}
    if not prize.kind:
        return Outcome(offer.key, RANDOM_REWARD, nothing), []
    if any(left.get(c.key, c.limit or 0) <= 0 for c in counted):
        return Outcome(offer.key, RANDOM_REWARD, {**nothing, "is_out_of_stock": True}), []
    body = {**nothing, "kind": prize.kind, "body": dict(prize.body)}
    return Outcome(offer.key, RANDOM_REWARD, body), counted


def _holder(reward: RandomReward, ticket: int) -> Prize:
    for prize in reward.prizes:
        ticket -= prize.weight
        if ticket < 0:
            return prize
    return reward.prizes[-1]


def _stocks(key: str, reward: RandomReward, prize: Prize) -> list[Counted]:
    found = []
    if prize.stock is not None:
        found.append(Counted(allowing.prize_key(key, prize.key), Action.TIMES, prize.stock))
    if reward.cap is not None:
        found.append(Counted(allowing.prizes_key(key), Action.TIMES, reward.cap))
    return found

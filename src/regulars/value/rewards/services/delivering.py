"""What a reward gives when it is fulfilled by nobody's hands: coupons, codes, a gift to a cause; and back."""

from __future__ import annotations

from uuid import UUID

from regulars.kernel import clock, postgres
from regulars.kernel.errors import Invalid
from regulars.value.coupons import services as coupons
from regulars.value.rewards.models import CodeRow, GiftRow, RedemptionRow
from regulars.value.rewards.services import base
from regulars.value.rewards.terms import Kind, NotCancellable, Reward

MOST_COUPONS = 100


def before_stock(row: RedemptionRow, reward: Reward, *, actor: str) -> None:
    """Issue the coupons that come with it: codes are locked before stock. The caller saves the row.

    Raises: Invalid; UnknownTemplate; CouponLimit.
    """
    if reward.gives is None:
        return
    n = reward.gives.count * row.count
    if n > MOST_COUPONS:
        raise Invalid(errors=[("count", f"gives {n} coupons; at most {MOST_COUPONS} at once")])
    made = coupons.issue(
        program_id=row.program_id,
        template=reward.gives.template,
        member_id=row.member_id,
        n=n,
        key=f"reward/{row.id}",
        actor=actor,
        source=f"reward/{base.source_of(row).ref}",
    )
    row.gave = [str(c.coupon_id) for c in made]


def after_stock(row: RedemptionRow, reward: Reward) -> None:
    """Give the codes of a pool, and write down what a cause was given.

    Raises: SoldOut.
    """
    if reward.kind is Kind.DIGITAL_CODE:
        postgres.ask(
            "select rewards_give_codes(%s::int, %s::text, %s::uuid, %s::int)",
            (row.program_id, row.reward, row.id, row.count),
        )
    if reward.cause is not None:
        gifts = [(s.unit, s.amount) for s in base.spends(row)]
        if row.due_minor:
            gifts.append((row.currency, row.due_minor))
        GiftRow.objects.bulk_create(
            [
                GiftRow(
                    program_id=row.program_id,
                    cause=reward.cause.key,
                    unit=unit,
                    amount=amount,
                    redemption_id=row.id,
                    at=clock.now(),
                )
                for unit, amount in gifts
            ]
        )


def take_back(row: RedemptionRow, *, actor: str, reason: str) -> None:
    """Withdraw what it gave, if nobody has used or seen any of it.

    Raises: NotCancellable, with nothing withdrawn.
    """
    if row.gave:
        told = coupons.void(
            program_id=row.program_id, coupon_ids=[UUID(c) for c in row.gave], actor=actor, reason=reason
        )
        used = [why for _, _, is_void, why in told if not is_void and why != "voided"]
        if used:
            raise NotCancellable("A coupon that came with it is used.", reason=used[0])
    codes = CodeRow.objects.filter(redemption_id=row.id)
    if codes.filter(shown_at__isnull=False).exists():
        raise NotCancellable("Its code was shown.", reason="shown")
    postgres.ask("select rewards_keep_codes(%s::uuid)", (row.id,))

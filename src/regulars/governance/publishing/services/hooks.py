"""The sections of a document and the contexts that own them, lowest floor first. A new context is a new line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from regulars.governance.publishing.rules import plain
from regulars.people.audiences import services as audiences
from regulars.people.care import services as care
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Change
from regulars.value.allowances import services as allowances
from regulars.value.benefits import services as benefits
from regulars.value.coupons import services as coupons
from regulars.value.ledger import services as ledger
from regulars.value.promotions import services as promotions
from regulars.value.rewards import services as rewards
from regulars.value.subscriptions import services as subscriptions
from regulars.value.tiers import services as tiers

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Hook:
    """How one context takes part in publishing.

    Args: describe: its sections as they are. check: every fault as (path, message). plan: what would change.
    apply: write them under a version number, all or nothing.
    """

    sections: tuple[str, ...]
    describe: Callable[[int], dict[str, Any]]
    check: Callable[[Document], list[tuple[str, str]]]
    plan: Callable[[int, Document], list[Change]]
    apply: Callable[[int, int, Document, str], object]


HOOKS = (
    Hook(
        sections=("program", "brands", "stores", "channels"),
        describe=programs.describe,
        check=lambda document: programs.check(plain(document)),
        plan=lambda program_id, document: programs.plan(program_id, plain(document)),
        apply=lambda program_id, _, document, actor: programs.apply(program_id, plain(document), actor),
    ),
    Hook(
        sections=("audiences",),
        describe=audiences.describe,
        check=lambda document: audiences.check(plain(document)),
        plan=lambda program_id, document: audiences.plan(program_id, plain(document)),
        apply=lambda program_id, _, document, actor: audiences.apply(program_id, plain(document)),
    ),
    Hook(
        sections=("preferences",),
        describe=care.describe,
        check=lambda document: care.check(plain(document)),
        plan=lambda program_id, document: care.plan(program_id, plain(document)),
        apply=lambda program_id, _, document, actor: care.apply(program_id, plain(document)),
    ),
    Hook(
        sections=("units",),
        describe=ledger.describe,
        check=lambda document: ledger.check(plain(document)),
        plan=lambda program_id, document: ledger.plan(program_id, plain(document)),
        apply=lambda program_id, version, document, actor: ledger.apply(program_id, plain(document), actor, version),
    ),
    Hook(
        sections=("ladders",),
        describe=tiers.describe,
        check=tiers.check,
        plan=tiers.plan,
        apply=tiers.apply,
    ),
    Hook(
        sections=("coupon_templates",),
        describe=coupons.describe,
        check=coupons.check,
        plan=coupons.plan,
        apply=coupons.apply,
    ),
    Hook(
        sections=rewards.SECTIONS,
        describe=rewards.describe,
        check=rewards.check,
        plan=rewards.plan,
        apply=rewards.apply,
    ),
    Hook(
        sections=benefits.SECTIONS,
        describe=benefits.describe,
        check=benefits.check,
        plan=benefits.plan,
        apply=benefits.apply,
    ),
    Hook(
        sections=("policies", "earn_rules", "promotions"),
        describe=promotions.describe,
        check=promotions.check,
        plan=promotions.plan,
        apply=promotions.apply,
    ),
    Hook(
        sections=subscriptions.SECTIONS,
        describe=subscriptions.describe,
        check=subscriptions.check,
        plan=subscriptions.plan,
        apply=subscriptions.apply,
    ),
    Hook(
        sections=("offline",),
        describe=allowances.describe,
        check=allowances.check,
        plan=allowances.plan,
        apply=allowances.apply,
    ),
)

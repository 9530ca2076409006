"""Rules of staff: what each role may do, how far a grant reaches, how much may be adjusted alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from regulars.people.staff.terms import Role

PERMISSIONS = frozenset(
    {
        "members:read",  # personal data masked
        "members:reveal",  # personal data in clear; every view is recorded
        "members:write",
        "members:merge",
        "points:adjust",
        "points:approve",  # the second person
        "orders:read",
        "orders:write",
        "coupons:read",
        "rewards:read",
        "benefits:read",
        "subscriptions:read",
        "coupons:write",
        "rewards:write",
        "benefits:write",
        "subscriptions:write",
        "care:read",  # advisers, their notes and follow-ups, what members like
        "care:write",
        "ledger:read",
        "reports:read",
        "program:read",
        "program:apply",
        "program:approve",
        "imports:run",
        "privacy:write",
        "staff:read",
        "staff:manage",
        "keys:manage",
        "audit:read",
        "outbox:manage",
        "tills:read",
        "tills:manage",
    }
)

ROLES: dict[Role, frozenset[str]] = {
    Role.OWNER: PERMISSIONS,
    Role.MARKETER: frozenset(
        {
            "members:read",
            "orders:read",
            "coupons:read",
            "rewards:read",
            "benefits:read",
            "subscriptions:read",
            "coupons:write",
            "rewards:write",
            "benefits:write",
            "ledger:read",
            "reports:read",
            "program:read",
        }
        | {"program:apply"}
    ),
    Role.SERVICE: frozenset(
        {
            "members:read",
            "members:reveal",
            "members:write",
            "members:merge",
            "points:adjust",
            "orders:read",
            "orders:write",
            "care:read",
            "care:write",
            "coupons:read",
            "rewards:read",
            "benefits:read",
            "subscriptions:read",
            "coupons:write",
            "rewards:write",
            "benefits:write",
            "subscriptions:write",
            "ledger:read",
            "program:read",
            "privacy:write",
            "tills:read",
        }
    ),
    Role.STORE_MANAGER: frozenset(
        {
            "members:read",
            "members:reveal",
            "members:write",
            "points:adjust",
            "points:approve",
            "orders:read",
            "orders:write",
            "care:read",
            "care:write",
            "coupons:read",
            "rewards:read",
            "benefits:read",
            "subscriptions:read",
            "coupons:write",
            "rewards:write",
            "benefits:write",
            "subscriptions:write",
            "ledger:read",
            "reports:read",
            "program:read",
            "staff:read",
            "staff:manage",
            "tills:read",
            "tills:manage",
        }
    ),
    Role.CASHIER: frozenset(
        {
            "members:read",
            "members:write",
            "orders:read",
            "orders:write",
            "coupons:read",
            "benefits:write",
            "rewards:write",
            "care:read",
            "rewards:read",
            "benefits:read",
            "subscriptions:read",
            "program:read",
        }
    ),
    Role.ANALYST: frozenset(
        {
            "members:read",
            "orders:read",
            "coupons:read",
            "rewards:read",
            "benefits:read",
            "subscriptions:read",
            "ledger:read",
            "reports:read",
            "program:read",
        }
    ),
    Role.AUDITOR: frozenset(
        {
            "members:read",
            "orders:read",
            "coupons:read",
            "rewards:read",
            "benefits:read",
            "subscriptions:read",
            "ledger:read",
            "reports:read",
            "program:read",
            "staff:read",
        }
        | {"audit:read"}
    ),
}

# Members and the program itself belong to no store: whoever may serve somewhere may look them up everywhere.
NOT_BOUND_BY_STORE = frozenset({"members:read", "members:write", "program:read"})

# Points that one person may move in one adjustment without a second person, unless her grant says otherwise.
ADJUST_LIMITS: dict[Role, int] = {
    Role.OWNER: 10_000,
    Role.MARKETER: 0,
    Role.SERVICE: 500,
    Role.STORE_MANAGER: 1_000,
    Role.CASHIER: 0,
    Role.ANALYST: 0,
    Role.AUDITOR: 0,
}

SCOPES = frozenset(
    {
        "audiences:read",
        "audiences:write",
        "catalog:read",
        "catalog:write",
        "stock:write",
        "members:read",
        "members:write",
        "members:attest",
        "members:reveal",
        "orders:read",
        "orders:write",
        "coupons:read",
        "coupons:write",
        "sessions:read",
        "sessions:write",
        "points:read",
        "points:write",
        "events:write",
        "program:read",
        "program:write",
        "program:approve",
        "webhooks:write",
        "privacy:write",
        "benefits:read",
        "benefits:write",
        "rewards:read",
        "rewards:write",
        "subscriptions:read",
        "subscriptions:write",
        "care:read",
        "care:write",
        "ledger:read",
        "tills:read",
        "tills:write",
    }
)

# No store owns these: a key that is bound to a store cannot have them.
BEYOND_STORES = frozenset(
    {"audiences:write", "catalog:write", "program:write", "program:approve", "webhooks:write", "privacy:write"}
)

# What Django's admin asks (app label, verb) → our permission. What is not here only an operator may do.
_READ_WRITE = {
    "programs": ("program:read", "program:apply"),
    "promotions": ("program:read", None),
    "publishing": ("program:read", "program:apply"),
    "members": ("members:read", "members:write"),
    "consent": ("members:read", "members:write"),
    "audiences": ("members:read", None),
    "catalog": ("program:read", None),
    "events": ("members:read", None),
    "tiers": ("members:read", None),
    "identity": ("members:read", "members:merge"),
    "ledger": ("ledger:read", "points:adjust"),
    "assurance": ("ledger:read", None),
    "orders": ("orders:read", "orders:write"),
    "coupons": ("coupons:read", None),
    "rewards": ("rewards:read", None),
    "benefits": ("benefits:read", None),
    "subscriptions": ("subscriptions:read", None),
    "care": ("care:read", None),
    "agreements": ("program:read", None),
    "allowances": ("tills:read", "tills:manage"),
    "imports": ("imports:run", "imports:run"),
    "kernel": ("outbox:manage", "outbox:manage"),
    "procrastinate": ("outbox:manage", None),
    "staff": ("staff:read", "staff:manage"),
}
_MODELS = {
    ("staff", "auditrow"): ("audit:read", None),
    ("staff", "keyrow"): ("keys:manage", "keys:manage"),
}


@dataclass(frozen=True, kw_only=True)
class Reach:
    """One grant, with where it reaches: `path` is the root of its store subtree, None the whole program."""

    role: Role
    program_id: int
    path: str | None
    adjust_limit: int | None = None


def covers(reach: Reach, program_id: int, path: str | None) -> bool:
    """Whether a grant reaches a place: a program (`path` None) or a store of it.

    A grant below a store never reaches the whole program.
    """
    if reach.program_id != program_id:
        return False
    return reach.path is None or (path is not None and path.startswith(reach.path))


def may(reaches: Iterable[Reach], permission: str, program_id: int, path: str | None) -> bool:
    """Whether any of the grants allows something at a place."""
    return any(
        permission in ROLES[r.role]
        and (covers(r, program_id, path) or (permission in NOT_BOUND_BY_STORE and r.program_id == program_id))
        for r in reaches
    )


def serves(reaches: Iterable[Reach], permission: str, program_id: int) -> bool:
    """Whether any of the grants, at whatever store, allows something for a member who stands before her.

    Members belong to no store; what is done for one by hand is done at some counter, and the trail names who did it.
    """
    return any(r.program_id == program_id and permission in ROLES[r.role] for r in reaches)


def serving_limit(reaches: Iterable[Reach], program_id: int) -> int:
    """The highest limit among her grants in a program, at whatever store; 0 without any."""
    return max((limit_of(r.role, r.adjust_limit) for r in reaches if r.program_id == program_id), default=0)


def held(reaches: Iterable[Reach], program_id: int, path: str | None) -> frozenset[str]:
    """All that the grants allow at a place, strictly there: the measure of what she may give to others."""
    return frozenset().union(*(ROLES[r.role] for r in reaches if covers(r, program_id, path)))


def limit_of(role: Role, adjust_limit: int | None) -> int:
    """Points a call that need no second person: the grant's own limit, else the role's; 0 without `points:adjust`."""
    if "points:adjust" not in ROLES[role]:
        return 0
    return ADJUST_LIMITS[role] if adjust_limit is None else adjust_limit


def limit_at(reaches: Iterable[Reach], program_id: int, path: str | None) -> int:
    """The highest limit among the grants that reach a place; 0 when none does."""
    return max((limit_of(r.role, r.adjust_limit) for r in reaches if covers(r, program_id, path)), default=0)


def admin_permission(app_label: str, codename: str) -> str | None:
    """Our permission for a question of Django's admin, as `view_memberrow`; None: nobody but an operator.

    >>> admin_permission("members", "view_memberrow"), admin_permission("staff", "delete_auditrow")
    ('members:read', None)
    """
    verb, _, model = codename.partition("_")
    read, write = _MODELS.get((app_label, model), _READ_WRITE.get(app_label, (None, None)))
    if verb == "view":
        return read
    if verb in ("add", "change") or (verb == "delete" and (app_label, model) == ("staff", "grantrow")):
        return write
    return None

"""What other contexts call: people, grants, API keys, the audit trail."""

from regulars.people.staff.rules import SCOPES
from regulars.people.staff.services.api_keys import (
    key_by_secret,
    keys,
    make_key,
    require_scope,
    require_store,
    revoke_key,
)
from regulars.people.staff.services.audit import entries, record
from regulars.people.staff.services.people import (
    add_person,
    change_person,
    grant,
    grants,
    person,
    person_by_email,
    revoke,
)
from regulars.people.staff.services.rights import (
    Access,
    access,
    adjust_limit,
    may,
    programs_of,
    require,
)

__all__ = [
    "SCOPES",
    "Access",
    "access",
    "add_person",
    "adjust_limit",
    "change_person",
    "entries",
    "grant",
    "grants",
    "key_by_secret",
    "keys",
    "make_key",
    "may",
    "person",
    "person_by_email",
    "programs_of",
    "record",
    "require",
    "require_scope",
    "require_store",
    "revoke",
    "revoke_key",
]

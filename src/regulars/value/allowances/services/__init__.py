"""The verbs of offline tills. The only code that reads or writes their tables."""

from regulars.value.allowances.rules.tokens import public_text
from regulars.value.allowances.services.deciding import conflict, conflicts, open_count, resolve
from regulars.value.allowances.services.document import apply, check, describe, plan, policy, version_at
from regulars.value.allowances.services.issuing import allowance, cancel, issue, of_member, opt_in, opt_ins, recent
from regulars.value.allowances.services.keys import rotate_signing_key, signing_keys
from regulars.value.allowances.services.nights import end_due
from regulars.value.allowances.services.people import absorb, dossier, forget, separate
from regulars.value.allowances.services.proving import discrepancies
from regulars.value.allowances.services.snapshots import snapshot
from regulars.value.allowances.services.tills import device, devices, register_device, revoke_device
from regulars.value.allowances.services.uploading import upload

__all__ = [
    "absorb",
    "allowance",
    "apply",
    "cancel",
    "check",
    "conflict",
    "conflicts",
    "describe",
    "device",
    "devices",
    "discrepancies",
    "dossier",
    "end_due",
    "forget",
    "issue",
    "of_member",
    "open_count",
    "opt_in",
    "opt_ins",
    "plan",
    "policy",
    "public_text",
    "recent",
    "register_device",
    "resolve",
    "revoke_device",
    "rotate_signing_key",
    "separate",
    "signing_keys",
    "snapshot",
    "upload",
    "version_at",
]

"""Regulars at a till without a line: sell, let allowances pay, keep it all in a journal, upload it later.

>>> from regulars_till import DeviceKey, Till
"""

from regulars_till.allowance import Allowance, SigningKey, read_allowance
from regulars_till.device import DeviceKey
from regulars_till.errors import (
    AllowanceExpired,
    AllowanceUsedUp,
    BadAllowance,
    BadSignature,
    JournalDamaged,
    JournalInUse,
    NotForThisTill,
    TillError,
    UnknownSigningKey,
    UploadFailed,
)
from regulars_till.till import Sale, SyncReport, Till
from regulars_till.transport import HttpTransport

__all__ = [
    "Allowance",
    "AllowanceExpired",
    "AllowanceUsedUp",
    "BadAllowance",
    "BadSignature",
    "DeviceKey",
    "HttpTransport",
    "JournalDamaged",
    "JournalInUse",
    "NotForThisTill",
    "Sale",
    "SigningKey",
    "SyncReport",
    "Till",
    "TillError",
    "UnknownSigningKey",
    "UploadFailed",
    "read_allowance",
]

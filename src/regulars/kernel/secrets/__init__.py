"""Personal data sealed at rest: master key > program key > member key > field; blind look-ups; signatures.

The master key (settings) wraps the keys of each program; the program's data key wraps one data key per member; that
key seals her fields. Throwing the member's wrapped key away erases the fields, wherever copies of them lie.
"""

from regulars.kernel.secrets.keys import CannotOpen, WrongMasterKey, forget_cached, make_keys
from regulars.kernel.secrets.rotation import rewrap, rewrap_many, rotate_master, rotate_program_key
from regulars.kernel.secrets.sealing import (
    Box,
    blind,
    blind_many,
    box,
    new_data_key,
    new_data_keys,
    open,
    open_many,
    seal,
    sign,
    verify,
    verify_key,
)

__all__ = [
    "Box",
    "CannotOpen",
    "WrongMasterKey",
    "blind",
    "blind_many",
    "box",
    "forget_cached",
    "make_keys",
    "new_data_key",
    "new_data_keys",
    "open",
    "open_many",
    "rewrap",
    "rewrap_many",
    "rotate_master",
    "rotate_program_key",
    "seal",
    "sign",
    "verify",
    "verify_key",
]

"""Rules of programs: what is well-formed; when a store is open; what a document asks."""

from regulars.people.programs.rules.document import changes, complete, faults
from regulars.people.programs.rules.places import (
    CURRENCIES,
    Faults,
    address_faults,
    choice_faults,
    currency_faults,
    hours_faults,
    is_below,
    is_online,
    is_open,
    key_faults,
    locale_faults,
    name_faults,
    path_of,
    tidy_hours,
    zone_faults,
)

__all__ = [
    "CURRENCIES",
    "Faults",
    "address_faults",
    "changes",
    "choice_faults",
    "complete",
    "currency_faults",
    "faults",
    "hours_faults",
    "is_below",
    "is_online",
    "is_open",
    "key_faults",
    "locale_faults",
    "name_faults",
    "path_of",
    "tidy_hours",
    "zone_faults",
]

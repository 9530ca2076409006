"""What other contexts call: programs, brands, stores and channels."""

from regulars.people.programs.services.base import (
    all_programs,
    brand,
    brands,
    by_id,
    channel,
    channels,
    create,
    define_brand,
    define_channel,
    get,
    set_current_version,
)
from regulars.people.programs.services.cache import Memory
from regulars.people.programs.services.document import apply, check, describe, plan
from regulars.people.programs.services.stores import (
    StorePage,
    define_store,
    is_open,
    is_within,
    store,
    store_by_id,
    stores,
    subtree,
)
from regulars.people.programs.services.versions import ByVersion

__all__ = [
    "ByVersion",
    "Memory",
    "StorePage",
    "all_programs",
    "apply",
    "brand",
    "brands",
    "by_id",
    "channel",
    "channels",
    "check",
    "create",
    "define_brand",
    "define_channel",
    "define_store",
    "describe",
    "get",
    "is_open",
    "is_within",
    "plan",
    "set_current_version",
    "store",
    "store_by_id",
    "stores",
    "subtree",
]

"""Events: what members do, up to a thousand at a time."""

from __future__ import annotations

from ninja import Router

router = Router(tags=["Events"])

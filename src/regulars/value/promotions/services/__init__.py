"""What other contexts call: the compiled rules of a version, the decision, and the hooks of publishing."""

from regulars.value.promotions.rules import evaluate
from regulars.value.promotions.services.document import apply, check, describe, plan, policies
from regulars.value.promotions.services.snapshots import forget, snapshot

__all__ = ["apply", "check", "describe", "evaluate", "forget", "plan", "policies", "snapshot"]

"""What other contexts call: the compiled rules of a version, the decision, and the hooks of publishing."""

from regulars.value.promotions.rules import decide, evaluate
from regulars.value.promotions.rules.limits import counter_keys
from regulars.value.promotions.rules.questions import question_from_json, question_to_json
from regulars.value.promotions.services.document import apply, check, describe, plan, policies
from regulars.value.promotions.services.snapshots import forget, snapshot, snapshot_with
from regulars.value.promotions.services.usage import discrepancies, forget_old, give_back, left, take

__all__ = [
    "apply",
    "check",
    "counter_keys",
    "decide",
    "describe",
    "discrepancies",
    "evaluate",
    "forget",
    "forget_old",
    "give_back",
    "left",
    "plan",
    "policies",
    "question_from_json",
    "question_to_json",
    "snapshot",
    "snapshot_with",
    "take",
]

"""What interfaces call: apply, plan, export and list versions of the document that is a program."""

from regulars.governance.publishing.rules.telling import lines
from regulars.governance.publishing.services.applying import apply, apply_blueprint, plan
from regulars.governance.publishing.services.blueprints import blueprint, blueprints
from regulars.governance.publishing.services.composing import schema
from regulars.governance.publishing.services.numbered import compare, current, drift, export, version, versions

__all__ = [
    "apply",
    "apply_blueprint",
    "blueprint",
    "blueprints",
    "compare",
    "current",
    "drift",
    "export",
    "lines",
    "plan",
    "schema",
    "version",
    "versions",
]

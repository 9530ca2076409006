"""What interfaces call: apply, plan, export and list versions of the document that is a program."""

from regulars.governance.publishing.services.applying import (
    apply,
    apply_blueprint,
    current,
    export,
    plan,
    version,
    versions,
)
from regulars.governance.publishing.services.blueprints import blueprint, blueprints

__all__ = ["apply", "apply_blueprint", "blueprint", "blueprints", "current", "export", "plan", "version", "versions"]

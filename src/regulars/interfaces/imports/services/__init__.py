"""The verbs of imports. The only code that reads or writes their tables."""

from regulars.interfaces.imports.services.jobs import (
    PREFIX,
    cancel,
    forget_old_rejects,
    job,
    jobs,
    mapping_file,
    ready_mapping,
    ready_mappings,
    rejects,
    start,
    upload_folder,
    waiting,
)
from regulars.interfaces.imports.services.running import dry_run, run

__all__ = [
    "PREFIX",
    "cancel",
    "dry_run",
    "forget_old_rejects",
    "job",
    "jobs",
    "mapping_file",
    "ready_mapping",
    "ready_mappings",
    "rejects",
    "run",
    "start",
    "upload_folder",
    "waiting",
]

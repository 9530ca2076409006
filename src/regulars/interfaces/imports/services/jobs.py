"""Jobs: started, looked at, run to their end from wherever they stand, cancelled."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import yaml
from django.db import transaction

from regulars.interfaces.imports.models import JobRow, RejectRow
from regulars.interfaces.imports.rules.mapping import read_mapping
from regulars.interfaces.imports.services import files
from regulars.interfaces.imports.terms import (
    OPEN_STATES,
    BadMapping,
    ImportOver,
    Job,
    Kind,
    Mapping,
    Progress,
    Reject,
    State,
    UnknownMapping,
)
from regulars.kernel import clock, home, ids
from regulars.kernel.errors import NotFound

PREFIX = "imp"
KEPT_REJECTS_DAYS = 400
Show = Callable[[Progress], None]


def ready_mappings() -> tuple[str, ...]:
    """The names of the mappings that are shipped."""
    folder = resources.files("regulars.interfaces.imports") / "mappings"
    return tuple(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")))


def ready_mapping(name: str) -> dict[str, Any]:
    """The document of a shipped mapping.

    Raises: UnknownMapping.
    """
    if name not in ready_mappings():
        raise UnknownMapping(f"There is no mapping {name!r}; there are {', '.join(ready_mappings())}.")
    folder = resources.files("regulars.interfaces.imports") / "mappings"
    document: dict[str, Any] = yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8"))
    return document


def mapping_file(path: Path) -> Any:
    """The document in a mapping file (YAML or JSON).

    Raises: BadMapping when it is no YAML.
    """
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as no:
        raise BadMapping(errors=[("mapping", f"cannot be read: {no}")]) from no


def start(*, program_id: int, path: Path, mapping: dict[str, Any], actor: str, file: str | None = None) -> Job:
    """Make a job for a file, or find the open one of the same file and mapping. It does not run yet: `run` does that.

    Args: mapping: a mapping document. file: the name to show (an upload lies under another one).
    Raises: BadMapping, BadFile.
    """
    read = read_mapping(mapping)
    path = path.resolve()
    digest = files.digest(path)
    told = orjson.dumps(mapping, option=orjson.OPT_SORT_KEYS)
    mapping_digest = hashlib.sha256(told).hexdigest()
    with transaction.atomic():
        row, _ = JobRow.objects.exclude(state__in=[State.FINISHED, State.CANCELLED]).get_or_create(
            program_id=program_id,
            kind=read.kind,
            digest=digest,
            mapping_digest=mapping_digest,
            defaults={
                "id": ids.new_id(),
                "source": read.source,
                "file": (file or path.name)[:200],
                "path": str(path),
                "size": path.stat().st_size,
                "mapping": mapping,
                "actor": actor,
                "created_at": clock.now(),
            },
        )
        if row.path != str(path):
            row.path = str(path)
            row.save(update_fields=["path"])
    return as_job(row)


def job(*, program_id: int, job_id: UUID) -> Job:
    """One job of a program.

    Raises: NotFound.
    """
    row = JobRow.objects.filter(program_id=program_id, id=job_id).first()
    if row is None:
        raise NotFound("There is no such import.")
    return as_job(row)


def jobs(*, program_id: int, limit: int = 50, before: UUID | None = None) -> tuple[Job, ...]:
    """The newest jobs of a program; `before` is the last one of the page above."""
    rows = JobRow.objects.filter(program_id=program_id)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return tuple(as_job(row) for row in rows.order_by("-id")[:limit])


def rejects(*, program_id: int, job_id: UUID, after: int = 0, limit: int = 200) -> tuple[Reject, ...]:
    """The rows of a job that stayed out, by line, after a line; their content is in the rejects file only."""
    rows = RejectRow.objects.filter(job_id=job_id, program_id=program_id, line__gt=after).order_by("line", "reason")
    return tuple(Reject(line=row.line, reason=row.reason) for row in rows[:limit])


def cancel(*, program_id: int, job_id: UUID) -> Job:
    """Give up a job. What it has brought in stays; a running one stops after its present batch.

    Raises: NotFound; ImportOver when it has ended.
    """
    job(program_id=program_id, job_id=job_id)
    changed = JobRow.objects.filter(id=job_id, state__in=OPEN_STATES).update(
        state=State.CANCELLED, finished_at=clock.now()
    )
    if not changed:
        raise ImportOver
    return job(program_id=program_id, job_id=job_id)


def upload_folder() -> Path:
    """Where uploaded files lie until they are in; only the owner can look into it."""
    folder = home.folder() / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def waiting() -> tuple[Job, ...]:
    """Uploaded files of all programs that are not in yet and did not fail, oldest first."""
    states = [State.WAITING, State.STAGING, State.RECORDING]
    rows = JobRow.objects.filter(state__in=states, path__startswith=f"{upload_folder()}/").order_by("id")
    return tuple(as_job(row) for row in rows)


def forget_old_rejects(*, days: int = KEPT_REJECTS_DAYS) -> int:
    """Take away the rejects of jobs that began long ago, rows and files; returns how many rows went."""
    old = JobRow.objects.filter(created_at__lt=clock.now() - timedelta(days=days))
    for row in old.filter(rejects_path__isnull=False):
        Path(row.rejects_path or "").unlink(missing_ok=True)
        row.rejects_path = None
        row.save(update_fields=["rejects_path"])
    gone, _ = RejectRow.objects.filter(job__in=old).delete()
    return gone


def mapping_of(found: Job) -> Mapping:
    """The mapping of a job, read again."""
    return read_mapping(dict(found.mapping))


def as_job(row: JobRow) -> Job:
    """The job that a row holds."""
    return Job(
        id=row.id,
        program_id=row.program_id,
        kind=Kind(row.kind),
        source=row.source,
        file=row.file,
        path=row.path,
        digest=row.digest,
        size=row.size,
        mapping=row.mapping,
        state=State(row.state),
        done=row.done,
        total=row.total,
        rejected=row.rejected,
        report=row.report,
        rejects_path=row.rejects_path,
        actor=row.actor,
        error=row.error,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )

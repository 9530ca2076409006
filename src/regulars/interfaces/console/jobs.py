"""Long work that pages ask for and the worker does: counting figures, proofs, imports."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import structlog
from procrastinate.contrib.django import app

from regulars.governance.assurance import services as assurance
from regulars.governance.publishing.services import costing, previews
from regulars.interfaces.console import figures, uploads
from regulars.interfaces.imports import services as imports
from regulars.interfaces.imports.terms import State
from regulars.kernel.errors import Refusal
from regulars.people.programs import services as programs

WAIT_FOR_ANOTHER_SECONDS = 3_600

log = structlog.get_logger(__name__)


@app.periodic(cron="*/15 * * * *")
@app.task(name="console figures", queueing_lock="console figures", pass_context=False)
def count_figures(timestamp: int = 0) -> None:
    """Count the overview's figures of every program."""
    for program in programs.all_programs():
        figures.count(program)


@app.task(name="console proof", pass_context=False)
def prove(run_id: int) -> None:
    """Do a proof that has begun; what it found stands in the run."""
    assurance.work(run_id=run_id)


@app.task(name="console preview", pass_context=False)
def preview_week(preview_id: str) -> None:
    """Try a draft on the orders of last week. What came out, or went wrong, stands in the preview."""
    previews.work(preview_id=UUID(preview_id))


@app.task(name="console estimate", pass_context=False)
def estimate(estimate_id: str) -> None:
    """Count what a document would have cost. What came out, or went wrong, stands in the estimate."""
    costing.work(estimate_id=UUID(estimate_id))


@app.task(name="console import", pass_context=False)
def run_import(program_id: int, job_id: str) -> None:
    """Carry an uploaded file in. What went wrong stands in the job itself."""
    try:
        job = imports.run(program_id=program_id, job_id=UUID(job_id), wait_seconds=WAIT_FOR_ANOTHER_SECONDS)
        if job.state is State.FINISHED:
            uploads.forget(Path(job.path))
    except Refusal as no:
        log.warning("an import was refused", job=job_id, code=no.code)

"""Imports in the worker: run when asked, and taken up again after a worker was killed."""

from __future__ import annotations

from uuid import UUID

from procrastinate.contrib.django import app

from regulars.interfaces.imports import services
from regulars.interfaces.imports.terms import ImportOver, ImportRunning


@app.task(name="imports.run", queue="imports")
def run_import(program_id: int, job_id: str) -> None:
    """Carry a job to its end; when another import of the program runs, the next look takes it up."""
    try:
        services.run(program_id=program_id, job_id=UUID(job_id))
    except (ImportOver, ImportRunning):
        return


@app.periodic(cron="* * * * *", periodic_id="imports")
@app.task(name="imports.resume", queue="imports", queueing_lock="imports.resume")
def resume_imports(timestamp: int) -> None:
    """Take up uploaded files whose worker is gone; a job that runs is not touched."""
    for job in services.waiting():
        run_import(program_id=job.program_id, job_id=str(job.id))

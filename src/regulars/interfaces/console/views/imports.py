"""Imports: a file is uploaded, carried in by the worker, and watched until its end."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from django.db import transaction
from django.http import FileResponse, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _

from regulars.interfaces.console import jobs, uploads
from regulars.interfaces.console.desk import Desk, page
from regulars.interfaces.console.forms import UploadForm, WhyForm
from regulars.interfaces.console.refusals import said
from regulars.interfaces.imports import services as imports
from regulars.interfaces.imports.terms import OPEN_STATES, BadMapping, Job, State
from regulars.kernel import ids
from regulars.kernel.errors import NotFound, Refusal

PER_PAGE = 30
REJECTS_SHOWN = 100
MOST_BYTES = 512 * 2**20


@page("imports:run")
def listed(desk: Desk) -> HttpResponse:
    """The newest jobs, and the form that makes one."""
    ready = sorted(imports.ready_mappings())
    posted = desk.request.method == "POST"
    form = UploadForm(
        desk.request.POST if posted else None,
        desk.request.FILES if posted else None,
        ready=ready,
        most_bytes=MOST_BYTES,
    )
    status = 200
    refusal = None
    if posted and form.is_valid():
        try:
            return HttpResponseRedirect(reverse("console_import", args=[_start(desk, form.cleaned_data)]))
        except Refusal as no:
            refusal, status = said(no), no.status
    before = desk.request.GET.get("before", "")
    found = imports.jobs(program_id=desk.program.id, limit=PER_PAGE + 1, before=_job_id(before) if before else None)
    items = found[:PER_PAGE]
    context = {
        "items": items,
        "form": form,
        "refusal": refusal,
        "newest": "?" if before else None,
        "older": f"?before={ids.encode(imports.PREFIX, items[-1].id)}" if len(found) > PER_PAGE else None,
    }
    return desk.page("imports", context, title=_("Imports"), status=status)


def _job_id(ref: str) -> UUID:
    return ids.decode(imports.PREFIX, ref)


def _start(desk: Desk, told: dict[str, Any]) -> str:
    """Keep the file, make the job, leave the rest to the worker; the job's public id."""
    document = imports.ready_mapping(told["ready"]) if told["ready"] else _own(told["mapping"])
    path = uploads.keep(program_id=desk.program.id, file=told["file"])
    try:
        with transaction.atomic():
            job = imports.start(
                program_id=desk.program.id, path=path, mapping=document, actor=desk.actor, file=told["file"].name
            )
            ref = ids.encode(imports.PREFIX, job.id)
            desk.record(action="imports.start", object=ref, reason=told["why"], file=told["file"].name[:200])
            jobs.run_import.defer(program_id=desk.program.id, job_id=str(job.id))
    except Exception:
        uploads.forget(path)
        raise
    return ref


def _own(text: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as no:
        raise imports_refusal(str(no)) from no
    if not isinstance(document, dict):
        raise imports_refusal(_("is no list of names and values"))
    return document


def imports_refusal(message: str) -> Refusal:
    """That a mapping cannot be read, in the imports' own word."""
    return BadMapping(errors=[("mapping", " ".join(message.split())[:300])])


@page("imports:run")
def shown(desk: Desk, ref: str) -> HttpResponse:
    """A job: how far it is, its figures, and what stayed out."""
    job = imports.job(program_id=desk.program.id, job_id=_job_id(ref))
    is_part = desk.request.headers.get("X-Requested-With") == "fetch"
    after = desk.request.GET.get("after", "")
    place = int(after) if after.isdecimal() and len(after) < 19 else 0
    rejects = imports.rejects(program_id=desk.program.id, job_id=job.id, after=place, limit=REJECTS_SHOWN)
    context = {
        "job": job,
        "ref": ref,
        "is_open": job.state in OPEN_STATES and job.state != State.FAILED,
        "can_run": job.state in (State.FAILED, State.WAITING),
        "percent": 100 * job.done // job.total if job.total else 0,
        "figures": _figures(job),
        "reasons": sorted(dict(job.report.get("reasons") or {}).items(), key=lambda r: -r[1]),
        "rejects": rejects,
        "newest": "?" if place else None,
        "older": f"?after={rejects[-1].line}" if len(rejects) == REJECTS_SHOWN else None,
    }
    return desk.page("import_part" if is_part else "import", context, title=job.file)


def _figures(job: Job) -> list[tuple[str, Any]]:
    names = {
        "rows": _("Rows read"),
        "orders": _("Orders"),
        "returns": _("Returns"),
        "recorded": _("Recorded"),
        "repeated": _("There already"),
        "members_registered": _("New members"),
    }
    return [(name, job.report[key]) for key, name in names.items() if isinstance(job.report.get(key), int)]


@page("imports:run")
def steered(desk: Desk, ref: str) -> HttpResponse:
    """Run a job again, or give it up; each with a reason."""
    job_id = _job_id(ref)
    back = HttpResponseRedirect(reverse("console_import", args=[ref]))
    if desk.request.method != "POST":
        return back
    form = WhyForm(desk.request.POST)
    if not form.is_valid():
        desk.warn(_("Nothing was changed: a reason is needed."))
        return back
    reason = form.cleaned_data["why"]
    with transaction.atomic():
        if "cancel" in desk.request.POST:
            imports.cancel(program_id=desk.program.id, job_id=job_id)
            desk.record(action="imports.cancel", object=ref, reason=reason)
            desk.tell(_("Given up. What it has brought in stays."))
        else:
            imports.job(program_id=desk.program.id, job_id=job_id)
            desk.record(action="imports.run", object=ref, reason=reason)
            jobs.run_import.defer(program_id=desk.program.id, job_id=str(job_id))
            desk.tell(_("It runs again from where it stood."))
    return back


@page("imports:run")
def rejects_file(desk: Desk, ref: str) -> HttpResponse:
    """The rejects as a file: the rows themselves where the import has written them, else lines and reasons."""
    job = imports.job(program_id=desk.program.id, job_id=_job_id(ref))
    desk.record(action="imports.download_rejects", object=ref)
    name = f"{Path(job.file).stem}.rejects.csv"
    path = Path(job.rejects_path) if job.rejects_path else None
    if path is not None and path.is_file():
        return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="text/csv")
    if not job.rejected:
        raise NotFound
    answer = StreamingHttpResponse(_rows(job), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{get_valid_filename(name)}"'
    return answer


class _Echo:
    """Hands each written line on."""

    def write(self, text: str) -> str:
        """The line itself."""
        return text


def _rows(job: Job) -> Any:
    table, after = csv.writer(_Echo()), 0
    yield table.writerow(["line", "reason"])
    while found := imports.rejects(program_id=job.program_id, job_id=job.id, after=after, limit=1_000):
        for one in found:
            yield table.writerow([one.line, one.reason])
        after = found[-1].line

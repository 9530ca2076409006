"""What runs by the clock: tasks that any worker may take, each worked by one at a time."""

from __future__ import annotations

from datetime import timedelta

import structlog
from procrastinate.contrib.django import app

from regulars.kernel import clock, nights
from regulars.people.programs import services as programs
from regulars.wiring import NIGHTS

FIRST_NIGHT_LOOKS_BACK = timedelta(days=1)  # a program without any night begins with last midnight

log = structlog.get_logger(__name__)


@app.periodic(cron="* * * * *")
@app.task(name="nights", queueing_lock="nights", pass_context=False)
def work_nights(timestamp: int = 0) -> None:
    """Work the nights of every program that are due. One program's fault does not keep the others awake."""
    now = clock.now()
    for program in programs.all_programs():
        first = clock.local_day(now, program.zone)
        try:
            nights.run_due(NIGHTS, program_id=program.id, zone=program.zone, upto=now, first_day=first)
        except Exception:
            log.exception("a night failed and will be continued", program=program.key)

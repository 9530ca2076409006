"""What runs by the clock: tasks that any worker may take, each worked by one at a time."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import structlog
from procrastinate.contrib.django import app

from regulars.governance.publishing.services import scheduling
from regulars.kernel import clock, nights
from regulars.people.programs import services as programs
from regulars.value.benefits import services as benefits
from regulars.value.checkout import services as checkout
from regulars.value.coupons import services as coupons
from regulars.value.coupons.terms import BatchRunning
from regulars.value.rewards import services as rewards
from regulars.value.subscriptions import services as subscriptions
from regulars.wiring import NIGHTS

FIRST_NIGHT_LOOKS_BACK = timedelta(days=1)  # a program without any night begins with last midnight

MOST_BATCHES = 20  # of subscriptions in one go; the rest waits for the next minute

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


@app.periodic(cron="* * * * *")
@app.task(name="sweep-sessions", queueing_lock="sweep-sessions", pass_context=False)
def sweep_sessions(timestamp: int = 0) -> None:
    """Baskets whose tender has run out are open again, and let go what they had reserved."""
    try:
        checkout.sweep()
    except Exception:
        log.exception("sessions will be swept again in a minute")


@app.periodic(cron="5 * * * *")
@app.task(name="bring gifts", queueing_lock="bring gifts", pass_context=False)
def bring_gifts(timestamp: int = 0) -> None:
    """Birthdays begin at every hour of the day, somewhere; the nights make up for hours that were missed."""
    now = clock.now()
    for program in programs.all_programs():
        try:
            while benefits.give_due(program_id=program.id, at=now):
                pass
        except Exception:
            log.exception("gifts will be looked at again in an hour", program=program.key)


@app.periodic(cron="* * * * *", periodic_id="rewards")
@app.task(name="sweep-rewards", queueing_lock="sweep-rewards", pass_context=False)
def sweep_rewards(timestamp: int = 0) -> None:
    """What was not paid or fetched in time ends, and offers that were not taken go to the next."""
    try:
        rewards.sweep()
    except Exception:
        log.exception("rewards will be swept again in a minute")


@app.periodic(cron="* * * * *", periodic_id="scheduled documents")
@app.task(name="apply scheduled documents", queueing_lock="apply scheduled documents", pass_context=False)
def apply_scheduled(timestamp: int = 0) -> None:
    """Program documents whose instant has come become versions, or are refused with the reason."""
    try:
        scheduling.apply_due()
    except Exception:
        log.exception("scheduled documents will be tried again in a minute")


@app.periodic(cron="* * * * *", periodic_id="subscriptions")
@app.task(name="subscriptions", queueing_lock="subscriptions", pass_context=False)
def work_subscriptions(timestamp: int = 0) -> None:
    """Renew what is due and ask the payment providers about what waits; outside any transaction of its own."""
    for _ in range(MOST_BATCHES):
        if not subscriptions.work():
            return


@app.task(name="coupons make batch", pass_context=False)
def make_coupons(program_id: int, batch_id: str) -> None:
    """Make the codes of a batch that are missing; what another worker is making is left to it."""
    try:
        coupons.make_batch(program_id=program_id, batch_id=UUID(batch_id))
    except BatchRunning:
        return


@app.periodic(cron="* * * * *", periodic_id="coupons")
@app.task(name="coupons resume batches", queueing_lock="coupons resume batches", pass_context=False)
def resume_coupons(timestamp: int = 0) -> None:
    """Take up batches whose worker is gone."""
    for program_id, batch_id in coupons.unfinished():
        make_coupons(program_id=program_id, batch_id=str(batch_id))

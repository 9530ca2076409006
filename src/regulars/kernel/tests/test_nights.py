"""What the nights promise: all steps, in order, once, whoever dies or helps."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Event

import pytest
from django.db import connection

from regulars.kernel import clock, nights
from regulars.kernel.models import FactRow, NightRow
from regulars.kernel.nights import Step

SHANGHAI = "Asia/Shanghai"
D1 = date(2026, 3, 1)


def run(steps, *, upto=datetime(2026, 3, 2, 16, tzinfo=UTC), program_id=1, zone=SHANGHAI, **more):
    return nights.run_due(steps, program_id=program_id, zone=zone, upto=upto, first_day=D1, **more)


def recorder():
    seen = []
    return seen, [
        Step("activate", lambda w: seen.append(("activate", w.day, w.at))),
        Step("expire", lambda w: seen.append(("expire", w.day, w.at))),
    ]


@pytest.mark.django_db
class TestNights:
    def test_each_night_runs_its_steps_in_order_at_the_programs_midnight(self):
        seen, steps = recorder()
        assert run(steps) == nights.Progress(nights=3, batches=6, is_left_to_another=False)
        midnight = datetime(2026, 2, 28, 16, tzinfo=UTC)
        assert seen == [
            (name, D1 + timedelta(days=n), midnight + timedelta(days=n))
            for n in range(3)
            for name in ("activate", "expire")
        ]
        assert nights.last_night(program_id=1) == date(2026, 3, 3)

    def test_the_last_minute_of_a_day_is_not_yet_its_end(self):
        seen, steps = recorder()
        run(steps, upto=datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC))
        assert [day for _, day, _ in seen] == [D1, D1]

    def test_a_clock_that_jumps_an_hour_makes_neither_two_nights_nor_none(self):
        seen, steps = recorder()
        run(steps, zone="Europe/London", upto=datetime(2026, 3, 31, tzinfo=UTC))
        assert [day for name, day, _ in seen if name == "expire"] == [D1 + timedelta(days=n) for n in range(31)]
        assert seen[-1][2] == datetime(2026, 3, 30, 23, tzinfo=UTC)

    def test_a_night_that_is_done_is_not_done_again(self):
        seen, steps = recorder()
        run(steps)
        assert run(steps) == nights.Progress(nights=0, batches=0, is_left_to_another=False)
        assert len(seen) == 6

    def test_a_step_that_fails_is_continued_at_its_batch(self):
        seen, is_broken = [], [True]

        def step(work):
            if work.cursor == "1" and is_broken:
                FactRow.objects.create(program_id=1, kind="left behind", body={})
                raise ValueError
            seen.append(work.cursor)
            return str(int(work.cursor or 0) + 1) if len(seen) < 3 else None

        with pytest.raises(ValueError):
            run([Step("slow", step)], upto=datetime(2026, 3, 1, tzinfo=UTC))
        assert not FactRow.objects.exists()
        is_broken.clear()
        run([Step("slow", step)], upto=datetime(2026, 3, 1, tzinfo=UTC))
        assert seen == ["", "1", "2"]
        assert NightRow.objects.get(step="slow").batches == 3

    def test_programs_have_their_own_nights(self):
        seen, steps = recorder()
        run(steps)
        run(steps, program_id=2, zone="America/New_York")
        assert len(seen) == 6 + 4

    def test_reopened_nights_run_again_and_earlier_ones_do_not(self):
        seen, steps = recorder()
        run(steps)
        assert nights.reopen(program_id=1, from_day=date(2026, 3, 2)) == 2
        seen.clear()
        run(steps)
        assert [day.day for _, day, _ in seen] == [2, 2, 3, 3]

    def test_a_history_before_the_first_night_is_worked_when_it_is_reopened(self):
        seen, steps = recorder()
        run(steps)
        nights.reopen(program_id=1, from_day=date(2026, 2, 27))
        seen.clear()
        nights.run_due(
            steps,
            program_id=1,
            zone=SHANGHAI,
            upto=datetime(2026, 3, 2, 16, tzinfo=UTC),
            first_day=date(2026, 2, 27),
        )
        assert seen[0][1] == date(2026, 2, 27)

    def test_old_rows_go_but_the_last_night_is_remembered(self):
        _, steps = recorder()
        run(steps)
        assert nights.forget_old(before=date(2030, 1, 1)) == 6
        assert nights.last_night(program_id=1) == date(2026, 3, 3)
        assert run(steps).nights == 0

    def test_a_call_in_batches_is_repeated_until_it_touches_nothing(self):
        left = [3, 2, 0]
        run([Step("expire", nights.until_nothing(lambda w: left.pop(0)))], upto=datetime(2026, 3, 1, tzinfo=UTC))
        assert left == []
        assert NightRow.objects.get(step="expire").batches == 3

    def test_what_only_tonight_means_anything_is_not_done_for_nights_long_past(self):
        seen = []
        with clock.at(datetime(2026, 3, 2, 17, tzinfo=UTC)):
            run([Step("sign", nights.whole(lambda w: seen.append(w.day)), only_latest=True)])
        assert seen == [date(2026, 3, 3)]

    def test_a_worker_that_is_told_to_stop_stops_between_batches(self):
        seen, steps = recorder()
        run(steps, should_stop=lambda: len(seen) == 3)
        assert len(seen) == 3
        run(steps)
        assert len(seen) == 6


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_each_batch_once():
    start, done = Barrier(2), []

    def step(work):
        done.append((work.day, work.cursor))
        Event().wait(0.01)
        return str(int(work.cursor or 0) + 1) if work.cursor != "4" else None

    def work(_):
        try:
            start.wait()
            while run([Step("slow", step)]).is_left_to_another:
                Event().wait(0.005)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    assert len(done) == len(set(done)) == 3 * 5

"""Imports record what telling one by one would have recorded; once, whatever happens in between."""

from __future__ import annotations

import csv
import os
import stat
import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.db import connection

from regulars.governance.assurance import services as assurance
from regulars.interfaces.imports import services
from regulars.interfaces.imports.rules import read_mapping
from regulars.interfaces.imports.services import recording
from regulars.interfaces.imports.terms import BadFile, FileGone, ImportOver, ImportRunning, Job, State
from regulars.interfaces.imports.tests.shop import (
    ACTOR,
    MAPPING,
    START,
    Event,
    a_shop,
    bought_later,
    bring,
    everything,
    history,
    kept,
    written,
)
from regulars.kernel import ids
from regulars.people.members import services as members
from regulars.people.members.terms import Newcomer
from regulars.value.ledger import services as ledger
from regulars.value.orders import services as orders
from regulars.value.orders.services import bulk
from regulars.value.orders.terms import Back, OrderTold, ReturnTold
from regulars.value.promotions.terms import Line

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "ORDERS_AT_ONCE", 7)


def who(program_id: int, events: list[tuple[Event, str | None]]) -> dict[str, Any]:
    refs = sorted({ref for _, ref in events if ref})
    found = members.resolve_many(program_id=program_id, refs=[f"external:{ref}" for ref in refs])
    return {ref: found[f"external:{ref}"] for ref in refs}


def tell(program_id: int, events: list[tuple[Event, str | None]]) -> dict[str, Any]:
    refs = sorted({ref for _, ref in events if ref})
    found = members.register_many(
        program_id=program_id, rows=[Newcomer(external=ref, joined_at=START) for ref in refs], actor=ACTOR
    )
    for event, ref in events:
        told = replace(event, member=ids.encode("mem", found[ref])) if ref else event
        if isinstance(told, OrderTold):
            orders.place(program_id=program_id, told=told, actor=ACTOR)
        else:
            orders.take_back(program_id=program_id, told=told, actor=ACTOR)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_import_records_what_telling_one_by_one_records(tmp_path: Path, seed: int) -> None:
    events = history(seed=seed, events=60)
    one, many = a_shop("one"), a_shop("many")
    told = kept(one, tell(one, events))
    job = bring(many, written(tmp_path / "shop.csv", events))
    assert job.state == State.FINISHED
    brought = kept(many, who(many, events))
    for name, rows in told.items():
        assert brought[name] == rows, name
    assert len(brought["return line"]) > 10
    assert job.report["returned_lines"].get("bought_later", 0) == bought_later(events)


def _spend_all(program_id: int, member_id: Any) -> None:
    points = ledger.context(member_id=member_id).active[0]
    if points:
        ledger.spend(
            program_id=program_id,
            member_id=member_id,
            key="spree",
            unit="points",
            amount=points,
            occurred_at=START + timedelta(days=20),
            actor=ACTOR,
        )


def test_what_was_spent_meanwhile_is_owed_as_one_by_one_and_every_promise_holds(tmp_path: Path) -> None:
    events = history(seed=16, events=60, members=2)
    one, many = a_shop("one"), a_shop("many")
    told = tell(one, events[:30])
    bring(many, written(tmp_path / "half.csv", events[:30]))
    for program_id, members_of in ((one, told), (many, who(many, events))):
        _spend_all(program_id, members_of["m0"])
    tell(one, events[30:])
    job = bring(many, written(tmp_path / "whole.csv", events))
    assert sum(job.report["owed"].values()) > 0
    mine, theirs = kept(one, told), kept(many, who(many, events))
    for name, rows in mine.items():
        assert theirs[name] == rows, name
    assert assurance.discrepancies() == []


def test_rules_that_look_at_balances_or_caps_are_told_order_by_order(tmp_path: Path) -> None:
    events = history(seed=4, events=30)
    more = ", caps: [{amount: 40, period: month, on_excess: cap}]"
    one, many = a_shop("one", more), a_shop("many", more)
    told = kept(one, tell(one, events))
    job = bring(many, written(tmp_path / "shop.csv", events))
    assert job.done == job.total == 30
    brought = kept(many, who(many, events))
    for name in ("journal", "posting", "lot", "account", "line", "return line"):
        assert brought[name] == told[name], name


def test_a_second_run_changes_nothing_and_says_so(tmp_path: Path) -> None:
    program_id, path = a_shop(), written(tmp_path / "shop.csv", history(seed=5, events=40))
    first = bring(program_id, path)
    before = everything(program_id)
    second = bring(program_id, path)
    assert second.id != first.id
    assert everything(program_id) == before
    assert (second.report["orders"], second.report["returns"], second.report["repeated"]) == (0, 0, 40)


def test_a_longer_file_brings_only_what_is_new(tmp_path: Path) -> None:
    program_id, events = a_shop(), history(seed=6, events=40)
    bring(program_id, written(tmp_path / "half.csv", events[:25]))
    job = bring(program_id, written(tmp_path / "all.csv", events))
    assert (job.report["repeated"], job.report["orders"] + job.report["returns"]) == (25, 15)
    other = a_shop("other")
    bring(other, tmp_path / "all.csv")
    assert kept(program_id, who(program_id, events)) == kept(other, who(other, events))


def test_a_dry_run_changes_nothing_and_tells_what_would_happen(tmp_path: Path) -> None:
    program_id, path = a_shop(), written(tmp_path / "shop.csv", history(seed=7, events=40))
    before = everything(program_id)
    report = services.dry_run(program_id=program_id, path=path, mapping=read_mapping(MAPPING))
    assert everything(program_id) == before
    assert services.jobs(program_id=program_id) == ()
    assert not list(tmp_path.glob("*rejects*"))
    job = bring(program_id, path)
    assert report["would_earn"] == job.report["earned"]
    assert report["new"] == job.report["orders"] + job.report["returns"]
    assert report["members_new"] == job.report["members_registered"]
    again = services.dry_run(program_id=program_id, path=path, mapping=read_mapping(MAPPING))
    assert (again["new"], again["repeated"], again["members_new"], again["would_earn"]) == (0, 40, 0, {})


def test_an_order_with_a_bad_row_stays_out_whole_and_can_be_mended(tmp_path: Path) -> None:
    program_id, events = a_shop(), history(seed=8, events=30)
    bad = next(e for e, _ in events if isinstance(e, OrderTold) and len(e.lines) == 4)
    job = bring(program_id, written(tmp_path / "shop.csv", events, broken={bad.ref: "two"}))
    assert job.rejected == 4
    assert {r.reason for r in services.rejects(program_id=program_id, job_id=job.id)} == {
        "bad_number:quantity",
        "order_has_bad_row",
    }
    rejects = Path(str(job.rejects_path))
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    rows = list(csv.reader(rejects.open(encoding="utf-8", newline="")))
    assert rows[0][:3] == ["line", "reason", "no"]
    assert [row[2] for row in rows[1:]] == [bad.ref] * 4
    mended = tmp_path / "mended.csv"
    with mended.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(
            [[str(bad.lines[0].quantity) if cell == "two" else cell for cell in row[2:]] for row in rows]
        )
    second = bring(program_id, mended)
    assert (second.report["orders"], second.rejected) == (1, 0)
    other = a_shop("other")
    bring(other, written(tmp_path / "whole.csv", events))
    assert kept(program_id, who(program_id, events))["line"][:1] != []


def test_the_same_reference_with_other_content_is_rejected_and_nothing_moves(tmp_path: Path) -> None:
    program_id, events = a_shop(), history(seed=9, events=20)
    bring(program_id, written(tmp_path / "one.csv", events))
    before = everything(program_id)
    before.pop("imports_reject")
    job = bring(program_id, written(tmp_path / "two.csv", events, broken={events[0][0].ref: "99"}))
    after = everything(program_id)
    assert after.pop("imports_reject")[0] == job.rejected == len(events[0][0].lines)
    assert after == before
    assert job.report["reasons"] == {"order_differs": job.rejected}


def _killed(at: str, nth: int, program_id: int, job: Job) -> None:
    """Run the job in a child that dies without a word at the nth passing of a place."""
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            passed = [0]

            def dying(name: str, inner: Any) -> Any:
                def passing(*args: Any, **kwargs: Any) -> Any:
                    if name.startswith("before"):
                        passed[0] += 1
                        if passed[0] == nth:
                            os._exit(9)
                        return inner(*args, **kwargs)
                    result = inner(*args, **kwargs)
                    passed[0] += 1
                    if passed[0] == nth:
                        os._exit(9)
                    return result

                return passing

            owner, method = {
                "staging": (services.running.staging.Figures, "add"),
                "arranging": (services.running.Stage, "arrange"),
                "registering": (services.running.members, "register"),
                "batch": (recording.bulk, "record"),
                "commit": (recording.Recording, "_write"),
                "rejects": (services.running.rejecting, "write"),
            }[at.split()[1]]
            setattr(owner, method, dying(at, getattr(owner, method)))
            services.run(program_id=program_id, job_id=job.id, wait_seconds=20)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_killed_at_every_boundary_and_resumed_nothing_is_lost_and_nothing_twice(tmp_path: Path) -> None:
    events = history(seed=10, events=40)
    path = written(tmp_path / "shop.csv", events, broken={events[3][0].ref: "two"})
    whole = a_shop("whole")
    bring(whole, path)
    expected = kept(whole, who(whole, events))
    program_id = a_shop("killed")
    job = services.start(program_id=program_id, path=path, mapping=MAPPING, actor=ACTOR)
    places = ["before staging", "after staging", "before arranging", "after arranging", "after registering"]
    for place in [*places, "before batch", "after batch", "before commit", "after commit", "before rejects"]:
        _killed(place, 1, program_id, job)
        assert services.job(program_id=program_id, job_id=job.id).state in (
            State.WAITING,
            State.STAGING,
            State.RECORDING,
        )
        if "commit" in place or "batch" in place:
            _killed(place, 2, program_id, job)
    again = services.start(program_id=program_id, path=path, mapping=MAPPING, actor=ACTOR)
    assert again.id == job.id
    done = services.run(program_id=program_id, job_id=job.id, wait_seconds=20)
    assert done.state == State.FINISHED
    assert kept(program_id, who(program_id, events)) == expected
    assert done.report["orders"] + done.report["returns"] == 39
    assert len({(r.line, r.reason) for r in services.rejects(program_id=program_id, job_id=job.id)}) == done.rejected
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_class where relname like 'imports_%%' || %s", [job.id.hex])
        assert cursor.fetchone() == (0,)


def test_after_a_crash_of_the_server_the_file_is_read_again_and_the_job_goes_on(tmp_path: Path) -> None:
    events = history(seed=11, events=40)
    path, program_id = written(tmp_path / "shop.csv", events), a_shop()
    job = services.start(program_id=program_id, path=path, mapping=MAPPING, actor=ACTOR)
    _killed("after commit", 2, program_id, job)
    with connection.cursor() as cursor:  # unlogged tables are empty after a crash
        cursor.execute(f"truncate imports_event_{job.id.hex}, imports_line_{job.id.hex}")
    assert services.run(program_id=program_id, job_id=job.id, wait_seconds=20).done == 40
    other = a_shop("other")
    bring(other, path)
    assert kept(program_id, who(program_id, events)) == kept(other, who(other, events))


def test_a_changed_or_lost_file_is_refused_and_the_job_waits(tmp_path: Path) -> None:
    program_id, path = a_shop(), written(tmp_path / "shop.csv", history(seed=12, events=5))
    job = services.start(program_id=program_id, path=path, mapping=MAPPING, actor=ACTOR)
    path.write_text(path.read_text() + "x")
    with pytest.raises(FileGone):
        services.run(program_id=program_id, job_id=job.id)
    assert services.job(program_id=program_id, job_id=job.id).state == State.FAILED


def test_a_file_that_cannot_be_read_fails_with_the_reason_and_nothing_changed(tmp_path: Path) -> None:
    program_id, path = a_shop(), tmp_path / "shop.csv"
    path.write_text("no,sku\n1,2\n")
    before = everything(program_id)
    job = services.start(program_id=program_id, path=path, mapping=MAPPING, actor=ACTOR)
    with pytest.raises(BadFile):
        services.run(program_id=program_id, job_id=job.id)
    failed = services.job(program_id=program_id, job_id=job.id)
    assert failed.state == State.FAILED
    assert "no column" in str(failed.error)
    assert everything(program_id) == before


def test_imports_of_one_program_take_turns_and_a_cancelled_one_stays_where_it_is(tmp_path: Path) -> None:
    program_id, path = a_shop(), written(tmp_path / "shop.csv", history(seed=13, events=60))
    job = services.start(program_id=program_id, path=path, mapping=MAPPING, actor=ACTOR)
    seen: list[str] = []

    def look(progress: Any) -> None:
        if progress.done and progress.state == State.RECORDING and not seen:
            other: list[BaseException] = []

            def try_too() -> None:
                try:
                    services.run(program_id=program_id, job_id=job.id)
                except ImportRunning as no:
                    other.append(no)
                finally:
                    connection.close()

            thread = threading.Thread(target=try_too)
            thread.start()
            thread.join()
            seen.append(type(other[0]).__name__)
            services.cancel(program_id=program_id, job_id=job.id)

    stopped = services.run(program_id=program_id, job_id=job.id, show=look)
    assert seen == ["ImportRunning"]
    assert stopped.state == State.CANCELLED
    assert 0 < stopped.done < 60
    with pytest.raises(ImportOver):
        services.run(program_id=program_id, job_id=job.id)
    assert bring(program_id, path).report["repeated"] == stopped.done


def test_two_programs_do_not_see_each_other(tmp_path: Path) -> None:
    one, two = a_shop("one"), a_shop("two")
    job = bring(one, written(tmp_path / "shop.csv", history(seed=14, events=10)))
    assert services.jobs(program_id=two) == ()
    assert services.rejects(program_id=two, job_id=job.id) == ()
    with pytest.raises(Exception, match="no such import"):
        services.job(program_id=two, job_id=job.id)


def test_an_import_brings_one_piece_of_news(tmp_path: Path) -> None:
    program_id, path = a_shop(), written(tmp_path / "shop.csv", history(seed=15, events=20))
    bring(program_id, path)
    with connection.cursor() as cursor:
        cursor.execute(
            "select kind, body::text from kernel_fact where program_id = %s and kind like %s", [program_id, "I%"]
        )
        ((kind, body),) = cursor.fetchall()
        cursor.execute("select count(*) from kernel_fact where kind like 'Order%%'")
        assert cursor.fetchone() == (0,)
    assert kind == "ImportFinished"
    assert orjson.loads(body)["recorded"] == 20


def test_a_return_at_a_till_in_the_middle_of_a_batch_is_seen_and_the_import_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program_id = a_shop()
    sale, back = START, START + timedelta(days=1)
    sold = Line("1", 1, "tea", Decimal(3), 900)
    order = OrderTold(ref="N1", channel="web", currency="GBP", occurred_at=sale, lines=(sold,), source="old-till")
    bring(program_id, written(tmp_path / "sales.csv", [(order, "ann")]))
    credit = [
        ReturnTold(ref=f"C{n}", occurred_at=back, lines=(Back(Decimal(1), None, "tea", 300),), source="old-till")
        for n in range(2)
    ]
    told = ReturnTold(
        ref="T1", occurred_at=back, lines=(Back(Decimal(2), "1", None, 600),), source="till", order="old-till:N1"
    )
    match, times = bulk._match, [0]

    def matched(*args: Any) -> Any:
        found = match(*args)
        times[0] += 1
        if times[0] == 1:  # matched, and not yet written: now somebody stands at a till
            till = threading.Thread(target=_at_the_till, args=(program_id, told))
            till.start()
            till.join()
        return found

    monkeypatch.setattr(bulk, "_match", matched)
    job = bring(program_id, written(tmp_path / "credits.csv", [(one, "ann") for one in credit]))
    assert (job.state, times[0]) == (State.FINISHED, 2)
    assert (job.report["returns"], job.report["returned_lines"]) == (2, {"matched": 1, "exhausted": 1})
    found = orders.get(program_id=program_id, ref="old-till:N1")
    assert [line.returned for line in found.lines] == [Decimal(3)]
    assert assurance.discrepancies() == []


def _at_the_till(program_id: int, told: ReturnTold) -> None:
    try:
        orders.take_back(program_id=program_id, told=told, actor="key:1")
    finally:
        connection.close()

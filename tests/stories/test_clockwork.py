"""Long work is left to a worker: batches of coupons that it is told of, and those that somebody left half done."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection

from regulars.cli import worker
from regulars.value.coupons import services as coupons
from tests.stories.cast import DOCUMENT, a_caller, a_program

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
TEMPLATES = """
coupon_templates:
  - {{key: ten, gives: {{effects: [{{kind: order_amount, amount: "10.00"}}]}}}}
"""


def test_a_worker_makes_the_batch_that_was_asked_for_and_the_one_that_was_left_half_done():
    coupons.forget_versions()
    coupons.forget_numbers()
    program = a_program(document=DOCUMENT + TEMPLATES)
    till = a_caller(program)
    many = coupons.AT_ONCE + 1
    status, asked = till.post("/coupon-batches", {"template": "ten", "size": many}, "many")
    assert (status, asked["state"], asked["made"]) == (202, "making", 0)
    left = coupons.begin_batch(program_id=program, template="ten", size=7, key="left", actor="staff:1")
    stop = threading.Event()

    def work() -> None:
        worker.work_jobs_until(stop, 1)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        deadline = time.monotonic() + 240
        while coupons.unfinished() and time.monotonic() < deadline:
            time.sleep(0.2)
    finally:
        stop.set()
        thread.join()
    assert coupons.unfinished() == []
    assert till.get(f"/coupon-batches/{asked['id']}")[1]["made"] == many
    assert coupons.find_batch(program_id=program, batch_id=left.batch_id).made == 7
    assert coupons.discrepancies() == []

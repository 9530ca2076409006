"""Proofs are planned for what is there, not for what was there before an import."""

import pytest
from django.db import connection

from regulars.governance.assurance import services


@pytest.mark.django_db(transaction=True)
def test_a_proof_after_an_import_is_planned_for_what_came_in():
    with connection.cursor() as cursor:
        cursor.execute("create table assurance_scratch as select n from generate_series(1, 5000) n")
        cursor.execute("select pg_stat_force_next_flush()")
        cursor.execute("select 1")
        services.discrepancies()
        cursor.execute("select last_analyze from pg_stat_user_tables where relname = 'assurance_scratch'")
        (analyzed,) = cursor.fetchone()
        cursor.execute("drop table assurance_scratch")
    assert analyzed is not None

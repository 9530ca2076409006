"""The ground that race tests stand on: tables that refuse deletion are emptied all the same."""

import pytest
from django.db import connection

from regulars.kernel.models import FactRow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_the_house_empty(turn):
    assert not FactRow.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute(
            "create or replace function refuse() returns trigger language plpgsql as $$ begin raise 'never'; end $$;"
            "create or replace trigger refuse_truncate before truncate on kernel_fact execute function refuse();"
            "create or replace trigger refuse_delete before delete on kernel_fact for each row"
            " execute function refuse();"
        )
    FactRow.objects.create(program_id=1, kind="Something", body={})
    if turn == 2:
        with connection.cursor() as cursor:
            cursor.execute("drop trigger refuse_truncate on kernel_fact; drop trigger refuse_delete on kernel_fact")

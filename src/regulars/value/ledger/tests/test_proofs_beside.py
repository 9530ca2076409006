"""The hash chain is proved beside the other proofs, of the same instant, and finds what is broken."""

import pytest
from django.db import connection

from regulars.value.ledger import services as ledger
from regulars.value.ledger.services import proving
from regulars.value.ledger.tests.world import earn, member, program


@pytest.mark.django_db(transaction=True)
def test_a_broken_chain_is_found_on_the_second_connection(monkeypatch):
    shop = program()
    earn(shop, member(shop), "a", (1, 100))
    used = []
    beside = proving._beside
    monkeypatch.setattr(proving, "_beside", lambda *a: used.append(1) or beside(*a))
    assert ledger.discrepancies() == []
    with connection.cursor() as cursor:
        cursor.execute("begin; set local session_replication_role = replica")
        cursor.execute("update ledger_journal set reason = 'forged'")
        cursor.execute("commit")
    assert {d.promise for d in ledger.discrepancies()} == {"L9"}
    assert used == [1, 1]


@pytest.mark.django_db
def test_what_only_this_transaction_sees_is_proved_in_it(monkeypatch):
    shop = program()
    earn(shop, member(shop), "a", (1, 100))
    monkeypatch.setattr(proving, "_beside", lambda *a: pytest.fail("it cannot see what is not committed"))
    assert ledger.discrepancies() == []

"""What the database itself refuses."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


def test_functions_exist_here():
    with connection.cursor() as c:
        c.execute("select * from coupons_context(1, '{}', null, now())")
        assert c.fetchall() == []
        c.execute("select coupons_redeem(1, '{}', '{}', 'o', now())")
        assert c.fetchone() == (0,)

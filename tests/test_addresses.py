"""The address that a test hands to a process leads to where the test's own connection leads."""

from __future__ import annotations

import pytest
from django.db import connection

from regulars.kernel.postgres import parse_url
from tests.addresses import address

SERVERS = [
    {"USER": "postgres", "PASSWORD": "", "HOST": "/var/lib/a socket", "PORT": "", "NAME": "test_x"},
    {"USER": "postgres", "PASSWORD": "", "HOST": "/var/run/postgresql", "PORT": "5433", "NAME": "test_x"},
    {"USER": "shop@home", "PASSWORD": "p/w:&%", "HOST": "db.example", "PORT": "6432", "NAME": "shop"},
    {"USER": "shop", "PASSWORD": "", "HOST": "db", "PORT": "", "NAME": "shop"},
]


@pytest.mark.parametrize("server", SERVERS, ids=range(len(SERVERS)))
def test_an_address_is_read_as_it_was_meant_port_and_all(server):
    told = parse_url(address(said=server))
    assert {k: told[k] for k in server} == server
    assert parse_url(address("another", said=server))["NAME"] == "another"


@pytest.mark.django_db
def test_the_address_is_that_of_the_database_of_the_tests():
    told = parse_url(address())
    assert {k: told[k] for k in ("NAME", "HOST", "PORT")} == {
        k: connection.settings_dict[k] for k in ("NAME", "HOST", "PORT")
    }

"""A database that the release before has filled comes to this version whole: migrated, proved and read."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.addresses import address
from tests.upgrade.make import EXPECTED, KEYS, SNAPSHOT, program

NAME = f"upgrade_{os.environ.get('REGULARS_TEST_DB') or os.getpid()}"
CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def restored():
    with psycopg.connect(address("postgres"), autocommit=True) as admin:
        admin.execute(f"drop database if exists {NAME} with (force)")
        admin.execute(f"create database {NAME}")
    try:
        sql = gzip.decompress(SNAPSHOT.read_bytes())
        words = [program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", address(NAME)]
        done = subprocess.run(words, input=sql, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        yield address(NAME)
    finally:
        with psycopg.connect(address("postgres"), autocommit=True) as admin:
            admin.execute(f"drop database if exists {NAME} with (force)")


def regulars(url, *words):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("REGULARS_", "DATABASE_"))}
    done = subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={**env, **KEYS, "DATABASE_URL": url, "REGULARS_LOG": "console"},
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_a_database_of_the_release_before_is_migrated_proved_and_read(restored):
    regulars(restored, "-m", "regulars.cli", "migrate")
    assert "Every promise holds" in regulars(restored, "-m", "regulars.cli", "verify")
    now = json.loads(regulars(restored, "-m", "tests.upgrade.see").splitlines()[-1])
    then = json.loads(EXPECTED.read_text("utf-8"))
    assert {**now, "made_by": ""} == {**then, "made_by": ""}
    assert now["member"]["name"]
    # and migrating what is migrated changes nothing
    regulars(restored, "-m", "regulars.cli", "migrate")
    assert json.loads(regulars(restored, "-m", "tests.upgrade.see").splitlines()[-1]) == now


def test_the_snapshot_is_small_and_no_version_of_postgresql_is_needed_for_it():
    assert SNAPSHOT.stat().st_size < 400_000
    text = gzip.decompress(SNAPSHOT.read_bytes()).decode()
    for word in ("transaction_timeout", "\\restrict", "OWNER TO"):
        assert word not in text

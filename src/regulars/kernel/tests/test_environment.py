"""What the environment may say, and what is answered to each value that cannot be meant."""

import os
import subprocess
import sys

import pytest

from regulars.kernel import environment
from regulars.kernel.errors import Invalid


@pytest.mark.parametrize(
    ("read", "said", "message"),
    [
        (
            lambda e: environment.choice("X", ("json", "console"), "json", e),
            "xml",
            "one of json, console; it is 'xml'",
        ),
        (lambda e: environment.whole("X", 4, least=1, most=9, env=e), "ten", "from 1 to 9; it is 'ten'"),
        (lambda e: environment.whole("X", 4, least=1, most=9, env=e), "10", "from 1 to 9"),
        (lambda e: environment.whole("X", 4, least=1, most=9, env=e), "-1", "from 1 to 9"),
        (lambda e: environment.switch("X", False, e), "maybe", "one of 1, 0, true"),
        (lambda e: environment.hosts("X", "a", e), "https://a.example", "is not a host name"),
        (lambda e: environment.hosts("X", "a", e), "a.example:80", "is not a host name"),
        (lambda e: environment.email("X", e), "mailto:a@b", "must look like smtp://"),
        (lambda e: environment.email("X", e), "smtp://", "must look like smtp://"),
        (lambda e: environment.email("X", e), "smtp://h:no", "port that is no number"),
        (lambda e: environment.email("X", e), "smtp://h?ssl=1", "not ssl"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_with_its_name(read, said, message):
    with pytest.raises(Invalid) as no:
        read({"X": said})
    assert no.value.errors[0][0] == "X"
    assert message in no.value.errors[0][1]


def test_what_is_not_said_takes_its_default():
    assert environment.choice("X", ("json", "console"), "json", {}) == "json"
    assert environment.whole("X", 4, least=1, most=9, env={"X": " "}) == 4
    assert environment.switch("X", True, {}) is True
    assert environment.hosts("X", "a,.b.example,[::1]", {}) == ["a", ".b.example", "[::1]"]


def test_mail_goes_out_as_the_address_says():
    mail = environment.email("X", {"X": "smtp://shop:p%40ss@mail.example?from=hello@shop.example"})
    assert (mail["EMAIL_HOST"], mail["EMAIL_PORT"], mail["EMAIL_HOST_PASSWORD"]) == ("mail.example", 587, "p@ss")
    assert (mail["EMAIL_USE_TLS"], mail["EMAIL_USE_SSL"]) == (True, False)
    assert mail["DEFAULT_FROM_EMAIL"] == "hello@shop.example"
    assert environment.email("X", {"X": "smtps://mail.example"})["EMAIL_PORT"] == 465
    assert environment.email("X", {"X": "smtp://mail.example:25?tls=0"})["EMAIL_USE_TLS"] is False


DATABASE = {"DATABASE_URL": "postgresql://nobody@localhost:1/none"}
KEYS = {"REGULARS_MASTER_KEY": "a" * 64, "REGULARS_SECRET_KEY": "b" * 64}


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (DATABASE, "REGULARS_SECRET_KEY"),
        ({**DATABASE, **KEYS, "REGULARS_MASTER_KEY": "short"}, "REGULARS_MASTER_KEY"),
        ({**KEYS, "DATABASE_URL": "mysql://x/y"}, "DATABASE_URL"),
        ({**DATABASE, **KEYS, "REGULARS_LOG": "xml"}, "REGULARS_LOG"),
        ({**DATABASE, **KEYS, "REGULARS_POOL_MAX": "0"}, "REGULARS_POOL_MAX"),
        ({**DATABASE, **KEYS, "REGULARS_EMAIL_URL": "nonsense"}, "REGULARS_EMAIL_URL"),
        ({**DATABASE, **KEYS, "REGULARS_ALLOWED_HOSTS": "http://x"}, "REGULARS_ALLOWED_HOSTS"),
    ],
)
def test_a_bad_setting_stops_the_program_with_status_two_and_no_traceback(said, name):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("REGULARS_") and k != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-c", "import regulars.settings"], env={**clean, **said}, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert f"regulars: {name}: " in done.stderr
    assert "Traceback" not in done.stderr

"""What logs promise: one object a line, and nothing that nobody may read."""

import io
import json
import logging
import logging.config
from contextlib import contextmanager

import pytest
import structlog

from regulars.kernel import logs


@contextmanager
def logged(form):
    """What is logged inside, with the configuration of before restored."""
    before, out = structlog.get_config(), io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logging.config.dictConfig(logs.configure(form))
    root.handlers[0].setStream(out)
    yield out
    root.handlers, root.level = handlers, level
    structlog.configure(**before)


@pytest.fixture
def lines():
    """What is logged inside the test as parsed JSON."""
    with logged("json") as out:
        yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]


def test_both_kinds_of_logger_write_json_with_the_request_id(lines):
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger("ours").info("hello", member="mem_1")
        logging.getLogger("theirs").warning("there %s", "x")
    ours, theirs = lines()
    assert (ours["event"], ours["member"], ours["request_id"], ours["level"]) == ("hello", "mem_1", "r1", "info")
    assert (theirs["event"], theirs["request_id"], theirs["logger"]) == ("there x", "r1", "theirs")


@pytest.mark.parametrize(
    ("given", "hidden"),
    [
        ({"password": "x"}, "password"),
        ({"Authorization": "Bearer abc"}, "Authorization"),
        ({"api_key": "rk_1"}, "api_key"),
        ({"phone": "+8613800138000"}, "phone"),
        ({"nested": {"token": "t"}}, None),
        ({"note": "call +44 20 7946 0018 or ann@example.org"}, None),
    ],
)
def test_secrets_do_not_reach_the_log(lines, given, hidden):
    structlog.get_logger("ours").info("hello", **given)
    logging.getLogger("theirs").info("hello", extra=given)
    for line in lines():
        text = json.dumps(line)
        assert "[hidden]" in text
        for secret in ("Bearer abc", "rk_1", "13800138000", "ann@example", "7946", '"t"'):
            assert secret not in text
        assert hidden is None or line[hidden] == "[hidden]"


def test_an_exception_keeps_its_trace_and_loses_its_secrets(lines):
    try:
        raise ValueError("no 13800138000 here")
    except ValueError:
        structlog.get_logger("ours").exception("broken")
    [line] = lines()
    assert "ValueError" in line["exception"]
    assert "13800138000" not in line["exception"]


@pytest.mark.parametrize("logger", [structlog.get_logger("ours"), logging.getLogger("theirs")])
def test_a_trace_on_a_console_says_no_values_of_variables(logger):
    name = "Ann Lee of the variables"
    with logged("console") as out:
        try:
            raise ValueError(f"{len(name)} for ann@example.org")
        except ValueError:
            logger.exception("broken")
    said = out.getvalue()
    assert "ValueError: 24 for [hidden]" in said
    assert "Ann Lee" not in said


@pytest.mark.parametrize(
    "text", ["2026-03-01T12:00:00+00:00", "mem_01h455vb4pex5vsknk084sn02q", "12345678901234", "1.138001380001"]
)
def test_what_is_no_secret_stays(text):
    assert logs.scrubbed(text) == text

"""The examples of docs/way-of-a-basket.md run as they are written, against a live server."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.stories.cast import a_caller, a_program

PAGE = Path(__file__).parents[2] / "docs" / "way-of-a-basket.md"


def examples() -> str:
    """The indented lines of the page, as one script."""
    return "\n".join(
        line[4:] for line in PAGE.read_text().splitlines() if line.startswith("    ") and "-->" not in line
    )


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("bash"), reason="needs curl and bash")
@pytest.mark.django_db(transaction=True)
def test_every_example_of_the_page_runs(live_server):
    secret = a_caller(a_program()).secret
    script = examples().replace("KEY=…", f"KEY={secret}").replace("http://127.0.0.1:8000", live_server.url)
    script = script.replace("STORE=sh01", "STORE=bund").replace("curl -s ", 'curl -s -w "\\n%{http_code}\\n" ')
    script = re.sub(r"DIGEST=\$\(call (\S+) \|", r"DIGEST=$(call \1 | head -n 1 |", script)
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    codes = [line for line in told if re.fullmatch(r"\d{3}", line)]
    assert codes == ["201", "201", "200", "201", "200", "201", "409"], done.stdout
    assert "unknown_code" in done.stdout
    assert '"refund_minor":2800' in done.stdout
    assert "partly_returned" in told[-2]

"""`regulars key` makes, lists and revokes keys of the API; a secret is shown once and never again."""

import orjson
import pytest
from click.testing import CliRunner
from tests.stories.cast import Caller, a_program

from regulars.cli import regulars
from regulars.kernel.errors import Invalid, NotFound
from regulars.people.staff import services as staff
from regulars.people.staff.terms import UnknownKey

pytestmark = pytest.mark.django_db


def run(*args: str):
    done = CliRunner().invoke(regulars, ["key", *args])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_a_key_is_made_used_listed_and_revoked_from_the_command_line():
    a_program("corner")
    made = orjson.loads(run("create", "till 7", "--scope", "program:read", "--scope", "orders:write", "--store", "bund",
                            "--days", "30", "--allow", "127.0.0.0/8", "--reason", "new till", "--json").stdout)  # fmt: skip
    secret = made["secret"]
    assert (made["scopes"], made["networks"], made["state"]) == (
        ["orders:write", "program:read"],
        ["127.0.0.0/8"],
        "active",
    )
    assert Caller(secret).get("/program")[0] == 200
    assert Caller(secret).get("/members")[0] == 403
    listed = run("list").stdout
    assert "till 7" in listed
    assert made["begins_with"] in listed
    assert secret not in listed + run("list", "--json").stdout
    (entry,) = staff.entries(program_id=staff.key_by_secret(secret, "127.0.0.1").program_id, limit=1).items
    assert (entry.action, entry.facts["reason"]) == ("staff.make_key", "new till")
    assert "is revoked" in run("revoke", str(made["id"]), "--reason", "lost").stdout
    with pytest.raises(UnknownKey):
        staff.key_by_secret(secret, "127.0.0.1")
    assert run("list").stdout == "There are no keys.\n"
    assert "revoked" in run("list", "--all").stdout


def test_the_secret_alone_stands_on_the_standard_output():
    a_program("corner")
    done = run("create", "shop", "--scope", "program:read")
    assert Caller(done.stdout.strip()).get("/program")[0] == 200
    assert "shown this once" in done.stderr


def test_what_cannot_be_is_refused_and_makes_no_key():
    a_program("corner")
    with pytest.raises(Invalid) as no:
        run("create", "x", "--scope", "orders:eat")
    assert "orders:write" in no.value.errors[0][1]
    assert run("create", "x").exit_code == 2
    with pytest.raises(NotFound):
        run("create", "x", "--scope", "orders:read", "--store", "moon")
    with pytest.raises(NotFound):
        run("revoke", "77")
    a_program("other")
    with pytest.raises(Invalid, match="corner, other"):
        run("create", "x", "--scope", "orders:read")
    assert run("list", "--program", "corner", "--all").stdout == "There are no keys.\n"

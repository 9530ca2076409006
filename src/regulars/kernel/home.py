"""Where this installation keeps its files, and what its environment says. No Django here."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import platformdirs

from regulars.kernel.errors import Invalid

_CHECKOUT = Path(__file__).resolve().parents[3]


def folder() -> Path:
    """The data folder: `REGULARS_HOME`, else `./var` in a checkout, else the platform's data folder."""
    said = os.environ.get("REGULARS_HOME")
    if said:
        return Path(said).expanduser().resolve()
    if (_CHECKOUT / "pyproject.toml").exists() and (_CHECKOUT / "src" / "regulars").exists():
        return _CHECKOUT / "var"
    return Path(platformdirs.user_data_dir("regulars"))


def is_embedded() -> bool:
    """Whether the embedded PostgreSQL is used, because no `DATABASE_URL` is set."""
    return not os.environ.get("DATABASE_URL")


def secret(name: str, *, file: str, size: int) -> bytes:
    """A secret of `size` bytes from the environment (hex or base64url) or, with the embedded database only,
    from a file that is made once with mode 0600.

    Raises: Invalid when `DATABASE_URL` is set and the variable is not, or when it is too short.
    """
    said = os.environ.get(name)
    if said:
        return _read(name, said, size)
    if not is_embedded():
        raise Invalid(
            errors=[(name, f"must be set when DATABASE_URL is set; make one with: openssl rand -hex {size}")]
        )
    path = folder() / "keys" / file
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_suffix(f".{os.getpid()}")
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_hex(size))
        try:
            os.link(temporary, path)  # fails if another process was first: its key then stands
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return _read(str(path), path.read_text().strip(), size)


def _read(name: str, text: str, size: int) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = text.encode()
    if len(value) < size:
        raise Invalid(errors=[(name, f"must be at least {size} bytes ({size * 2} hex digits); it has {len(value)}")])
    return value[:size]


def fail(error: Invalid) -> None:
    """Say on the terminal what is wrong with the settings, and leave with status 2."""
    for path, message in error.errors:
        sys.stderr.write(f"regulars: {path}: {message}\n")
    raise SystemExit(2)

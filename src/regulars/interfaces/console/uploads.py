"""Uploaded files: kept where only the house reads them, and only until they have come in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.utils.text import get_valid_filename

from regulars.kernel import home, ids


def folder() -> Path:
    """Where uploads lie."""
    return home.folder() / "uploads"


def keep(*, program_id: int, file: Any) -> Path:
    """Write an upload down, readable by the house alone."""
    place = folder() / str(program_id)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = place / f"{ids.new_id()}-{get_valid_filename(Path(file.name).name)[-80:]}"
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as out:
        for chunk in file.chunks():
            out.write(chunk)
    return path


def forget(path: Path) -> None:
    """Take an upload away; a file that lies elsewhere (brought in on the command line) is not ours to take."""
    if path.is_relative_to(folder().resolve()):
        path.unlink(missing_ok=True)

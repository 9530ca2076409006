"""What a published version says is read once, and only when it is there for good."""

from __future__ import annotations

import pytest
from django.db import transaction

from regulars.people.programs import services as programs
from regulars.people.programs.services import versions


@pytest.mark.django_db(transaction=True)
def test_a_version_is_read_once() -> None:
    asked: list[tuple[int, int]] = []

    def read(program_id: int, version: int) -> str:
        asked.append((program_id, version))
        return f"version {version}"

    kept = programs.ByVersion(read)
    assert [kept.of(1, 2), kept.of(1, 2), kept.of(1, 3)] == ["version 2", "version 2", "version 3"]
    assert asked == [(1, 2), (1, 3)]
    kept.forget()
    assert kept.of(1, 2) == "version 2" and asked[2:] == [(1, 2)]


@pytest.mark.django_db(transaction=True)
def test_what_a_transaction_sees_and_what_is_empty_are_asked_again() -> None:
    answers = iter(["made but rolled back", "", "published"])
    kept = programs.ByVersion(lambda program_id, version: next(answers))
    with transaction.atomic():
        assert kept.of(1, 1) == "made but rolled back"
    assert kept.of(1, 1) == ""
    assert kept.of(1, 1) == kept.of(1, 1) == "published"


@pytest.mark.django_db(transaction=True)
def test_the_memory_of_versions_has_an_end() -> None:
    asked: list[int] = []
    kept = programs.ByVersion(lambda program_id, version: asked.append(version) or str(version))
    for version in range(1, versions.MOST + 2):
        kept.of(1, version)
    kept.of(1, versions.MOST + 1)
    kept.of(1, 1)
    assert asked[-2:] == [versions.MOST + 1, 1]

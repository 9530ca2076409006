"""The steps of a draft's way over HTTP: whatever is drafted, all of them are asked alike and happen once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from pydantic import Field, StrictInt

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api.shapes import Body, Text
from regulars.kernel import ids
from regulars.people.staff.terms import ApiKey

D = TypeVar("D")


class DraftActIn(Body):
    reason: Text = Field(default="", max_length=500, description="Why; kept in the draft's history.")
    revision: StrictInt | None = Field(default=None, ge=1, description="Refuse unless the draft is at this revision.")


def step(
    request: HttpRequest,
    idempotency_key: str,
    do: Callable[..., D],
    *,
    prefix: str,
    draft: str,
    told: DraftActIn,
    tell: Callable[[D], dict[str, Any]],
    **more: Any,
) -> HttpResponse:
    """One step of a draft, once: `do` in the caller's name, answered as `tell` says.

    Args: prefix: of the draft's public id. more: what this step asks beside the reason and the revision.
    """
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        done = do(
            program_id=key.program_id,
            draft_id=ids.decode(prefix, draft),
            actor=key.actor,
            reason=told.reason,
            revision=told.revision,
            **more,
        )
        return answers.json(tell(done))

    return answers.once(request, idempotency_key, work)

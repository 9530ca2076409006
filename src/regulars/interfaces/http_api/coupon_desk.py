"""Calls that look after coupons made earlier: withdraw a batch, close a page to claim from."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import coupon_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.coupons import batch_body, claims_body
from regulars.interfaces.http_api.shapes import ONCE, REFUSED, Problem
from regulars.kernel import ids
from regulars.people.staff.terms import ApiKey
from regulars.value.coupons import services as coupons
from regulars.value.coupons.terms import BATCH_PREFIX

router = Router(tags=["Coupons"])


@router.post(
    "/coupon-batches/{batch}/void",
    auth=Key("coupons:write"),
    response={200: shapes.BatchVoidedOut, REFUSED: Problem},
    operation_id="void_coupon_batch",
    summary="Withdraw the codes of a batch that nobody has",
    description="What somebody holds, has reserved or used stays. A batch that is still being made is refused "
    "(`batch_running`).",
)
def void_batch(request: HttpRequest, batch: str, told: shapes.VoidIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        batch_id = ids.decode(BATCH_PREFIX, batch)
        gone = coupons.void_batch(program_id=key.program_id, batch_id=batch_id, actor=key.actor, reason=told.reason)
        after = coupons.find_batch(program_id=key.program_id, batch_id=batch_id)
        return answers.json({**batch_body(after), "voided": gone})

    return answers.once(request, idempotency_key, work)


@router.post(
    "/coupon-claims/{claim}/close",
    auth=Key("coupons:write"),
    response={200: shapes.ClaimsOut, REFUSED: Problem},
    operation_id="close_coupon_claims",
    summary="Close a page where members fetch a coupon",
    description="From now on nobody fetches there; what was fetched stays.",
)
def close_claims(request: HttpRequest, claim: str, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        return answers.json(claims_body(coupons.close_claims(program_id=key.program_id, token=claim)))

    return answers.once(request, idempotency_key, work)

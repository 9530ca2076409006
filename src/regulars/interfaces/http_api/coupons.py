"""Calls about coupons: batches and their codes, wallets, one coupon by its code, gifts, pages to claim from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Query, Router
from procrastinate.contrib.django import app

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import coupon_shapes as shapes
from regulars.interfaces.http_api.auth import Key, address_of
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.kernel import ids, secrets
from regulars.people.audiences import services as audiences
from regulars.people.members import services as members
from regulars.people.staff.terms import ApiKey
from regulars.value.coupons import services as coupons
from regulars.value.coupons.services import listing
from regulars.value.coupons.terms import BATCH_PREFIX, PREFIX, Batch, Chapter, Claim, Coupon
from regulars.value.tiers import services as tiers

router = Router(tags=["Coupons"])
MAKE_TASK = "coupons make batch"
_CSV = {"responses": {200: {"description": "OK", "content": {"text/csv": {"schema": {"type": "string"}}}}}}


def _mem(member_id: UUID | None) -> str | None:
    return ids.encode("mem", member_id) if member_id else None


def batch_body(one: Batch) -> dict[str, Any]:
    """A batch as callers see it."""
    return {
        "id": ids.encode(BATCH_PREFIX, one.batch_id),
        "template": one.template,
        "version": one.version,
        "pattern": one.pattern,
        "size": one.size,
        "made": one.made,
        "state": "voided" if one.voided_at else "done" if one.done_at else "making",
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "note": one.note,
        "created_at": one.created_at,
        "done_at": one.done_at,
    }


def _coupon(one: Coupon) -> dict[str, Any]:
    return {
        "id": ids.encode(PREFIX, one.coupon_id),
        "code": one.code,
        "template": one.template,
        "name": dict(one.names),
        "version": one.version,
        "state": one.state.value,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "issued_at": one.issued_at,
        "member": _mem(one.member_id),
        "offered_to": _mem(one.offered_to),
        "owner": one.owner,
        "shared": one.is_shared,
        "most": one.most,
    }


def _chapter(one: Chapter) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "at": one.at,
        "actor": one.actor,
        "member": _mem(one.member_id),
        "other": _mem(one.other_id),
        "ref": one.ref,
    }


def claims_body(one: Claim) -> dict[str, Any]:
    """A page to claim from as callers see it."""
    return {
        "claim": one.token,
        "template": one.template,
        "per_member": one.per_member,
        "per_day": one.per_day,
        "total": one.total,
        "claimed": one.claimed,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
    }


def _looked_up(request: HttpRequest, key: ApiKey, code: str) -> Coupon:
    """A coupon by its code; misses count against the key and the address behind it."""
    address = secrets.blind(key.program_id, "address", address_of(request)).hex()
    return coupons.look_up(program_id=key.program_id, code=code, who=[key.actor, f"address:{address}"])


@router.post(
    "/coupon-batches",
    auth=Key("coupons:write"),
    response={(201, 202): shapes.CouponBatchOut, REFUSED: Problem},
    operation_id="make_coupon_batch",
    summary="Make many codes",
    description="Up to 10,000 at once (201); more in the background (202): ask for the batch to see how far it is. "
    "Codes come from a keyed permutation, so that none is made twice and none can be guessed; a pattern with too few "
    "codes for that is refused (`too_few_codes`).",
)
def make_batch(request: HttpRequest, told: shapes.BatchIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        begun = coupons.begin_batch(
            program_id=key.program_id,
            template=told.template,
            size=told.size,
            key=f"api/{idempotency_key}",
            note=told.note,
            ends_at=told.ends_at,
            actor=key.actor,
        )
        if told.size <= coupons.AT_ONCE:
            begun = coupons.make_batch(program_id=key.program_id, batch_id=begun.batch_id)
        else:
            app.configure_task(MAKE_TASK).defer(program_id=key.program_id, batch_id=str(begun.batch_id))
        return answers.json(batch_body(begun), status=201 if begun.done_at else 202)

    return answers.once(request, idempotency_key, work)


@router.get(
    "/coupon-batches",
    auth=Key("coupons:read"),
    response={200: shapes.BatchesOut, READ_REFUSED: Problem},
    operation_id="list_coupon_batches",
    summary="The batches of codes, newest first",
)
def list_batches(
    request: HttpRequest, limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT), cursor: str | None = None
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    after = answers.after_text(cursor)
    before = ids.decode(BATCH_PREFIX, after) if after else None
    found = listing.batch_page(program_id=key.program_id, before=before, limit=limit + 1)
    items = [batch_body(one) for one in found[:limit]]
    following = answers.cursor_text([items[-1]["id"]]) if len(found) > limit else None
    return answers.json({"items": items, "next_cursor": following})


@router.get(
    "/coupon-batches/{batch}",
    auth=Key("coupons:read"),
    response={200: shapes.CouponBatchOut, READ_REFUSED: Problem},
    operation_id="get_coupon_batch",
    summary="A batch and how far it has come",
)
def get_batch(request: HttpRequest, batch: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = coupons.find_batch(program_id=key.program_id, batch_id=ids.decode(BATCH_PREFIX, batch))
    return answers.json(batch_body(found))


@router.get(
    "/coupon-batches/{batch}/codes",
    auth=Key("coupons:write"),
    response={READ_REFUSED | {409}: Problem},
    openapi_extra=_CSV,
    operation_id="export_coupon_batch",
    summary="The codes of a batch, as CSV",
    description="Streamed: `code,state,starts_at,ends_at`. A batch that is still being made is refused "
    "(`batch_running`).",
)
def export_batch(request: HttpRequest, batch: str) -> StreamingHttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    rows = coupons.codes_of(program_id=key.program_id, batch_id=ids.decode(BATCH_PREFIX, batch))
    name = f'attachment; filename="{batch}.csv"'
    return StreamingHttpResponse(rows, content_type="text/csv", headers={"Content-Disposition": name})


@router.post(
    "/members/{ref}/coupons",
    auth=Key("coupons:write"),
    response={201: shapes.IssuedOut, REFUSED: Problem},
    operation_id="issue_coupons",
    summary="Give a member coupons",
)
def issue(request: HttpRequest, ref: str, told: shapes.IssueIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        made = coupons.issue(
            program_id=key.program_id,
            template=told.template,
            member_id=members.resolve(program_id=key.program_id, ref=ref),
            n=told.count,
            key=f"api/{idempotency_key}",
            actor=key.actor,
            source="api",
        )
        return answers.json({"items": [_coupon(c) for c in made]}, status=201)

    return answers.once(request, idempotency_key, work)


@router.get(
    "/members/{ref}/coupons",
    auth=Key("coupons:read"),
    response={200: shapes.CouponsOut, READ_REFUSED: Problem},
    operation_id="list_member_coupons",
    summary="A member's coupons, newest first",
    description="With their states as of now, and those that another member offers her.",
)
def wallet(
    request: HttpRequest, ref: str, limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT), cursor: str | None = None
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    page = coupons.wallet(
        program_id=key.program_id,
        member_id=members.resolve(program_id=key.program_id, ref=ref),
        cursor=cursor or None,
        limit=limit,
    )
    return answers.json({"items": [_coupon(c) for c in page.items], "next_cursor": page.cursor})


@router.post(
    "/coupon-codes",
    auth=Key("coupons:write"),
    response={201: shapes.CouponOut, REFUSED: Problem},
    operation_id="share_coupon_code",
    summary="Make a code for many",
    description="Each order may use it once, as often in all as `most` says.",
)
def share(request: HttpRequest, told: shapes.SharedIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        made = coupons.share(
            program_id=key.program_id, template=told.template, code=told.code, most=told.most, actor=key.actor
        )
        return answers.json(_coupon(made), status=201)

    return answers.once(request, idempotency_key, work)


@router.get(
    "/coupons/{code}",
    auth=Key("coupons:read"),
    response={200: shapes.CouponStoryOut, READ_REFUSED: Problem},
    operation_id="get_coupon",
    summary="A coupon by its code, with its whole story",
    description="Unknown, malformed and other programs' codes answer alike, count against the caller and, when there "
    "are many, are slowed down (429).",
)
def get_coupon(request: HttpRequest, code: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = _looked_up(request, key, code)
    told = coupons.story(program_id=key.program_id, coupon_id=found.coupon_id)
    return answers.json({**_coupon(found), "story": [_chapter(c) for c in told]})


@router.post(
    "/coupons/{code}/void",
    auth=Key("coupons:write"),
    response={200: shapes.CouponOut, REFUSED: Problem},
    operation_id="void_coupon",
    summary="Withdraw a coupon that nobody has used",
)
def void(request: HttpRequest, code: str, told: shapes.VoidIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = _looked_up(request, key, code)

    def work() -> HttpResponse:
        coupons.withdraw(program_id=key.program_id, coupon_id=found.coupon_id, actor=key.actor, reason=told.reason)
        (after,) = coupons.by_ids(program_id=key.program_id, coupon_ids=[found.coupon_id])
        return answers.json(_coupon(after))

    return answers.once(request, idempotency_key, work)


@router.post(
    "/coupons/{code}/gift",
    auth=Key("coupons:write"),
    response={200: shapes.CouponOut, REFUSED: Problem},
    operation_id="gift_coupon",
    summary="Give a coupon to another member",
    description="Where its template allows it. While it is offered nobody can use it; every gift is in its story.",
)
def gift(request: HttpRequest, code: str, told: shapes.GiftIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = _looked_up(request, key, code)

    def work() -> HttpResponse:
        given = coupons.give(
            program_id=key.program_id,
            code=found.code,
            from_id=members.resolve(program_id=key.program_id, ref=told.giver),
            to_id=members.resolve(program_id=key.program_id, ref=told.to),
            accept=told.accept,
            actor=key.actor,
        )
        return answers.json(_coupon(given))

    return answers.once(request, idempotency_key, work)


@router.post(
    "/coupons/{code}/gift/answer",
    auth=Key("coupons:write"),
    response={200: shapes.CouponOut, REFUSED: Problem},
    operation_id="answer_coupon_gift",
    summary="Accept or decline an offered coupon",
)
def answer_gift(
    request: HttpRequest, code: str, told: shapes.GiftAnswerIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = _looked_up(request, key, code)

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=told.member)
        say = coupons.accept if told.accept else coupons.decline
        after = say(program_id=key.program_id, code=found.code, member_id=member_id, actor=key.actor)
        return answers.json(_coupon(after))

    return answers.once(request, idempotency_key, work)


@router.post(
    "/coupon-claims",
    auth=Key("coupons:write"),
    response={201: shapes.ClaimsOut, REFUSED: Problem},
    operation_id="open_coupon_claims",
    summary="Open a page where members fetch a coupon",
)
def open_claims(request: HttpRequest, told: shapes.ClaimsIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        made = coupons.open_claims(program_id=key.program_id, actor=key.actor, **told.model_dump())
        return answers.json(claims_body(made), status=201)

    return answers.once(request, idempotency_key, work)


@router.get(
    "/coupon-claims/{claim}",
    auth=Key("coupons:read"),
    response={200: shapes.ClaimsOut, READ_REFUSED: Problem},
    operation_id="get_coupon_claims",
    summary="A page where members fetch a coupon",
)
def get_claims(request: HttpRequest, claim: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return answers.json(claims_body(coupons.claim_page(program_id=key.program_id, token=claim)))


@router.post(
    "/coupon-claims/{claim}",
    auth=Key("coupons:write"),
    response={201: shapes.CouponOut, REFUSED: Problem},
    operation_id="claim_coupon",
    summary="Fetch a coupon for a member",
    description="Limits by member, by day and in all hold over all callers at once (`coupon_limit_reached`).",
)
def claim_coupon(
    request: HttpRequest, claim: str, told: shapes.CouponClaimIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=told.member)
        standing = tiers.standing(program_id=key.program_id, member_id=member_id)
        got = coupons.claim(
            program_id=key.program_id,
            token=claim,
            member_id=member_id,
            key=idempotency_key,
            tier=standing.level if standing else None,
            audiences=audiences.of(member_id),
            actor=key.actor,
        )
        return answers.json(_coupon(got), status=201)

    return answers.once(request, idempotency_key, work)

"""Calls about benefits: what there is, what a member is entitled to, using, undoing and choosing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import benefit_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Instant, Problem
from regulars.kernel import ids
from regulars.kernel.errors import Invalid
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.people.programs.terms import NoStore
from regulars.people.staff import services as staff
from regulars.people.staff.terms import ApiKey
from regulars.value.benefits import services as benefits
from regulars.value.benefits.terms import PREFIX, Benefit, Entitled, Use

router = Router(tags=["Benefits"])
OF_MEMBER = Query("", max_length=100, description="Only this member's: an id (`mem_…`) or a reference.")


def _benefit(b: Benefit, program_id: int) -> dict[str, Any]:
    return {
        "key": b.key,
        "kind": b.kind.value,
        "name": dict(b.names),
        "quota": {"times": b.quota.times, "period": b.quota.period.value} if b.quota.times else None,
        "comes_by_itself": b.comes_by_itself,
        "gives": benefits.gives_told(b),
        "choose": {"pick": b.choose.pick, "of": list(b.choose.of)} if b.choose else None,
        "day": benefits.days_told(b) or None,
        "next_day": benefits.next_day(program_id=program_id, benefit=b),
        "cost_minor": b.cost_minor,
    }


def _entitled(one: Entitled, program_id: int) -> dict[str, Any]:
    return {
        "benefit": _benefit(one.benefit, program_id),
        "by": one.by,
        "used": one.used,
        "left": one.left,
        "period": one.period,
        "ends_at": one.ends_at,
        "is_open": one.is_open,
        "chosen": list(one.chosen),
    }


def _use(one: Use) -> dict[str, Any]:
    return {
        "id": ids.encode(PREFIX, one.use_id),
        "member": ids.encode("mem", one.member_id),
        "benefit": one.benefit,
        "state": one.state.value,
        "times": one.times,
        "period": one.period,
        "by": one.by,
        "level": one.level,
        "cost_minor": one.cost_minor,
        "ref": one.ref,
        "store": one.store,
        "occasion": one.occasion,
        "given": [dict(g) for g in one.given],
        "returned": [dict(g) for g in one.returned],
        "used_at": one.used_at,
        "undone_at": one.undone_at,
        "reason": one.reason,
        "actor": one.actor,
    }


def member_or_none(key: ApiKey, ref: str) -> UUID | None:
    return members.resolve(program_id=key.program_id, ref=ref) if ref else None


@router.get(
    "/benefits",
    auth=Key("benefits:read"),
    response={200: shapes.BenefitsOut, READ_REFUSED: Problem},
    operation_id="list_benefits",
    summary="The benefits of the program in force",
)
def list_benefits(request: HttpRequest) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = benefits.benefits(program_id=key.program_id)
    return answers.json({"items": [_benefit(b, key.program_id) for b in found]})


@router.get(
    "/members/{ref}/benefits",
    auth=Key("benefits:read"),
    response={200: shapes.EntitlementsOut, READ_REFUSED: Problem},
    operation_id="list_member_benefits",
    summary="What a member is entitled to, and what is left of it",
    description="By her levels as they stand now, and by plans, packs and audiences at that moment.",
)
def list_entitled(
    request: HttpRequest,
    ref: str,
    at: Instant | None = Query(None, description="At this moment; now when absent."),
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    found = benefits.of(program_id=key.program_id, member_id=member_id, at=at)
    plans = benefits.plans_of(program_id=key.program_id, member_id=member_id, at=at)
    return answers.json({"items": [_entitled(e, key.program_id) for e in found], "plans": list(plans)})


@router.post(
    "/members/{ref}/benefits/{benefit}/uses",
    auth=Key("benefits:write"),
    response={201: shapes.UseOut, REFUSED: Problem},
    operation_id="use_benefit",
    summary="Use a benefit",
    description="Takes the quota (`quota_used_up` when nothing is left), keeps the cost, and gives what the benefit "
    "gives. However many tills ask at once, no more is used than there is.",
)
def use(
    request: HttpRequest, ref: str, benefit: str, told: shapes.UseIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        if told.store:
            _must_be_store(key.program_id, told.store)
            staff.require_store(key=key, store=told.store)
        used = benefits.use(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=ref),
            benefit=benefit,
            key=f"api/{idempotency_key}",
            actor=key.actor,
            **told.model_dump(),
        )
        return answers.json(_use(used), status=201)

    return answers.once(request, idempotency_key, work)


def _must_be_store(program_id: int, store: str) -> None:
    try:
        programs.store(program_id=program_id, key=store)
    except NoStore as no:
        raise Invalid(errors=[("store", f"{store!r} is not a store of this program")]) from no


@router.post(
    "/members/{ref}/benefits/{benefit}/choice",
    auth=Key("benefits:write"),
    response={200: shapes.EntitledOut, REFUSED: Problem},
    operation_id="choose_benefits",
    summary="Pick among the benefits of a choice",
    description="For the period that the choice is in. May be changed until something picked was used "
    "(`choice_used` then).",
)
def choose(
    request: HttpRequest, ref: str, benefit: str, told: shapes.ChoiceIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        chosen = benefits.choose(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=ref),
            benefit=benefit,
            picked=told.picked,
            actor=key.actor,
        )
        return answers.json(_entitled(chosen, key.program_id))

    return answers.once(request, idempotency_key, work)


@router.get(
    "/benefit-uses",
    auth=Key("benefits:read"),
    response={200: shapes.UsesOut, READ_REFUSED: Problem},
    operation_id="list_benefit_uses",
    summary="Uses of benefits, newest first",
)
def list_uses(
    request: HttpRequest,
    member: str = OF_MEMBER,
    benefit: str = Query("", max_length=64, description="Only of this benefit, by its key."),
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    after = answers.after_text(cursor)
    found = benefits.uses(
        program_id=key.program_id,
        member_id=member_or_none(key, member),
        benefit=benefit or None,
        before=ids.decode(PREFIX, after) if after else None,
        limit=limit + 1,
    )
    items = [_use(u) for u in found[:limit]]
    following = answers.cursor_text([items[-1]["id"]]) if len(found) > limit else None
    return answers.json({"items": items, "next_cursor": following})


@router.post(
    "/benefit-uses/{use}/undo",
    auth=Key("benefits:write"),
    response={200: shapes.UseOut, REFUSED: Problem},
    operation_id="undo_benefit_use",
    summary="Undo a use of a benefit",
    description="The quota has it again; what it brought is taken back as far as it goes (`returned` says). Told "
    "again it changes nothing.",
)
def undo(request: HttpRequest, use: str, told: shapes.UndoIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        undone = benefits.undo(
            program_id=key.program_id, use_id=ids.decode(PREFIX, use), reason=told.reason, actor=key.actor
        )
        if undone.store:  # another store's use is not undone: what was refused leaves nothing changed
            staff.require_store(key=key, store=undone.store)
        return answers.json(_use(undone))

    return answers.once(request, idempotency_key, work)

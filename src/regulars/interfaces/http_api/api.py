"""The API at /api/v1: its parts, its document, its manners."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

from regulars import __version__
from regulars.interfaces.http_api import (
    allowances,
    audiences,
    benefit_desk,
    benefits,
    care,
    care_notes,
    catalog,
    coupon_desk,
    coupons,
    events,
    identifiers,
    members,
    movements,
    orders,
    problems,
    program_agreements,
    program_drafts,
    program_steps,
    programs,
    promotion_drafts,
    promotions,
    returns,
    reward_desk,
    rewards,
    sessions,
    statements,
    stock,
    subscription_desk,
    subscriptions,
    swift,
    tiers,
    tills,
    value,
    words,
)

DESCRIPTION = """Regulars knows each member across all channels as one person and gives every purchase its worth.

Money is in whole minor units, points are whole numbers, instants are RFC 3339 with offset. Every call that changes
something takes an `Idempotency-Key`: the first answer is kept for 30 days and given again. Lists are pages:
`?limit=&cursor=` answers `{items, next_cursor}`. A refusal is problem+json with a stable `code`, and changes nothing.
"""


PARAMETERS = {
    "ref": "Which one: an id, or a reference as the call's description says.",
    "identifier": "The id of an identifier (`idn_…`).",
    "merge": "The id of a merge (`mrg_…`).",
    "ladder": "The key of a ladder.",
    "source": "Your key of what gives the level; one level each.",
    "live_only": "Only what has neither ended nor run out.",
    "hold": "The id of a hold (`hld_…`).",
    "entry": "The id of a journal entry (`jrn_…-7`).",
    "limit": "How many at most on a page.",
    "cursor": "Where the page begins: the `next_cursor` of the page before.",
    "audience": "The key of an audience.",
    "sku": "Your key of the goods.",
    "right": "The key of a purchase right.",
    "unit": "Only this unit, by its key.",
    "open_only": "Only those that still hold something.",
    "device": "The key of a till.",
    "allowance": "The id of an allowance (`alw_…`).",
    "conflict": "The id of a conflict (`cft_…`).",
    "state": "Only those in this state.",
    "reveal": "Personal values in clear; needs the scope `members:reveal` and is recorded.",
    "draft": "The id of a draft (`drf_…`).",
    "promotion": "The key of a published promotion.",
    "act": "`pause` or `resume`.",
    "key": "Your key of the session: 1 to 200 characters, percent-encoded, without `~` and `/`.",
    "dry": "Decide only, keep nothing.",
    "only": "Look at these promotions alone, by key; nothing is kept.",
    "batch": "The id of a batch (`cpb_…`).",
    "code": "A code; case, spaces and hyphens do not count.",
    "adviser": "The id of an adviser (`adv_…`).",
    "note": "The id of a note (`cnt_…`).",
    "follow_up": "The id of a follow-up (`fup_…`).",
    "claim": "The secret part of the page's address.",
    "reward": "The key of a reward.",
    "benefit": "The key of a benefit.",
    "use": "The id of a use (`bnu_…`).",
    "gift": "The id of an occasion that brought gifts.",
    "subscription": "The id of a subscription (`sub_…`).",
    "redemption": "The id of a redemption (`rdm_…`).",
    "wait": "The id of a place on a waiting list (`wtg_…`).",
    "version": "The number of a version; the one in force when absent.",
    "number": "The number of a version.",
    "schedule": "The id of a scheduled document (`sch_…`).",
}


class Orjson(Parser):
    """Bodies read by orjson; one that is no JSON object is a clear 400."""

    def parse_body(self, request: HttpRequest) -> Any:
        return orjson.loads(request.body)


class Document(OpenAPISchema):
    """The OpenAPI document, with refusals under their own media type and every parameter described."""

    def operation_parameters(self, operation: Any) -> Any:
        told = super().operation_parameters(operation)
        for parameter in told:
            if not parameter.get("description"):
                parameter["description"] = PARAMETERS[parameter["name"]]
        return told

    def responses(self, operation: Any) -> Any:
        told = super().responses(operation)
        for status, response in told.items():
            if int(status) >= 400 and "application/json" in response.get("content", {}):
                response["content"] = {problems.MEDIA_TYPE: response["content"]["application/json"]}
        return told


class Api(NinjaAPI):
    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Any = None) -> Any:
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        document = Document(self, prefix)
        words.describe(document)
        return document


api = Api(
    title="Regulars",
    version=__version__,
    description=DESCRIPTION,
    parser=Orjson(),
    openapi_url="/openapi.json",
    docs_url="/docs",
    urls_namespace="api",
)
problems.install(api)
for router in (
    members.router,
    identifiers.router,
    value.router,
    tiers.router,
    movements.router,
    sessions.router,
    orders.router,
    returns.router,
    events.router,
    programs.router,
    program_steps.router,
    program_drafts.router,
    program_agreements.router,
    audiences.router,
    catalog.router,
    stock.router,
    tills.router,
    allowances.router,
    promotions.router,
    promotion_drafts.router,
    coupons.router,
    coupon_desk.router,
    benefits.router,
    benefit_desk.router,
    rewards.router,
    reward_desk.router,
    subscriptions.router,
    subscription_desk.router,
    statements.router,
    care.router,
    care_notes.router,
):
    api.add_router("", router)
swift.quicken(api, ("place_order", "put_session", "close_session"))

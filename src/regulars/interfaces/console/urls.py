"""Addresses of the console: our own pages first, then the lists and forms of Django's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import path
from django.views.i18n import set_language

from regulars.interfaces.console.desk import choose_program
from regulars.interfaces.console.views import (
    acting,
    drafting,
    imports,
    ledger,
    members,
    merging,
    operation,
    orders,
    overview,
    program,
    promotions,
    sessions,
    tills,
    trying,
    weeks,
)

urlpatterns: list[Any] = [
    path("", overview.overview, name="console_overview"),
    path("language/", set_language, name="set_language"),
    path("choose/", admin.site.admin_view(choose_program), name="console_choose"),
    path("members/", members.listed, name="console_members"),
    path("members/search/", members.searched, name="console_search"),
    path("member/<str:ref>/", members.shown, name="console_member"),
    path("member/<str:ref>/reveal/", members.revealed, name="console_reveal"),
    path("member/<str:ref>/journal/<int:seq>/", members.proof, name="console_proof"),
    path("member/<str:ref>/merge/", merging.merge, name="console_merge"),
    path("member/<str:ref>/merge/<str:merge_ref>/undo/", merging.unmerge, name="console_unmerge"),
    path("member/<str:ref>/do/<slug:name>/", acting.act, name="console_act"),
    path("orders/", orders.listed, name="console_orders"),
    path("order/<path:ref>/why/", sessions.why, name="console_why"),
    path("order/<path:ref>/", orders.shown, name="console_order"),
    path("promotions/", promotions.listed, name="console_promotions"),
    path("promotion/<path:key>/steer/", promotions.steered, name="console_promotion_steer"),
    path("promotion/<path:key>/", promotions.shown, name="console_promotion"),
    path("drafts/", drafting.listed, name="console_drafts"),
    path("drafts/new/", drafting.new, name="console_draft_new"),
    path("drafts/look/", drafting.looked, name="console_draft_look"),
    path("drafts/condition/", drafting.condition_checked, name="console_draft_condition"),
    path("drafts/try/", trying.on_basket, name="console_draft_try"),
    path("draft/<str:ref>/", drafting.shown, name="console_draft"),
    path("draft/<str:ref>/week/", weeks.on_week, name="console_draft_week"),
    path("draft/<str:ref>/do/<slug:name>/", drafting.acted, name="console_draft_act"),
    path("sessions/", sessions.listed, name="console_sessions"),
    path("session/<path:key>/", sessions.shown, name="console_session"),
    path("ledger/", ledger.statements, name="console_ledger"),
    path("approvals/", ledger.approvals, name="console_approvals"),
    path("approvals/<int:adjustment_id>/", ledger.decide, name="console_decide"),
    path("proofs/", ledger.proofs, name="console_proofs"),
    path("imports/", imports.listed, name="console_imports"),
    path("import/<str:ref>/", imports.shown, name="console_import"),
    path("import/<str:ref>/steer/", imports.steered, name="console_import_steer"),
    path("import/<str:ref>/rejects/", imports.rejects_file, name="console_import_rejects"),
    path("tills/", tills.shown, name="console_tills"),
    path("tills/register/", tills.register, name="console_till_register"),
    path("tills/rotate/", tills.rotate, name="console_till_rotate"),
    path("tills/conflict/<str:ref>/", tills.resolve, name="console_till_resolve"),
    path("till/<str:key>/revoke/", tills.revoke, name="console_till_revoke"),
    path("outbox/", operation.outbox_health, name="console_outbox"),
    path("outbox/replay/", operation.replay, name="console_replay"),
    path("audit/", operation.audit, name="console_audit"),
    path("versions/", program.versions, name="console_versions"),
    path("versions/change/", program.change, name="console_change"),
    path("versions/<int:number>/", program.version, name="console_version"),
    path("", admin.site.urls),
]

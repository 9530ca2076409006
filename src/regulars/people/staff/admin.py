"""People, grants, API keys and the audit trail in the console; log-in by the door that asks for a second factor."""

from __future__ import annotations

from typing import Any

import orjson
from allauth.account.decorators import secure_admin_login
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.db.models import Exists, OuterRef
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextInputWidget,
)

from regulars.kernel.console import ByService, ReasonForm, actor_of, reason_of
from regulars.people.staff import rules, services
from regulars.people.staff.models import AuditRow, GrantRow, KeyRow, StaffUser

# Django's own log-in page knows no second factor: this sends everybody to the one that does.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


@receiver(post_save, sender=LogEntry)
def write_down(sender: Any, instance: LogEntry, created: bool, **kwargs: Any) -> None:
    """Every write that a form of the console made is also in the audit trail: field names and reason, no values."""
    kind = instance.content_type
    if not created or kind is None or kind.app_label == "staff":
        return  # the services of staff have written their own line
    model = kind.model_class()
    row = model._base_manager.filter(pk=instance.object_id).first() if model is not None else None
    services.record(
        actor=f"staff:{instance.user_id}",
        action=f"console.{ {1: 'add', 2: 'change', 3: 'delete'}[instance.action_flag] }",
        object=f"{kind.app_label}.{kind.model}:{instance.object_id}",
        program_id=row.pk if kind.model == "programrow" and row else getattr(row, "program_id", None),
        facts=_told(instance.change_message),
    )


def _told(message: str) -> dict[str, Any]:
    """The names of the fields and the reason that Django's log message holds; no values, which may be personal."""
    try:
        parts = orjson.loads(message) if message else []
    except orjson.JSONDecodeError:
        return {}
    told: dict[str, Any] = {}
    for part in parts:
        if "reason" in part:
            told["reason"] = part["reason"]
        for body in part.values():
            if isinstance(body, dict) and body.get("fields"):
                told["fields"] = sorted({*told.get("fields", ()), *map(str, body["fields"])})
    return told


def _of_my_programs(db_field: Any, request: HttpRequest, permission: str) -> Any:
    mine = request.grants.programs(permission)  # type: ignore[attr-defined]
    rows = db_field.related_model._default_manager.all()
    if db_field.name == "program":
        return rows.filter(id__in=mine)
    return rows.filter(program_id__in=mine) if db_field.name == "store" else rows


class PersonForm(ReasonForm):
    """A person; the first password is told to her by whoever adds her."""

    password = forms.CharField(
        label=_("First password"), required=False, strip=False, widget=UnfoldAdminPasswordWidget(render_value=False)
    )


@admin.register(StaffUser)
class PersonAdmin(ByService):
    """People who work here."""

    form = PersonForm
    list_display = ("email", "name", "locale", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active",)
    search_fields = ("email", "name")
    ordering = ("email",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Those with a grant in her programs, and those who have none yet; an operator sees all."""
        rows = super().get_queryset(request)
        if request.grants.is_operator:  # type: ignore[attr-defined]
            return rows
        grants = GrantRow.objects.filter(user_id=OuterRef("pk"))
        mine = request.grants.programs("staff:read")  # type: ignore[attr-defined]
        return rows.filter(Exists(grants.filter(program_id__in=mine)) | ~Exists(grants), is_superuser=False)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A password only for the new; whether she may log in only for the known."""
        return ("email", "name", "locale", *(("is_active",) if obj else ("password",)), "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The address is her name at the door."""
        return ("email",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Through the services, which write the audit trail."""
        data = form.cleaned_data
        if change:
            is_active = data["is_active"] if "is_active" in form.changed_data else None
            services.change_person(
                user_id=obj.id,
                name=data["name"],
                locale=data["locale"],
                is_active=is_active,
                actor=actor_of(request),
                reason=reason_of(form),
            )
            return
        obj.id = services.add_person(
            email=data["email"],
            name=data["name"],
            locale=data["locale"],
            password=data["password"] or None,
            actor=actor_of(request),
        ).id


@admin.register(GrantRow)
class GrantAdmin(ByService):
    """Who is what, where."""

    program_permission = "staff:read"
    list_display = ("user", "role", "program", "store", "adjust_limit", "granted_by", "granted_at")
    list_filter = ("role",)
    search_fields = ("user__email", "user__name")
    list_select_related = ("user", "program", "store")
    autocomplete_fields = ("user",)
    ordering = ("program_id", "user_id", "role")
    fields = ("user", "role", "program", "store", "adjust_limit", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Only the limit of a grant changes; another role is another grant."""
        return ("user", "role", "program", "store") if obj is not None else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Her own programs and their stores."""
        rows = _of_my_programs(db_field, request, "staff:manage")
        return super().formfield_for_foreignkey(db_field, request, queryset=rows, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A grant can be taken away; the service says by whom."""
        return bool(request.grants.may_somewhere("staff:manage"))  # type: ignore[attr-defined]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Give, or change the limit."""
        obj.id = services.grant(
            user_id=obj.user_id,
            role=obj.role,
            program_id=obj.program_id,
            store_id=obj.store_id,
            adjust_limit=form.cleaned_data["adjust_limit"],
            actor=actor_of(request),
            reason=reason_of(form),
        ).id

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Take away."""
        services.revoke(grant_id=obj.id, actor=actor_of(request))


class KeyForm(ReasonForm):
    """A new key."""

    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=[(s, s) for s in sorted(rules.SCOPES)],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    ip_allow = forms.CharField(
        label=_("Allowed networks"),
        required=False,
        help_text=_("Comma separated, as 203.0.113.0/24. Empty: everywhere."),
        widget=UnfoldAdminTextInputWidget,
    )


@admin.register(KeyRow)
class KeyAdmin(ByService):
    """API keys. A key is never changed: make another and revoke this one."""

    form = KeyForm
    program_permission = "keys:manage"
    list_display = ("name", "prefix", "program", "store", "expires_at", "last_used_at", "revoked_at")
    search_fields = ("name", "prefix")
    list_select_related = ("program", "store")
    ordering = ("-id",)
    actions = ("revoke_selected",)
    fields = (
        "program", "name", "scopes", "store", "expires_at", "ip_allow", "adjust_limit", "rate_per_minute", "reason",
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A known key shows also how it is used; never its hash."""
        if obj is None:
            return self.fields
        return ("prefix", *self.fields[:-1], "created_by", "created_at", "last_used_at", "revoked_at")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The list has an action (revoke); the form of one key is for reading."""
        return obj is None and bool(request.grants.may_somewhere("keys:manage"))  # type: ignore[attr-defined]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Her own programs and their stores."""
        rows = _of_my_programs(db_field, request, "keys:manage")
        return super().formfield_for_foreignkey(db_field, request, queryset=rows, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Make it, and show the secret this once."""
        data = form.cleaned_data
        key, secret = services.make_key(
            program_id=obj.program_id,
            name=data["name"],
            scopes=data["scopes"],
            store_id=obj.store_id,
            expires_at=data["expires_at"],
            ip_allow=[n for n in data["ip_allow"].split(",") if n.strip()],
            adjust_limit=data["adjust_limit"],
            rate_per_minute=data["rate_per_minute"],
            actor=actor_of(request),
            reason=reason_of(form),
        )
        obj.id = key.id
        messages.warning(request, _("The key's secret, shown only now: %(secret)s") % {"secret": secret})

    @admin.action(description=_("Revoke"))
    def revoke_selected(self, request: HttpRequest, queryset: Any) -> None:
        """End the chosen keys."""
        for row in queryset.filter(revoked_at__isnull=True):
            services.revoke_key(program_id=row.program_id, key_id=row.id, actor=actor_of(request))
            messages.success(request, _("Revoked: %(name)s") % {"name": row.name})


@admin.register(AuditRow)
class AuditAdmin(ByService):
    """The audit trail, for reading."""

    program_permission = "audit:read"
    list_display = ("at", "actor", "action", "object", "program")
    search_fields = ("actor__exact", "object__exact")
    list_select_related = ("program",)
    ordering = ("-id",)
    fields = ("at", "actor", "action", "object", "program", "facts")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Acts write it, people do not."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

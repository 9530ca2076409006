"""Programs, brands, stores and channels in the console."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from regulars.kernel.console import ByService, ReasonForm, actor_of
from regulars.people.programs import services
from regulars.people.programs.models import BrandRow, ChannelRow, ProgramRow, StoreRow


class _OwnPrograms(ByService):
    """Rows of a program; what points elsewhere offers only what the person may see."""

    program_permission = "program:read"
    search_fields = ("key", "name")
    list_select_related: tuple[str, ...] = ("program",)
    ordering = ("program_id", "key")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Program and key are fixed when a thing is made."""
        return ("program", "key") if obj is not None else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only programs that she may change, and brands and regions of those."""
        mine = request.grants.programs("program:apply")  # type: ignore[attr-defined]
        rows = db_field.related_model._default_manager.all()
        field = "id" if db_field.name == "program" else "program_id"
        rows = rows.filter(**{f"{field}__in": mine})
        if db_field.name == "parent":
            rows = rows.filter(kind="region")
        return super().formfield_for_foreignkey(db_field, request, queryset=rows, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may apply a program's document may change its parts; of that very program."""
        grants = request.grants  # type: ignore[attr-defined]
        return grants.may_somewhere("program:apply") and (
            obj is None or bool(grants.may("program:apply", obj.program_id))
        )


def _check_program(request: HttpRequest, program_id: int) -> None:
    # the form offers only her own programs; this holds also for a request that no form has made
    request.grants.require("program:apply", program_id)  # type: ignore[attr-defined]


@admin.register(ProgramRow)
class ProgramAdmin(ByService):
    """Programs: made on the command line or by an operator, changed by applying a document."""

    program_permission = "program:read"
    program_field = "id"
    list_display = ("name", "key", "zone", "currency", "current_version", "created_at")
    search_fields = ("key", "name")
    ordering = ("key",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A program is changed by its document, so that every change is a version: here it is made or looked at."""
        own = ("key", "name", "zone", "currency", "locale")
        return (*own, "reason") if obj is None else (*own, "current_version", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Operators of the installation only."""
        return bool(request.grants.is_operator)  # type: ignore[attr-defined]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never here: see publishing."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Make it through the service."""
        data = form.cleaned_data
        made = services.create(
            key=data["key"],
            name=data["name"],
            zone=data["zone"],
            currency=data["currency"],
            locale=data["locale"],
            actor=actor_of(request),
        )
        obj.id = made.id


class StoreForm(ReasonForm):
    """A store; its week is typed as JSON, checked by the service."""

    opening_hours = forms.JSONField(
        label=_("Opening hours"),
        required=False,
        help_text='{"mon": [["09:00", "21:00"]], "sat": [["10:00", "02:00"]]}',
    )


@admin.register(StoreRow)
class StoreAdmin(_OwnPrograms):
    """Stores and regions."""

    form = StoreForm
    list_display = ("name", "key", "kind", "path", "zone", "currency", "active", "program")
    list_filter = ("kind", "active")
    list_select_related = ("program", "brand", "parent")
    ordering = ("program_id", "path")
    fields = (
        "program", "key", "name", "kind", "parent", "brand", "zone", "currency", "opening_hours", "address", "active",
        "reason",
    )  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Define it through the service."""
        _check_program(request, obj.program_id)
        data = form.cleaned_data
        obj.id = services.define_store(
            program_id=obj.program_id,
            key=obj.key,
            name=data["name"],
            kind=data["kind"],
            parent=data["parent"].key if data["parent"] else None,
            brand=data["brand"].key if data["brand"] else None,
            zone=data["zone"] or None,
            currency=data["currency"] or None,
            opening_hours=data["opening_hours"] or {},
            address=data["address"],
            active=data["active"],
            actor=actor_of(request),
        ).id


@admin.register(BrandRow)
class BrandAdmin(_OwnPrograms):
    """Brands."""

    list_display = ("name", "key", "active", "program")
    fields = ("program", "key", "name", "active", "reason")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Define it through the service."""
        _check_program(request, obj.program_id)
        obj.id = services.define_brand(
            program_id=obj.program_id,
            key=obj.key,
            name=form.cleaned_data["name"],
            active=form.cleaned_data["active"],
            actor=actor_of(request),
        ).id


@admin.register(ChannelRow)
class ChannelAdmin(_OwnPrograms):
    """Channels."""

    list_display = ("name", "key", "kind", "online", "active", "program")
    fields = ("program", "key", "name", "kind", "online", "active", "reason")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Define it through the service."""
        _check_program(request, obj.program_id)
        data = form.cleaned_data
        obj.id = services.define_channel(
            program_id=obj.program_id,
            key=obj.key,
            name=data["name"],
            kind=data["kind"],
            online=data["online"],
            active=data["active"],
            actor=actor_of(request),
        ).id

"""What the console's lists and forms share: rows of one's own programs, writes through services, a reason."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from regulars.kernel.errors import Invalid, Refusal


class ReasonForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form whose write may be refused: the refusal is shown above what was typed, and nothing was changed."""

    refusal: ClassVar[Refusal | None] = None
    reason = forms.CharField(label=_("Reason"), max_length=200, widget=UnfoldAdminTextInputWidget)

    def clean(self) -> dict[str, Any]:
        """Show the refusal of the write that was tried before, each fault at its field where there is one."""
        data: dict[str, Any] = super().clean() or {}
        if isinstance(self.refusal, Invalid) and self.refusal.errors:
            for path, message in self.refusal.errors:
                field = path.split(".")[0]
                self.add_error(field if field in self.fields else None, message)
        elif self.refusal is not None:
            raise ValidationError(self.refusal.detail)
        return data

    def _get_validation_exclusions(self) -> set[str]:
        # services check what is written; the model's own checks would speak of columns, not of the business
        return {f.name for f in self._meta.model._meta.fields}


class ByService(ModelAdmin):  # type: ignore[misc]
    """A list and form over one table that reads its rows and writes through a service.

    Subclasses say `program_permission` (who sees the rows of a program) and override `save_model`.
    """

    program_permission: ClassVar[str] = ""
    program_field: ClassVar[str] = "program_id"
    form = ReasonForm
    show_full_result_count = False
    list_per_page = 50
    actions: Any = None
    compressed_fields = True

    def get_queryset(self, request: HttpRequest) -> Any:
        """Rows of the programs where this person may read them."""
        rows = super().get_queryset(request)
        if not self.program_permission:
            return rows
        programs = request.grants.programs(self.program_permission)  # type: ignore[attr-defined]
        return rows.filter(**{f"{self.program_field}__in": programs})

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, told of the refusal when it is shown again."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.refusal = getattr(request, "refusal", None)
        return form

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Write, or show the form again with the reason why not. The write's transaction was rolled back whole."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]
        except Refusal as no:
            request.refusal = no  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Take away, or say why not."""
        try:
            return super().delete_view(request, object_id, extra_context)  # type: ignore[no-any-return]
        except Refusal as no:
            messages.error(request, no.detail)
            return HttpResponseRedirect("../change/")

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """What Django's log says of a write, with the reason that was given."""
        parts = [*super().construct_change_message(request, form, formsets, add)]
        return [*parts, {"reason": reason_of(form)}] if reason_of(form) else parts

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: the service has written all."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Most things are retired, never deleted."""
        return False


def reason_of(form: Any) -> str:
    """The reason that the person gave for a write."""
    return str(form.cleaned_data.get("reason", ""))


def actor_of(request: HttpRequest) -> str:
    """How the books name the person who asks."""
    return f"staff:{request.user.pk}"

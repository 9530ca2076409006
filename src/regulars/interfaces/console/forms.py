"""The forms of acts: what is asked before something is done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from regulars.interfaces.console import words

MOST = 10**15  # far above any balance, far below what a bigint holds


class WhyForm(forms.Form):
    """Every act asks for a reason; it is kept in the audit trail."""

    required_css_class = "rg-required"
    why = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Kept in the audit trail. No names, phones or e-mails."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, units: list[tuple[str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "unit" in self.fields:
            self.fields["unit"].choices = units or []  # type: ignore[attr-defined]
        self.order_fields([*(name for name in self.fields if name != "why"), "why"])


class AdjustForm(WhyForm):
    """A correction: in which unit, how much, and why."""

    key = forms.CharField(max_length=60, widget=forms.HiddenInput)
    unit = forms.ChoiceField(label=_("Unit"))
    amount = forms.IntegerField(
        label=_("Amount"), min_value=-MOST, max_value=MOST, help_text=_("Above zero gives, below zero takes away.")
    )
    code = forms.ChoiceField(label=_("Kind of reason"), choices=[("", "–"), *words.ASKABLE])

    def clean_amount(self) -> int:
        """Nothing is no correction."""
        amount = int(self.cleaned_data["amount"])
        if amount == 0:
            raise forms.ValidationError(_("Zero changes nothing."))
        return amount


class HoldForm(WhyForm):
    """Points set aside for some minutes."""

    key = forms.CharField(max_length=60, widget=forms.HiddenInput)
    unit = forms.ChoiceField(label=_("Unit"))
    amount = forms.IntegerField(label=_("Amount"), min_value=1, max_value=MOST)
    minutes = forms.TypedChoiceField(
        label=_("For how long"),
        coerce=int,
        initial=60,
        choices=[(15, _("15 minutes")), (60, _("1 hour")), (1440, _("1 day")), (10080, _("7 days"))],
    )


class ReleaseForm(WhyForm):
    """A hold that is let go."""

    hold = forms.UUIDField(widget=forms.HiddenInput)
    key = forms.CharField(max_length=60, widget=forms.HiddenInput)


class FreeForm(WhyForm):
    """An identifier that is taken off a member."""

    identifier = forms.UUIDField(widget=forms.HiddenInput)


class MergeForm(WhyForm):
    """The other member, and who remains."""

    other = forms.CharField(max_length=60, widget=forms.HiddenInput)
    stays = forms.ChoiceField(choices=[("this", "this"), ("other", "other")])


class UploadForm(forms.Form):
    """A file to import and what its columns mean."""

    required_css_class = "rg-required"
    file = forms.FileField(label=_("File"), help_text=_("CSV (also gzip) or Parquet."))
    ready = forms.ChoiceField(label=_("Meaning of the columns"), required=False)
    mapping = forms.CharField(
        label=_("Or your own mapping (YAML)"),
        required=False,
        max_length=20_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "rg-mono"}),
    )
    why = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, *args: Any, ready: list[str], most_bytes: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.most_bytes = most_bytes
        self.fields["ready"].choices = [("", _("My own mapping")), *((name, name) for name in ready)]  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        """A file of a kind and size that can be read."""
        file = self.cleaned_data["file"]
        if not str(file.name).lower().endswith((".csv", ".csv.gz", ".txt", ".parquet", ".tsv")):
            raise forms.ValidationError(_("This is neither a CSV nor a Parquet file."))
        if file.size > self.most_bytes:
            raise forms.ValidationError(
                _("The file is larger than %(most)s MiB; import it on the command line."),
                params={"most": self.most_bytes // 2**20},
            )
        return file

    def clean(self) -> dict[str, Any]:
        """Exactly one meaning."""
        data: dict[str, Any] = super().clean() or {}
        if bool(data.get("ready")) == bool((data.get("mapping") or "").strip()):
            self.add_error("mapping", _("Choose a ready mapping or write your own one."))
        return data

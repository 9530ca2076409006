"""Words of the frame (django-unfold) that come without a translation, so that our catalogues hold them."""

from django.utils.translation import gettext_noop as _

WORDS = (
    _("Light"),
    _("Dark"),
    _("System"),
    _("Choose file to upload"),
    _("Type to search"),
    _("Filters"),
    _("Apply Filters"),
    _("Reset filters"),
    _("Clear all filters"),
    _("Loading more results..."),
    _("No results found"),
    _("This page yielded into no results. Create a new item or reset your filters."),
    _("Select all rows"),
    _("More actions"),
    _("Toggle password visibility"),
    _("Go back"),
    _("Submit"),
    _("Summary"),
    _("General"),
    _("Expand row"),
    _("No data"),
    _("Remove"),
    _("Date"),
    _("Time"),
    _("Select value"),
)

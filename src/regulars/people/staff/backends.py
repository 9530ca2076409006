"""What Django's admin asks about permissions, answered by our grants."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend

from regulars.people.staff import rules, services


class GrantsBackend(BaseBackend):
    """Answers `user.has_perm("members.view_memberrow")` by grants: "somewhere". Which rows, the query says."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Whether a person may do what Django calls `perm` in some program."""
        label, _, codename = perm.partition(".")
        wanted = rules.admin_permission(label, codename)
        return wanted is not None and user_obj.pk is not None and self._access(user_obj).may_somewhere(wanted)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether a person may see anything of an app."""
        return any(self.has_perm(user_obj, f"{app_label}.view_{model}") for model in ("", "auditrow", "keyrow"))

    def _access(self, user_obj: Any) -> services.Access:
        # the user object lives as long as its request: its grants are read once for it
        found: services.Access | None = getattr(user_obj, "_regulars_access", None)
        if found is None:
            found = services.access(user_id=user_obj.pk)
            user_obj._regulars_access = found
        return found

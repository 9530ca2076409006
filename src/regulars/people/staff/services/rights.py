"""What a person may do: read from her grants, whether she is active, and her second factor."""

from __future__ import annotations

from dataclasses import dataclass, field

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Exists, OuterRef

from regulars.kernel.errors import Forbidden, NotFound, Refusal
from regulars.people.programs import services as programs
from regulars.people.staff import rules
from regulars.people.staff.models import GrantRow, StaffUser
from regulars.people.staff.terms import Grant, NoPerson, Person, Role, SecondFactorNeeded


def with_second_factor() -> Exists:
    """A condition on people: has set up a code generator."""
    return Exists(Authenticator.objects.filter(user_id=OuterRef("pk"), type=Authenticator.Type.TOTP))


def person_of(row: StaffUser, *, has_second_factor: bool) -> Person:
    """A row as others see it."""
    return Person(
        id=row.id,
        email=row.email,
        name=row.name,
        locale=row.locale,
        is_active=row.is_active,
        is_superuser=row.is_superuser,
        has_second_factor=has_second_factor,
    )


@dataclass(frozen=True, kw_only=True)
class Access:
    """What one person may do, read once: good for one request, not for longer."""

    person: Person
    reaches: tuple[rules.Reach, ...]
    _paths: dict[tuple[int, int], str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def waits_for_second_factor(self) -> bool:
        """Whether her grants sleep until she has set up a second factor."""
        return bool(settings.REGULARS_REQUIRE_2FA) and not self.person.has_second_factor

    @property
    def is_operator(self) -> bool:
        """Whether she runs the installation, and may do everything in every program."""
        return self.person.is_superuser and self.person.is_active and not self.waits_for_second_factor

    @property
    def live(self) -> tuple[rules.Reach, ...]:
        """The grants that count now."""
        return self.reaches if self.person.is_active and not self.waits_for_second_factor else ()

    def may(self, permission: str, program_id: int, store_id: int | None = None) -> bool:
        """Whether she may do something in a program, or at a store of it."""
        if permission not in rules.PERMISSIONS:
            return False
        return self.is_operator or rules.may(self.live, permission, program_id, self.path(program_id, store_id))

    def require(self, permission: str, program_id: int, store_id: int | None = None) -> None:
        """Go on only if she may.

        Raises: Forbidden; SecondFactorNeeded when only the second factor is missing.
        """
        if self.may(permission, program_id, store_id):
            return
        if self.waits_for_second_factor:
            raise SecondFactorNeeded()
        raise Forbidden(f"This needs {permission}.", permission=permission)

    def serves(self, permission: str, program_id: int) -> bool:
        """Whether she may do something for a member of a program who stands before her, at any store of hers."""
        return self.is_operator or rules.serves(self.live, permission, program_id)

    def serving_limit(self, program_id: int) -> int:
        """Points she may move for a member in one adjustment without a second person."""
        if self.is_operator:
            return rules.ADJUST_LIMITS[Role.OWNER]
        return rules.serving_limit(self.live, program_id)

    def may_somewhere(self, permission: str) -> bool:
        """Whether there is any program or store where she may."""
        return self.is_operator or any(permission in rules.ROLES[r.role] for r in self.live)

    def programs(self, permission: str | None = None) -> frozenset[int]:
        """The programs where she holds any grant, or a grant with this permission (perhaps at one store only)."""
        if self.is_operator:
            return frozenset(p.id for p in programs.all_programs())
        return frozenset(r.program_id for r in self.live if permission is None or permission in rules.ROLES[r.role])

    def adjust_limit(self, program_id: int, store_id: int | None = None) -> int:
        """Points she may move in one adjustment without a second person."""
        if self.is_operator:
            return rules.ADJUST_LIMITS[Role.OWNER]
        return rules.limit_at(self.live, program_id, self.path(program_id, store_id))

    def path(self, program_id: int, store_id: int | None) -> str | None:
        """The path of a store of the program; None for the program as a whole.

        Raises: NoStore.
        """
        if store_id is None:
            return None
        known = self._paths.get((program_id, store_id))
        if known is None:
            known = programs.store_by_id(program_id=program_id, store_id=store_id).path
            self._paths[program_id, store_id] = known
        return known


def access(*, user_id: int) -> Access:
    """What a person may do, as it stands now.

    Raises: NoPerson.
    """
    row = StaffUser.objects.annotate(second=with_second_factor()).filter(id=user_id).first()
    if row is None:
        raise NoPerson(f"There is no person {user_id}.")
    grants = GrantRow.objects.filter(user_id=user_id).select_related("store")
    return Access(
        person=person_of(row, has_second_factor=row.second),
        reaches=tuple(
            rules.Reach(
                role=Role(g.role),
                program_id=g.program_id,
                path=g.store.path if g.store is not None else None,
                adjust_limit=g.adjust_limit,
            )
            for g in grants
        ),
    )


def may(user_id: int, permission: str, program_id: int, store_id: int | None = None) -> bool:
    """Whether a person may do something in a program, or at a store of it. Unknown people and stores may nothing."""
    try:
        return access(user_id=user_id).may(permission, program_id, store_id)
    except Refusal:
        return False


def require(user_id: int, permission: str, program_id: int, store_id: int | None = None) -> None:
    """Go on only if she may.

    Raises: Forbidden; SecondFactorNeeded when only the second factor is missing.
    """
    try:
        access(user_id=user_id).require(permission, program_id, store_id)
    except NotFound as no:  # an unknown person or store
        raise Forbidden(f"This needs {permission}.", permission=permission) from no


def programs_of(user_id: int, permission: str | None = None) -> list[int]:
    """The ids of the programs where she may do something (or this), in order.

    Raises: NoPerson.
    """
    return sorted(access(user_id=user_id).programs(permission))


def adjust_limit(user_id: int, program_id: int, store_id: int | None = None) -> int:
    """Points she may move in one adjustment without a second person; 0 when she may not adjust at all.

    Raises: NoPerson; NoStore.
    """
    return access(user_id=user_id).adjust_limit(program_id, store_id)


def grant_of(row: GrantRow) -> Grant:
    """A row as others see it."""
    return Grant(
        id=row.id,
        user_id=row.user_id,
        role=Role(row.role),
        program_id=row.program_id,
        store_id=row.store_id,
        adjust_limit=row.adjust_limit,
        granted_by=row.granted_by,
        granted_at=row.granted_at,
    )

"""People and their grants: added, changed, given, taken away. Every act is written to the audit trail."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction

from regulars.kernel import clock, postgres
from regulars.kernel.errors import Forbidden, Invalid
from regulars.people.programs import services as programs
from regulars.people.staff import rules
from regulars.people.staff.models import GrantRow, StaffUser
from regulars.people.staff.services.audit import record
from regulars.people.staff.services.rights import Access, access, grant_of, person_of, with_second_factor
from regulars.people.staff.terms import EmailTaken, Grant, LastOwner, MoreThanYouHave, NoGrant, NoPerson, Person, Role

_LOCK_SPACE = 7_201  # the advisory locks "owners of program n"


def acting(actor: str) -> Access | None:
    """What the actor may do; None when it is the system itself, which may everything.

    Raises: Forbidden for every other kind of actor: keys and members give nobody rights.
    """
    kind, _, number = actor.partition(":")
    if kind == "system":
        return None
    if kind == "staff" and number.isdecimal():
        return access(user_id=int(number))
    raise Forbidden("Only staff can do this.")


def _lock_person(user_id: int) -> StaffUser:
    row = StaffUser.objects.select_for_update(no_key=True).filter(id=user_id).first()
    if row is None:
        raise NoPerson(f"There is no person {user_id}.")
    return row


def _lock_owners(program_ids: list[int]) -> None:
    for program_id in sorted(program_ids):
        postgres.call(connection, "select pg_advisory_xact_lock(%s::int, %s::int)", (_LOCK_SPACE, program_id))


def _keep_an_owner(program_id: int, *, without: int) -> None:
    """Refuse when nobody but this person is an active owner of the whole program. Under the owners' lock."""
    others = GrantRow.objects.filter(
        program_id=program_id, role=Role.OWNER, store_id__isnull=True, user__is_active=True
    ).exclude(user_id=without)
    if not others.exists():
        raise LastOwner(
            "This person is the program's last owner. Make somebody else an owner first.", program=program_id
        )


def _within(giver: Access | None, *, role: Role, program_id: int, store_id: int | None, limit: int | None) -> None:
    """Refuse unless the giver manages staff there and has, right there, all that the role brings."""
    if giver is None or giver.is_operator:
        return
    path = giver.path(program_id, store_id)
    has = rules.held(giver.live, program_id, path)
    if "staff:manage" not in has:
        raise Forbidden("This needs staff:manage there.", permission="staff:manage")
    missing = sorted(rules.ROLES[role] - has)
    if missing:
        raise MoreThanYouHave(f"A {role} may do what you may not: {', '.join(missing)}.", missing=missing)
    most = rules.limit_at(giver.live, program_id, path)
    if rules.limit_of(role, limit) > most:
        raise MoreThanYouHave(f"Your own adjustment limit there is {most}.", limit=most)


def _role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError as no:
        raise Invalid(errors=[("role", f"{role!r} is not one of {', '.join(Role)}")]) from no


@transaction.atomic
def grant(
    *,
    user_id: int,
    role: str,
    program_id: int,
    actor: str,
    store_id: int | None = None,
    adjust_limit: int | None = None,
    reason: str = "",
) -> Grant:
    """Give a person a role in a program, or below one store of it; given twice it only takes the new limit.

    Args: adjust_limit: points a call without a second person; None takes the role's own.
    Raises: Invalid; NoPerson; NoProgram; NoStore; Forbidden; MoreThanYouHave.
    """
    wanted = _role(role)
    if adjust_limit is not None and adjust_limit < 0:
        raise Invalid(errors=[("adjust_limit", "must not be negative")])
    programs.by_id(program_id=program_id)
    if store_id is not None:
        programs.store_by_id(program_id=program_id, store_id=store_id)
    _lock_person(user_id)
    _lock_owners([program_id])
    giver = acting(actor)
    _within(giver, role=wanted, program_id=program_id, store_id=store_id, limit=adjust_limit)
    row, is_new = GrantRow.objects.get_or_create(
        user_id=user_id,
        role=wanted,
        program_id=program_id,
        store_id=store_id,
        defaults={"adjust_limit": adjust_limit, "granted_by": actor, "granted_at": clock.now()},
    )
    if not is_new and row.adjust_limit != adjust_limit:
        # lowering somebody's limit is also an act upon her grant: it needs as much as the grant itself
        _within(giver, role=wanted, program_id=program_id, store_id=store_id, limit=row.adjust_limit)
        row.adjust_limit = adjust_limit
        row.save(update_fields=["adjust_limit"])
    elif not is_new:
        return grant_of(row)
    _tell("staff.grant", row, actor, reason)
    return grant_of(row)


@transaction.atomic
def revoke(*, grant_id: int, actor: str, reason: str = "") -> None:
    """Take a grant away.

    Raises: NoGrant; Forbidden; MoreThanYouHave; LastOwner.
    """
    row = GrantRow.objects.filter(id=grant_id).first()
    if row is None:
        raise NoGrant(f"There is no grant {grant_id}.")
    _lock_person(row.user_id)
    _lock_owners([row.program_id])
    if not GrantRow.objects.filter(id=grant_id).exists():
        raise NoGrant(f"There is no grant {grant_id}.")
    role = Role(row.role)
    _within(acting(actor), role=role, program_id=row.program_id, store_id=row.store_id, limit=row.adjust_limit)
    if role is Role.OWNER and row.store_id is None:
        _keep_an_owner(row.program_id, without=row.user_id)
    _tell("staff.revoke", row, actor, reason)
    row.delete()


def _tell(action: str, row: GrantRow, actor: str, reason: str) -> None:
    facts: dict[str, Any] = {"role": str(row.role), "store_id": row.store_id, "adjust_limit": row.adjust_limit}
    record(
        actor=actor,
        action=action,
        object=f"staff:{row.user_id}",
        program_id=row.program_id,
        facts={**facts, "reason": reason} if reason else facts,
    )


def grants(*, program_id: int, user_id: int | None = None) -> list[Grant]:
    """The grants in a program (of one person), by person and role."""
    rows = GrantRow.objects.filter(program_id=program_id).order_by("user_id", "role", "store_id")
    return [grant_of(row) for row in (rows if user_id is None else rows.filter(user_id=user_id))]


@transaction.atomic
def add_person(
    *, email: str, actor: str, name: str = "", locale: str = "en", password: str | None = None, operator: bool = False
) -> Person:
    """Add somebody who works here. She has no grant yet, and cannot log in without a password.

    Args: operator: she runs the installation and may do everything; only the system or an operator makes one.
    Raises: Invalid; EmailTaken; Forbidden unless the actor manages staff somewhere.
    """
    giver = acting(actor)
    if giver is not None and not (giver.is_operator or (giver.may_somewhere("staff:manage") and not operator)):
        raise Forbidden("This needs staff:manage.", permission="staff:manage")
    address = email.strip().lower()
    faults = _email_faults(address)
    row = StaffUser(email=address, name=name.strip(), locale=locale, is_superuser=operator, created_at=clock.now())
    if password is not None:
        faults += _password_faults(password, row)
    if faults:
        raise Invalid(errors=faults)
    row.set_password(password)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as taken:
        if "S1_one_person_per_email" in str(taken):
            raise EmailTaken() from taken
        raise
    # whoever adds a person vouches for the address: codes for a lost password may go there
    EmailAddress.objects.create(user=row, email=address, verified=True, primary=True)
    record(actor=actor, action="staff.add_person", object=f"staff:{row.id}", facts={"operator": operator})
    return person_of(row, has_second_factor=False)


def _email_faults(address: str) -> list[tuple[str, str]]:
    try:
        validate_email(address)
    except ValidationError:
        return [("email", "is not an e-mail address")]
    return []


def _password_faults(password: str, row: StaffUser) -> list[tuple[str, str]]:
    try:
        validate_password(password, row)
    except ValidationError as no:
        return [("password", message) for message in no.messages]
    return []


@transaction.atomic
def change_person(
    *,
    user_id: int,
    actor: str,
    name: str | None = None,
    locale: str | None = None,
    is_active: bool | None = None,
    reason: str = "",
) -> Person:
    """Change a person's name, language, or whether she may log in. What is None stays.

    Her own name and language anybody may change; the rest needs somebody who could take away all her grants.
    Raises: NoPerson; Forbidden; MoreThanYouHave; LastOwner.
    """
    row = _lock_person(user_id)
    held = list(GrantRow.objects.filter(user_id=user_id))
    _lock_owners(sorted({g.program_id for g in held}))
    giver = acting(actor)
    if actor != f"staff:{user_id}" or is_active is not None:
        _may_change(giver, row, held)
    if is_active is False and row.is_active:
        for program_id in sorted({g.program_id for g in held if g.role == Role.OWNER and g.store_id is None}):
            _keep_an_owner(program_id, without=user_id)
    wanted = {"name": name, "locale": locale, "is_active": is_active}
    changed = {k: v for k, v in wanted.items() if v is not None and v != getattr(row, k)}
    for field, value in changed.items():
        setattr(row, field, value)
    if changed:
        row.save(update_fields=list(changed))
        facts = {"changed": sorted(changed), "is_active": row.is_active, **({"reason": reason} if reason else {})}
        record(actor=actor, action="staff.change_person", object=f"staff:{user_id}", facts=facts)
    return person(user_id=user_id)


def _may_change(giver: Access | None, row: StaffUser, held: list[GrantRow]) -> None:
    if giver is None or giver.is_operator:
        return
    if row.is_superuser:
        raise MoreThanYouHave("An operator is changed by operators only.")
    if not giver.may_somewhere("staff:manage"):
        raise Forbidden("This needs staff:manage.", permission="staff:manage")
    for g in held:
        _within(giver, role=Role(g.role), program_id=g.program_id, store_id=g.store_id, limit=g.adjust_limit)


def person(*, user_id: int) -> Person:
    """A person by id.

    Raises: NoPerson.
    """
    return access(user_id=user_id).person


def person_by_email(*, email: str) -> Person:
    """A person by e-mail address, however it is capitalised.

    Raises: NoPerson.
    """
    row = StaffUser.objects.annotate(second=with_second_factor()).filter(email=email.strip().lower()).first()
    if row is None:
        raise NoPerson("There is no person with this e-mail address.")
    return person_of(row, has_second_factor=row.second)

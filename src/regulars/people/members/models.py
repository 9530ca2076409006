"""Tables of members. Each promise in README.md is a constraint here."""

from django.db import models
from django.db.models import F, Q

from regulars.people.members.terms import AttributeType, IdentifierType, MemberStatus


class MemberRow(models.Model):
    """A member as the books know it: no name, no phone. Kept: for ever; forgetting empties it but leaves the id."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.CharField(max_length=20)
    status = models.CharField(max_length=10, default=MemberStatus.ACTIVE.value)
    merged_into = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="+", db_column="merged_into", db_index=False
    )
    joined_at = models.DateTimeField()
    joined_channel = models.CharField(max_length=60, default="", blank=True)
    joined_store = models.CharField(max_length=60, default="", blank=True)
    locale = models.CharField(max_length=20, default="", blank=True)
    zone = models.CharField(max_length=60, null=True, blank=True)
    birth_month = models.SmallIntegerField(null=True, blank=True)
    birth_day = models.SmallIntegerField(null=True, blank=True)
    masked_name = models.CharField(max_length=60, default="", blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    wrapped_key = models.BinaryField(null=True)
    repeat_key = models.CharField(max_length=200, null=True, blank=True)
    forgotten_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "members_member"
        constraints = [
            models.UniqueConstraint(fields=["program", "number"], name="M1_one_member_per_number"),
            models.UniqueConstraint(fields=["program", "repeat_key"], name="M2_one_member_per_repeat_key"),
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in MemberStatus]), name="M3_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=F("id")), name="M4_merged_into_another"
            ),
            models.CheckConstraint(
                condition=Q(birth_month=None, birth_day=None)
                | Q(
                    birth_month__isnull=False,
                    birth_day__isnull=False,
                    birth_month__range=(1, 12),
                    birth_day__range=(1, 31),
                ),
                name="M5_birthday_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(forgotten_at=None, wrapped_key__isnull=False)
                | Q(forgotten_at__isnull=False, wrapped_key=None, birth_month=None, masked_name="", repeat_key=None),
                name="M6_forgotten_has_no_key",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "-joined_at", "-id"], name="members_recent"),
            # Nearly all are active, so the list above serves them; the few others have a list of their own.
            models.Index(
                fields=["program", "status", "-joined_at", "-id"],
                name="members_recent_limited",
                condition=~Q(status=MemberStatus.ACTIVE.value),
            ),
            models.Index(fields=["program", "birth_month", "birth_day"], name="members_birthday"),
            models.Index(fields=["merged_into"], name="members_merged", condition=Q(merged_into__isnull=False)),
        ]


class PersonRow(models.Model):
    """The person behind a member, sealed with the member's own key. Kept: until the member is forgotten."""

    member = models.OneToOneField(MemberRow, primary_key=True, on_delete=models.PROTECT, related_name="person")
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.BinaryField(null=True)
    name_blind = models.BinaryField(null=True)
    birth_year = models.BinaryField(null=True)
    notes = models.BinaryField(null=True)
    attributes = models.BinaryField(null=True)

    class Meta:
        db_table = "members_person"
        constraints = [
            models.CheckConstraint(
                condition=Q(name=None, name_blind=None) | Q(name__isnull=False, name_blind__isnull=False),
                name="M7_a_name_can_be_found",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "name_blind"], name="members_name", condition=Q(name_blind__isnull=False))
        ]


class IdentifierRow(models.Model):
    """What finds a member. Kept: until the member is forgotten; a released one without its value, as history."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(MemberRow, on_delete=models.PROTECT, related_name="identifiers")
    type = models.CharField(max_length=16)
    blind = models.BinaryField(null=True)
    sealed = models.BinaryField(null=True)
    hint = models.CharField(max_length=40, default="", blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    method = models.CharField(max_length=40, default="", blank=True)
    attested_by = models.CharField(max_length=80, default="", blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "members_identifier"
        constraints = [
            models.UniqueConstraint(
                fields=["program", "type", "blind"],
                condition=Q(released_at=None, verified_at__isnull=False),
                name="M8_one_verified_holder",
            ),
            models.UniqueConstraint(
                fields=["member", "type", "blind"],
                condition=Q(released_at=None),
                name="M9_one_claim_per_member",
            ),
            models.CheckConstraint(condition=Q(type__in=[t.value for t in IdentifierType]), name="M10_type_is_known"),
            models.CheckConstraint(
                condition=Q(released_at__isnull=False) | Q(blind__isnull=False),
                name="M11_live_identifiers_can_be_found",
            ),
            models.CheckConstraint(
                condition=~Q(type=IdentifierType.PAYMENT_TOKEN.value) | Q(sealed=None, hint=""),
                name="M12_payment_tokens_are_never_kept",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "type", "blind"], name="members_claims", condition=Q(released_at=None))
        ]


class CodeRow(models.Model):
    """A code that was made to prove an identifier. Kept: 30 days (`forget_old_codes`)."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    identifier = models.ForeignKey(IdentifierRow, on_delete=models.PROTECT, related_name="+")
    blind = models.BinaryField()  # of the address, so that the limit counts all members who claim it
    code_hash = models.BinaryField()
    sealed_code = models.BinaryField(null=True)
    tries_left = models.SmallIntegerField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "members_code"
        constraints = [
            models.CheckConstraint(condition=Q(tries_left__range=(0, 5)), name="M13_five_tries_at_most"),
        ]
        indexes = [
            models.Index(fields=["program", "blind", "created_at"], name="members_code_limit"),
            models.Index(fields=["created_at"], name="members_code_age"),
        ]


class AttributeRow(models.Model):
    """A declared attribute. Kept: as long as the program."""

    program = models.ForeignKey("programs.ProgramRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=60)
    type = models.CharField(max_length=10)
    label = models.JSONField(default=dict, blank=True)
    choices = models.JSONField(default=list, blank=True)
    personal = models.BooleanField(default=False)

    class Meta:
        db_table = "members_attribute"
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="M14_one_attribute_per_key"),
            models.CheckConstraint(
                condition=Q(type__in=[t.value for t in AttributeType]), name="M15_attribute_type_is_known"
            ),
        ]

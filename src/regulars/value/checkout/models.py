"""Tables of checkout."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from regulars.value.checkout.terms import SessionState


class SessionRow(models.Model):
    """A basket at a till, in a shop or an app. Kept: 90 days after its last change; its order keeps all that counts.

    `told` is the basket as it was told, with the member's id only; payment tokens and identifiers are never kept.
    `question` (compressed JSON) is what a tendering session will be closed by. `reserved` is what was taken for it.
    """

    id = models.UUIDField(primary_key=True)
    program_id = models.IntegerField()
    key = models.TextField()
    state = models.TextField()
    revision = models.BigIntegerField(
        db_default=1, help_text="Moves with every change; a writer names the one it read."
    )
    opening = models.IntegerField(
        db_default=1, help_text="How many times it was opened: reopened ones make a new order."
    )
    member_id = models.UUIDField(null=True)
    store = models.TextField(null=True)
    channel = models.TextField()
    told = models.JSONField()
    version = models.IntegerField(help_text="The program's version that decided; frozen while tendering.")
    digest = models.BinaryField()
    answer = models.BinaryField(help_text="The last answer, without its long part where `explained` has it.")
    explained = models.BinaryField(null=True, help_text="What did not act, why, and what would unlock more.")
    question = models.BinaryField(null=True)
    reserved = models.JSONField(null=True)
    tender_until = models.DateTimeField(null=True)
    tendered_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    order_id = models.UUIDField(null=True)
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    actor = models.TextField()

    class Meta:
        db_table = "checkout_session"
        constraints = [
            models.UniqueConstraint(fields=["program_id", "key"], name="S1_a_key_names_one_session"),
            models.CheckConstraint(condition=Q(state__in=list(SessionState)), name="S2_a_sessions_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="tendering", reserved__isnull=False, question__isnull=False)
                & Q(tender_until__isnull=False, tendered_at__isnull=False)
                | (~Q(state="tendering") & Q(reserved=None, question=None, tender_until=None, tendered_at=None)),
                name="S3_only_tendering_sessions_reserve",
            ),
            models.CheckConstraint(
                condition=Q(state="closed", order_id__isnull=False) | (~Q(state="closed") & Q(order_id=None)),
                name="S4_only_closed_sessions_have_an_order",
            ),
            models.CheckConstraint(condition=Q(opening__gte=1) & Q(revision__gte=1), name="S5_openings_are_counted"),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], condition=Q(state__in=["open", "tendering"]), name="checkout_session_abandoned"
            ),
            models.Index(fields=["tender_until"], condition=Q(state="tendering"), name="checkout_session_tendering"),
            models.Index(fields=["member_id", "-changed_at"], name="checkout_session_of_member"),
            models.Index(fields=["program_id", "-changed_at"], name="checkout_session_recent"),
        ]

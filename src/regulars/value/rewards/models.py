"""Tables of rewards: rewards by version, shelves, redemptions and their story, waiting lists, pools of codes.

Foreign keys are not enforced by the database: none of the rows they name is ever deleted, and a check per redemption
would lock the one program row of all.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from regulars.value.rewards.terms import CodeState, Kind, State, WaitState

PROGRAM = "programs.ProgramRow"
CLOSED = (State.FULFILLED, State.CANCELLED, State.FAILED, State.EXPIRED)
QUEUED = (WaitState.WAITING, WaitState.OFFERED)


def _program() -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(PROGRAM, models.PROTECT, related_name="+", db_constraint=False, db_index=False)


class RewardRow(models.Model):
    """A reward in one published version. Kept: for ever, because redemptions name it."""

    pk = models.CompositePrimaryKey("program", "version", "key")
    program = _program()
    version = models.IntegerField()
    key = models.TextField()
    place = models.IntegerField()
    body = models.JSONField(help_text="The entry of the document, canonical.")

    class Meta:
        db_table = "rewards_reward"


class ShelfRow(models.Model):
    """How many of a reward (or of a session's seats) there are and are taken. Kept: for ever."""

    pk = models.CompositePrimaryKey("program", "reward", "session")
    program = _program()
    reward = models.TextField()
    session = models.TextField(help_text="Empty: the reward itself.")
    base = models.BigIntegerField(null=True, help_text="What the document says; null: without end.")
    added = models.BigIntegerField(db_default=0, help_text="What was added by hand or with codes.")
    taken = models.BigIntegerField(db_default=0, help_text="By redemptions and offers that stand.")
    over = models.BigIntegerField(db_default=0, help_text="Taken beyond what a later version left.")
    offer_hours = models.IntegerField(null=True, help_text="How long what comes free is kept for who waited.")

    class Meta:
        db_table = "rewards_shelf"
        constraints = [
            models.CheckConstraint(
                condition=Q(base__isnull=True) | Q(taken__lte=F("base") + F("added") + F("over")),
                name="R1_no_more_is_taken_than_there_is",
            ),
            models.CheckConstraint(condition=Q(taken__gte=0, over__gte=0), name="R1_a_shelf_is_never_negative"),
        ]


class StockingRow(models.Model):
    """One change of a stock by hand or by an import; append-only. Kept: for ever, it names staff only."""

    program = _program()
    reward = models.TextField()
    session = models.TextField()
    count = models.BigIntegerField()
    actor = models.TextField()
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        db_table = "rewards_stocking"
        constraints = [models.CheckConstraint(condition=~Q(count=0), name="R1_a_stocking_changes_something")]
        indexes = [models.Index(fields=["program", "reward", "id"], name="rewards_stockings")]


class RedemptionRow(models.Model):
    """What a member asked for, or was given. Kept: for ever; it names her by id, `delivery` dies with her key."""

    id = models.UUIDField(primary_key=True)
    program = _program()
    member_id = models.UUIDField()
    reward = models.TextField()
    version = models.IntegerField()
    kind = models.TextField()
    session = models.TextField(db_default="")
    count = models.IntegerField()
    state = models.TextField()
    key = models.TextField(db_collation="C")
    digest = models.BinaryField(help_text="Of what was asked.")
    code = models.TextField(db_collation="C", help_text="What she shows at the desk.")
    store = models.TextField(db_default="", help_text="Where she fetches it, or who handed it over.")
    source = models.TextField(db_default="", help_text="What gave it, when nobody paid: a benefit, a person.")
    spends = models.JSONField(db_default=[], help_text="[{unit, amount, member, seq | hold}]")
    due_minor = models.BigIntegerField(db_default=0)
    currency = models.TextField(db_default="")
    payment_ref = models.TextField(db_default="")
    pay_until = models.DateTimeField(null=True, help_text="While money is due.")
    due_at = models.DateTimeField(null=True, help_text="Until when it was promised.")
    fetch_until = models.DateTimeField(null=True, help_text="Until when it waits in the store.")
    tracking = models.TextField(db_default="")
    delivery = models.BinaryField(null=True, help_text="Where to send it, sealed with the member's key.")
    requested_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    period = models.TextField(null=True, help_text="The period in which it counts towards the member's limit.")
    holds_stock = models.BooleanField(db_default=False, help_text="Whether its pieces are taken off the shelf.")
    gave = models.JSONField(db_default=[], help_text="Ids of the coupons that came with it.")
    gave_back = models.BooleanField(db_default=False, help_text="Whether the value came back.")

    class Meta:
        db_table = "rewards_redemption"
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="R2_a_redemption_happens_once"),
            models.UniqueConstraint(fields=["program", "code"], name="R2_a_desk_code_is_one_redemption"),
            models.CheckConstraint(condition=Q(count__gt=0, due_minor__gte=0), name="R2_a_redemption_has_pieces"),
            models.CheckConstraint(
                condition=Q(state__in=list(State), kind__in=list(Kind)), name="R5_a_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=CLOSED, closed_at__isnull=False)
                | (~Q(state__in=CLOSED) & Q(closed_at__isnull=True)),
                name="R5_what_has_ended_says_when",
            ),
            models.CheckConstraint(
                condition=Q(pay_until__isnull=True) | Q(state=State.REQUESTED, due_minor__gt=0),
                name="R5_only_a_request_waits_for_money",
            ),
            models.CheckConstraint(
                condition=Q(fetch_until__isnull=True) | Q(state=State.READY), name="R5_only_what_is_ready_waits"
            ),
            models.CheckConstraint(
                condition=Q(gave_back=False) | Q(state__in=(State.CANCELLED, State.FAILED, State.EXPIRED)),
                name="R4_only_what_ended_gives_back",
            ),
        ]
        indexes = [
            models.Index(fields=["member_id", "-id"], name="rewards_of_member"),
            models.Index(fields=["program", "reward", "-id"], name="rewards_redemptions_of"),
            models.Index(fields=["program", "-id"], condition=~Q(state__in=CLOSED), name="rewards_open"),
            models.Index(fields=["pay_until"], condition=Q(pay_until__isnull=False), name="rewards_unpaid"),
            models.Index(fields=["fetch_until"], condition=Q(fetch_until__isnull=False), name="rewards_unfetched"),
        ]


class ChapterRow(models.Model):
    """One thing that happened to a redemption; append-only. Kept: as long as it (it holds no personal data)."""

    program = _program()
    redemption_id = models.UUIDField()
    kind = models.TextField()
    at = models.DateTimeField()
    actor = models.TextField()
    reason = models.TextField(db_default="")
    facts = models.JSONField(db_default={})

    class Meta:
        db_table = "rewards_chapter"
        indexes = [models.Index(fields=["redemption_id", "id"], name="rewards_story")]


class TallyRow(models.Model):
    """How many of a reward a member has had in a period. Kept: as long as the member."""

    pk = models.CompositePrimaryKey("member_id", "reward", "period")
    member_id = models.UUIDField()
    reward = models.TextField()
    period = models.TextField()
    program = _program()
    used = models.IntegerField()

    class Meta:
        db_table = "rewards_tally"
        constraints = [models.CheckConstraint(condition=Q(used__gte=0), name="R3_a_tally_is_never_negative")]


class WaitRow(models.Model):
    """A place on a waiting list. Kept: two years after it ended."""

    id = models.UUIDField(primary_key=True, help_text="In the order of joining.")
    program = _program()
    reward = models.TextField()
    session = models.TextField()
    member_id = models.UUIDField()
    state = models.TextField(db_default=WaitState.WAITING)
    joined_at = models.DateTimeField()
    offered_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    redemption_id = models.UUIDField(null=True)

    class Meta:
        db_table = "rewards_wait"
        constraints = [
            models.UniqueConstraint(
                fields=["program", "reward", "session", "member_id"],
                condition=Q(state__in=QUEUED),
                name="R6_a_member_waits_in_one_place",
            ),
            models.CheckConstraint(
                condition=Q(state=WaitState.OFFERED, until__isnull=False, offered_at__isnull=False)
                | (~Q(state=WaitState.OFFERED) & Q(state__in=list(WaitState))),
                name="R6_an_offer_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(state=WaitState.TAKEN, redemption_id__isnull=False)
                | (~Q(state=WaitState.TAKEN) & Q(redemption_id__isnull=True)),
                name="R6_who_took_an_offer_has_redeemed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["program", "reward", "session", "id"],
                condition=Q(state=WaitState.WAITING),
                name="rewards_queue",
            ),
            models.Index(fields=["until"], condition=Q(state=WaitState.OFFERED), name="rewards_offers_until"),
            models.Index(fields=["member_id"], name="rewards_waits_of_member"),
        ]


class PoolRow(models.Model):
    """Codes of others, imported at once. Kept: for ever; `data_key` opens its codes."""

    id = models.UUIDField(primary_key=True)
    program = _program()
    reward = models.TextField()
    key = models.TextField()
    digest = models.BinaryField()
    data_key = models.BinaryField(help_text="Wrapped by the program's key.")
    lines = models.IntegerField()
    stored = models.IntegerField()
    rejects = models.JSONField(db_default=[], help_text="[[line, reason]]: never a code.")
    actor = models.TextField()
    at = models.DateTimeField()

    class Meta:
        db_table = "rewards_pool"
        constraints = [models.UniqueConstraint(fields=["program", "key"], name="R7_a_pool_is_imported_once")]


class CodeRow(models.Model):
    """One code of a pool, sealed. Kept: for ever, so that it is never taken twice."""

    id = models.BigAutoField(primary_key=True)
    program = _program()
    reward = models.TextField()
    pool_id = models.UUIDField()
    blind = models.BinaryField(help_text="A keyed hash: finds the same code without opening any.")
    sealed = models.BinaryField()
    state = models.TextField(db_default=CodeState.FREE)
    redemption_id = models.UUIDField(null=True)
    shown_at = models.DateTimeField(null=True, help_text="When it was first shown to the member.")

    class Meta:
        db_table = "rewards_code"
        constraints = [
            models.UniqueConstraint(fields=["program", "reward", "blind"], name="R7_a_code_is_in_its_pool_once"),
            models.CheckConstraint(
                condition=Q(state=CodeState.GIVEN, redemption_id__isnull=False)
                | Q(state__in=(CodeState.FREE, CodeState.VOID), redemption_id__isnull=True, shown_at__isnull=True),
                name="R7_a_code_that_is_given_names_its_redemption",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "reward", "id"], condition=Q(state=CodeState.FREE), name="rewards_free"),
            models.Index(fields=["redemption_id"], condition=Q(redemption_id__isnull=False), name="rewards_codes_of"),
        ]


class GiftRow(models.Model):
    """What a donation gave a cause, or took back; append-only. Kept: for ever, it names the redemption only."""

    program = _program()
    cause = models.TextField()
    unit = models.TextField(help_text="A unit, or the currency.")
    amount = models.BigIntegerField(help_text="Below zero: taken back.")
    redemption_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        db_table = "rewards_gift"
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="R8_a_gift_is_something")]
        indexes = [models.Index(fields=["program", "cause", "unit"], include=["amount"], name="rewards_gifts")]

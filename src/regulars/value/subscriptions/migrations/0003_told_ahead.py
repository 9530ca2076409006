"""When members are told of a renewal ahead, and until when a gift can be redeemed."""

import regulars.value.subscriptions.terms.states
from django.db import migrations, models

# who runs now is told too, as plans say that say nothing
FILL = """
update subscriptions_subscription s
   set notice_at = s.next_due_at - least(7, (p.ends_on - p.starts_on) / 2) * interval '1 day'
  from subscriptions_period p
 where p.subscription_id = s.id and p.n = s.period_n and s.state in ('trial', 'active')
   and s.next_due_at is not null and p.ends_on - p.starts_on > 1"""


class Migration(migrations.Migration):

    dependencies = [
        ('programs', '0002_facts'),
        ('subscriptions', '0002_functions'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='eventrow',
            name='P9_a_chapter_has_a_known_kind',
        ),
        migrations.AddField(
            model_name='giftrow',
            name='expires_at',
            field=models.DateTimeField(help_text='Until when it can be redeemed; null: for ever.', null=True),
        ),
        migrations.AddField(
            model_name='subscriptionrow',
            name='notice_at',
            field=models.DateTimeField(help_text="When she is told of what comes at the period's end.", null=True),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name='giftrow',
            index=models.Index(condition=models.Q(('expires_at__isnull', False), ('state', regulars.value.subscriptions.terms.states.GiftState['READY'])), fields=['expires_at'], name='subscriptions_gifts_waiting'),
        ),
        migrations.AddIndex(
            model_name='subscriptionrow',
            index=models.Index(condition=models.Q(('notice_at__isnull', False)), fields=['notice_at'], name='subscriptions_notices'),
        ),
        migrations.AddConstraint(
            model_name='eventrow',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', [regulars.value.subscriptions.terms.states.EventKind['ASKED'], regulars.value.subscriptions.terms.states.EventKind['STARTED'], regulars.value.subscriptions.terms.states.EventKind['RENEWED'], regulars.value.subscriptions.terms.states.EventKind['DECLINED'], regulars.value.subscriptions.terms.states.EventKind['UNREACHABLE'], regulars.value.subscriptions.terms.states.EventKind['PAST_DUE'], regulars.value.subscriptions.terms.states.EventKind['METHOD'], regulars.value.subscriptions.terms.states.EventKind['CHANGE_ASKED'], regulars.value.subscriptions.terms.states.EventKind['CHANGED'], regulars.value.subscriptions.terms.states.EventKind['PAUSED'], regulars.value.subscriptions.terms.states.EventKind['RESUMED'], regulars.value.subscriptions.terms.states.EventKind['CANCELLED'], regulars.value.subscriptions.terms.states.EventKind['KEPT'], regulars.value.subscriptions.terms.states.EventKind['REFUNDED'], regulars.value.subscriptions.terms.states.EventKind['REFUND_DONE'], regulars.value.subscriptions.terms.states.EventKind['REFUND_FAILED'], regulars.value.subscriptions.terms.states.EventKind['ENDED'], regulars.value.subscriptions.terms.states.EventKind['NOTICED'], regulars.value.subscriptions.terms.states.EventKind['INVITED'], regulars.value.subscriptions.terms.states.EventKind['JOINED'], regulars.value.subscriptions.terms.states.EventKind['LEFT'], regulars.value.subscriptions.terms.states.EventKind['REMOVED'], regulars.value.subscriptions.terms.states.EventKind['MERGED']])), name='P9_a_chapter_has_a_known_kind'),
        ),
    ]
"""What is cancelled while its payment is unknown, and what rests because its member is suspended."""

import regulars.value.subscriptions.terms.states
from django.db import migrations, models

from regulars.kernel.migrating import load

# who was asked about before may have been charged: only the provider knows
SENT = """update subscriptions_payment set sent_at = coalesce(leased_until, created_at)
           where state = 'intended' and asks > 0"""


class Migration(migrations.Migration):

    dependencies = [
        ('programs', '0002_facts'),
        ('subscriptions', '0003_told_ahead'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='eventrow',
            name='P9_a_chapter_has_a_known_kind',
        ),
        migrations.RemoveConstraint(
            model_name='paymentrow',
            name='P2_a_period_is_paid_once',
        ),
        migrations.RemoveConstraint(
            model_name='paymentrow',
            name='P2_one_payment_is_under_way',
        ),
        migrations.RemoveConstraint(
            model_name='subscriptionrow',
            name='P1_only_a_pause_has_an_end',
        ),
        migrations.AddField(
            model_name='paymentrow',
            name='sent_at',
            field=models.DateTimeField(help_text='When the provider may last have been asked to take it.', null=True),
        ),
        migrations.AddField(
            model_name='paymentrow',
            name='withdrawn_at',
            field=models.DateTimeField(help_text='Not wanted any more: if it is paid, all goes back.', null=True),
        ),
        migrations.AddField(
            model_name='subscriptionrow',
            name='waits_since',
            field=models.DateField(help_text='It rests since then because she is suspended.', null=True),
        ),
        migrations.AddConstraint(
            model_name='eventrow',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', [regulars.value.subscriptions.terms.states.EventKind['ASKED'], regulars.value.subscriptions.terms.states.EventKind['STARTED'], regulars.value.subscriptions.terms.states.EventKind['RENEWED'], regulars.value.subscriptions.terms.states.EventKind['DECLINED'], regulars.value.subscriptions.terms.states.EventKind['UNREACHABLE'], regulars.value.subscriptions.terms.states.EventKind['PAST_DUE'], regulars.value.subscriptions.terms.states.EventKind['METHOD'], regulars.value.subscriptions.terms.states.EventKind['CHANGE_ASKED'], regulars.value.subscriptions.terms.states.EventKind['CHANGED'], regulars.value.subscriptions.terms.states.EventKind['PAUSED'], regulars.value.subscriptions.terms.states.EventKind['RESUMED'], regulars.value.subscriptions.terms.states.EventKind['CANCELLED'], regulars.value.subscriptions.terms.states.EventKind['KEPT'], regulars.value.subscriptions.terms.states.EventKind['WITHDRAWN'], regulars.value.subscriptions.terms.states.EventKind['WAITS'], regulars.value.subscriptions.terms.states.EventKind['REFUNDED'], regulars.value.subscriptions.terms.states.EventKind['REFUND_DONE'], regulars.value.subscriptions.terms.states.EventKind['REFUND_FAILED'], regulars.value.subscriptions.terms.states.EventKind['ENDED'], regulars.value.subscriptions.terms.states.EventKind['NOTICED'], regulars.value.subscriptions.terms.states.EventKind['INVITED'], regulars.value.subscriptions.terms.states.EventKind['JOINED'], regulars.value.subscriptions.terms.states.EventKind['LEFT'], regulars.value.subscriptions.terms.states.EventKind['REMOVED'], regulars.value.subscriptions.terms.states.EventKind['MERGED']])), name='P9_a_chapter_has_a_known_kind'),
        ),
        migrations.AddConstraint(
            model_name='paymentrow',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', (regulars.value.subscriptions.terms.states.PaymentState['INTENDED'], regulars.value.subscriptions.terms.states.PaymentState['PAID'])), ('subscription__isnull', False), ('withdrawn_at__isnull', True)), fields=('subscription', 'n'), name='P2_a_period_is_paid_once'),
        ),
        migrations.AddConstraint(
            model_name='paymentrow',
            constraint=models.UniqueConstraint(condition=models.Q(('state', regulars.value.subscriptions.terms.states.PaymentState['INTENDED']), ('subscription__isnull', False), ('withdrawn_at__isnull', True)), fields=('subscription',), name='P2_one_payment_is_under_way'),
        ),
        migrations.AddConstraint(
            model_name='paymentrow',
            constraint=models.CheckConstraint(condition=models.Q(('withdrawn_at__isnull', True), models.Q(('refunded_minor', models.F('amount_minor')), ('state', regulars.value.subscriptions.terms.states.PaymentState['PAID']), ('subscription__isnull', False)), models.Q(('subscription__isnull', False), models.Q(('state', regulars.value.subscriptions.terms.states.PaymentState['PAID']), _negated=True)), _connector='OR'), name='P6_what_was_withdrawn_goes_back_whole'),
        ),
        migrations.AddConstraint(
            model_name='subscriptionrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('paused_until__isnull', False), ('state', regulars.value.subscriptions.terms.states.State['PAUSED']), ('waits_since__isnull', True)), models.Q(('paused_until__isnull', True), ('state', regulars.value.subscriptions.terms.states.State['PAUSED']), ('waits_since__isnull', False)), models.Q(models.Q(('state', regulars.value.subscriptions.terms.states.State['PAUSED']), _negated=True), ('paused_until__isnull', True), ('waits_since__isnull', True)), _connector='OR'), name='P1_only_a_pause_has_an_end'),
        ),
        migrations.RunSQL(SENT, migrations.RunSQL.noop),
        *load(__file__, "income.sql", "proving.sql"),
    ]

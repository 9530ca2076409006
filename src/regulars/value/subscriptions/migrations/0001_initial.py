"""Plans, subscriptions, periods, payments, refunds, gifts, seats, stories."""

import django.db.models.deletion
import django.db.models.expressions
import regulars.value.subscriptions.terms.states
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('programs', '0002_facts'),
    ]

    operations = [
        migrations.CreateModel(
            name='GiftRow',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('code', models.TextField(db_collation='C')),
                ('plan', models.TextField()),
                ('version', models.IntegerField()),
                ('periods', models.SmallIntegerField()),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('state', models.TextField()),
                ('key', models.TextField()),
                ('digest', models.BinaryField()),
                ('payer_id', models.UUIDField(null=True)),
                ('redeemed_by', models.UUIDField(null=True)),
                ('redeemed_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField()),
                ('actor', models.TextField()),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'subscriptions_gift',
            },
        ),
        migrations.CreateModel(
            name='PaymentRow',
            fields=[
                ('id', models.UUIDField(help_text='The key that the provider is told.', primary_key=True, serialize=False)),
                ('kind', models.TextField()),
                ('state', models.TextField()),
                ('n', models.IntegerField(help_text='The number of the period that it pays for.')),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('refunded_minor', models.BigIntegerField(db_default=0)),
                ('provider', models.TextField()),
                ('method', models.TextField(null=True)),
                ('ref', models.TextField(db_default='', help_text="The provider's own name of it.")),
                ('reason', models.TextField(db_default='')),
                ('terms', models.JSONField(help_text='What it pays for: plan, version, days, credit used.')),
                ('asks', models.IntegerField(db_default=0)),
                ('leased_until', models.DateTimeField(help_text='Somebody is asking the provider until then.', null=True)),
                ('created_at', models.DateTimeField()),
                ('settled_at', models.DateTimeField(null=True)),
                ('settled_on', models.DateField(help_text='The local day on which the books have it.', null=True)),
                ('gift', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.giftrow')),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'subscriptions_payment',
            },
        ),
        migrations.CreateModel(
            name='PlanRow',
            fields=[
                ('pk', models.CompositePrimaryKey('program', 'version', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField()),
                ('key', models.TextField()),
                ('place', models.IntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('body', models.JSONField(help_text='The entry of the document, canonical.')),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'subscriptions_plan',
            },
        ),
        migrations.CreateModel(
            name='RefundRow',
            fields=[
                ('id', models.UUIDField(help_text='The key that the provider is told.', primary_key=True, serialize=False)),
                ('amount_minor', models.BigIntegerField()),
                ('state', models.TextField()),
                ('reason', models.TextField()),
                ('answer', models.TextField(db_default='')),
                ('actor', models.TextField()),
                ('asks', models.IntegerField(db_default=0)),
                ('leased_until', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField()),
                ('booked_on', models.DateField(help_text='The local day from which the books have it.')),
                ('settled_at', models.DateTimeField(null=True)),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.paymentrow')),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'subscriptions_refund',
            },
        ),
        migrations.CreateModel(
            name='SubscriptionRow',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('member_id', models.UUIDField()),
                ('family', models.TextField(help_text='The family of plans; one live subscription of it at a time.')),
                ('twin', models.SmallIntegerField(db_default=0, help_text='Counts those that came in by a merge of members.')),
                ('plan', models.TextField()),
                ('version', models.IntegerField(help_text='The version of the program whose terms hold.')),
                ('next_plan', models.TextField(null=True)),
                ('state', models.TextField()),
                ('key', models.TextField()),
                ('digest', models.BinaryField()),
                ('currency', models.CharField(max_length=3)),
                ('provider', models.TextField()),
                ('method', models.TextField(null=True)),
                ('asked_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(null=True)),
                ('anchor_on', models.DateField(help_text='From which day months are counted.', null=True)),
                ('anchor_n', models.IntegerField(db_default=0, help_text='How many periods have passed since the anchor.')),
                ('period_n', models.IntegerField(db_default=0, help_text='The number of the last period.')),
                ('tries', models.SmallIntegerField(db_default=0, help_text='Declined tries for the period that is due.')),
                ('renews', models.BooleanField(db_default=True)),
                ('covered_until', models.DateTimeField(null=True)),
                ('next_due_at', models.DateTimeField(null=True)),
                ('paused_until', models.DateField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('end_cause', models.TextField(null=True)),
                ('credit_minor', models.BigIntegerField(db_default=0)),
                ('seats', models.SmallIntegerField(db_default=0)),
                ('most_seats', models.SmallIntegerField(db_default=0)),
                ('grown_through', models.DateField(help_text='The last day for which measure was given.', null=True)),
                ('gift', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.giftrow')),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'subscriptions_subscription',
            },
        ),
        migrations.CreateModel(
            name='SeatRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('member_id', models.UUIDField()),
                ('family', models.TextField()),
                ('state', models.TextField()),
                ('since', models.DateTimeField()),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
                ('subscription', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.subscriptionrow')),
            ],
            options={
                'db_table': 'subscriptions_seat',
            },
        ),
        migrations.CreateModel(
            name='PeriodRow',
            fields=[
                ('pk', models.CompositePrimaryKey('subscription', 'n', blank=True, editable=False, primary_key=True, serialize=False)),
                ('n', models.IntegerField()),
                ('kind', models.TextField()),
                ('plan', models.TextField()),
                ('version', models.IntegerField()),
                ('starts_on', models.DateField()),
                ('ends_on', models.DateField(help_text='Exclusive.')),
                ('booked_on', models.DateField(help_text='The local day on which it was written: nothing is earned before.')),
                ('amount_minor', models.BigIntegerField()),
                ('carried_minor', models.BigIntegerField(db_default=0, help_text='The part that was credited before.')),
                ('closed_on', models.DateField(null=True)),
                ('closed_by', models.TextField(null=True)),
                ('refunded_minor', models.BigIntegerField(db_default=0)),
                ('credited_minor', models.BigIntegerField(db_default=0)),
                ('correction_minor', models.BigIntegerField(db_default=0)),
                ('payment', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.paymentrow')),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
                ('subscription', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.subscriptionrow')),
            ],
            options={
                'db_table': 'subscriptions_period',
            },
        ),
        migrations.AddField(
            model_name='paymentrow',
            name='subscription',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.subscriptionrow'),
        ),
        migrations.CreateModel(
            name='TrialRow',
            fields=[
                ('pk', models.CompositePrimaryKey('program', 'member_id', 'family', blank=True, editable=False, primary_key=True, serialize=False)),
                ('member_id', models.UUIDField()),
                ('family', models.TextField()),
                ('subscription_id', models.UUIDField()),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'subscriptions_trial',
            },
        ),
        migrations.CreateModel(
            name='EventRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subscription_id', models.UUIDField()),
                ('kind', models.TextField()),
                ('at', models.DateTimeField()),
                ('day', models.DateField()),
                ('actor', models.TextField()),
                ('facts', models.JSONField(db_default={})),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'subscriptions_event',
                'indexes': [models.Index(fields=['subscription_id', 'id'], name='subscriptions_story')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', [regulars.value.subscriptions.terms.states.EventKind['ASKED'], regulars.value.subscriptions.terms.states.EventKind['STARTED'], regulars.value.subscriptions.terms.states.EventKind['RENEWED'], regulars.value.subscriptions.terms.states.EventKind['DECLINED'], regulars.value.subscriptions.terms.states.EventKind['UNREACHABLE'], regulars.value.subscriptions.terms.states.EventKind['PAST_DUE'], regulars.value.subscriptions.terms.states.EventKind['METHOD'], regulars.value.subscriptions.terms.states.EventKind['CHANGE_ASKED'], regulars.value.subscriptions.terms.states.EventKind['CHANGED'], regulars.value.subscriptions.terms.states.EventKind['PAUSED'], regulars.value.subscriptions.terms.states.EventKind['RESUMED'], regulars.value.subscriptions.terms.states.EventKind['CANCELLED'], regulars.value.subscriptions.terms.states.EventKind['KEPT'], regulars.value.subscriptions.terms.states.EventKind['REFUNDED'], regulars.value.subscriptions.terms.states.EventKind['REFUND_DONE'], regulars.value.subscriptions.terms.states.EventKind['REFUND_FAILED'], regulars.value.subscriptions.terms.states.EventKind['ENDED'], regulars.value.subscriptions.terms.states.EventKind['INVITED'], regulars.value.subscriptions.terms.states.EventKind['JOINED'], regulars.value.subscriptions.terms.states.EventKind['LEFT'], regulars.value.subscriptions.terms.states.EventKind['REMOVED'], regulars.value.subscriptions.terms.states.EventKind['MERGED']])), name='P9_a_chapter_has_a_known_kind')],
            },
        ),
        migrations.AddIndex(
            model_name='giftrow',
            index=models.Index(fields=['program', 'payer_id'], name='subscriptions_gifts_of_payer'),
        ),
        migrations.AddConstraint(
            model_name='giftrow',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', [regulars.value.subscriptions.terms.states.GiftState['WAITING'], regulars.value.subscriptions.terms.states.GiftState['READY'], regulars.value.subscriptions.terms.states.GiftState['REDEEMED'], regulars.value.subscriptions.terms.states.GiftState['REFUNDED'], regulars.value.subscriptions.terms.states.GiftState['FAILED']])), name='P7_a_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='giftrow',
            constraint=models.UniqueConstraint(fields=('program', 'code'), name='P7_a_code_is_one_gift'),
        ),
        migrations.AddConstraint(
            model_name='giftrow',
            constraint=models.UniqueConstraint(fields=('program', 'key'), name='P7_a_key_names_one_gift'),
        ),
        migrations.AddConstraint(
            model_name='giftrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('redeemed_at__isnull', False), ('redeemed_by__isnull', False), ('state', regulars.value.subscriptions.terms.states.GiftState['REDEEMED'])), models.Q(models.Q(('state', regulars.value.subscriptions.terms.states.GiftState['REDEEMED']), _negated=True), ('redeemed_at__isnull', True), ('redeemed_by__isnull', True)), _connector='OR'), name='P7_a_redeemed_gift_names_who'),
        ),
        migrations.AddIndex(
            model_name='refundrow',
            index=models.Index(condition=models.Q(('state', regulars.value.subscriptions.terms.states.RefundState['INTENDED'])), fields=['created_at'], name='subscriptions_refunds_open'),
        ),
        migrations.AddConstraint(
            model_name='refundrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('settled_at__isnull', True), ('state', regulars.value.subscriptions.terms.states.RefundState['INTENDED'])), models.Q(('settled_at__isnull', False), ('state__in', (regulars.value.subscriptions.terms.states.RefundState['DONE'], regulars.value.subscriptions.terms.states.RefundState['FAILED']))), _connector='OR'), name='P6_a_settled_refund_says_when'),
        ),
        migrations.AddConstraint(
            model_name='refundrow',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='P6_a_refund_is_of_something'),
        ),
        migrations.AddIndex(
            model_name='subscriptionrow',
            index=models.Index(condition=models.Q(('next_due_at__isnull', False)), fields=['next_due_at'], name='subscriptions_due'),
        ),
        migrations.AddIndex(
            model_name='subscriptionrow',
            index=models.Index(fields=['program', 'member_id'], name='subscriptions_of_member'),
        ),
        migrations.AddIndex(
            model_name='subscriptionrow',
            index=models.Index(fields=['program', 'state', '-id'], name='subscriptions_by_state'),
        ),
        migrations.AddConstraint(
            model_name='subscriptionrow',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', [regulars.value.subscriptions.terms.states.State['STARTING'], regulars.value.subscriptions.terms.states.State['TRIAL'], regulars.value.subscriptions.terms.states.State['ACTIVE'], regulars.value.subscriptions.terms.states.State['PAST_DUE'], regulars.value.subscriptions.terms.states.State['PAUSED'], regulars.value.subscriptions.terms.states.State['CANCELLED'], regulars.value.subscriptions.terms.states.State['ENDED']])), name='P1_a_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='subscriptionrow',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', (regulars.value.subscriptions.terms.states.State['STARTING'], regulars.value.subscriptions.terms.states.State['TRIAL'], regulars.value.subscriptions.terms.states.State['ACTIVE'], regulars.value.subscriptions.terms.states.State['PAST_DUE'], regulars.value.subscriptions.terms.states.State['PAUSED'], regulars.value.subscriptions.terms.states.State['CANCELLED']))), fields=('program', 'member_id', 'family', 'twin'), name='P1_one_live_subscription_of_a_family'),
        ),
        migrations.AddConstraint(
            model_name='subscriptionrow',
            constraint=models.UniqueConstraint(fields=('program', 'key'), name='P1_a_key_names_one_subscription'),
        ),
        migrations.AddConstraint(
            model_name='subscriptionrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('end_cause__isnull', False), ('ended_at__isnull', False), ('next_due_at__isnull', True), ('state', regulars.value.subscriptions.terms.states.State['ENDED'])), models.Q(models.Q(('state', regulars.value.subscriptions.terms.states.State['ENDED']), _negated=True), ('ended_at__isnull', True)), _connector='OR'), name='P1_what_has_ended_says_when_and_why'),
        ),
        migrations.AddConstraint(
            model_name='subscriptionrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('paused_until__isnull', False), ('state', regulars.value.subscriptions.terms.states.State['PAUSED'])), models.Q(models.Q(('state', regulars.value.subscriptions.terms.states.State['PAUSED']), _negated=True), ('paused_until__isnull', True)), _connector='OR'), name='P1_only_a_pause_has_an_end'),
        ),
        migrations.AddConstraint(
            model_name='subscriptionrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', (regulars.value.subscriptions.terms.states.State['STARTING'], regulars.value.subscriptions.terms.states.State['PAUSED'], regulars.value.subscriptions.terms.states.State['ENDED'])), _negated=True), ('covered_until__isnull', True), _connector='OR'), name='P4_nothing_is_given_before_payment_or_after_the_end'),
        ),
        migrations.AddConstraint(
            model_name='subscriptionrow',
            constraint=models.CheckConstraint(condition=models.Q(('credit_minor__gte', 0)), name='P5_a_credit_is_never_negative'),
        ),
        migrations.AddConstraint(
            model_name='subscriptionrow',
            constraint=models.CheckConstraint(condition=models.Q(('seats__gte', 0), ('seats__lte', models.F('most_seats'))), name='P8_a_family_has_no_more_than_its_seats'),
        ),
        migrations.AddConstraint(
            model_name='seatrow',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', [regulars.value.subscriptions.terms.states.SeatState['INVITED'], regulars.value.subscriptions.terms.states.SeatState['JOINED'], regulars.value.subscriptions.terms.states.SeatState['LEFT'], regulars.value.subscriptions.terms.states.SeatState['REMOVED']])), name='P8_a_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='seatrow',
            constraint=models.UniqueConstraint(fields=('subscription', 'member_id'), name='P8_a_guest_has_one_seat'),
        ),
        migrations.AddConstraint(
            model_name='seatrow',
            constraint=models.UniqueConstraint(condition=models.Q(('state', regulars.value.subscriptions.terms.states.SeatState['JOINED'])), fields=('program', 'member_id', 'family'), name='P8_a_guest_sits_in_one_family'),
        ),
        migrations.AddIndex(
            model_name='periodrow',
            index=models.Index(fields=['program', 'starts_on'], name='subscriptions_periods_by_day'),
        ),
        migrations.AddConstraint(
            model_name='periodrow',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', [regulars.value.subscriptions.terms.states.PeriodKind['TRIAL'], regulars.value.subscriptions.terms.states.PeriodKind['PAID'], regulars.value.subscriptions.terms.states.PeriodKind['CARRIED'], regulars.value.subscriptions.terms.states.PeriodKind['GIFT']])), name='P3_a_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='periodrow',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on__gte', models.F('starts_on'))), name='P3_a_period_ends_after_it_begins'),
        ),
        migrations.AddConstraint(
            model_name='periodrow',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gte', models.F('carried_minor')), ('carried_minor__gte', 0), models.Q(('payment__isnull', False), ('amount_minor', models.F('carried_minor')), _connector='OR')), name='P4_a_period_names_what_paid_it'),
        ),
        migrations.AddConstraint(
            model_name='periodrow',
            constraint=models.UniqueConstraint(condition=models.Q(('payment__isnull', False)), fields=('payment',), name='P4_a_payment_pays_one_period'),
        ),
        migrations.AddConstraint(
            model_name='periodrow',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_on__isnull', True)), fields=('subscription', 'starts_on'), name='P3_a_day_is_sold_once'),
        ),
        migrations.AddConstraint(
            model_name='periodrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_by__isnull', True), ('closed_on__isnull', True), ('correction_minor', 0), ('credited_minor', 0), ('refunded_minor', 0)), models.Q(('closed_by__isnull', False), ('closed_on__gte', models.F('starts_on')), ('closed_on__isnull', False)), _connector='OR'), name='P5_only_a_closed_period_gives_back'),
        ),
        migrations.AddConstraint(
            model_name='periodrow',
            constraint=models.CheckConstraint(condition=models.Q(('credited_minor__gte', 0), ('refunded_minor__gte', 0), ('refunded_minor__lte', django.db.models.expressions.CombinedExpression(models.F('amount_minor'), '-', models.F('credited_minor')))), name='P5_a_period_gives_back_no_more_than_it_has'),
        ),
        migrations.AddIndex(
            model_name='paymentrow',
            index=models.Index(condition=models.Q(('state', regulars.value.subscriptions.terms.states.PaymentState['INTENDED'])), fields=['created_at'], name='subscriptions_payments_open'),
        ),
        migrations.AddIndex(
            model_name='paymentrow',
            index=models.Index(fields=['program', 'settled_on'], name='subscriptions_payments_by_day'),
        ),
        migrations.AddConstraint(
            model_name='paymentrow',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', [regulars.value.subscriptions.terms.states.PaymentKind['FIRST'], regulars.value.subscriptions.terms.states.PaymentKind['RENEWAL'], regulars.value.subscriptions.terms.states.PaymentKind['CHANGE'], regulars.value.subscriptions.terms.states.PaymentKind['GIFT']])), name='P2_a_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='paymentrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('settled_at__isnull', True), ('settled_on__isnull', True), ('state', regulars.value.subscriptions.terms.states.PaymentState['INTENDED'])), models.Q(('settled_at__isnull', False), ('settled_on__isnull', False), ('state__in', (regulars.value.subscriptions.terms.states.PaymentState['PAID'], regulars.value.subscriptions.terms.states.PaymentState['DECLINED']))), _connector='OR'), name='P2_a_settled_payment_says_when'),
        ),
        migrations.AddConstraint(
            model_name='paymentrow',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', (regulars.value.subscriptions.terms.states.PaymentState['INTENDED'], regulars.value.subscriptions.terms.states.PaymentState['PAID'])), ('subscription__isnull', False)), fields=('subscription', 'n'), name='P2_a_period_is_paid_once'),
        ),
        migrations.AddConstraint(
            model_name='paymentrow',
            constraint=models.UniqueConstraint(condition=models.Q(('state', regulars.value.subscriptions.terms.states.PaymentState['INTENDED']), ('subscription__isnull', False)), fields=('subscription',), name='P2_one_payment_is_under_way'),
        ),
        migrations.AddConstraint(
            model_name='paymentrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('subscription__isnull', True), ('gift__isnull', False)), models.Q(('subscription__isnull', False), ('gift__isnull', True)), _connector='OR'), name='P2_a_payment_is_for_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='paymentrow',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gte', 0), ('refunded_minor__gte', 0), ('refunded_minor__lte', models.F('amount_minor'))), name='P6_no_more_goes_back_than_was_paid'),
        ),
        migrations.AddConstraint(
            model_name='paymentrow',
            constraint=models.CheckConstraint(condition=models.Q(('refunded_minor', 0), ('state', regulars.value.subscriptions.terms.states.PaymentState['PAID']), _connector='OR'), name='P6_only_what_is_paid_goes_back'),
        ),
    ]

"""The session."""

import regulars.value.checkout.terms
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='SessionRow',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('program_id', models.IntegerField()),
                ('key', models.TextField()),
                ('state', models.TextField()),
                ('revision', models.BigIntegerField(db_default=1, help_text='Moves with every change; a writer names the one it read.')),
                ('opening', models.IntegerField(db_default=1, help_text='How many times it was opened: reopened ones make a new order.')),
                ('member_id', models.UUIDField(null=True)),
                ('store', models.TextField(null=True)),
                ('channel', models.TextField()),
                ('told', models.JSONField()),
                ('version', models.IntegerField(help_text="The program's version that decided; frozen while tendering.")),
                ('digest', models.BinaryField()),
                ('answer', models.BinaryField()),
                ('question', models.BinaryField(null=True)),
                ('reserved', models.JSONField(null=True)),
                ('tender_until', models.DateTimeField(null=True)),
                ('tendered_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField()),
                ('order_id', models.UUIDField(null=True)),
                ('made_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('actor', models.TextField()),
            ],
            options={
                'db_table': 'checkout_session',
                'indexes': [models.Index(condition=models.Q(('state__in', ['open', 'tendering'])), fields=['expires_at'], name='checkout_session_abandoned'), models.Index(condition=models.Q(('state', 'tendering')), fields=['tender_until'], name='checkout_session_tendering'), models.Index(fields=['member_id', '-changed_at'], name='checkout_session_of_member'), models.Index(fields=['program_id', '-changed_at'], name='checkout_session_recent')],
                'constraints': [models.UniqueConstraint(fields=('program_id', 'key'), name='S1_a_key_names_one_session'), models.CheckConstraint(condition=models.Q(('state__in', [regulars.value.checkout.terms.SessionState['OPEN'], regulars.value.checkout.terms.SessionState['TENDERING'], regulars.value.checkout.terms.SessionState['CLOSED'], regulars.value.checkout.terms.SessionState['CANCELLED'], regulars.value.checkout.terms.SessionState['EXPIRED']])), name='S2_a_sessions_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('question__isnull', False), ('reserved__isnull', False), ('state', 'tendering'), ('tender_until__isnull', False), ('tendered_at__isnull', False)), models.Q(models.Q(('state', 'tendering'), _negated=True), ('question', None), ('reserved', None), ('tender_until', None), ('tendered_at', None)), _connector='OR'), name='S3_only_tendering_sessions_reserve'), models.CheckConstraint(condition=models.Q(models.Q(('order_id__isnull', False), ('state', 'closed')), models.Q(models.Q(('state', 'closed'), _negated=True), ('order_id', None)), _connector='OR'), name='S4_only_closed_sessions_have_an_order'), models.CheckConstraint(condition=models.Q(('opening__gte', 1), ('revision__gte', 1)), name='S5_openings_are_counted')],
            },
        ),
    ]


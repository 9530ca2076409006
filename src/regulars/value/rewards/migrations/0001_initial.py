"""Tables of rewards."""

import django.db.models.deletion
import django.db.models.expressions
import regulars.value.rewards.terms
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('programs', '0002_facts'),
    ]

    operations = [
        migrations.CreateModel(
            name='RewardRow',
            fields=[
                ('pk', models.CompositePrimaryKey('program', 'version', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField()),
                ('key', models.TextField()),
                ('place', models.IntegerField()),
                ('body', models.JSONField(help_text='The entry of the document, canonical.')),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'rewards_reward',
            },
        ),
        migrations.CreateModel(
            name='ChapterRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('redemption_id', models.UUIDField()),
                ('kind', models.TextField()),
                ('at', models.DateTimeField()),
                ('actor', models.TextField()),
                ('reason', models.TextField(db_default='')),
                ('facts', models.JSONField(db_default={})),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'rewards_chapter',
                'indexes': [models.Index(fields=['redemption_id', 'id'], name='rewards_story')],
            },
        ),
        migrations.CreateModel(
            name='CodeRow',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('reward', models.TextField()),
                ('pool_id', models.UUIDField()),
                ('blind', models.BinaryField(help_text='A keyed hash: finds the same code without opening any.')),
                ('sealed', models.BinaryField()),
                ('state', models.TextField(db_default=regulars.value.rewards.terms.CodeState['FREE'])),
                ('redemption_id', models.UUIDField(null=True)),
                ('shown_at', models.DateTimeField(help_text='When it was first shown to the member.', null=True)),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'rewards_code',
                'indexes': [models.Index(condition=models.Q(('state', regulars.value.rewards.terms.CodeState['FREE'])), fields=['program', 'reward', 'id'], name='rewards_free'), models.Index(condition=models.Q(('redemption_id__isnull', False)), fields=['redemption_id'], name='rewards_codes_of')],
                'constraints': [models.UniqueConstraint(fields=('program', 'reward', 'blind'), name='R7_a_code_is_in_its_pool_once'), models.CheckConstraint(condition=models.Q(models.Q(('redemption_id__isnull', False), ('state', regulars.value.rewards.terms.CodeState['GIVEN'])), models.Q(('redemption_id__isnull', True), ('shown_at__isnull', True), ('state__in', (regulars.value.rewards.terms.CodeState['FREE'], regulars.value.rewards.terms.CodeState['VOID']))), _connector='OR'), name='R7_a_code_that_is_given_names_its_redemption')],
            },
        ),
        migrations.CreateModel(
            name='GiftRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cause', models.TextField()),
                ('unit', models.TextField(help_text='A unit, or the currency.')),
                ('amount', models.BigIntegerField(help_text='Below zero: taken back.')),
                ('redemption_id', models.UUIDField()),
                ('at', models.DateTimeField()),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'rewards_gift',
                'indexes': [models.Index(fields=['program', 'cause', 'unit'], include=('amount',), name='rewards_gifts')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='R8_a_gift_is_something')],
            },
        ),
        migrations.CreateModel(
            name='PoolRow',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('reward', models.TextField()),
                ('key', models.TextField()),
                ('digest', models.BinaryField()),
                ('data_key', models.BinaryField(help_text="Wrapped by the program's key.")),
                ('lines', models.IntegerField()),
                ('stored', models.IntegerField()),
                ('rejects', models.JSONField(db_default=[], help_text='[[line, reason]]: never a code.')),
                ('actor', models.TextField()),
                ('at', models.DateTimeField()),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'rewards_pool',
                'constraints': [models.UniqueConstraint(fields=('program', 'key'), name='R7_a_pool_is_imported_once')],
            },
        ),
        migrations.CreateModel(
            name='RedemptionRow',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('member_id', models.UUIDField()),
                ('reward', models.TextField()),
                ('version', models.IntegerField()),
                ('kind', models.TextField()),
                ('session', models.TextField(db_default='')),
                ('count', models.IntegerField()),
                ('state', models.TextField()),
                ('key', models.TextField(db_collation='C')),
                ('digest', models.BinaryField(help_text='Of what was asked.')),
                ('code', models.TextField(db_collation='C', help_text='What she shows at the desk.')),
                ('store', models.TextField(db_default='', help_text='Where she fetches it, or who handed it over.')),
                ('source', models.TextField(db_default='', help_text='What gave it, when nobody paid: a benefit, a person.')),
                ('spends', models.JSONField(db_default=[], help_text='[{unit, amount, member, seq | hold}]')),
                ('due_minor', models.BigIntegerField(db_default=0)),
                ('currency', models.TextField(db_default='')),
                ('payment_ref', models.TextField(db_default='')),
                ('pay_until', models.DateTimeField(help_text='While money is due.', null=True)),
                ('due_at', models.DateTimeField(help_text='Until when it was promised.', null=True)),
                ('fetch_until', models.DateTimeField(help_text='Until when it waits in the store.', null=True)),
                ('tracking', models.TextField(db_default='')),
                ('delivery', models.BinaryField(help_text="Where to send it, sealed with the member's key.", null=True)),
                ('requested_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('period', models.TextField(help_text="The period in which it counts towards the member's limit.", null=True)),
                ('holds_stock', models.BooleanField(db_default=False, help_text='Whether its pieces are taken off the shelf.')),
                ('gave', models.JSONField(db_default=[], help_text='Ids of the coupons that came with it.')),
                ('gave_back', models.BooleanField(db_default=False, help_text='Whether the value came back.')),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'rewards_redemption',
                'indexes': [models.Index(fields=['member_id', '-id'], name='rewards_of_member'), models.Index(fields=['program', 'reward', '-id'], name='rewards_redemptions_of'), models.Index(condition=models.Q(('state__in', (regulars.value.rewards.terms.State['FULFILLED'], regulars.value.rewards.terms.State['CANCELLED'], regulars.value.rewards.terms.State['FAILED'], regulars.value.rewards.terms.State['EXPIRED'])), _negated=True), fields=['program', '-id'], name='rewards_open'), models.Index(condition=models.Q(('pay_until__isnull', False)), fields=['pay_until'], name='rewards_unpaid'), models.Index(condition=models.Q(('fetch_until__isnull', False)), fields=['fetch_until'], name='rewards_unfetched')],
                'constraints': [models.UniqueConstraint(fields=('program', 'key'), name='R2_a_redemption_happens_once'), models.UniqueConstraint(fields=('program', 'code'), name='R2_a_desk_code_is_one_redemption'), models.CheckConstraint(condition=models.Q(('count__gt', 0), ('due_minor__gte', 0)), name='R2_a_redemption_has_pieces'), models.CheckConstraint(condition=models.Q(('kind__in', [regulars.value.rewards.terms.Kind['GOODS'], regulars.value.rewards.terms.Kind['COUPON'], regulars.value.rewards.terms.Kind['SERVICE'], regulars.value.rewards.terms.Kind['EXPERIENCE'], regulars.value.rewards.terms.Kind['DONATION'], regulars.value.rewards.terms.Kind['DIGITAL_CODE'], regulars.value.rewards.terms.Kind['TICKET']]), ('state__in', [regulars.value.rewards.terms.State['REQUESTED'], regulars.value.rewards.terms.State['ACCEPTED'], regulars.value.rewards.terms.State['SHIPPED'], regulars.value.rewards.terms.State['READY'], regulars.value.rewards.terms.State['FULFILLED'], regulars.value.rewards.terms.State['CANCELLED'], regulars.value.rewards.terms.State['FAILED'], regulars.value.rewards.terms.State['EXPIRED']])), name='R5_a_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('state__in', (regulars.value.rewards.terms.State['FULFILLED'], regulars.value.rewards.terms.State['CANCELLED'], regulars.value.rewards.terms.State['FAILED'], regulars.value.rewards.terms.State['EXPIRED']))), models.Q(models.Q(('state__in', (regulars.value.rewards.terms.State['FULFILLED'], regulars.value.rewards.terms.State['CANCELLED'], regulars.value.rewards.terms.State['FAILED'], regulars.value.rewards.terms.State['EXPIRED'])), _negated=True), ('closed_at__isnull', True)), _connector='OR'), name='R5_what_has_ended_says_when'), models.CheckConstraint(condition=models.Q(('pay_until__isnull', True), models.Q(('due_minor__gt', 0), ('state', regulars.value.rewards.terms.State['REQUESTED'])), _connector='OR'), name='R5_only_a_request_waits_for_money'), models.CheckConstraint(condition=models.Q(('fetch_until__isnull', True), ('state', regulars.value.rewards.terms.State['READY']), _connector='OR'), name='R5_only_what_is_ready_waits'), models.CheckConstraint(condition=models.Q(('gave_back', False), ('state__in', (regulars.value.rewards.terms.State['CANCELLED'], regulars.value.rewards.terms.State['FAILED'], regulars.value.rewards.terms.State['EXPIRED'])), _connector='OR'), name='R4_only_what_ended_gives_back')],
            },
        ),
        migrations.CreateModel(
            name='ShelfRow',
            fields=[
                ('pk', models.CompositePrimaryKey('program', 'reward', 'session', blank=True, editable=False, primary_key=True, serialize=False)),
                ('reward', models.TextField()),
                ('session', models.TextField(help_text='Empty: the reward itself.')),
                ('base', models.BigIntegerField(help_text='What the document says; null: without end.', null=True)),
                ('added', models.BigIntegerField(db_default=0, help_text='What was added by hand or with codes.')),
                ('taken', models.BigIntegerField(db_default=0, help_text='By redemptions and offers that stand.')),
                ('over', models.BigIntegerField(db_default=0, help_text='Taken beyond what a later version left.')),
                ('offer_hours', models.IntegerField(help_text='How long what comes free is kept for who waited.', null=True)),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'rewards_shelf',
                'constraints': [models.CheckConstraint(condition=models.Q(('base__isnull', True), ('taken__lte', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('base'), '+', models.F('added')), '+', models.F('over'))), _connector='OR'), name='R1_no_more_is_taken_than_there_is'), models.CheckConstraint(condition=models.Q(('over__gte', 0), ('taken__gte', 0)), name='R1_a_shelf_is_never_negative')],
            },
        ),
        migrations.CreateModel(
            name='StockingRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reward', models.TextField()),
                ('session', models.TextField()),
                ('count', models.BigIntegerField()),
                ('actor', models.TextField()),
                ('reason', models.TextField()),
                ('at', models.DateTimeField()),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'rewards_stocking',
                'indexes': [models.Index(fields=['program', 'reward', 'id'], name='rewards_stockings')],
                'constraints': [models.CheckConstraint(condition=models.Q(('count', 0), _negated=True), name='R1_a_stocking_changes_something')],
            },
        ),
        migrations.CreateModel(
            name='TallyRow',
            fields=[
                ('pk', models.CompositePrimaryKey('member_id', 'reward', 'period', blank=True, editable=False, primary_key=True, serialize=False)),
                ('member_id', models.UUIDField()),
                ('reward', models.TextField()),
                ('period', models.TextField()),
                ('used', models.IntegerField()),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'rewards_tally',
                'constraints': [models.CheckConstraint(condition=models.Q(('used__gte', 0)), name='R3_a_tally_is_never_negative')],
            },
        ),
        migrations.CreateModel(
            name='WaitRow',
            fields=[
                ('id', models.UUIDField(help_text='In the order of joining.', primary_key=True, serialize=False)),
                ('reward', models.TextField()),
                ('session', models.TextField()),
                ('member_id', models.UUIDField()),
                ('state', models.TextField(db_default=regulars.value.rewards.terms.WaitState['WAITING'])),
                ('joined_at', models.DateTimeField()),
                ('offered_at', models.DateTimeField(null=True)),
                ('until', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('redemption_id', models.UUIDField(null=True)),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'rewards_wait',
                'indexes': [models.Index(condition=models.Q(('state', regulars.value.rewards.terms.WaitState['WAITING'])), fields=['program', 'reward', 'session', 'id'], name='rewards_queue'), models.Index(condition=models.Q(('state', regulars.value.rewards.terms.WaitState['OFFERED'])), fields=['until'], name='rewards_offers_until'), models.Index(fields=['member_id'], name='rewards_waits_of_member')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', (regulars.value.rewards.terms.WaitState['WAITING'], regulars.value.rewards.terms.WaitState['OFFERED']))), fields=('program', 'reward', 'session', 'member_id'), name='R6_a_member_waits_in_one_place'), models.CheckConstraint(condition=models.Q(models.Q(('offered_at__isnull', False), ('state', regulars.value.rewards.terms.WaitState['OFFERED']), ('until__isnull', False)), models.Q(models.Q(('state', regulars.value.rewards.terms.WaitState['OFFERED']), _negated=True), ('state__in', [regulars.value.rewards.terms.WaitState['WAITING'], regulars.value.rewards.terms.WaitState['OFFERED'], regulars.value.rewards.terms.WaitState['TAKEN'], regulars.value.rewards.terms.WaitState['LEFT'], regulars.value.rewards.terms.WaitState['LAPSED']])), _connector='OR'), name='R6_an_offer_has_an_end'), models.CheckConstraint(condition=models.Q(models.Q(('redemption_id__isnull', False), ('state', regulars.value.rewards.terms.WaitState['TAKEN'])), models.Q(models.Q(('state', regulars.value.rewards.terms.WaitState['TAKEN']), _negated=True), ('redemption_id__isnull', True)), _connector='OR'), name='R6_who_took_an_offer_has_redeemed')],
            },
        ),
    ]

"""Tables of coupons."""

import django.contrib.postgres.fields
import django.db.models.deletion
import regulars.value.coupons.terms
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('programs', '0002_facts'),
    ]

    operations = [
        migrations.CreateModel(
            name='MissRow',
            fields=[
                ('pk', models.CompositePrimaryKey('program', 'day', 'who', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('who', models.TextField(help_text='The actor: a key, a member, a hashed address.')),
                ('misses', models.IntegerField()),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'coupons_miss',
            },
        ),
        migrations.CreateModel(
            name='SeriesRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('pattern', models.TextField()),
                ('alphabet', models.TextField()),
                ('next', models.BigIntegerField(db_default=0)),
                ('half', models.BigIntegerField(help_text='Batches take numbers below it, single coupons above.')),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'coupons_series',
            },
        ),
        migrations.CreateModel(
            name='BatchRow',
            fields=[
                ('id', models.UUIDField(help_text='Its coupons have the ids that follow.', primary_key=True, serialize=False)),
                ('key', models.TextField()),
                ('digest', models.BinaryField()),
                ('template', models.TextField()),
                ('version', models.IntegerField()),
                ('first', models.BigIntegerField(help_text='The number of its first code; null: imported.', null=True)),
                ('size', models.BigIntegerField()),
                ('made', models.BigIntegerField(db_default=0)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(null=True)),
                ('note', models.TextField(db_default='')),
                ('actor', models.TextField()),
                ('created_at', models.DateTimeField()),
                ('done_at', models.DateTimeField(null=True)),
                ('voided_at', models.DateTimeField(null=True)),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
                ('series', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.seriesrow')),
            ],
            options={
                'db_table': 'coupons_batch',
            },
        ),
        migrations.CreateModel(
            name='TallyRow',
            fields=[
                ('pk', models.CompositePrimaryKey('member_id', 'template', blank=True, editable=False, primary_key=True, serialize=False)),
                ('member_id', models.UUIDField()),
                ('template', models.TextField()),
                ('claimed', models.IntegerField(db_default=0)),
                ('redeemed', models.IntegerField(db_default=0)),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'coupons_tally',
            },
        ),
        migrations.CreateModel(
            name='TemplateRow',
            fields=[
                ('pk', models.CompositePrimaryKey('program', 'version', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField()),
                ('key', models.TextField()),
                ('place', models.IntegerField()),
                ('body', models.JSONField(help_text='The entry of the document, canonical; `gives` belongs to promotions.')),
                ('claim_limit', models.IntegerField(help_text='How many a member may claim, ever.', null=True)),
                ('hold_limit', models.IntegerField(help_text='How many usable ones a member may hold at once.', null=True)),
                ('redeem_limit', models.IntegerField(help_text='How many a member may redeem, ever.', null=True)),
                ('total_limit', models.BigIntegerField(help_text='How many may be redeemed by all together, ever.', null=True)),
                ('returns', models.TextField(db_default=regulars.value.coupons.terms.Returns['RESTORE'])),
                ('reminders', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), db_default=[], help_text='Days before the end.', size=None)),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'coupons_template',
            },
        ),
        migrations.CreateModel(
            name='UsageRow',
            fields=[
                ('pk', models.CompositePrimaryKey('program', 'template', blank=True, editable=False, primary_key=True, serialize=False)),
                ('template', models.TextField()),
                ('used', models.BigIntegerField()),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'coupons_usage',
            },
        ),
        migrations.CreateModel(
            name='UseRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('coupon_id', models.UUIDField()),
                ('is_shared', models.BooleanField()),
                ('template', models.TextField()),
                ('member_id', models.UUIDField(null=True)),
                ('owner', models.TextField()),
                ('order_ref', models.TextField(null=True)),
                ('state', models.TextField()),
                ('until', models.DateTimeField(null=True)),
                ('taken_at', models.DateTimeField()),
                ('settled_at', models.DateTimeField(null=True)),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'coupons_use',
            },
        ),
        migrations.CreateModel(
            name='ClaimCountRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('claim_id', models.UUIDField()),
                ('member_id', models.UUIDField(null=True)),
                ('day', models.DateField(null=True)),
                ('used', models.IntegerField()),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'coupons_claim_count',
                'constraints': [models.UniqueConstraint(fields=('claim_id', 'member_id', 'day'), name='W10_a_claim_is_counted_in_one_place', nulls_distinct=False), models.CheckConstraint(condition=models.Q(models.Q(('day__isnull', False), ('member_id__isnull', True)), models.Q(('day__isnull', True), ('member_id__isnull', False)), _connector='OR'), name='W10_a_claim_is_counted_by_member_or_day')],
            },
        ),
        migrations.CreateModel(
            name='ClaimRow',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('token', models.TextField()),
                ('template', models.TextField()),
                ('per_member', models.IntegerField(null=True)),
                ('per_day', models.IntegerField(null=True)),
                ('total', models.IntegerField(null=True)),
                ('claimed', models.IntegerField(db_default=0)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(null=True)),
                ('note', models.TextField(db_default='')),
                ('actor', models.TextField()),
                ('created_at', models.DateTimeField()),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'coupons_claim',
                'indexes': [models.Index(fields=['program', '-created_at'], name='coupons_claims_of_program')],
                'constraints': [models.UniqueConstraint(fields=('token',), name='W10_a_link_is_one_page'), models.CheckConstraint(condition=models.Q(('total__isnull', True), ('claimed__lte', models.F('total')), _connector='OR'), name='W10_a_page_gives_no_more_than_it_has')],
            },
        ),
        migrations.CreateModel(
            name='CouponRow',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('code', models.TextField(db_collation='C', help_text='Upper case, without spaces and hyphens.')),
                ('template', models.TextField()),
                ('version', models.IntegerField()),
                ('state', models.TextField(db_default=regulars.value.coupons.terms.State['OPEN'])),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(null=True)),
                ('issued_at', models.DateTimeField()),
                ('batch_id', models.UUIDField(null=True)),
                ('member_id', models.UUIDField(help_text='Who holds it; null: whoever has the code.', null=True)),
                ('offered_to', models.UUIDField(help_text='To whom the holder offers it as a gift.', null=True)),
                ('owner', models.TextField(help_text='The basket that reserved it, or the order that redeemed it.', null=True)),
                ('until', models.DateTimeField(help_text='When the reservation ends.', null=True)),
                ('shown', models.TextField(help_text='The code as others print it, where that differs.', null=True)),
                ('issue_key', models.TextField(null=True)),
                ('reminded', models.SmallIntegerField(help_text='The last reminder, in days before the end.', null=True)),
                ('is_shared', models.BooleanField(db_default=False)),
                ('most', models.BigIntegerField(help_text='How often a shared code may be used; null: no limit.', null=True)),
                ('used', models.BigIntegerField(db_default=0, help_text='How often a shared code with a limit is used.')),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'coupons_coupon',
                'indexes': [models.Index(condition=models.Q(('member_id__isnull', False)), fields=['member_id', 'template'], name='coupons_of_member'), models.Index(condition=models.Q(('offered_to__isnull', False)), fields=['offered_to'], name='coupons_offered_to_member'), models.Index(condition=models.Q(('ends_at__isnull', False), ('member_id__isnull', False), ('state', regulars.value.coupons.terms.State['OPEN'])), fields=['program', 'ends_at'], name='coupons_held_until')],
                'constraints': [models.UniqueConstraint(fields=('program', 'code'), name='W1_a_code_is_one_coupon'), models.UniqueConstraint(condition=models.Q(('issue_key__isnull', False)), fields=('program', 'issue_key'), name='W5_an_issue_happens_once'), models.CheckConstraint(condition=models.Q(('state__in', [regulars.value.coupons.terms.State['OPEN'], regulars.value.coupons.terms.State['RESERVED'], regulars.value.coupons.terms.State['REDEEMED'], regulars.value.coupons.terms.State['EXPIRED'], regulars.value.coupons.terms.State['VOIDED']])), name='W3_a_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('is_shared', False), ('owner__isnull', False), ('state__in', (regulars.value.coupons.terms.State['RESERVED'], regulars.value.coupons.terms.State['REDEEMED']))), models.Q(models.Q(('state__in', (regulars.value.coupons.terms.State['RESERVED'], regulars.value.coupons.terms.State['REDEEMED'])), _negated=True), ('owner__isnull', True)), _connector='OR'), name='W3_a_taken_coupon_names_its_owner'), models.CheckConstraint(condition=models.Q(models.Q(('state', regulars.value.coupons.terms.State['RESERVED']), ('until__isnull', False)), models.Q(models.Q(('state', regulars.value.coupons.terms.State['RESERVED']), _negated=True), ('until__isnull', True)), _connector='OR'), name='W3_only_a_reservation_ends'), models.CheckConstraint(condition=models.Q(('ends_at__isnull', True), ('ends_at__gt', models.F('starts_at')), _connector='OR'), name='W3_a_coupon_ends_after_it_begins'), models.CheckConstraint(condition=models.Q(('most__isnull', True), models.Q(('used__gte', 0), ('used__lte', models.F('most'))), _connector='OR'), name='W4_a_shared_code_is_not_used_too_often'), models.CheckConstraint(condition=models.Q(('offered_to__isnull', True), models.Q(('is_shared', False), ('member_id__isnull', False), ('state', regulars.value.coupons.terms.State['OPEN'])), _connector='OR'), name='W6_only_who_holds_a_coupon_offers_it')],
            },
        ),
        migrations.CreateModel(
            name='EventRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('coupon_id', models.UUIDField()),
                ('kind', models.TextField()),
                ('at', models.DateTimeField()),
                ('actor', models.TextField()),
                ('member_id', models.UUIDField(null=True)),
                ('other_id', models.UUIDField(help_text='The other member of a gift.', null=True)),
                ('ref', models.TextField(help_text='The basket, order, page or reason.', null=True)),
                ('program', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'coupons_event',
                'indexes': [models.Index(fields=['coupon_id', 'id'], name='coupons_story')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', [regulars.value.coupons.terms.EventKind['ISSUED'], regulars.value.coupons.terms.EventKind['CLAIMED'], regulars.value.coupons.terms.EventKind['OFFERED'], regulars.value.coupons.terms.EventKind['WITHDRAWN'], regulars.value.coupons.terms.EventKind['DECLINED'], regulars.value.coupons.terms.EventKind['GIFTED'], regulars.value.coupons.terms.EventKind['RESERVED'], regulars.value.coupons.terms.EventKind['RELEASED'], regulars.value.coupons.terms.EventKind['REDEEMED'], regulars.value.coupons.terms.EventKind['RESTORED'], regulars.value.coupons.terms.EventKind['EXPIRED'], regulars.value.coupons.terms.EventKind['VOIDED'], regulars.value.coupons.terms.EventKind['MERGED']])), name='W11_a_chapter_has_a_known_kind')],
            },
        ),
        migrations.AddConstraint(
            model_name='seriesrow',
            constraint=models.UniqueConstraint(fields=('program', 'pattern', 'alphabet'), name='W7_a_pattern_is_one_series'),
        ),
        migrations.AddConstraint(
            model_name='seriesrow',
            constraint=models.CheckConstraint(condition=models.Q(('next__gte', 0), ('next__lte', models.F('half'))), name='W7_a_series_keeps_its_half'),
        ),
        migrations.AddIndex(
            model_name='batchrow',
            index=models.Index(fields=['program', '-created_at'], name='coupons_batches_of_program'),
        ),
        migrations.AddConstraint(
            model_name='batchrow',
            constraint=models.UniqueConstraint(fields=('program', 'key'), name='W8_a_batch_is_begun_once'),
        ),
        migrations.AddConstraint(
            model_name='batchrow',
            constraint=models.CheckConstraint(condition=models.Q(('made__gte', 0), ('made__lte', models.F('size')), ('size__gt', 0)), name='W8_a_batch_makes_what_it_says'),
        ),
        migrations.AddConstraint(
            model_name='tallyrow',
            constraint=models.CheckConstraint(condition=models.Q(('claimed__gte', 0), ('redeemed__gte', 0)), name='W9_a_tally_is_never_negative'),
        ),
        migrations.AddConstraint(
            model_name='templaterow',
            constraint=models.CheckConstraint(condition=models.Q(('returns__in', [regulars.value.coupons.terms.Returns['RESTORE'], regulars.value.coupons.terms.Returns['KEEP']])), name='W12_a_policy_of_returns_is_known'),
        ),
        migrations.AddConstraint(
            model_name='usagerow',
            constraint=models.CheckConstraint(condition=models.Q(('used__gte', 0)), name='W9_a_usage_is_never_negative'),
        ),
        migrations.AddIndex(
            model_name='userow',
            index=models.Index(condition=models.Q(('order_ref__isnull', False)), fields=['program', 'order_ref'], name='coupons_uses_of_order'),
        ),
        migrations.AddIndex(
            model_name='userow',
            index=models.Index(condition=models.Q(('state', regulars.value.coupons.terms.UseState['RESERVED'])), fields=['program', 'owner'], name='coupons_reserved_by'),
        ),
        migrations.AddIndex(
            model_name='userow',
            index=models.Index(condition=models.Q(('state', regulars.value.coupons.terms.UseState['RESERVED'])), fields=['program', 'until'], name='coupons_reserved_until'),
        ),
        migrations.AddIndex(
            model_name='userow',
            index=models.Index(condition=models.Q(('member_id__isnull', False)), fields=['member_id'], name='coupons_uses_of_member'),
        ),
        migrations.AddConstraint(
            model_name='userow',
            constraint=models.UniqueConstraint(condition=models.Q(('is_shared', False), ('state__in', (regulars.value.coupons.terms.UseState['RESERVED'], regulars.value.coupons.terms.UseState['REDEEMED']))), fields=('coupon_id',), name='W2_a_unique_code_is_used_once'),
        ),
        migrations.AddConstraint(
            model_name='userow',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', (regulars.value.coupons.terms.UseState['RESERVED'], regulars.value.coupons.terms.UseState['REDEEMED']))), fields=('coupon_id', 'owner'), name='W2_a_basket_takes_a_code_once'),
        ),
        migrations.AddConstraint(
            model_name='userow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('order_ref__isnull', True), ('state', regulars.value.coupons.terms.UseState['RESERVED']), ('until__isnull', False)), models.Q(('order_ref__isnull', False), ('state', regulars.value.coupons.terms.UseState['REDEEMED'])), models.Q(('settled_at__isnull', False), ('state__in', (regulars.value.coupons.terms.UseState['RELEASED'], regulars.value.coupons.terms.UseState['RESTORED']))), _connector='OR'), name='W2_a_redemption_names_its_order'),
        ),
    ]

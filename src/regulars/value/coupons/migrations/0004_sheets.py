"""Large batches lie on sheets until somebody touches a code."""

import django.db.models.deletion
from django.db import migrations, models

from regulars.kernel.migrating import load


class Migration(migrations.Migration):

    dependencies = [
        ('coupons', '0003_facts'),
        ('programs', '0002_facts'),
    ]

    operations = [
        migrations.CreateModel(
            name='RunRow',
            fields=[
                ('pk', models.CompositePrimaryKey('batch_id', 'place', blank=True, editable=False, primary_key=True, serialize=False)),
                ('batch_id', models.UUIDField()),
                ('place', models.BigIntegerField(help_text='The place of its first code in the batch, from 1.')),
                ('count', models.BigIntegerField()),
                ('width', models.SmallIntegerField(help_text='How many signs each code has.')),
                ('low', models.TextField(db_collation='C')),
                ('high', models.TextField(db_collation='C')),
            ],
            options={
                'db_table': 'coupons_run',
            },
        ),
        migrations.CreateModel(
            name='SheetRow',
            fields=[
                ('pk', models.CompositePrimaryKey('batch_id', 'place', blank=True, editable=False, primary_key=True, serialize=False)),
                ('batch_id', models.UUIDField()),
                ('place', models.BigIntegerField(help_text='The place of its first code in the batch, from 1.')),
                ('run', models.BigIntegerField(help_text='The place of its run.')),
                ('low', models.TextField(db_collation='C', help_text='Its first code.')),
                ('codes', models.BinaryField(help_text='All of one width, ascending.')),
            ],
            options={
                'db_table': 'coupons_sheet',
            },
        ),
        migrations.AddIndex(
            model_name='couponrow',
            index=models.Index(condition=models.Q(('is_shared', True)), fields=['program', 'code'], name='coupons_shared'),
        ),
        migrations.AddField(
            model_name='runrow',
            name='program',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow'),
        ),
        migrations.AddConstraint(
            model_name='sheetrow',
            constraint=models.UniqueConstraint(fields=('batch_id', 'run', 'low'), name='W8_a_sheet_lies_in_its_run_once'),
        ),
        migrations.AddIndex(
            model_name='runrow',
            index=models.Index(fields=['program', 'width', 'low'], name='coupons_runs_of_program'),
        ),
        migrations.AddConstraint(
            model_name='runrow',
            constraint=models.CheckConstraint(condition=models.Q(('count__gt', 0), ('low__lte', models.F('high')), ('place__gt', 0), ('width__gt', 0)), name='W8_a_run_has_codes'),
        ),
        *load(__file__, "sheets.sql", "context.sql", "using.sql", "holding.sql", "proving.sql"),
    ]

"""Ladders with windows, validity and grace: standings come from a walk over dated facts."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from regulars.kernel.migrating import load

_LADDERS = """
insert into tiers_ladder (program_id, version, ladder, place, since, digest, body)
select program_id, version, ladder, min(ladder_place), '0001-01-02 00:00:00+00', 'first/' || md5(jsonb_agg(jsonb_build_array(key, enter) order by place)::text),
       jsonb_build_object('key', ladder, 'name', (array_agg(ladder_names order by place))[1], 'measure', min(measure),
         'levels', jsonb_agg(jsonb_build_object('key', key, 'name', names, 'enter', enter) order by place))
  from tiers_level group by program_id, version, ladder;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0006_measure_facts'),
        ('members', '0002_functions'),
        ('programs', '0002_facts'),
        ('tiers', '0002_functions'),
    ]

    operations = [
        migrations.CreateModel(
            name='GivenRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('member_id', models.UUIDField()),
                ('given_to', models.UUIDField(help_text='Who got it; another than `member_id` once she was merged.')),
                ('ladder', models.TextField()),
                ('level', models.TextField()),
                ('kind', models.TextField()),
                ('source', models.TextField(help_text='What gave it: `subscription/…`, `promotion/…`, `hand`.')),
                ('until', models.DateTimeField(null=True)),
                ('reason', models.TextField(default='')),
                ('given_by', models.TextField()),
                ('given_at', models.DateTimeField()),
                ('ended_by', models.TextField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('program', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'tiers_given',
            },
        ),
        migrations.CreateModel(
            name='LadderRow',
            fields=[
                ('pk', models.CompositePrimaryKey('program', 'version', 'ladder', blank=True, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField()),
                ('ladder', models.TextField()),
                ('place', models.SmallIntegerField()),
                ('since', models.DateTimeField(help_text='From when on it judges; the first one: from the beginning.')),
                ('digest', models.TextField(help_text='Of what judges, without names and notes.')),
                ('body', models.JSONField()),
                ('program', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'tiers_ladder',
            },
        ),
        migrations.CreateModel(
            name='MilestoneRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('member_id', models.UUIDField()),
                ('ladder', models.TextField()),
                ('level', models.TextField()),
                ('milestone', models.TextField()),
                ('period', models.TextField(help_text='The first day of the year it was reached in; empty where years do not count.')),
                ('value', models.BigIntegerField()),
                ('version', models.IntegerField()),
                ('reached_at', models.DateTimeField()),
                ('program', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow')),
            ],
            options={
                'db_table': 'tiers_milestone',
            },
        ),
        migrations.AddField(
            model_name='moverow',
            name='effective_at',
            field=models.DateTimeField(help_text='Since when it holds by the facts.', null=True),
        ),
        migrations.AddField(
            model_name='moverow',
            name='why',
            field=models.TextField(db_default='', default=''),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='amounts',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True, size=None),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='anchor',
            field=models.DateField(help_text='The day from which its months are counted.', null=True),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='by',
            field=models.TextField(db_default='earned', default='earned'),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='earned',
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='earned_since',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='falls_on',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='falls_to',
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='grace_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='look_at',
            field=models.DateTimeField(help_text='When something changes though nothing new comes.', null=True),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='rises_on',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='rises_to',
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='ruled',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='seen',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='told_for',
            field=models.DateTimeField(help_text='The fall that she was told of.', null=True),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='valid_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='walked_to',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='standingrow',
            name='why',
            field=models.TextField(null=True),
        ),
        migrations.AlterField(
            model_name='levelrow',
            name='enter',
            field=models.BigIntegerField(help_text='Of the first measure; null: it can only be given.', null=True),
        ),
        migrations.AddConstraint(
            model_name='standingrow',
            constraint=models.CheckConstraint(condition=models.Q(('by__in', ['earned', 'granted', 'locked'])), name='T2_a_level_is_by_something'),
        ),
        migrations.AddConstraint(
            model_name='standingrow',
            constraint=models.CheckConstraint(condition=models.Q(('grace_until', None), models.Q(('grace_until__gte', models.F('valid_until')), ('valid_until__isnull', False)), _connector='OR'), name='T7_grace_comes_after_validity'),
        ),
        migrations.AddConstraint(
            model_name='givenrow',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['grant', 'lock'])), name='T8_the_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='givenrow',
            constraint=models.CheckConstraint(condition=models.Q(('kind', 'grant'), models.Q(('reason', ''), _negated=True), _connector='OR'), name='T8_a_lock_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='givenrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('ended_by', None)), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False)), _connector='OR'), name='T8_who_ended_it_is_known'),
        ),
        migrations.AddConstraint(
            model_name='givenrow',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('member_id', 'ladder', 'kind', 'source'), name='T8_a_source_gives_one_level'),
        ),
        migrations.AddConstraint(
            model_name='givenrow',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None), ('kind', 'lock')), fields=('member_id', 'ladder'), name='T8_one_lock_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='milestonerow',
            constraint=models.UniqueConstraint(fields=('member_id', 'ladder', 'level', 'milestone', 'period'), name='T9_a_milestone_is_reached_once'),
        ),
        migrations.RunSQL(_LADDERS, migrations.RunSQL.noop),
        migrations.RunSQL("drop function if exists tiers_movers(int, text, text, text[], bigint[])", migrations.RunSQL.noop),
        *load(__file__, "walking.sql", "walk.sql", "judging.sql", "settling.sql", "review.sql", "guards.sql"),
        migrations.RunSQL(
            'create or replace trigger "T1_a_published_ladder_never_changes" before update or delete on tiers_ladder'
            " for each row execute function tiers_refuse_change()",
            migrations.RunSQL.noop,
        ),
    ]

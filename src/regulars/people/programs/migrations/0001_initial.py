import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='ProgramRow',
            fields=[
                ('id', models.AutoField(primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=64, verbose_name='key')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('zone', models.CharField(max_length=64, verbose_name='time zone')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('locale', models.CharField(default='en', max_length=16, verbose_name='language')),
                ('current_version', models.IntegerField(default=0, verbose_name='version in force')),
                ('settings', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(verbose_name='made')),
            ],
            options={
                'verbose_name': 'program',
                'verbose_name_plural': 'programs',
                'db_table': 'programs_program',
                'constraints': [models.UniqueConstraint(fields=('key',), name='P1_program_key_is_unique'), models.CheckConstraint(condition=models.Q(('key__regex', '^[a-z0-9][a-z0-9_.-]*$')), name='P1_program_key_is_a_slug'), models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='P3_program_currency_is_iso'), models.CheckConstraint(condition=models.Q(('current_version__gte', 0)), name='P2_version_is_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='BrandRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64, verbose_name='key')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('active', models.BooleanField(default=True, verbose_name='active')),
                ('program', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow', verbose_name='program')),
            ],
            options={
                'verbose_name': 'brand',
                'verbose_name_plural': 'brands',
                'db_table': 'programs_brand',
            },
        ),
        migrations.CreateModel(
            name='StoreRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64, verbose_name='key')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('kind', models.CharField(choices=[('region', 'region'), ('store', 'store')], max_length=8, verbose_name='kind')),
                ('zone', models.CharField(max_length=64, verbose_name='time zone')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('opening_hours', models.JSONField(default=dict, verbose_name='opening hours')),
                ('address', models.TextField(blank=True, default='', verbose_name='address')),
                ('active', models.BooleanField(default=True, verbose_name='active')),
                ('path', models.TextField(verbose_name='path')),
                ('brand', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.brandrow', verbose_name='brand')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.storerow', verbose_name='region')),
                ('program', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow', verbose_name='program')),
            ],
            options={
                'verbose_name': 'store',
                'verbose_name_plural': 'stores',
                'db_table': 'programs_store',
            },
        ),
        migrations.CreateModel(
            name='ChannelRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64, verbose_name='key')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('kind', models.CharField(choices=[('store', 'store'), ('web', 'web'), ('app', 'app'), ('mini_program', 'mini_program'), ('marketplace', 'marketplace'), ('phone', 'phone')], max_length=16, verbose_name='kind')),
                ('online', models.BooleanField(default=False, verbose_name='online')),
                ('active', models.BooleanField(default=True, verbose_name='active')),
                ('program', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow', verbose_name='program')),
            ],
            options={
                'verbose_name': 'channel',
                'verbose_name_plural': 'channels',
                'db_table': 'programs_channel',
                'constraints': [models.UniqueConstraint(fields=('program', 'key'), name='P1_channel_key_is_unique'), models.CheckConstraint(condition=models.Q(('key__regex', '^[a-z0-9][a-z0-9_.-]*$')), name='P1_channel_key_is_a_slug'), models.CheckConstraint(condition=models.Q(('kind__in', ['store', 'web', 'app', 'mini_program', 'marketplace', 'phone'])), name='P4_channel_kind_known')],
            },
        ),
        migrations.AddConstraint(
            model_name='brandrow',
            constraint=models.UniqueConstraint(fields=('program', 'key'), name='P1_brand_key_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='brandrow',
            constraint=models.CheckConstraint(condition=models.Q(('key__regex', '^[a-z0-9][a-z0-9_.-]*$')), name='P1_brand_key_is_a_slug'),
        ),
        migrations.AddIndex(
            model_name='storerow',
            index=models.Index(models.F('program'), django.contrib.postgres.indexes.OpClass(models.F('path'), name='text_pattern_ops'), name='programs_store_subtree'),
        ),
        migrations.AddConstraint(
            model_name='storerow',
            constraint=models.UniqueConstraint(fields=('program', 'key'), name='P1_store_key_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='storerow',
            constraint=models.CheckConstraint(condition=models.Q(('key__regex', '^[a-z0-9][a-z0-9_.-]*$')), name='P1_store_key_is_a_slug'),
        ),
        migrations.AddConstraint(
            model_name='storerow',
            constraint=models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='P3_store_currency_is_iso'),
        ),
        migrations.AddConstraint(
            model_name='storerow',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['region', 'store'])), name='P4_store_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='storerow',
            constraint=models.CheckConstraint(condition=models.Q(('parent', models.F('id')), _negated=True), name='P4_store_is_not_its_own_parent'),
        ),
        migrations.AddConstraint(
            model_name='storerow',
            constraint=models.CheckConstraint(condition=models.Q(('path__regex', '^(/[a-z0-9][a-z0-9_.-]*)+/$')), name='P5_path_is_keys'),
        ),
    ]

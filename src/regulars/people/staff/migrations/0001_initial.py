import django.contrib.postgres.fields
import django.db.models.deletion
import regulars.kernel.clock
import regulars.people.staff.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('programs', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='StaffUser',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail')),
                ('name', models.CharField(blank=True, default='', max_length=200, verbose_name='name')),
                ('locale', models.CharField(default='en', max_length=16, verbose_name='language')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('is_staff', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(default=regulars.kernel.clock.now)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'person',
                'verbose_name_plural': 'people',
                'db_table': 'staff_user',
            },
            managers=[
                ('objects', regulars.people.staff.models.StaffManager()),
            ],
        ),
        migrations.CreateModel(
            name='AuditRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('actor', models.CharField(max_length=80, verbose_name='who')),
                ('action', models.CharField(max_length=80, verbose_name='did')),
                ('object', models.CharField(max_length=200, verbose_name='to')),
                ('facts', models.JSONField(default=dict, verbose_name='facts')),
                ('at', models.DateTimeField(verbose_name='when')),
                ('program', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow', verbose_name='program')),
            ],
            options={
                'verbose_name': 'audit entry',
                'verbose_name_plural': 'audit trail',
                'db_table': 'staff_audit',
            },
        ),
        migrations.CreateModel(
            name='GrantRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('owner', 'owner'), ('marketer', 'marketer'), ('service', 'service'), ('store_manager', 'store_manager'), ('cashier', 'cashier'), ('analyst', 'analyst'), ('auditor', 'auditor')], max_length=16, verbose_name='role')),
                ('adjust_limit', models.BigIntegerField(blank=True, null=True, verbose_name='adjustment limit')),
                ('granted_by', models.CharField(max_length=80, verbose_name='given by')),
                ('granted_at', models.DateTimeField(default=regulars.kernel.clock.now, verbose_name='given')),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow', verbose_name='program')),
                ('store', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.storerow', verbose_name='store')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'grant',
                'verbose_name_plural': 'grants',
                'db_table': 'staff_grant',
            },
        ),
        migrations.CreateModel(
            name='KeyRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('prefix', models.CharField(max_length=24, verbose_name='begins with')),
                ('hash', models.BinaryField(max_length=32)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None, verbose_name='scopes')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='expires')),
                ('ip_allow', django.contrib.postgres.fields.ArrayField(base_field=regulars.people.staff.models.CidrField(), blank=True, null=True, size=None, verbose_name='allowed networks')),
                ('adjust_limit', models.BigIntegerField(default=0, verbose_name='adjustment limit')),
                ('rate_per_minute', models.IntegerField(default=6000, verbose_name='calls a minute')),
                ('created_by', models.CharField(max_length=80, verbose_name='made by')),
                ('created_at', models.DateTimeField(default=regulars.kernel.clock.now, verbose_name='made')),
                ('revoked_at', models.DateTimeField(blank=True, null=True, verbose_name='revoked')),
                ('last_used_at', models.DateTimeField(blank=True, null=True, verbose_name='last used')),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.programrow', verbose_name='program')),
                ('store', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.storerow', verbose_name='store')),
            ],
            options={
                'verbose_name': 'API key',
                'verbose_name_plural': 'API keys',
                'db_table': 'staff_key',
            },
        ),
        migrations.AddConstraint(
            model_name='staffuser',
            constraint=models.UniqueConstraint(fields=('email',), name='S1_one_person_per_email'),
        ),
        migrations.AddConstraint(
            model_name='staffuser',
            constraint=models.CheckConstraint(condition=models.Q(('email__regex', '^[^A-Z\\s]+$')), name='S1_email_is_lower_case'),
        ),
        migrations.AddIndex(
            model_name='auditrow',
            index=models.Index(models.F('program'), models.OrderBy(models.F('id'), descending=True), name='staff_audit_newest'),
        ),
        migrations.AddIndex(
            model_name='auditrow',
            index=models.Index(models.F('actor'), models.OrderBy(models.F('id'), descending=True), name='staff_audit_by_actor'),
        ),
        migrations.AddIndex(
            model_name='auditrow',
            index=models.Index(models.F('object'), models.OrderBy(models.F('id'), descending=True), name='staff_audit_by_object'),
        ),
        migrations.AddConstraint(
            model_name='grantrow',
            constraint=models.UniqueConstraint(fields=('user', 'role', 'program', 'store'), name='S2_a_grant_is_given_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='grantrow',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'marketer', 'service', 'store_manager', 'cashier', 'analyst', 'auditor'])), name='S2_role_is_known'),
        ),
        migrations.AddConstraint(
            model_name='grantrow',
            constraint=models.CheckConstraint(condition=models.Q(('adjust_limit__isnull', True), ('adjust_limit__gte', 0), _connector='OR'), name='S2_grant_limit_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='keyrow',
            constraint=models.UniqueConstraint(fields=('hash',), name='S5_one_key_per_secret'),
        ),
        migrations.AddConstraint(
            model_name='keyrow',
            constraint=models.CheckConstraint(condition=regulars.people.staff.models.LengthIs32(models.F('hash')), name='S5_only_a_hash_is_kept'),
        ),
        migrations.AddConstraint(
            model_name='keyrow',
            constraint=models.CheckConstraint(condition=models.Q(('adjust_limit__gte', 0)), name='S5_key_limit_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='keyrow',
            constraint=models.CheckConstraint(condition=models.Q(('rate_per_minute__gt', 0)), name='S5_rate_is_positive'),
        ),
    ]

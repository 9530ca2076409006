"""Which answers are kept is said by a domain: PostgreSQL reads its text once a session, a CHECK's for every statement."""

from django.db import migrations

_DOMAIN = """
create domain kernel_answer_status as smallint;
alter table kernel_idempotency drop constraint only_answers_are_kept;
alter table kernel_idempotency alter status type kernel_answer_status;
alter domain kernel_answer_status add constraint only_answers_are_kept check (value >= 200 and value < 500);
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]
    operations = [
        migrations.RunSQL(
            _DOMAIN,
            state_operations=[migrations.RemoveConstraint("idempotencyrow", "only_answers_are_kept")],
        ),
        migrations.RemoveIndex("idempotencyrow", "idempotency_old"),
    ]

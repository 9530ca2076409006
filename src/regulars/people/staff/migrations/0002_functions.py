"""The audit trail is append-only; the counters of log-in tries are shared by all processes."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("staff", "0001_initial")]
    operations = [
        migrations.RunSQL(
            (SQL / "audit.sql").read_text(),
            "drop trigger staff_audit_is_append_only on staff_audit;"
            "drop trigger staff_audit_is_never_emptied on staff_audit;"
            "drop function staff_audit_is_append_only();",
        ),
        migrations.RunSQL((SQL / "throttle.sql").read_text(), "drop table staff_throttle;"),
    ]

"""How somebody pays is not kept with payments that are settled."""

from django.db import migrations

FORGET = "update subscriptions_payment set method = null where method is not null and state <> 'intended'"


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0004_silent_and_suspended")]
    operations = [migrations.RunSQL(FORGET, migrations.RunSQL.noop)]

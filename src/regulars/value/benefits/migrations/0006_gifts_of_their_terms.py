"""What comes by itself comes by the terms that are hers."""

from django.db import migrations

from regulars.kernel.migrating import load


class Migration(migrations.Migration):
    dependencies = [("benefits", "0005_of_their_terms")]
    operations = load(__file__, "entitling.sql", "using.sql")

"""Who stands alike walks alike: what a night knows already is not read again."""

from django.db import migrations, models

from regulars.kernel.migrating import load

_STATE = """
do $$ begin
  if not exists (select 1 from pg_attribute where attrelid = 'tiers_state'::regclass and attname = 'still_from') then
    alter type tiers_state add attribute still_from timestamptz;
  end if;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("tiers", "0004_levels_of")]
    operations = [
        migrations.AddField(
            model_name="standingrow",
            name="still_from",
            field=models.DateTimeField(help_text="Nothing that is known changes her amounts after it.", null=True),
        ),
        migrations.RunSQL(_STATE, migrations.RunSQL.noop),
        *load(__file__, "alike.sql", "walk.sql", "judging.sql", "settling.sql", "review.sql"),
    ]

"""A fact costs the sale that brings it less: one index beside the key, and its guard looks when it changes."""

from django.db import migrations, models

_GUARD = """
create or replace function kernel_fact_ends_once() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '23514', constraint = 'fact_is_done_or_dead', table = 'kernel_fact',
    message = 'kernel_fact: a fact is done or dead, not both (fact_is_done_or_dead)';
end $$;
create trigger fact_is_done_or_dead before update on kernel_fact for each row
  when (new.done_at is not null and new.dead_at is not null) execute function kernel_fact_ends_once();
"""
_NO_GUARD = "drop trigger fact_is_done_or_dead on kernel_fact; drop function kernel_fact_ends_once"


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_answers_domain")]

    operations = [
        migrations.RemoveConstraint("factrow", "fact_is_done_or_dead"),
        migrations.RemoveIndex("factrow", "fact_waiting"),
        migrations.RemoveIndex("factrow", "fact_dead"),
        migrations.RemoveIndex("factrow", "fact_done"),
        migrations.AddIndex(
            "factrow",
            models.Index(
                models.OrderBy(models.F("next_try_at"), nulls_first=True),
                "id",
                condition=models.Q(done_at=None),
                name="fact_not_done",
            ),
        ),
        migrations.RunSQL("update kernel_fact set next_try_at = '9999-01-01Z' where dead_at is not null", migrations.RunSQL.noop),
        migrations.RunSQL(_GUARD, _NO_GUARD),
    ]

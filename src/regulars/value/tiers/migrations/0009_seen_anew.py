"""Where older terms were ever kept, all were judged by the newest ladder: the next night walks them anew by their terms."""

from django.db import migrations

_ANEW = """
update tiers_standing set seen = -1, look_at = least(coalesce(look_at, now()), now())  -- who has no journal too
 where program_id in (select t.program_id from agreements_telling t where t.keep_until is not null);
"""


class Migration(migrations.Migration):
    dependencies = [("tiers", "0008_by_their_terms")]
    operations = [migrations.RunSQL(_ANEW, migrations.RunSQL.noop)]

"""The proofs of C2, C3 and C6 over the whole database. Should find nothing."""

from __future__ import annotations

from django.db import connection

from regulars.people.care.terms import Discrepancy

_WRONG = """
select 'C3', 'an adviser counts wrong', coalesce(n.n, 0)::text, a.members::text, null::uuid
  from care_adviser a
  left join (select adviser_id, count(*) as n from care_assignment where until is null group by 1) n
    on n.adviser_id = a.id
 where a.members <> coalesce(n.n, 0) and (%(program)s::int is null or a.program_id = %(program)s)
union all
select 'C7', 'care across programs', a.program_id::text, x.program_id::text, x.member_id
  from care_assignment x join care_adviser a on a.id = x.adviser_id
 where (x.program_id <> a.program_id or x.kind <> a.kind) and (%(program)s::int is null or x.program_id = %(program)s)
union all
select 'C7', 'a member of another program', m.program_id::text, x.program_id::text, x.member_id
  from (select program_id, member_id from care_assignment union select program_id, member_id from care_note
        union select program_id, member_id from care_follow_up union select program_id, member_id from care_liking) x
  join members_facts m on m.member_id = x.member_id
 where m.program_id <> x.program_id and (%(program)s::int is null or x.program_id = %(program)s)
union all
select 'C2', 'a merged member is in care', '', a.kind, a.member_id
  from care_assignment a join members_facts m on m.member_id = a.member_id
 where a.until is null and m.merged_into is not null and (%(program)s::int is null or a.program_id = %(program)s)
union all
select 'C6', 'a value of no declared preference', '', l.key, l.member_id
  from care_liking l left join care_preference p on p.program_id = l.program_id and p.key = l.key
 where (p.key is null or (p.type = 'text') <> (l.words is not null))
   and (%(program)s::int is null or l.program_id = %(program)s)
limit 1000
"""


def discrepancies(*, program_id: int | None = None) -> list[Discrepancy]:
    """C2, C3, C6, C7: the first thousand that do not hold. Args: program_id: None proves every program."""
    with connection.cursor() as cursor:
        cursor.execute(_WRONG, {"program": program_id})
        return [
            Discrepancy(promise=promise, what=what, expected=expected, found=found, member_id=member_id)
            for promise, what, expected, found, member_id in cursor.fetchall()
        ]

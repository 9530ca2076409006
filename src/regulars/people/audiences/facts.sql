-- Who is on which audience, for bulk reading; `expires_at` may lie behind: ask for it.
create view audiences_facts as
select m.program_id, a.key as audience, a.active, m.member_id, m.source, m.added_at, m.expires_at
  from audiences_membership m join audiences_audience a on a.id = m.audience_id where m.removed_at is null;

-- Who looks after whom now, for bulk reading; the columns are a promise.
create or replace view care_assignment_facts as
select s.program_id, s.member_id, s.kind, a.id as adviser_id, a.user_id, a.store_id, s.since
  from care_assignment s join care_adviser a on a.id = s.adviser_id where s.until is null;

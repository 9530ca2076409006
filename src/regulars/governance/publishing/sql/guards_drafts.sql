-- V10: nobody approves what she wrote herself.
alter table publishing_draft add constraint "V10_never_by_its_writer"
  check (approved_by = '' or not jsonb_exists(writers, approved_by));

-- V9: what a schedule says stays as it was scheduled; only how it ends is written later, once.
create or replace function publishing_keep_schedule() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or old.state <> 'waiting'
     or (new.id, new.program_id, new.base_version, new.document, new.at, new.actor, new.telling_id)
        is distinct from (old.id, old.program_id, old.base_version, old.document, old.at, old.actor, old.telling_id) then
    raise exception using errcode = '23001', message = 'V9_a_schedule_stays_as_it_was_made',
      detail = format('%s of schedule %s refused', tg_op, old.id);
  end if;
  return new;
end $$;

create or replace trigger "V9_a_schedule_stays_as_it_was_made" before update or delete on publishing_schedule
  for each row execute function publishing_keep_schedule();

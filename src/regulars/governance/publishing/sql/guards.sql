-- V3: an applied version never changes. (TRUNCATE stays possible, for tests.)
create or replace function publishing_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '23001', message = 'V3_a_version_never_changes',
    detail = format('%s of version %s of program %s refused', tg_op, old.number, old.program_id);
end $$;

create or replace trigger "V3_a_version_never_changes" before update or delete on publishing_version
  for each row execute function publishing_refuse_change();

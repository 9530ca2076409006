-- E1: what was published never changes. E3: a use stands, or is undone once; nothing else of it changes but its owner
-- when members become one. (TRUNCATE stays possible, for tests.)
create or replace function benefits_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '23001', message = tg_name, detail = format('%s of %s refused', tg_op, tg_table_name);
end $$;

create or replace function benefits_keep_use() returns trigger language plpgsql as $$
begin
  if old.state = 'undone' and (new.state, new.undone_at, new.undone_by, new.reason) is distinct from
                              (old.state, old.undone_at, old.undone_by, old.reason)
     or (new.id, new.program_id, new.benefit, new.version, new.times, new.cost_minor, new.used_at, new.actor)
        is distinct from (old.id, old.program_id, old.benefit, old.version, old.times, old.cost_minor, old.used_at, old.actor)
  then
    raise exception using errcode = '23001', message = tg_name, detail = 'a use is undone once, and never rewritten';
  end if;
  return new;
end $$;

create or replace trigger "E1_a_published_benefit_never_changes" before update or delete on benefits_benefit
  for each row execute function benefits_refuse_change();
create or replace trigger "E1_a_published_pack_never_changes" before update or delete on benefits_pack
  for each row execute function benefits_refuse_change();
create or replace trigger "E3_a_use_is_never_rewritten" before update on benefits_use
  for each row execute function benefits_keep_use();
create or replace trigger "E3_a_use_is_never_deleted" before delete on benefits_use
  for each row execute function benefits_refuse_change();

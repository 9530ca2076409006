-- T1: a published level never changes. T3: a move, once written, stands. (TRUNCATE stays possible, for tests.)
create or replace function tiers_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '23001', message = tg_name, detail = format('%s of %s refused', tg_op, tg_table_name);
end $$;

create or replace trigger "T1_a_published_level_never_changes" before update or delete on tiers_level
  for each row execute function tiers_refuse_change();
create or replace trigger "T3_a_move_stands" before update or delete on tiers_move
  for each row execute function tiers_refuse_change();

-- R1: a published rule never changes. A correction is a new version. (TRUNCATE stays possible, for tests.)
create or replace function promotions_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '23001', message = 'R1_a_published_rule_never_changes',
    detail = format('%s of %s refused', tg_op, tg_table_name);
end $$;

create or replace trigger "R1_a_published_rule_never_changes" before update or delete on promotions_rule
  for each row execute function promotions_refuse_change();
create or replace trigger "R1_published_policies_never_change" before update or delete on promotions_version
  for each row execute function promotions_refuse_change();

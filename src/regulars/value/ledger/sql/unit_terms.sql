-- U6: what a version said of units stays as it was said. (TRUNCATE stays possible, for tests.)
create or replace function ledger_unit_terms_stay() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '23001', message = 'U6_terms_of_a_version_stay',
    detail = format('%s of a row of %s refused', tg_op, tg_table_name);
end $$;

create or replace trigger "U6_terms_of_a_version_stay" before update or delete on ledger_unit_terms
  for each row execute function ledger_unit_terms_stay();

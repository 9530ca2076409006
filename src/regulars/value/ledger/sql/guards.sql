-- What the tables refuse by themselves.

alter table ledger_account set (fillfactor = 70);  -- every order updates this row: leave it room to stay on its page
alter table ledger_lot set (fillfactor = 90);

alter table ledger_account add constraint "ledger_account_belongs_to_a_member"
  foreign key (member_id) references members_member (id);
alter table ledger_account add constraint "L2_no_balance_below_zero" check (
  (0 <= all (active || pending || held || debt)) is true);  -- domains.sql, loaded later, makes domains of it

create or replace function ledger_history_stays() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '23514', constraint = 'L6_history_is_never_changed', table = tg_table_name,
    message = format('%s: history is never changed (L6_history_is_never_changed); undo with a new journal', tg_table_name);
end $$;

create trigger "L6_history_is_never_changed" before update or delete on ledger_journal
  for each row execute function ledger_history_stays();
create trigger "L6_history_is_never_changed" before update or delete on ledger_allocation
  for each row execute function ledger_history_stays();
create trigger "L6_history_is_never_changed" before update or delete on ledger_head
  for each row execute function ledger_history_stays();

-- A lot is born with everything but what is left of it and its state.
create or replace function ledger_lot_stays() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '23514', constraint = 'L6_a_lot_keeps_what_it_was_born_with', table = 'ledger_lot',
    message = 'ledger_lot: only remaining and state may change (L6_a_lot_keeps_what_it_was_born_with)';
end $$;

create trigger "L6_a_lot_keeps_what_it_was_born_with" before update on ledger_lot for each row
  when ((old.member_id, old.seq, old.n, old.program_id, old.unit, old.amount, old.activates_at, old.activation_event,
         old.activation_deadline, old.expires_at, old.funder, old.cost_micro, old.origin_member, old.origin_seq, old.origin_n)
        is distinct from
        (new.member_id, new.seq, new.n, new.program_id, new.unit, new.amount, new.activates_at, new.activation_event,
         new.activation_deadline, new.expires_at, new.funder, new.cost_micro, new.origin_member, new.origin_seq, new.origin_n))
  execute function ledger_lot_stays();
create trigger "L6_a_lot_is_never_deleted" before delete on ledger_lot
  for each row execute function ledger_history_stays();

-- L5: what is spent, held or given must be alive when it happens.
create or replace function ledger_life() returns trigger language plpgsql as $$
declare v_at timestamptz;
begin
  select occurred_at into v_at from ledger_journal where member_id = new.member_id and seq = new.seq;
  perform 1 from ledger_lot l
   where l.member_id = new.member_id and l.seq = new.lot_seq and l.n = new.lot_n and l.unit = new.unit
     and l.state = 'active' and l.activates_at <= v_at and (l.expires_at is null or l.expires_at > v_at);
  if not found then
    raise exception using errcode = '23514', constraint = 'L5_nothing_pays_from_a_lot_outside_its_life',
      table = 'ledger_allocation', message = format(
      'lot %s.%s is not alive at %s (L5_nothing_pays_from_a_lot_outside_its_life)', new.lot_seq, new.lot_n, v_at);
  end if;
  return null;
end $$;

create trigger "L5_nothing_pays_from_a_lot_outside_its_life" after insert on ledger_allocation for each row
  when (new.amount > 0 and new.kind in ('spend', 'hold', 'transfer', 'exchange', 'donate'))
  execute function ledger_life();

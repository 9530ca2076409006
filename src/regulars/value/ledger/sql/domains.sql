-- Guards of single columns as domains: PostgreSQL reads the text of a table's CHECK again for every statement, and that
-- of a domain once a session. Types are changed while the domains hold nothing yet, so that no table is written anew.

create domain ledger_balances as bigint[];
create domain ledger_lot_amount as bigint;
create domain ledger_lot_rest as bigint;

-- Other views stand on these: while the types change they read nothing (their files, loaded next, make them again).
create or replace view ledger_balance_facts as
  select u.program_id, null::uuid as member_id, u.slot, u.key as unit, u.kind,
         0::bigint as active, 0::bigint as pending, 0::bigint as held, 0::bigint as debt
    from ledger_unit u where false;
create or replace view ledger_measure_facts as
  select null::uuid as member_id, u.program_id, u.key as unit, 0::bigint as seq, now() as counts_from, now() as counts_until,
         0::bigint as amount
    from ledger_unit u where false;
alter table ledger_account drop constraint "L2_no_balance_below_zero";
alter table ledger_account alter active type ledger_balances, alter pending type ledger_balances,
  alter held type ledger_balances, alter debt type ledger_balances;
alter domain ledger_balances add constraint "L2_no_balance_below_zero" check (
  value is null or (0 <= all (value)) is true);

alter table ledger_lot drop constraint "L2_a_lot_stays_between_nothing_and_its_amount";
drop trigger "L6_a_lot_keeps_what_it_was_born_with" on ledger_lot;
alter table ledger_lot alter amount type ledger_lot_amount, alter remaining type ledger_lot_rest;
alter domain ledger_lot_amount add constraint "L2_a_lot_stays_between_nothing_and_its_amount" check (value > 0);
alter domain ledger_lot_rest add constraint "L2_a_lot_stays_between_nothing_and_its_amount" check (value >= 0);
alter table ledger_lot add constraint "L2_a_lot_stays_between_nothing_and_its_amount" check (remaining <= amount);
create trigger "L6_a_lot_keeps_what_it_was_born_with" before update on ledger_lot for each row
  when ((old.member_id, old.seq, old.n, old.program_id, old.unit, old.amount, old.activates_at, old.activation_event,
         old.activation_deadline, old.expires_at, old.funder, old.cost_micro, old.origin_member, old.origin_seq, old.origin_n)
        is distinct from
        (new.member_id, new.seq, new.n, new.program_id, new.unit, new.amount, new.activates_at, new.activation_event,
         new.activation_deadline, new.expires_at, new.funder, new.cost_micro, new.origin_member, new.origin_seq, new.origin_n))
  execute function ledger_lot_stays();

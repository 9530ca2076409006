-- Published for bulk reading; the columns are a promise.
-- What gave a measure its value: gain_facts.sql.

-- What was taken back of them: it counted from the purchase until it was taken.
create or replace view ledger_measure_taken_facts as
  select l.member_id, l.program_id, u.key as unit, l.activates_at as counts_from, j.occurred_at as counts_until, t.amount
    from ledger_allocation t
    join ledger_lot l on l.member_id = t.member_id and l.seq = t.lot_seq and l.n = t.lot_n
    join ledger_unit u on u.program_id = l.program_id and u.slot = l.unit and u.kind = 'measure'
    join ledger_journal j on j.member_id = t.member_id and j.seq = t.seq
   where t.kind = 'clawback' and t.amount > 0 and j.occurred_at > l.activates_at;

-- How far the journal of each open account has come.
create or replace view ledger_account_facts as
  select a.member_id, a.program_id, a.seq from ledger_account a where a.moved_into is null;

-- Published for bulk reading; the columns are a promise. One row per open account and unit in use, zeros included;
-- an account that was merged into another is left out.
create or replace view ledger_balance_facts as
  select a.program_id, a.member_id, u.slot, u.key as unit, u.kind,
         coalesce(a.active[u.slot], 0) as active, coalesce(a.pending[u.slot], 0) as pending,
         coalesce(a.held[u.slot], 0) as held, coalesce(a.debt[u.slot], 0) as debt
    from ledger_account a
    join ledger_unit u on u.program_id = a.program_id
   where a.moved_into is null and u.retired_at is null;

-- Every movement, for proofs and timelines of floors above: what happened, and what went from where to where.
create or replace view ledger_journal_facts as
  select j.member_id, j.seq, j.program_id, j.kind, j.key, j.source_type, j.source_ref, j.occurred_at, j.recorded_at,
         j.reason, j.reverses, j.reverses_member
    from ledger_journal j;
create or replace view ledger_posting_facts as
  select p.member_id, p.seq, p.n, p.program_id, p.unit, p.debit, p.credit, p.amount, p.party, p.recorded_at
    from ledger_posting p;

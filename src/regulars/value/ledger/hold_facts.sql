-- Published for bulk reading; the columns are a promise. One row a hold; `held` is what it still holds.
create or replace view ledger_hold_facts as
  select h.id as hold_id, h.program_id, h.member_id, h.unit, h.amount, h.amount - h.captured - h.released as held,
         h.state, h.expires_at, h.source_type, h.source_ref
    from ledger_hold h;

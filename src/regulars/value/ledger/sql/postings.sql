-- Postings live in their journal, one element of its arrays each: they are born, sealed and kept as one row, and an order
-- writes two rows and two index entries less. As rows they are read through this view.

create or replace function ledger_posts_move(p_units smallint[], p_debits text[], p_credits text[], p_amounts bigint[])
returns boolean language plpgsql immutable parallel safe as $$
begin
  for i in 1 .. coalesce(cardinality(p_units), 0) loop
    if (p_amounts[i] > 0 and p_debits[i] <> p_credits[i]) is not true then return false; end if;
  end loop;
  return true;
end $$;

-- A join that the planner can open: whoever asks for some journals' postings never unpacks the others'.
create or replace view ledger_posting as
  select j.member_id, j.seq, p.n::smallint as n, j.program_id, p.unit, p.debit, p.credit, p.amount, p.party, j.recorded_at
    from ledger_journal j
   cross join lateral unnest(j.units, j.debits, j.credits, j.amounts, j.parties)
              with ordinality as p(unit, debit, credit, amount, party, n);

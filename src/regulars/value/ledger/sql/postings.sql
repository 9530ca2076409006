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

create or replace view ledger_posting as
  select x.member_id, x.seq, x.n::smallint as n, x.program_id, x.unit, x.debit, x.credit, x.amount, x.party, x.recorded_at
    from (select j.member_id, j.seq, j.program_id, j.recorded_at, generate_subscripts(j.units, 1) as n,
                 unnest(j.units) as unit, unnest(j.debits) as debit, unnest(j.credits) as credit,
                 unnest(j.amounts) as amount, unnest(j.parties) as party
            from ledger_journal j) x;

-- Most of what is given lies untouched for months: such lots stay packed in the journal that gave them until anything of
-- their member is taken, ended or moved. A row and its keys are then written once for many, and for lots that nothing
-- ever happens to, never. Packed are only lots that begin at once and have no funder; `packed` of the journal is when each
-- of them ends. The account says how far it has been unpacked (`unpacked`), and when the first packed lot ends
-- (`packed_until`), so that a night finds it.

create or replace view ledger_packed as
  select j.member_id, j.seq, u.n::smallint as n, j.program_id, u.unit, u.amount, u.amount as remaining, 'active'::text as state,
         least(j.occurred_at, j.recorded_at) as activates_at, null::text as activation_event,
         null::timestamptz as activation_deadline, u.expires_at, null::text as funder, null::bigint as cost_micro,
         null::uuid as origin_member, null::bigint as origin_seq, null::smallint as origin_n
    from ledger_account a
    join ledger_journal j on j.member_id = a.member_id and j.seq > a.unpacked
   cross join lateral unnest(j.units, j.amounts, j.packed) with ordinality as u(unit, amount, expires_at, n)
   where j.packed is not null;

-- Every lot, packed or not: what everybody reads who has not locked and unpacked the account.
create or replace view ledger_lot_facts as
  select l.member_id, l.seq, l.n, l.program_id, l.unit, l.amount, l.remaining, l.state, l.activates_at, l.activation_event,
         l.activation_deadline, l.expires_at, l.funder, l.cost_micro, l.origin_member, l.origin_seq, l.origin_n
    from ledger_lot l
   union all
  select p.member_id, p.seq, p.n, p.program_id, p.unit, p.amount, p.remaining, p.state, p.activates_at, p.activation_event,
         p.activation_deadline, p.expires_at, p.funder, p.cost_micro, p.origin_member, p.origin_seq, p.origin_n
    from ledger_packed p;

-- The lots of these members as rows, all of them. The caller has locked the accounts.
create or replace function ledger_unpack_all(p_members uuid[]) returns void language plpgsql as $$
begin
  insert into ledger_lot (member_id, seq, n, program_id, unit, amount, remaining, state, activates_at, expires_at)
  select p.member_id, p.seq, p.n, p.program_id, p.unit, p.amount, p.remaining, p.state, p.activates_at, p.expires_at
    from ledger_packed p where p.member_id = any (p_members);
  update ledger_account a set unpacked = a.seq, packed_until = null where a.member_id = any (p_members) and a.unpacked < a.seq;
end $$;

-- The same of one, if anything of hers is packed.
create or replace function ledger_unpack(p_member uuid) returns void language plpgsql as $$
begin
  perform 1 from ledger_account a where a.member_id = p_member and a.unpacked < a.seq;
  if found then perform ledger_unpack_all(array[p_member]); end if;
end $$;

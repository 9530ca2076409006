-- Taking back what a journal gave. Sources, in this order: (1) the lots of that journal, pending before active; (1b) what
-- of them has expired unspent, which the member no longer has and is therefore forgiven; (2) other pending lots of the
-- same source; (3) active lots, first to expire first; (4) by the unit's debt policy a debt, or forgiven. All that is asked
-- goes back to whoever issued it, so that the books show reversal, debt and what was let go apart.

create or replace function ledger_claw(p_member uuid, p_program int, p_key text, p_kind text, p_source_type text,
  p_source_ref text, p_reverses bigint, p_rule_version int, p_occurred timestamptz, p_recorded timestamptz, p_actor text,
  p_reason text, p_digest bytea, p_units smallint[], p_amounts bigint[], p_of uuid default null,
  out seq bigint, out version bigint, out taken bigint[], out owed bigint[], out forgiven bigint[]) language plpgsql as $$
declare
  a ledger_account; b record; v_first bigint; j ledger_journal; i int; c record;
  v_posts ledger_posting[] := '{}'; v_takes ledger_allocation[] := '{}'; v_of uuid := coalesce(p_of, p_member);
begin
  b := ledger_begin(p_member, p_program, p_key, p_digest, null); a := b.account; v_first := b.repeated;
  if v_first is not null then
    seq := v_first; version := a.version;
    select array_agg(t.taken order by o), array_agg(t.owed order by o), array_agg(t.forgiven order by o)
      into taken, owed, forgiven
      from unnest(p_units) with ordinality as u(unit, o), ledger_clawed(p_member, v_first, u.unit) t;
    return;
  end if;
  if p_of is not null and not ledger_leads_to(p_of, p_member) then
    perform ledger_refuse('stale', 'These members were merged or taken apart in between.');
  end if;
  taken := array_fill(0::bigint, array[cardinality(p_units)]); owed := taken; forgiven := taken;
  for i in 1 .. cardinality(p_units) loop
    if p_amounts[i] > 0 then
      perform ledger_settle(p_member, p_units[i], p_occurred, p_recorded);
      c := ledger_claw_plan(p_member, p_program, p_units[i], p_amounts[i], v_of, p_reverses, p_source_type, p_source_ref);
      v_posts := v_posts || c.posts; v_takes := v_takes || c.takes;
      taken[i] := c.taken; owed[i] := c.owed; forgiven[i] := c.forgiven;
    end if;
  end loop;
  if cardinality(v_posts) = 0 then
    version := a.version;
    return;
  end if;
  j := ledger_entry(p_program, p_key, p_kind, p_source_type, p_source_ref, null, p_rule_version, p_occurred, p_recorded,
                    p_actor, p_reason, p_digest);
  j.member_id := p_member; j.reverses := p_reverses; j.reverses_member := p_of;
  a := ledger_write(j, v_posts, null, v_takes);
  seq := a.seq; version := a.version;
end $$;

-- What a clawback's own postings say of one unit.
create or replace function ledger_clawed(p_member uuid, p_seq bigint, p_unit smallint,
  out taken bigint, out owed bigint, out forgiven bigint) language sql stable as $$
  select coalesce(sum(amount) filter (where debit in ('wallet', 'pending')), 0),
         coalesce(sum(amount) filter (where debit = 'debt'), 0),
         coalesce(sum(amount) filter (where debit in ('expired', 'breakage')), 0)
    from ledger_posting where member_id = p_member and seq = p_seq and unit = p_unit $$;

-- The journals that reverse one, in whatever member's books a chain of merges has put them.
create or replace function ledger_reversals(p_of uuid, p_seq bigint) returns table (member_id uuid, seq bigint)
language sql stable as $$
  select j.member_id, j.seq from ledger_journal j where j.member_id = p_of and j.reverses = p_seq and j.reverses_member is null
  union all
  select j.member_id, j.seq from ledger_journal j where j.reverses_member = p_of and j.reverses = p_seq $$;

-- Is what was this member's now that one's, by however many merges? Ask under the lock of `p_now`.
create or replace function ledger_leads_to(p_of uuid, p_now uuid) returns boolean language sql stable as $$
  with recursive way as (
    select a.moved_into from ledger_account a where a.member_id = p_of
    union select a.moved_into from way w join ledger_account a on a.member_id = w.moved_into)
  select exists (select 1 from way where moved_into = p_now)
      or exists (select 1 from members_standing(p_of) m where m.merged_into = p_now) $$;

-- The lots of a journal and those they went on as (activated, merged, taken apart again, restored), whoever has them
-- now. What was given away to somebody is hers.
create or replace function ledger_kin(p_of uuid, p_seq bigint, p_unit smallint)
returns table (member_id uuid, seq bigint, n smallint) language sql stable as $$
  with recursive kin as (
    select l.member_id, l.seq, l.n from ledger_lot l where l.member_id = p_of and l.seq = p_seq and l.unit = p_unit
    union all
    select l.member_id, l.seq, l.n
      from kin k
      join ledger_lot l on l.origin_member = k.member_id and l.origin_seq = k.seq and l.origin_n = k.n
      join ledger_journal j on j.member_id = l.member_id and j.seq = l.seq and j.kind not in ('transfer', 'gift'))
  select * from kin $$;

-- Who issued what a journal gave of a unit, and how much of it is still not reversed (L7).
create or replace function ledger_issued(p_of uuid, p_seq bigint, p_unit smallint)
returns table (account text, party text, amount bigint) language sql stable as $$
  select p.debit, p.party,
         (sum(p.amount) - coalesce((select sum(x.amount) from ledger_reversals(p_of, p_seq) j join ledger_posting x using (member_id, seq)
            where x.unit = p_unit and x.credit = p.debit and x.party is not distinct from p.party), 0))::bigint
    from ledger_posting p
   where p.member_id = p_of and p.seq = p_seq and p.unit = p_unit and p.debit in ('issued', 'funder')
   group by p.debit, p.party order by min(p.n) $$;

create or replace function ledger_claw_plan(p_member uuid, p_program int, p_unit smallint, p_amount bigint, p_of uuid,
  p_reverses bigint, p_source_type text, p_source_ref text, out posts ledger_posting[], out takes ledger_allocation[],
  out taken bigint, out owed bigint, out forgiven bigint) language plpgsql as $$
declare
  v_policy text; v_left bigint := p_amount; v_issued bigint; v_gone bigint; l record; v_pays bigint;
  v_from text[] := '{}'; v_sums bigint[] := '{}';
begin
  posts := '{}'; takes := '{}'; owed := 0; forgiven := 0;
  select u.debt_policy into v_policy from ledger_unit u where u.program_id = p_program and u.slot = p_unit;
  if not found then perform ledger_refuse('unknown_unit', 'The program has no such unit.'); end if;
  if p_reverses is not null then
    select coalesce(sum(x.amount), 0) into v_issued from ledger_issued(p_of, p_reverses, p_unit) x;
    if v_issued < p_amount then
      perform ledger_refuse('reverses_too_much', 'More would be taken back than is left of what was given.',
                            jsonb_build_object('left', v_issued, 'asked', p_amount));
    end if;
    v_gone := ledger_expired_of(p_of, p_reverses, p_unit);
  end if;
  for l in select x.lot, x.step from ledger_claw_sources(p_member, p_unit, p_of, p_reverses, p_source_type, p_source_ref) x
            order by x.step, (x.lot).expires_at nulls last, (x.lot).activates_at, (x.lot).seq, (x.lot).n loop
    if l.step > 1 and coalesce(v_gone, 0) > 0 then
      forgiven := least(v_gone, v_left); v_left := v_left - forgiven; v_gone := 0;
      if forgiven > 0 then v_from := v_from || 'expired'::text; v_sums := v_sums || forgiven; end if;
    end if;
    exit when v_left = 0 or (l.step = 3 and v_policy = 'only_pending');
    v_pays := least(v_left, (l.lot).remaining); v_left := v_left - v_pays;
    takes := takes || ledger_take(l.lot, 'clawback', v_pays);
    v_from := v_from || case (l.lot).state when 'pending' then 'pending' else 'wallet' end; v_sums := v_sums || v_pays;
  end loop;
  if coalesce(v_gone, 0) > 0 and v_left > 0 then
    forgiven := least(v_gone, v_left); v_left := v_left - forgiven;
    v_from := v_from || 'expired'::text; v_sums := v_sums || forgiven;
  end if;
  taken := p_amount - v_left - forgiven;
  if v_left > 0 and v_policy = 'owe' then
    owed := v_left; v_from := v_from || 'debt'::text; v_sums := v_sums || v_left;
  elsif v_left > 0 then
    forgiven := forgiven + v_left; v_from := v_from || 'breakage'::text; v_sums := v_sums || v_left;
  end if;
  posts := ledger_claw_posts(p_unit, v_from, v_sums, p_of, p_reverses);
end $$;

-- What of a journal's lots (whatever they went on as) has expired unspent and was not counted before.
create or replace function ledger_expired_of(p_of uuid, p_seq bigint, p_unit smallint) returns bigint
language sql stable as $$
  select coalesce((select sum(t.amount) from ledger_kin(p_of, p_seq, p_unit) k
                     join ledger_allocation t on t.member_id = k.member_id and t.lot_seq = k.seq and t.lot_n = k.n
                    where t.kind = 'expire'), 0)::bigint
       - coalesce((select sum(x.amount) from ledger_reversals(p_of, p_seq) j join ledger_posting x using (member_id, seq)
                    where x.unit = p_unit and x.debit = 'expired'), 0)::bigint $$;

-- Lots that a clawback may take, by step. A lot that went on as another one counts as the lot that it was.
create or replace function ledger_claw_sources(p_member uuid, p_unit smallint, p_of uuid, p_reverses bigint,
  p_source_type text, p_source_ref text) returns table (lot ledger_lot, step int) language sql stable as $$
  select l, case when k.seq is not null then case l.state when 'pending' then 0 else 1 end
                 when l.state = 'pending' then 2 else 3 end
    from ledger_lot l
    left join ledger_kin(p_of, p_reverses, p_unit) k on k.member_id = l.member_id and k.seq = l.seq and k.n = l.n
   where l.member_id = p_member and l.unit = p_unit and l.remaining > 0 and l.state in ('pending', 'active')
     and (l.state = 'active' or k.seq is not null
          or exists (select 1 from ledger_journal j where j.member_id = l.member_id and j.seq = l.seq
                      and j.source_type = p_source_type and j.source_ref = p_source_ref)) $$;

-- Bring what is taken (left) and who gets it back (right) together, as postings.
create or replace function ledger_claw_posts(p_unit smallint, p_from text[], p_sums bigint[], p_of uuid, p_reverses bigint)
returns ledger_posting[] language sql stable as $$
  with l as (select d.account, sum(d.amount) as amount, min(d.o) as o
               from unnest(p_from, p_sums) with ordinality as d(account, amount, o) group by d.account),
       lefts as (select account, sum(amount) over w - amount as lo, sum(amount) over w as hi, o from l window w as (order by o)),
       r as (select account, party, amount, row_number() over () as o
               from ledger_issued(p_of, p_reverses, p_unit) where p_reverses is not null and amount > 0
             union all select 'issued', null, 9223372036854775807, 1 where p_reverses is null),
       rights as (select account, party, sum(amount) over w - amount as lo, sum(amount) over w as hi, o from r window w as (order by o))
  select coalesce(array_agg(ledger_move(p_unit, a.account, b.account, (least(a.hi, b.hi) - greatest(a.lo, b.lo))::bigint, b.party)
                  order by a.o, b.o), '{}')
    from lefts a join rights b on a.lo < b.hi and b.lo < a.hi $$;

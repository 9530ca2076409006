-- Taking back for many members at once: the same rows, hashes included, as `ledger_claw` called for each line in order.
-- Most of history is simple: what is taken back still lies in the one lot that the journal gave. A member for whom anything
-- else holds (spent, expired, pending, merged, owed) goes through `ledger_claw`, claw by claw.

create or replace function ledger_claws_open() returns void language plpgsql as $$
begin
  create temporary table if not exists ledger_claws (
    ord bigint generated always as identity, tag uuid, member_id uuid, key text, source_type text, source_ref text,
    reverses bigint, of_member uuid, rule_version int, occurred_at timestamptz, recorded_at timestamptz, actor text,
    digest bytea, units smallint[], amounts bigint[], is_simple boolean, owed bigint[], forgiven bigint[])
    on commit delete rows;
  truncate ledger_claws;
end $$;

-- Note one claw for `ledger_claw_many`; `p_tag` is the caller's name for it. Those of a member happen in the order of noting.
create or replace function ledger_claw_later(p_tag uuid, p_member uuid, p_key text, p_source_type text, p_source_ref text,
  p_reverses bigint, p_of uuid, p_rule_version int, p_occurred timestamptz, p_recorded timestamptz, p_actor text,
  p_digest bytea, p_units smallint[], p_amounts bigint[]) returns void language plpgsql as $$
begin
  insert into ledger_claws (tag, member_id, key, source_type, source_ref, reverses, of_member, rule_version, occurred_at,
    recorded_at, actor, digest, units, amounts)
  values (p_tag, p_member, p_key, p_source_type, p_source_ref, p_reverses, p_of, p_rule_version, p_occurred, p_recorded,
    p_actor, p_digest, p_units, p_amounts);
end $$;

-- What could not be taken at once, by tag and unit, where there is any.
create or replace function ledger_claws_short() returns table (tag uuid, unit smallint, owed bigint, forgiven bigint)
language plpgsql as $$
begin
  return query
  select c.tag, e.unit, sum(e.owed)::bigint, sum(e.forgiven)::bigint
    from ledger_claws c, unnest(c.units, c.owed, c.forgiven) as e(unit, owed, forgiven)
   where 0 < any (c.owed || c.forgiven) group by 1, 2;
end $$;

create or replace function ledger_claw_many(p_program int) returns void language plpgsql as $$
declare c record; r record;
begin
  perform 1 from ledger_account a where a.member_id in (select x.member_id from ledger_claws x) order by a.member_id for update;
  perform ledger_unpack_all(array(select distinct x.member_id from ledger_claws x));
  perform ledger_claws_judge(p_program);
  perform ledger_claws_post(p_program);
  for c in select * from ledger_claws x where not x.is_simple order by x.ord loop
    select x.owed, x.forgiven into r from ledger_claw(c.member_id, p_program, c.key, 'return', c.source_type, c.source_ref,
      c.reverses, c.rule_version, c.occurred_at, c.recorded_at, c.actor, null, c.digest, c.units, c.amounts, c.of_member) x;
    update ledger_claws x set owed = r.owed, forgiven = r.forgiven where x.ord = c.ord;
  end loop;
end $$;

-- A member is simple when every lot that gives back is the only one of its journal and unit, active, never expired from, and
-- holds all that is asked of it; when nothing of hers is due to begin or to end; and when no key was used before.
create or replace function ledger_claws_judge(p_program int) returns void language plpgsql as $$
begin
  with wanted as (
    select c.member_id, c.reverses, e.unit, sum(e.amount) as amount, max(c.recorded_at) as recorded_at
      from ledger_claws c, unnest(c.units, c.amounts) as e(unit, amount) group by 1, 2, 3),
  hard as (
    select w.member_id from wanted w
     where w.reverses is null
        or (select count(*) <> 1 or bool_or(l.state <> 'active' or l.remaining < w.amount) from ledger_lot l
             where l.member_id = w.member_id and l.seq = w.reverses and l.unit = w.unit)
        or (select count(*) <> 1 or bool_or(p.debit <> 'issued' or p.credit <> 'wallet' or p.party is not null)
              from ledger_posting p where p.member_id = w.member_id and p.seq = w.reverses and p.unit = w.unit)
        or exists (select 1 from ledger_allocation t where t.member_id = w.member_id and t.lot_seq = w.reverses
                      and t.unit = w.unit and t.kind = 'expire')
    union
    select l.member_id from ledger_lot l join wanted w on w.member_id = l.member_id
     where l.remaining > 0 and (l.state = 'pending' or l.origin_seq is not null
                                or (l.state = 'active' and l.expires_at <= w.recorded_at))
    union
    select c.member_id from ledger_claws c left join ledger_account a on a.member_id = c.member_id
     where c.of_member is not null or a.member_id is null or a.program_id <> p_program or a.moved_into is not null
        or exists (select 1 from ledger_journal j where j.member_id = c.member_id and j.key = c.key))
  update ledger_claws c set is_simple = not exists (select 1 from hard h where h.member_id = c.member_id),
         owed = array_fill(0::bigint, array[cardinality(c.units)]), forgiven = array_fill(0::bigint, array[cardinality(c.units)]);
end $$;

create or replace function ledger_claws_post(p_program int) returns void language plpgsql as $$
begin
  with el as materialized (
    select c.ord, c.member_id, c.reverses, e.n, e.unit, e.amount, l.n as lot_n
      from ledger_claws c cross join unnest(c.units, c.amounts) with ordinality as e(unit, amount, n)
      join ledger_lot l on l.member_id = c.member_id and l.seq = c.reverses and l.unit = e.unit
     where c.is_simple),
  body as (
    select ord, array_agg(unit order by n) as posted, array_fill('wallet'::text, array[count(*)::int]) as debits,
           array_fill('issued'::text, array[count(*)::int]) as credits, array_agg(amount order by n) as moved,
           ledger_takes_text(array_agg('clawback'::text order by n), array_agg(reverses order by n),
             array_agg(lot_n order by n), array_agg(amount order by n)) as takes
      from el group by ord),
  numbered as (
    select c.*, a.head, t.posted, t.debits, t.credits, t.moved, t.takes, a.seq + row_number() over (partition by c.member_id order by c.ord) as num
      from ledger_claws c join body t using (ord) join ledger_account a on a.member_id = c.member_id),
  chained as materialized (
    select x.*, ledger_chain(x.head, ledger_told(x.member_id, x.num, ledger_body(p_program, x.key, 'return', x.source_type, x.source_ref,
             null, x.rule_version, x.occurred_at, x.recorded_at, x.actor, x.reverses, null, null, x.digest,
             ledger_posts_text(x.posted, x.debits, x.credits, x.moved, null), null, x.takes))) over (partition by x.member_id order by x.num) as hash
      from numbered x),
  journals as (
    insert into ledger_journal (member_id, seq, program_id, kind, key, source_type, source_ref, source_line, rule_version,
      occurred_at, recorded_at, actor, reverses, reverses_member, reason, digest, hash, units, debits, credits, amounts)
    select member_id, num, p_program, 'return', key, source_type, source_ref, null, rule_version, occurred_at, recorded_at,
           actor, reverses, null, null, digest, hash, posted, debits, credits, moved from chained order by ord),
  takes as (
    insert into ledger_allocation (member_id, seq, n, program_id, unit, lot_seq, lot_n, kind, amount)
    select e.member_id, c.num, e.n, p_program, e.unit, e.reverses, e.lot_n, 'clawback', e.amount
      from el e join chained c using (ord) order by ord, n),
  lots as (
    update ledger_lot l set remaining = l.remaining - t.amount
      from (select member_id, reverses, lot_n, sum(amount) as amount from el group by 1, 2, 3) t
     where l.member_id = t.member_id and l.seq = t.reverses and l.n = t.lot_n),
  sums as (
    select member_id, array_agg(unit) as units, array_agg(amount) as amounts
      from (select member_id, unit, -sum(amount)::bigint as amount from el group by 1, 2) s group by member_id),
  heads as (
    select member_id, count(*) as moves, max(num) as num, (array_agg(hash order by num desc))[1] as hash
      from chained group by member_id)
  update ledger_account a set version = a.version + h.moves, seq = h.num, unpacked = h.num, head = h.hash,
         active = ledger_plus(a.active, s.units, s.amounts)
    from heads h join sums s using (member_id) where a.member_id = h.member_id;
end $$;

-- Earning for many members at once: the same rows, hashes included, as `ledger_earn` called for each line in order.

-- The batch is a temporary table that the caller fills (one program); `outcome` says afterwards what became of each line:
-- inserted, repeated, mismatched (a known key with other content), or the code of a refusal.
create or replace function ledger_batch_open() returns void language plpgsql as $$
begin
  create temporary table if not exists ledger_batch (
    ord bigint, member_id uuid, key text, kind text, source_type text, source_ref text, rule_version int,
    occurred_at timestamptz, recorded_at timestamptz, actor text, reason text, digest bytea,
    units smallint[], amounts bigint[], activates timestamptz[], events text[], deadlines timestamptz[],
    expires timestamptz[], funders text[], outcome text, seq bigint) on commit delete rows;
  truncate ledger_batch;
end $$;

create or replace function ledger_earn_many(p_program int,
  out inserted bigint, out repeated bigint, out mismatched bigint, out refused bigint) language plpgsql as $$
declare b record;
begin
  insert into ledger_account (member_id, program_id, version, seq, head, active, pending, held, debt, counters)
  select m.member_id, p_program, 0, 0, ledger_genesis(m.member_id), '{}', '{}', '{}', '{}', '{}'
    from (select distinct x.member_id from ledger_batch x
           where not exists (select 1 from ledger_account a where a.member_id = x.member_id)) m,
         lateral members_standing(m.member_id) s
   where s.program_id = p_program and s.status in ('active', 'earn_only') order by m.member_id
  on conflict (member_id) do nothing;
  perform 1 from ledger_account a where a.member_id in (select x.member_id from ledger_batch x) order by a.member_id for update;
  perform ledger_batch_judge(p_program);
  perform ledger_batch_post(p_program);
  for b in select * from ledger_batch x where x.outcome = 'owing' order by x.ord loop
    update ledger_batch x set outcome = 'inserted', seq = (select e.seq from ledger_earn(b.member_id, p_program, null,
      b.key, b.kind, b.source_type, b.source_ref, b.rule_version, b.occurred_at, b.recorded_at, b.actor, b.reason, b.digest,
      b.units, b.amounts, b.activates, b.events, b.deadlines, b.expires, b.funders, null) e) where x.ord = b.ord;
  end loop;
  select count(*) filter (where x.outcome = 'inserted'), count(*) filter (where x.outcome = 'repeated'),
         count(*) filter (where x.outcome = 'mismatched'),
         count(*) filter (where x.outcome not in ('inserted', 'repeated', 'mismatched'))
    into inserted, repeated, mismatched, refused from ledger_batch x;
end $$;

create or replace function ledger_batch_judge(p_program int) returns void language plpgsql as $$
begin
  with known as (
    select b.ord, j.seq,
           case when j.seq is not null then case when j.digest is not distinct from b.digest then 'repeated' else 'mismatched' end
                when a.member_id is not null and a.program_id <> p_program then 'unknown_member'
                when a.moved_into is not null then 'member_merged'
                when s.status in ('suspended', 'closed') then 'member_' || s.status
                when a.member_id is null then 'unknown_member'
                when 0 < any (a.debt) then 'owing' else 'new' end as outcome,
           first_value(b.ord) over w as first_ord, first_value(b.digest) over w as first_digest,
           first_value(cardinality(b.units)) over w > 0 as first_moves
      from ledger_batch b
      left join ledger_account a on a.member_id = b.member_id
      left join ledger_journal j on j.member_id = b.member_id and j.key = b.key
      left join lateral members_standing(b.member_id) s on true
    window w as (partition by b.member_id, b.key order by cardinality(b.units) = 0, b.ord))
  update ledger_batch b set seq = k.seq, outcome = case
      when k.outcome in ('new', 'owing') and k.first_moves and k.first_ord < b.ord
        then case when k.first_digest is not distinct from b.digest then 'repeated' else 'mismatched' end
      else k.outcome end
    from known k where k.ord = b.ord;
end $$;

create or replace function ledger_batch_post(p_program int) returns void language plpgsql as $$
begin
  with el as materialized (
    select b.ord, b.member_id, e.n, e.unit, e.amount, e.event, e.deadline, e.expires, e.funder,
           case when e.funder is null then 'issued' else 'funder' end as debit,
           case when e.event is not null or e.starts > b.recorded_at then 'pending' else 'wallet' end as credit,
           case when e.event is null then coalesce(e.starts, least(b.occurred_at, b.recorded_at)) end as starts,
           num_nonnulls(e.starts, e.event, e.deadline, e.funder) = 0 as is_plain
      from ledger_batch b, unnest(b.units, b.amounts, b.activates, b.events, b.deadlines, b.expires, b.funders)
           with ordinality as e(unit, amount, starts, event, deadline, expires, funder, n)
     where b.outcome = 'new'),
  body as (
    select ord, array_agg(debit order by n) as debits, array_agg(credit order by n) as credits,
           case when not bool_and(is_plain) then ledger_lots_text(array_agg(unit order by n), array_agg(amount order by n),
             case when count(starts) > 0 then array_agg(ledger_micros(starts) order by n) end, array_agg(event order by n),
             case when count(deadline) > 0 then array_agg(ledger_micros(deadline) order by n) end,
             case when count(expires) > 0 then array_agg(ledger_micros(expires) order by n) end,
             array_agg(funder order by n), null, null) end as lots,
           case when bool_and(is_plain) then array_agg(expires order by n) end as packed,
           case when bool_and(is_plain) then min(expires) end as ends
      from el group by ord),
  numbered as (
    select b.*, a.head, t.debits, t.credits, t.lots, t.packed, t.ends, a.seq + row_number() over (partition by b.member_id order by b.ord) as num
      from ledger_batch b join body t using (ord) join ledger_account a on a.member_id = b.member_id),
  chained as materialized (
    select x.*, ledger_chain(x.head, case when x.packed is not null
             then ledger_plain(x.member_id, x.num, p_program, x.rule_version, x.occurred_at, x.recorded_at,
               array[x.key, x.kind, x.source_type, x.source_ref, x.actor, x.reason], x.digest, x.units, x.amounts, x.packed)
             else ledger_told(x.member_id, x.num, ledger_body(p_program, x.key, x.kind, x.source_type, x.source_ref,
               null, x.rule_version, x.occurred_at, x.recorded_at, x.actor, null, null, x.reason, x.digest,
               ledger_posts_text(x.units, x.debits, x.credits, x.amounts, x.funders), x.lots, null)) end)
             over (partition by x.member_id order by x.num) as hash
      from numbered x),
  journals as (
    insert into ledger_journal (member_id, seq, program_id, kind, key, source_type, source_ref, source_line, rule_version,
      occurred_at, recorded_at, actor, reverses, reverses_member, reason, digest, hash, units, debits, credits, amounts, parties, packed)
    select member_id, num, p_program, kind, key, source_type, source_ref, null, rule_version, occurred_at, recorded_at, actor,
           null, null, reason, digest, hash, units, debits, credits, amounts, ledger_some(funders), packed from chained order by ord),
  lots as (
    insert into ledger_lot (member_id, seq, n, program_id, unit, amount, remaining, state, activates_at, activation_event,
      activation_deadline, expires_at, funder, cost_micro, origin_member, origin_seq, origin_n)
    select e.member_id, c.num, e.n, p_program, e.unit, e.amount, e.amount,
           case e.credit when 'pending' then 'pending' else 'active' end, e.starts, e.event, e.deadline, e.expires, e.funder,
           null, null, null, null
      from el e join chained c using (ord) where c.packed is null order by ord, n),
  sums as (
    select member_id, array_agg(unit) as units, array_agg(active) as active, array_agg(pending) as pending
      from (select member_id, unit, coalesce(sum(amount) filter (where credit = 'wallet'), 0)::bigint as active,
                   coalesce(sum(amount) filter (where credit = 'pending'), 0)::bigint as pending
              from el group by member_id, unit) s group by member_id),
  heads as (
    select b.member_id, count(*) as moves, max(c.num) as num, min(c.ends) as ends,
           (array_agg(c.hash order by c.num desc nulls last))[1] as hash
      from ledger_batch b left join chained c using (ord) where b.outcome = 'new' group by b.member_id),
  accounts as (
    update ledger_account a set version = a.version + h.moves, seq = coalesce(h.num, a.seq), head = coalesce(h.hash, a.head),
           active = ledger_plus(a.active, s.units, s.active), pending = ledger_plus(a.pending, s.units, s.pending), packed_until = least(a.packed_until, h.ends)
      from heads h left join sums s using (member_id) where a.member_id = h.member_id)
  update ledger_batch b set outcome = 'inserted', seq = c.num
    from ledger_batch x left join chained c using (ord) where x.ord = b.ord and b.outcome = 'new';
end $$;

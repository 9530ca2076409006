-- The nightly proofs of L1–L9 over everything that is stored, in passes over the tables and never member by member.
-- Each function answers what is broken; a clean database answers nothing. `p_program` null: all programs.

create type ledger_discrepancy as (promise text, what text, program_id int, member_id uuid, seq bigint, expected text, found text);

create or replace function ledger_proof_l1(p_program int) returns setof ledger_discrepancy language sql stable as $$
  select 'L1', 'key moved value more than once: ' || key, program_id, member_id, max(seq), '1', count(*)::text
    from ledger_journal where p_program is null or program_id = p_program
   group by program_id, member_id, key having count(*) > 1 $$;

create or replace function ledger_proof_l2(p_program int) returns setof ledger_discrepancy language sql stable as $$
  select 'L2', 'lot ' || n || ' outside its amount', program_id, member_id, seq, '0..' || amount, remaining::text
    from ledger_lot_facts where (p_program is null or program_id = p_program) and (remaining < 0 or remaining > amount or amount <= 0)
  union all
  select 'L2', 'balance below zero', program_id, member_id, seq, '≥ 0', concat_ws(' ', active, pending, held, debt)
    from ledger_account where (p_program is null or program_id = p_program)
     and not (0 <= all (active) and 0 <= all (pending) and 0 <= all (held) and 0 <= all (debt)) $$;

create or replace function ledger_proof_l3(p_program int) returns setof ledger_discrepancy language sql stable as $$
  select 'L3', 'posting ' || p.n || ' moves nothing, or between unknown accounts', p.program_id, p.member_id, p.seq,
         'one amount from one account to another', concat_ws(' ', p.debit, p.credit, p.amount)
    from ledger_journal j join ledger_posting p on p.member_id = j.member_id and p.seq = j.seq
   where (p_program is null or j.program_id = p_program)
     and not (ledger_posts_move(j.units, j.debits, j.credits, j.amounts)
              and j.debits || j.credits <@ '{wallet,pending,held,debt,issued,spent,expired,breakage,payable,funder,transit}'::text[])
     and (p.amount > 0 and p.debit <> p.credit
          and p.debit in ('wallet', 'pending', 'held', 'debt', 'issued', 'spent', 'expired', 'breakage', 'payable', 'funder', 'transit')
          and p.credit in ('wallet', 'pending', 'held', 'debt', 'issued', 'spent', 'expired', 'breakage', 'payable', 'funder', 'transit'))
         is not true
  union all
  select 'L3', 'posted in a unit that the program does not have: ' || u, x.program_id, null::uuid, null::bigint, 'a unit', sum(x.n)::text
    from (select program_id, units, count(*) as n from ledger_journal
           where p_program is null or program_id = p_program group by 1, 2) x, unnest(x.units) u
   where not exists (select 1 from ledger_unit k where k.program_id = x.program_id and k.slot = u) group by u, x.program_id
  union all
  select 'L3', 'transit does not balance in unit ' || p.unit, p.program_id, null::uuid, null::bigint, '0',
         sum(case 'transit' when p.credit then p.amount else -p.amount end)::text
    from ledger_journal j join ledger_posting p on p.member_id = j.member_id and p.seq = j.seq
   where 'transit' = any (j.debits || j.credits) and 'transit' in (p.debit, p.credit) and (p_program is null or j.program_id = p_program)
   group by p.program_id, p.unit having sum(case 'transit' when p.credit then p.amount else -p.amount end) <> 0 $$;

-- Cached balances, one row per member and unit that is not nothing.
create or replace function ledger_cached(p_program int)
returns table (program_id int, member_id uuid, unit smallint, active bigint, pending bigint, held bigint, debt bigint)
language sql stable as $$
  select a.program_id, a.member_id, t.o::smallint, coalesce(t.a, 0), coalesce(t.p, 0), coalesce(t.h, 0), coalesce(t.d, 0)
    from ledger_account a, unnest(a.active, a.pending, a.held, a.debt) with ordinality as t(a, p, h, d, o)
   where (p_program is null or a.program_id = p_program) and (t.a <> 0 or t.p <> 0 or t.h <> 0 or t.d <> 0) $$;

create or replace function ledger_proof_l4(p_program int) returns setof ledger_discrepancy language sql stable as $$
  with lots as (
    select program_id, member_id, unit, coalesce(sum(remaining) filter (where state = 'active'), 0)::bigint as active,
           coalesce(sum(remaining) filter (where state = 'pending'), 0)::bigint as pending
      from ledger_lot_facts where (p_program is null or program_id = p_program) and remaining <> 0 group by 1, 2, 3),
  holds as (
    select program_id, member_id, unit, sum(amount - captured - released)::bigint as held from ledger_hold
     where (p_program is null or program_id = p_program) and state = 'open' group by 1, 2, 3),
  seen as (
    select program_id, member_id, unit, active, pending, 0::bigint as held from lots
    union all select program_id, member_id, unit, 0, 0, held from holds
    union all select program_id, member_id, unit, -active, -pending, -held from ledger_cached(p_program))
  select 'L4', 'balance of unit ' || unit || ' is not what its lots and holds say (lots − cached: active, pending, held)',
         program_id, member_id, null::bigint, '0 0 0', concat_ws(' ', sum(active), sum(pending), sum(held))
    from seen group by program_id, member_id, unit having sum(active) <> 0 or sum(pending) <> 0 or sum(held) <> 0 $$;

create or replace function ledger_proof_l5(p_program int) returns setof ledger_discrepancy language sql stable as $$
  select 'L5', format('%s took from lot %s.%s outside its life', t.kind, t.lot_seq, t.lot_n), t.program_id, t.member_id, t.seq,
         concat_ws(' … ', l.activates_at, l.expires_at), j.occurred_at::text
    from ledger_allocation t
    join ledger_journal j on j.member_id = t.member_id and j.seq = t.seq
    left join ledger_lot l on l.member_id = t.member_id and l.seq = t.lot_seq and l.n = t.lot_n and l.unit = t.unit
   where (p_program is null or t.program_id = p_program) and t.amount > 0
     and t.kind in ('spend', 'hold', 'transfer', 'exchange', 'donate')
     and (l.member_id is null or l.activates_at is null or l.activates_at > j.occurred_at or l.expires_at <= j.occurred_at)
  union all
  select 'L5', 'lot ' || n || ' has ended and still holds value', program_id, member_id, seq, '0', remaining::text
    from ledger_lot where (p_program is null or program_id = p_program)
     and remaining <> 0 and state not in ('active', 'pending')
  union all
  select 'L5', 'lot ' || p.n || ' lies packed and ends before anybody looks', p.program_id, p.member_id, p.seq,
         '≤ ' || p.expires_at, coalesce(a.packed_until::text, 'never')
    from ledger_packed p join ledger_account a on a.member_id = p.member_id
   where (p_program is null or p.program_id = p_program) and p.expires_at < coalesce(a.packed_until, 'infinity') $$;

create or replace function ledger_proof_l6(p_program int) returns setof ledger_discrepancy language sql stable as $$
  with j as (select member_id, min(program_id) as program_id, count(*) as n, max(seq) as last, min(seq) as first
               from ledger_journal where p_program is null or program_id = p_program group by member_id)
  select 'L6', 'journals are missing or too many', coalesce(a.program_id, j.program_id), coalesce(a.member_id, j.member_id),
         coalesce(a.seq, 0), coalesce(a.seq, 0)::text, coalesce(j.n, 0)::text
    from j full join (select * from ledger_account where p_program is null or program_id = p_program) a using (member_id)
   where coalesce(a.seq, -1) <> coalesce(j.n, 0) or j.last <> j.n or j.first <> 1
  union all
  select 'L6', 'a journal without postings', j.program_id, j.member_id, j.seq, '≥ 1', '0'
    from ledger_journal j
   where (p_program is null or j.program_id = p_program) and coalesce(cardinality(j.units), 0) = 0
     and j.kind not in ('absorbed', 'absorb')  -- a merge of empty books is still a merge
  union all
  select 'L6', 'guard is missing or switched off: ' || g.name, null::int, null::uuid, null::bigint, 'on', 'off'
    from (values ('ledger_journal', 'L6_history_is_never_changed'), ('ledger_allocation', 'L6_history_is_never_changed'), ('ledger_head', 'L6_history_is_never_changed'),
                 ('ledger_lot', 'L6_a_lot_keeps_what_it_was_born_with'), ('ledger_lot', 'L6_a_lot_is_never_deleted'),
                 ('ledger_allocation', 'L5_nothing_pays_from_a_lot_outside_its_life')) g(tab, name)
   where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(g.tab) and t.tgname = g.name and t.tgenabled in ('O', 'A'))
  union all
  select 'L6', 'guard is missing or not proven: ' || g.name, null::int, null::uuid, null::bigint, 'valid', 'not'
    from (values ('ledger_journal', 'L1_a_key_moves_value_once'), 
                 ('ledger_lot', 'L2_a_lot_stays_between_nothing_and_its_amount'), ('ledger_journal', 'L3_a_posting_moves_value_somewhere'),
                 ('ledger_hold', 'L7_a_hold_gives_no_more_than_it_holds'), ('ledger_hold', 'L7_a_closed_hold_holds_nothing')) g(tab, name)
   where not exists (select 1 from pg_constraint c where c.conrelid = to_regclass(g.tab) and c.conname = g.name and c.convalidated)
  union all
  select 'L6', 'guard is missing or not proven: ' || g.name, null::int, null::uuid, null::bigint, 'valid', 'not'
    from (values ('ledger_account', 4, 'L2_no_balance_below_zero'),  -- of so many columns, by their domains
                 ('ledger_lot', 2, 'L2_a_lot_stays_between_nothing_and_its_amount')) g(tab, columns, name)
   where g.columns <> (select count(*) from pg_attribute t join pg_constraint c on c.contypid = t.atttypid
                        where t.attrelid = to_regclass(g.tab) and not t.attisdropped and c.conname = g.name and c.convalidated) $$;

create or replace function ledger_proof_l7(p_program int) returns setof ledger_discrepancy language sql stable as $$
  with back as materialized (
    select j.program_id, coalesce(j.reverses_member, j.member_id) as member_id, j.reverses as seq, p.unit,
           sum(p.amount) filter (where p.credit in ('issued', 'funder')) as clawed,
           sum(p.amount) filter (where p.debit in ('spent', 'payable', 'issued')) as restored,
           sum(p.amount) filter (where p.debit = 'held') as unheld
      from ledger_journal j join ledger_posting p on p.member_id = j.member_id and p.seq = j.seq
     where j.reverses is not null and (p_program is null or j.program_id = p_program) group by 1, 2, 3, 4)
  select 'L7', 'more reversed than was there in unit ' || b.unit, b.program_id, b.member_id, b.seq,
         concat_ws(' ', '≤', o.gave, o.took, o.held), concat_ws(' ', b.clawed, b.restored, b.unheld)
    from back b
    left join lateral (
      select sum(p.amount) filter (where p.debit in ('issued', 'funder')) as gave,
             sum(p.amount) filter (where p.debit in ('wallet', 'held') and p.credit in ('spent', 'payable', 'issued')) as took,
             sum(p.amount) filter (where p.credit = 'held') as held
        from ledger_posting p where p.member_id = b.member_id and p.seq = b.seq and p.unit = b.unit) o on true
   where coalesce(b.clawed, 0) > coalesce(o.gave, 0) or coalesce(b.restored, 0) > coalesce(o.took, 0)
      or coalesce(b.unheld, 0) > coalesce(o.held, 0) $$;

create or replace function ledger_proof_l8(p_program int) returns setof ledger_discrepancy language sql stable as $$
  with seen as (
    select program_id, member_id, unit,
           sum(case 'wallet' when credit then amount when debit then -amount else 0 end) as active,
           sum(case 'pending' when credit then amount when debit then -amount else 0 end) as pending,
           sum(case 'held' when credit then amount when debit then -amount else 0 end) as held,
           sum(case 'debt' when debit then amount when credit then -amount else 0 end) as debt
      from (select program_id, member_id, unnest(units) as unit, unnest(debits) as debit, unnest(credits) as credit,
                   unnest(amounts) as amount  -- side by side, which for all of them is faster than the view's join
              from ledger_journal where p_program is null or program_id = p_program) p group by 1, 2, 3
    union all
    select program_id, member_id, unit, -active, -pending, -held, -debt from ledger_cached(p_program))
  select 'L8', 'balance of unit ' || unit || ' is not what its journal says (journal − cached: active, pending, held, debt)',
         program_id, member_id, null::bigint, '0 0 0 0', concat_ws(' ', sum(active), sum(pending), sum(held), sum(debt))
    from seen group by program_id, member_id, unit
   having sum(active) <> 0 or sum(pending) <> 0 or sum(held) <> 0 or sum(debt) <> 0
  union all
  select 'L8', 'lot ' || coalesce(l.n, t.lot_n) || ' has not what its allocations leave', coalesce(l.program_id, t.program_id),
         coalesce(l.member_id, t.member_id), coalesce(l.seq, t.lot_seq), (l.amount - coalesce(t.amount, 0))::text, l.remaining::text
    from (select * from ledger_lot_facts where p_program is null or program_id = p_program) l
    full join (select program_id, member_id, lot_seq, lot_n, sum(amount) as amount, min(unit) as unit, max(unit) as other
                 from ledger_allocation
                where p_program is null or program_id = p_program group by 1, 2, 3, 4) t
      on t.member_id = l.member_id and t.lot_seq = l.seq and t.lot_n = l.n
   where l.member_id is null or l.remaining <> l.amount - coalesce(t.amount, 0) or t.unit <> l.unit or t.other <> l.unit $$;

create or replace function ledger_proof_l9(p_program int) returns setof ledger_discrepancy language sql stable as $$
  with l as (
    select member_id, seq, array_agg(unit order by n) as units, array_agg(amount order by n) as amounts,
           array_agg(expires_at order by n) as packed,
           min(activates_at) as first_start, max(activates_at) as last_start,
           case when count(activates_at) > 0 then array_agg(ledger_micros(activates_at) order by n) end as starts,
           array_agg(activation_event order by n) as events,
           case when count(activation_deadline) > 0 then array_agg(ledger_micros(activation_deadline) order by n) end as deadlines,
           case when count(expires_at) > 0 then array_agg(ledger_micros(expires_at) order by n) end as ends,
           array_agg(funder order by n) as funders, array_agg(cost_micro order by n) as costs,
           array_agg(origin_member || '/' || origin_seq || '.' || origin_n order by n) as origins,
           count(*) = count(activates_at) and max(num_nonnulls(activation_event, activation_deadline, funder, cost_micro,
             origin_member, origin_seq, origin_n)) = 0 as is_plain
      from ledger_lot_facts where p_program is null or program_id = p_program group by member_id, seq),
  t as (
    select member_id, seq, ledger_takes_text(array_agg(kind order by n), array_agg(lot_seq order by n), array_agg(lot_n order by n),
             array_agg(amount order by n)) as text
      from ledger_allocation where p_program is null or program_id = p_program group by member_id, seq),
  j as (
    select x.*, lag(x.hash) over (partition by x.member_id order by x.seq) as before from ledger_journal x
     where p_program is null or x.program_id = p_program)
  select 'L9', 'the hash of the journal does not follow from its content', j.program_id, j.member_id, j.seq,
         coalesce(encode(x.hash, 'hex'), 'other lots'), encode(j.hash, 'hex')
    from j left join l using (member_id, seq) left join t using (member_id, seq)
    cross join lateral (select case
      when j.packed is null then ledger_link(coalesce(j.before, ledger_genesis(j.member_id)), j.member_id, j.seq,
        ledger_body(j.program_id, j.key, j.kind, j.source_type, j.source_ref, j.source_line, j.rule_version, j.occurred_at,
          j.recorded_at, j.actor, j.reverses, j.reverses_member, j.reason, j.digest,
          case when j.units is not null then ledger_posts_text(j.units, j.debits, j.credits, j.amounts, j.parties) end,
          case when l.units is not null then ledger_lots_text(l.units, l.amounts, l.starts, l.events, l.deadlines, l.ends,
                                                              l.funders, l.costs, l.origins) end, t.text))
      -- what the short form does not name must be what it stands for; otherwise there is no hash, and none is right
      when l.is_plain and l.units = j.units and l.amounts = j.amounts and l.packed = j.packed and t.text is null
        and l.first_start = least(j.occurred_at, j.recorded_at) and l.last_start = l.first_start
        and 'issued' = all (j.debits) and 'wallet' = all (j.credits)
        and num_nonnulls(j.source_line, j.reverses, j.reverses_member, j.parties) = 0
      then sha256(coalesce(j.before, ledger_genesis(j.member_id))
        || ledger_plain(j.member_id, j.seq, j.program_id, j.rule_version, j.occurred_at, j.recorded_at,
             array[j.key, j.kind, j.source_type, j.source_ref, j.actor, j.reason], j.digest, j.units, j.amounts, j.packed))
      end as hash) x
   where j.hash is distinct from x.hash
  union all
  select 'L9', 'the head of the chain is not its last hash', a.program_id, a.member_id, a.seq, encode(j.hash, 'hex'), encode(a.head, 'hex')
    from ledger_account a left join ledger_journal j on j.member_id = a.member_id and j.seq = a.seq
   where (p_program is null or a.program_id = p_program) and a.head is distinct from coalesce(j.hash, ledger_genesis(a.member_id)) $$;

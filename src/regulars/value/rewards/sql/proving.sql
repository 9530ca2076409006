-- The proofs of rewards, set-based: every row is a broken promise. `p_program` null: all programs.

create or replace function rewards_discrepancies(p_program int, p_limit int default 1000)
returns table (promise text, what text, program_id int, expected text, found text) language plpgsql stable as $$
#variable_conflict use_column
begin
  return query with mine as not materialized (
    select r.* from rewards_redemption r where p_program is null or r.program_id = p_program
  ), held as (
    select x.program_id, x.reward, x.session, sum(x.n)::bigint as n from (
      select r.program_id, r.reward, r.session, r.count::bigint as n from mine r where r.holds_stock
      union all
      select w.program_id, w.reward, w.session, 1 from rewards_wait w
       where w.state = 'offered' and (p_program is null or w.program_id = p_program)) x group by 1, 2, 3
  ), paid as (
    select r.id, r.program_id, r.member_id, r.gave_back, s ->> 'unit' as unit, (s ->> 'amount')::bigint as amount,
           (s ->> 'member')::uuid as payer, (s ->> 'seq')::bigint as seq
      from mine r cross join lateral jsonb_array_elements(r.spends) s where s ->> 'seq' is not null
  )
  select * from (
    select 'R1' as promise, 'shelf ' || s.reward || ' ' || s.session as what, s.program_id,
           coalesce(h.n, 0)::text as expected, s.taken::text as found
      from rewards_shelf s left join held h on h.program_id = s.program_id and h.reward = s.reward and h.session = s.session
     where (p_program is null or s.program_id = p_program) and s.taken <> coalesce(h.n, 0)
    union all
    select 'R1', 'stockings of ' || s.reward || ' ' || s.session, s.program_id, coalesce(t.n, 0)::text, s.added::text
      from rewards_shelf s
      left join (select x.program_id, x.reward, x.session, sum(x.count)::bigint as n from rewards_stocking x group by 1, 2, 3) t
        on t.program_id = s.program_id and t.reward = s.reward and t.session = s.session
     where (p_program is null or s.program_id = p_program) and s.added <> coalesce(t.n, 0)
    union all
    select 'R3', 'tally of ' || coalesce(t.reward, r.reward) || ' ' || coalesce(t.period, r.period),
           coalesce(t.program_id, r.program_id), coalesce(r.n, 0)::text, coalesce(t.used, 0)::text
      from (select x.program_id, x.member_id, x.reward, x.period, sum(x.count)::bigint as n from mine x
             where x.period is not null and not x.gave_back group by 1, 2, 3, 4) r
      full join (select x.* from rewards_tally x where p_program is null or x.program_id = p_program) t
        on t.member_id = r.member_id and t.reward = r.reward and t.period = r.period
     where coalesce(r.n, 0) <> coalesce(t.used, 0)
    union all
    select 'R4', 'payment of ' || x.id || ' in ' || x.unit, x.program_id, x.amount::text, coalesce(sum(p.amount), 0)::text
      from paid x
      left join ledger_posting_facts p on p.member_id = x.payer and p.seq = x.seq
           and p.debit in ('wallet', 'held') and p.credit in ('spent', 'payable')
     group by x.id, x.unit, x.program_id, x.amount having coalesce(sum(p.amount), 0) <> x.amount
    union all
    select 'R4', 'value given back of ' || x.id || ' in ' || x.unit, x.program_id,
           (case when x.gave_back then x.amount else 0 end)::text, coalesce(sum(b.amount), 0)::text
      from paid x
      left join (select coalesce(j.reverses_member, j.member_id) as payer, j.reverses, p.amount
                   from ledger_journal_facts j join ledger_posting_facts p on p.member_id = j.member_id and p.seq = j.seq
                  where j.reverses is not null and j.source_type = 'reward' and p.credit = 'wallet') b
        on b.payer = x.payer and b.reverses = x.seq
     group by x.id, x.unit, x.program_id, x.amount, x.gave_back
    having coalesce(sum(b.amount), 0) <> case when x.gave_back then x.amount else 0 end
    union all
    select 'R5', 'redemption ' || r.id, r.program_id, coalesce(c.kind, 'no story'), r.state
      from mine r
      left join lateral (select x.kind from rewards_chapter x where x.redemption_id = r.id
                            and x.kind in ('requested', 'accepted', 'shipped', 'ready', 'fulfilled', 'cancelled', 'failed', 'expired')
                          order by x.id desc limit 1) c on true
     where c.kind is distinct from r.state
    union all
    select 'R6', 'wait ' || w.id, w.program_id, 'a redemption of hers', coalesce(w.redemption_id::text, 'none')
      from rewards_wait w left join rewards_redemption r on r.id = w.redemption_id
     where w.state = 'taken' and (p_program is null or w.program_id = p_program)
       and (r.id is null or r.reward <> w.reward or r.session <> w.session)
    union all
    select 'R7', 'codes of ' || r.id, r.program_id, r.count::text, count(c.id)::text
      from mine r left join rewards_code c on c.redemption_id = r.id
     where r.kind = 'digital_code' and r.state = 'fulfilled'
     group by r.id, r.program_id, r.count having count(c.id) <> r.count
    union all
    select 'R7', 'codes of ' || s.reward, s.program_id, s.added::text, count(c.id) filter (where c.state <> 'void')::text
      from rewards_shelf s join rewards_code c on c.program_id = s.program_id and c.reward = s.reward
     where s.session = '' and (p_program is null or s.program_id = p_program)
     group by s.program_id, s.reward, s.added having count(c.id) filter (where c.state <> 'void') <> s.added
    union all
    select 'R8', 'gift of ' || x.id, x.program_id, x.n::text, coalesce(g.n, 0)::text
      from (select r.id, r.program_id, case when r.state = 'fulfilled' then r.due_minor + coalesce(sum((s ->> 'amount')::bigint), 0)
                                            else 0 end as n
              from mine r left join lateral jsonb_array_elements(r.spends) s on true
             where r.kind = 'donation' group by r.id, r.program_id, r.state, r.due_minor) x
      left join (select y.redemption_id, sum(y.amount)::bigint as n from rewards_gift y group by 1) g on g.redemption_id = x.id
     where x.n <> coalesce(g.n, 0)
  ) found order by 1, 2 limit p_limit;
end $$;

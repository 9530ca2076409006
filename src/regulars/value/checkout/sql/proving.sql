-- The proofs of checkout, set-based: every row is a broken promise. `p_program` null: all programs.

create or replace function checkout_discrepancies(p_program int, p_limit int default 1000)
returns table (promise text, what text, expected text, found text)
language sql stable as $$
  with s as not materialized (
    select * from checkout_session where p_program is null or program_id = p_program
  ), set_aside as (
    select s.id, s.key, s.program_id, h.e ->> 'id' as hold, (h.e ->> 'amount')::bigint as amount, s.state
      from s, jsonb_array_elements(coalesce(s.reserved -> 'holds', '[]')) as h(e)
  ), faults as (
    select 'S6 a closed session has its order' as promise, 'session ' || s.key as what, 'an order of this session' as expected,
           coalesce(o.source || ':' || o.ref, 'none') as found
      from s left join orders_facts o on o.order_id = s.order_id
     where s.state = 'closed'
       and (o.order_id is null or o.program_id <> s.program_id or o.source <> 'session'
            or o.ref <> case s.opening when 1 then s.key else s.key || '~' || s.opening end)
    union all
    select 'S6 an order that was decided here stands for one session', 'order ' || o.order_id, 'closed', s.state
      from orders_facts o join s on s.program_id = o.program_id and o.source = 'session'
       and o.ref = case s.opening when 1 then s.key else s.key || '~' || s.opening end
     where s.state <> 'closed' and (p_program is null or o.program_id = p_program)
    union all
    select 'S7 points set aside belong to a tender', 'hold ' || h.hold_id, 'a tendering session', coalesce(s.state, 'none')
      from ledger_hold_facts h left join s on s.program_id = h.program_id and s.key = h.source_ref
     where h.source_type = 'session' and h.state = 'open' and (p_program is null or h.program_id = p_program)
       and (s.id is null or s.state <> 'tendering' or not exists (select 1 from set_aside a where a.id = s.id and a.hold = h.hold_id::text))
    union all
    select 'S7 a tender has its points', 'session ' || a.key, a.amount::text, coalesce(h.state, 'no hold')
      from set_aside a left join ledger_hold_facts h on h.hold_id = a.hold::uuid
     where h.hold_id is null or h.state <> 'open' or h.held > a.amount
    union all
    select 'S8 only a tender reserves', 'session ' || s.key, 'tendering', s.state
      from s where (s.state = 'tendering') <> (s.reserved is not null)
  )
  select * from faults order by 1, 2 limit p_limit
$$;

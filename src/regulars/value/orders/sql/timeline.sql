-- A member's timeline. Each branch is cut to the page before they are brought together, so a long history costs no more.
-- `moved` of a journal entry: what the wallet gained or lost, by slot.

create or replace function orders_timeline(p_members uuid[], p_at timestamptz, p_last text, p_limit int)
returns table (at timestamptz, what text, id text, kind text, facts jsonb)
language sql stable as $$
  select * from (
    (select o.occurred_at as at, 'order' as what, o.id::text as id, o.state as kind,
            jsonb_build_object('ref', o.ref, 'source', o.source, 'channel', o.channel, 'total_minor', o.total_minor,
                               'currency', o.currency, 'earned', to_jsonb(coalesce(o.earned, '{}'))) as facts
       from orders_order o
      where o.member_id = any (p_members) and (p_at is null or (o.occurred_at, o.id::text) < (p_at, p_last))
      order by 1 desc, 3 desc limit p_limit)
    union all
    (select r.occurred_at, 'return', r.id::text, 'returned',
            jsonb_build_object('ref', r.ref, 'source', r.source, 'refund_minor', r.refund_minor,
                               'clawed', r.answer->'clawed')
       from orders_return r
      where r.member_id = any (p_members) and (p_at is null or (r.occurred_at, r.id::text) < (p_at, p_last))
      order by 1 desc, 3 desc limit p_limit)
    union all
    (select j.occurred_at, 'journal', j.member_id || '/' || lpad(j.seq::text, 12, '0'), j.kind,
            jsonb_build_object('reason', j.reason, 'seq', j.seq, 'moved', (
              select jsonb_agg(coalesce(m.v, 0) order by s.slot)
                from generate_series(1, 32) as s(slot)
                left join (select p.unit, sum(case when p.credit = 'wallet' then p.amount else -p.amount end) as v
                             from ledger_posting_facts p where p.member_id = j.member_id and p.seq = j.seq
                              and 'wallet' in (p.credit, p.debit) group by 1) m on m.unit = s.slot))
       from ledger_journal_facts j
      where j.member_id = any (p_members) and j.source_type is distinct from 'order'
        and (p_at is null or (j.occurred_at, j.member_id || '/' || lpad(j.seq::text, 12, '0')) < (p_at, p_last))
      order by 1 desc, 3 desc limit p_limit)
  ) as all_of_them
  order by 1 desc, 3 desc limit p_limit
$$;

-- Everything the overview shows of a program, by local day of when it happened, in one pass over each table.
-- Figures of units are named by slot: `issued:1`. Run by the worker (or at once where it is quick), never by a page of a big program.
create or replace function console_count_figures(p_program int, p_zone text, p_now timestamptz)
returns void language plpgsql as $$
declare v_began timestamptz := clock_timestamp(); v_members bigint; v_active bigint;
begin
  perform pg_advisory_xact_lock(hashtext('console_figures'), p_program);
  delete from console_figure where program_id = p_program;
  insert into console_figure (program_id, day, name, value)
  select p_program, (m.joined_at at time zone p_zone)::date, 'joined', count(*)
    from members_facts m where m.program_id = p_program and m.merged_into is null group by 2;
  insert into console_figure (program_id, day, name, value)
  select p_program, d.day, x.name, x.value
    from (select (o.occurred_at at time zone p_zone)::date as day, count(*) as orders, sum(o.total_minor)::bigint as sales,
                 count(distinct o.member_id) as buyers
            from orders_facts o where o.program_id = p_program and o.state <> 'cancelled' group by 1) d,
         lateral (values ('orders', d.orders), ('sales', d.sales), ('buyers', d.buyers)) as x(name, value);
  insert into console_figure (program_id, day, name, value)
  select p_program, d.day, x.name || ':' || d.unit, x.value
    from (select (j.occurred_at at time zone p_zone)::date as day, p.unit,
                 sum(case when p.debit in ('issued', 'funder') then p.amount else 0 end)::bigint as issued,
                 sum(case when p.credit in ('issued', 'funder') then p.amount else 0 end)::bigint as taken,
                 sum(case when p.credit in ('spent', 'payable') then p.amount
                          when p.debit in ('spent', 'payable') then -p.amount else 0 end)::bigint as spent,
                 sum(case when p.credit = 'expired' then p.amount when p.debit = 'expired' then -p.amount else 0 end)::bigint as expired,
                 sum(case when p.credit in ('wallet', 'pending', 'held') then p.amount else 0 end
                   - case when p.debit in ('wallet', 'pending', 'held') then p.amount else 0 end)::bigint as net
            from ledger_posting_facts p join ledger_journal_facts j on j.member_id = p.member_id and j.seq = p.seq
           where p.program_id = p_program group by 1, 2) d
    , lateral (values ('issued', d.issued), ('taken', d.taken), ('spent', d.spent), ('expired', d.expired), ('net', d.net)) as x(name, value)
   where x.value <> 0;
  select coalesce(sum(value), 0) into v_members from console_figure where program_id = p_program and name = 'joined';
  select count(distinct o.member_id) into v_active from orders_facts o
   where o.program_id = p_program and o.occurred_at > p_now - interval '90 days' and o.occurred_at <= p_now;
  insert into console_count (program_id, counted_at, milliseconds, members, active)
  values (p_program, p_now, extract(epoch from clock_timestamp() - v_began) * 1000, v_members, v_active)
  on conflict (program_id) do update set counted_at = excluded.counted_at, milliseconds = excluded.milliseconds,
    members = excluded.members, active = excluded.active;
end $$;

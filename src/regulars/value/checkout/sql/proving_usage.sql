-- What limits and budgets beyond the member say was used, is what orders took and did not give back and what baskets at
-- the till have reserved: every row is a broken promise. What began long ago is forgotten on purpose (promotions), so a
-- limit of a day or a year that has no row is no finding once it is old.

create or replace function checkout_usage_discrepancies(p_program int, p_limit int default 1000)
returns table (promise text, what text, expected text, found text)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query
  with taken as (
    select x.program_id, x.key, sum(x.v)::bigint as v
      from (select f.program_id, f.key, f.taken - f.given_back as v from orders_taken_facts f
             where p_program is null or f.program_id = p_program
            union all
            select s.program_id, t.key, t.amount from checkout_session s
             cross join lateral unnest(checkout_texts(s.reserved #> '{takes,keys}'),
                                       checkout_texts(s.reserved #> '{takes,amounts}')::bigint[]) as t(key, amount)
             where s.state = 'tendering' and s.reserved ? 'takes' and (p_program is null or s.program_id = p_program)) x
     group by 1, 2
  ), used as (
    select f.program_id, f.key, f.used from promotions_usage_facts f where p_program is null or f.program_id = p_program
  )
  select 'S13 a limit was used by orders and tenders, and nobody else',
         'program ' || program_id || ' key ' || key, coalesce(t.v, 0)::text, coalesce(u.used, 0)::text
    from taken t full join used u using (program_id, key)
   where coalesce(t.v, 0) <> coalesce(u.used, 0)
     and (u.key is not null
          or coalesce(substring(key from '/(\d{4}-\d{2}-\d{2})$')::date > current_date - 790, true))
   order by 2 limit p_limit;
end $$;

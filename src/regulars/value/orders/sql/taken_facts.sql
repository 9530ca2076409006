-- Published for bulk reading; the columns are a promise. One row an order and limit or budget beyond the member: what the
-- order took and what its returns have given back.
create or replace view orders_taken_facts as
  select o.id as order_id, o.program_id, t.key, t.taken, coalesce((o.undone #>> array['takes', t.key])::bigint, 0) as given_back
    from orders_order o
   cross join lateral (select x.e ->> 0 as key, sum((x.e ->> 1)::bigint)::bigint as taken
                         from jsonb_array_elements(o.extras -> 'takes') x(e) group by 1) t;

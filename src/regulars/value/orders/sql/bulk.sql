-- Returns of history, one after the other in the order of their events, in one call and without news: the same rows as
-- `orders_take_back` called for each, but every table is written once for all of them, and what they earned is taken back
-- for all members at once.
-- p_rows: [{"ord", "id", "member_id", "source", "ref", "occurred_at", "digest" (hex), "lines": as orders_take_back}];
-- "amount_minor" is told for every line.

create or replace function orders_take_back_many(p_program int, p_actor text, p_recorded timestamptz, p_rows jsonb)
returns table (id uuid, answer jsonb) language plpgsql as $$
begin
  perform orders_backs_open(p_rows);
  perform ledger_claws_open();
  perform 1 from orders_order o where o.id in (select b.order_id from orders_backs b) order by o.id for update;
  perform orders_backs_take();
  perform orders_backs_claw(p_recorded, p_actor);
  insert into orders_return_line (return_id, n, part, program_id, order_id, order_n, sku, quantity, amount_minor, match, reversed)
  select b.id, b.n, b.part, p_program, b.order_id, b.order_n, b.sku, b.quantity, b.amount_minor, b.match, b.clawed
    from orders_backs b where b.n is not null order by b.ord, b.n, b.part;
  insert into orders_return (id, program_id, member_id, source, ref, occurred_at, recorded_at, refund_minor, digest, answer)
  select h.id, p_program, h.member_id, h.source, h.ref, h.occurred_at, p_recorded, coalesce(h.refund, 0), h.digest,
         jsonb_build_object('refund', coalesce(h.refund, 0), 'clawed', coalesce(c.clawed, '{}'),
                            'owed', coalesce(c.nothing, '{}'), 'forgiven', coalesce(c.nothing, '{}'))
    from (select b.ord, b.id, b.member_id, b.source, b.ref, b.occurred_at, b.digest, sum(b.amount_minor)::bigint as refund
            from orders_backs b group by 1, 2, 3, 4, 5, 6, 7) h
    left join (select s.id, array_agg(s.v order by s.slot) as clawed, array_agg(0::bigint) as nothing
                 from (select b.id, t.slot, sum(coalesce(t.v, 0))::bigint as v
                         from orders_backs b, unnest(b.clawed) with ordinality as t(v, slot) group by 1, 2) s
                group by 1) c on c.id = h.id
   order by h.ord;
  perform ledger_claw_many(p_program);
  update orders_return o set answer = o.answer || jsonb_build_object('owed', s.owed, 'forgiven', s.forgiven)
    from (select b.id, array_agg(coalesce(c.owed, 0) order by g.slot) as owed,
                 array_agg(coalesce(c.forgiven, 0) order by g.slot) as forgiven
            from (select c.tag from ledger_claws_short() c group by c.tag) t
            join orders_return b on b.id = t.tag
            cross join generate_series(1, jsonb_array_length(b.answer->'clawed')) as g(slot)
            left join ledger_claws_short() c on c.tag = b.id and c.unit = g.slot
           group by b.id) s
   where o.id = s.id;
  return query select o.id, o.answer from orders_return o where o.id in (select b.id from orders_backs b);
end $$;

-- The parts of returns, a row each; a return without lines has one row with nothing in it.
create or replace function orders_backs_open(p_rows jsonb) returns void language plpgsql as $$
begin
  create temporary table if not exists orders_backs (
    ord bigint, id uuid, member_id uuid, source text, ref text, occurred_at timestamptz, digest bytea,
    n int, part int, order_id uuid, order_n int, sku text, quantity numeric, amount_minor bigint, match text,
    after numeric, reversed bigint[], clawed bigint[]) on commit delete rows;
  delete from orders_backs;
  insert into orders_backs (ord, id, member_id, source, ref, occurred_at, digest,
    n, part, order_id, order_n, sku, quantity, amount_minor, match)
  select r.ord, r.id, r.member_id, r.source, r.ref, r.occurred_at, decode(r.digest, 'hex'),
         l.n, l.part, l.order_id, l.order_n, l.sku, l.quantity, l.amount_minor, l.match
    from jsonb_to_recordset(p_rows) as r(ord bigint, id uuid, member_id uuid, source text, ref text, occurred_at timestamptz,
           digest text, lines jsonb)
    left join lateral jsonb_to_recordset(r.lines) as l(n int, part int, order_id uuid, order_n int, quantity numeric,
           amount_minor bigint, match text, sku text) on true;
end $$;

-- The lines give back: after every part the share of all that came back so far, as `orders_line_back`. The orders are locked.
-- By index whatever the sizes: the plans are made once, when a history has hardly begun and its tables are small.
create or replace function orders_backs_take() returns void language plpgsql set enable_seqscan = off as $$
begin
  perform orders_write_lines(array(select distinct b.order_id from orders_backs b where b.order_id is not null));
  with steps as materialized (
    select b.id, b.n, b.part, l.earned, l.reversed, l.quantity as sold,
           l.returned + sum(b.quantity) over w - b.quantity as before, l.returned + sum(b.quantity) over w as after,
           row_number() over w = 1 as is_first
      from orders_backs b join orders_line_row l on l.order_id = b.order_id and l.n = b.order_n and l.kind <> 'adjustment'
    window w as (partition by b.order_id, b.order_n order by b.ord, b.n, b.part))
  update orders_backs b set after = s.after,
         reversed = (select array_agg(orders_share(t.e, s.after, s.sold) order by t.o) from unnest(s.earned) with ordinality as t(e, o)),
         clawed = (select array_agg(orders_share(t.e, s.after, s.sold) - case when s.is_first then coalesce(s.reversed[t.o], 0)
                                    else orders_share(t.e, s.before, s.sold) end order by t.o)
                     from unnest(s.earned) with ordinality as t(e, o))
    from steps s where b.id = s.id and b.n = s.n and b.part = s.part and s.after <= s.sold;
  if exists (select 1 from orders_backs b where b.order_id is not null and b.after is null) then
    raise exception using errcode = 'RGREF', message = 'order_moved', detail = 'The line was returned in between.';
  end if;
  update orders_line_row l set returned = b.after, returned_minor = l.returned_minor + b.amount, reversed = b.reversed
    from (select distinct on (x.order_id, x.order_n) x.order_id, x.order_n, x.after, x.reversed,
                 sum(x.amount_minor) over (partition by x.order_id, x.order_n)::bigint as amount
            from orders_backs x where x.order_id is not null
           order by x.order_id, x.order_n, x.ord desc, x.n desc, x.part desc) b
   where l.order_id = b.order_id and l.n = b.order_n;
  update orders_order o set packed = null, state = s.state
    from (select l.order_id, case when bool_and(l.returned = l.quantity) then 'returned' else 'partially_returned' end as state
            from (select distinct b.order_id from orders_backs b) b
            join orders_line_row l on l.order_id = b.order_id and l.kind <> 'adjustment' group by 1) s
   where o.id = s.order_id;
end $$;

-- What each return takes back of each order, noted for all together, in the order of the returns.
create or replace function orders_backs_claw(p_recorded timestamptz, p_actor text) returns void
language plpgsql set enable_seqscan = off as $$
begin
  perform ledger_claw_later(c.id, c.member_id, 'return/' || c.source || '/' || c.ref || '/' || o.id, 'order',
                            o.source || '/' || o.ref, o.seq, nullif(o.member_id, c.member_id), o.rule_version, c.occurred_at,
                            p_recorded, p_actor, c.digest, c.units, c.amounts)
     from (select s.ord, s.id, s.member_id, s.source, s.ref, s.occurred_at, s.digest, s.order_id,
                  array_agg(s.slot::smallint order by s.slot) as units, array_agg(s.v order by s.slot) as amounts
             from (select b.ord, b.id, b.member_id, b.source, b.ref, b.occurred_at, b.digest, b.order_id, t.slot, sum(t.v)::bigint as v
                     from orders_backs b, unnest(b.clawed) with ordinality as t(v, slot)
                    group by 1, 2, 3, 4, 5, 6, 7, 8, 9) s
            where s.v > 0 group by 1, 2, 3, 4, 5, 6, 7, 8 order by 1, 8) c
     join orders_order o on o.id = c.order_id
    order by c.ord, c.order_id;
end $$;

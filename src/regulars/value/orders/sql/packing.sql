-- An order keeps its lines packed, as they were told, until one of them changes: a row and a key a line is half of what an
-- order costs, and most orders are never touched again. `orders_line` is a view over both forms and may be written; the
-- first change of a line unpacks its order into `orders_line_row`, where the guards are. Whoever changes lines has locked
-- the order.

-- json, not jsonb: it is only looked at when it is read. The column is no field of a model, so that nobody loads it unasked.
alter table orders_order add column if not exists packed json;
alter table orders_order set (toast_tuple_target = 8160);  -- up to a page, nothing is compressed or moved away

create or replace view orders_line as
  select r.order_id, r.n, r.program_id, r.member_id, r.line_ref, r.sku, r.quantity, r.uom, r.amount_minor, r.tax_rate,
         r.tax_included, r.kind, r.category, r.brand, r.description, r.attributes, r.earned, r.returned, r.returned_minor,
         r.reversed, r.discount_minor, r.shares, r.tendered_minor, r.restocked, r.handed_over, r.cancelled
    from orders_line_row r
   union all
  select o.id, l.n, o.program_id, o.member_id, l.i, l.s, l.q, coalesce(l.u, ''), l.a, l.t,
         coalesce(l.x, true), coalesce(l.k, 'goods'), l.c, l.b, l.d, l.j, l.e, 0::numeric(18, 6), 0::bigint,
         null::bigint[], coalesce(l.o, 0), l.h, coalesce(l.p, 0), 0::numeric(18, 6), 0::numeric(18, 6), 0::numeric(18, 6)
    from orders_order o
   cross join lateral json_to_recordset(o.packed) as l(n int, i text, s text, q numeric(18, 6), u text, a bigint,
      t numeric(7, 6), x boolean, k text, c text, b text, d text, j jsonb, e bigint[], o bigint, h jsonb, p bigint)
   where o.packed is not null;

alter view orders_line alter uom set default '', alter tax_included set default true, alter kind set default 'goods',
  alter returned set default 0, alter returned_minor set default 0, alter discount_minor set default 0,
  alter tendered_minor set default 0, alter restocked set default 0, alter handed_over set default 0,
  alter cancelled set default 0;

-- The packed lines of these orders as rows; who calls it has locked the orders, and empties what was packed.
create or replace function orders_write_lines(p_orders uuid[]) returns void language plpgsql as $$
begin
  insert into orders_line_row (order_id, n, program_id, member_id, line_ref, sku, quantity, uom, amount_minor, tax_rate,
    tax_included, kind, category, brand, description, attributes, earned, discount_minor, shares, tendered_minor)
  select l.order_id, l.n, l.program_id, l.member_id, l.line_ref, l.sku, l.quantity, l.uom, l.amount_minor, l.tax_rate,
         l.tax_included, l.kind, l.category, l.brand, l.description, l.attributes, l.earned, l.discount_minor, l.shares,
         l.tendered_minor
    from orders_order o
   cross join lateral (select x.* from orders_line x where x.order_id = o.id offset 0) l  -- each order's own: never the whole view
   where o.id = any (p_orders) and o.packed is not null;
end $$;

-- The lines of an order as rows, if they are not yet.
create or replace function orders_unpack(p_order uuid) returns void language plpgsql as $$
begin
  perform 1 from orders_order o where o.id = p_order and o.packed is not null for update;
  if not found then return; end if;
  perform orders_write_lines(array[p_order]);
  update orders_order o set packed = null where o.id = p_order;
end $$;

create or replace function orders_line_written() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into orders_line_row (order_id, n, program_id, member_id, line_ref, sku, quantity, uom, amount_minor, tax_rate, tax_included, kind,
      category, brand, description, attributes, earned, returned, returned_minor, reversed, discount_minor, shares,
      tendered_minor, restocked, handed_over, cancelled)
    select new.*;
    return new;
  end if;
  perform orders_unpack(old.order_id);
  if tg_op = 'DELETE' then
    delete from orders_line_row r where r.order_id = old.order_id and r.n = old.n;
    return old;
  end if;
  update orders_line_row r
     set (order_id, n, program_id, member_id, line_ref, sku, quantity, uom, amount_minor, tax_rate, tax_included, kind,
          category, brand, description, attributes, earned, returned, returned_minor, reversed, discount_minor, shares,
          tendered_minor, restocked, handed_over, cancelled)
       = (new.order_id, new.n, new.program_id, new.member_id, new.line_ref, new.sku, new.quantity, new.uom,
          new.amount_minor, new.tax_rate, new.tax_included, new.kind, new.category, new.brand, new.description,
          new.attributes, new.earned, new.returned, new.returned_minor, new.reversed, new.discount_minor, new.shares,
          new.tendered_minor, new.restocked, new.handed_over, new.cancelled)
   where r.order_id = old.order_id and r.n = old.n;
  return new;
end $$;

create or replace trigger orders_line_written instead of insert or update or delete on orders_line
  for each row execute function orders_line_written();

-- Stock is taken when a basket is tendered or closed, and given back when it is let go or returned. Skus are locked in
-- sorted order, so that two baskets never wait for each other in a circle. What is unknown or not tracked in this store
-- is passed over: the answer names only what was really taken, and that is what may be given back later.

create function catalog_take(p_program int, p_store bigint, p_skus text[], p_quantities numeric[])
returns table (sku text, quantity numeric) language plpgsql as $$
declare
  w record;
  v_left numeric;
begin
  for w in
    select a.sku, sum(a.quantity) as quantity, p.id as product_id
      from unnest(p_skus, p_quantities) as a(sku, quantity)
      join catalog_product p on p.program_id = p_program and p.sku = a.sku
     group by a.sku, p.id having sum(a.quantity) > 0 order by p.id
  loop
    update catalog_stock s set quantity = s.quantity - w.quantity, taken = s.taken + w.quantity
     where s.product_id = w.product_id and coalesce(s.store_id, 0) = coalesce(p_store, 0)
       and s.tracked and s.quantity >= w.quantity;
    if found then
      sku := w.sku; quantity := w.quantity;
      return next;
      continue;
    end if;
    select s.quantity into v_left from catalog_stock s
     where s.product_id = w.product_id and coalesce(s.store_id, 0) = coalesce(p_store, 0) and s.tracked;
    if found then
      raise exception using errcode = 'RGREF', message = 'out_of_stock',
        detail = format('Only %s of %s is left.', trim_scale(v_left), w.sku),
        hint = jsonb_build_object('sku', w.sku, 'wanted', trim_scale(w.quantity)::text, 'left', trim_scale(v_left)::text)::text;
    end if;
  end loop;
end $$;

-- Gives back what `catalog_take` answered, or the part of it that is returned. Untracked and unknown are passed over.
create function catalog_give_back(p_program int, p_store bigint, p_skus text[], p_quantities numeric[])
returns void language plpgsql as $$
declare
  w record;
begin
  for w in
    select sum(a.quantity) as quantity, p.id as product_id
      from unnest(p_skus, p_quantities) as a(sku, quantity)
      join catalog_product p on p.program_id = p_program and p.sku = a.sku
     group by p.id having sum(a.quantity) > 0 order by p.id
  loop
    update catalog_stock s set quantity = s.quantity + w.quantity, given_back = s.given_back + w.quantity
     where s.product_id = w.product_id and coalesce(s.store_id, 0) = coalesce(p_store, 0) and s.tracked;
  end loop;
end $$;

alter table catalog_stock set (fillfactor = 70);  -- every sale of tracked goods updates this row: leave it room

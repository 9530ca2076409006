-- The proofs of the catalog, set-based: every row is a broken promise. `p_program` null: all programs.

create function catalog_discrepancies(p_program int, p_limit int default 1000)
returns table (promise text, what text, expected text, found text)
language sql stable as $$
  with recursive up as (
    select c.id, c.parent_id, jsonb_build_array(c.key) as way, 1 as depth
      from catalog_category c where p_program is null or c.program_id = p_program
    union all
    select u.id, c.parent_id, u.way || jsonb_build_array(c.key), u.depth + 1
      from up u join catalog_category c on c.id = u.parent_id where u.depth < 30
  ), ways as (
    select distinct on (u.id) u.id, u.way, u.parent_id from up u order by u.id, u.depth desc
  )
  select 'K2 the tree of categories has no circle', 'category ' || c.key, 'a root', 'a circle'
    from ways w join catalog_category c on c.id = w.id where w.parent_id is not null
  union all
  select 'K2 a category knows the way up', 'category ' || c.key, w.way::text, c.above::text
    from ways w join catalog_category c on c.id = w.id where w.parent_id is null and c.above <> w.way
  union all
  select 'K11 what belongs together is of one program', 'product ' || p.sku, p.program_id::text, x.program_id::text
    from catalog_product p
    join (select product_id, program_id from catalog_price union all select product_id, program_id from catalog_stock) x
      on x.product_id = p.id
   where x.program_id <> p.program_id and (p_program is null or p.program_id = p_program)
  union all
  select 'K11 what belongs together is of one program', 'product ' || p.sku, p.program_id::text, c.program_id::text
    from catalog_product p join catalog_category c on c.id = p.category_id
   where c.program_id <> p.program_id and (p_program is null or p.program_id = p_program)
  union all
  select 'K7 stock is what was counted, less what was sold, plus what came back', 'product ' || p.sku,
         (s.counted - s.taken + s.given_back)::text, s.quantity::text
    from catalog_stock s join catalog_product p on p.id = s.product_id
   where (s.quantity <> s.counted - s.taken + s.given_back or s.quantity < 0)
     and (p_program is null or s.program_id = p_program)
  limit p_limit
$$;

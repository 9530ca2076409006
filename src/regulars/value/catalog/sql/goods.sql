-- What a basket needs to know of its goods, in one place at one moment: one row for each sku that the catalog knows.
-- Unknown skus have no row; they never stop a sale. Prices are for one unit, in the asked currency (null: the
-- program's): a store's own price comes first, then the channel's, then the one that began last. `stock` is null where
-- it is not tracked. `rights` is an array of what `services.rights_of` reads. Safe to join into a context query.

create function catalog_goods(p_program int, p_store bigint, p_channel text, p_skus text[],
  p_at timestamptz default now(), p_currency text default null)
returns table (sku text, name text, category text, categories text[], brand text, attributes jsonb,
  price_minor bigint, member_minor bigint, rights jsonb, stock numeric, tracked boolean)
language sql stable as $$
  select p.sku::text, p.name::text, c.key::text,
         coalesce(array(select jsonb_array_elements_text(c.above)), '{}'), p.brand::text, p.attributes,
         x.price_minor, x.member_minor, coalesce(r.rights, '[]'::jsonb),
         case when s.tracked then s.quantity end, coalesce(s.tracked, false)
    from catalog_product p
    left join catalog_category c on c.id = p.category_id
    left join catalog_stock s on s.product_id = p.id and coalesce(s.store_id, 0) = coalesce(p_store, 0)
    left join lateral (
      select v.price_minor, v.member_minor from catalog_price v
       where v.product_id = p.id and (v.store_id is null or v.store_id = p_store)
         and v.channel in ('', p_channel) and (v.starts_at is null or v.starts_at <= p_at)
         and (v.ends_at is null or v.ends_at > p_at)
         and v.currency = coalesce(p_currency, (select f.currency from programs_facts f where f.program_id = p_program))
       order by v.store_id is null, v.channel = '', v.starts_at desc nulls last limit 1
    ) x on true
    left join lateral (
      select jsonb_agg(t.body order by t.key) as rights from catalog_right t
       where t.id in (
               select o.right_id from catalog_scope o where o.program_id = p_program and o.kind = 'sku' and o.value = p.sku
               union all
               select o.right_id from catalog_scope o where o.program_id = p_program and o.kind = 'category'
                and o.value in (select jsonb_array_elements_text(c.above)))
         and t.active and (t.starts_at is null or t.starts_at <= p_at) and (t.ends_at is null or t.ends_at > p_at)
    ) r on true
   where p.program_id = p_program and p.sku = any (p_skus)
$$;

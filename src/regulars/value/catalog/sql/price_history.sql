-- What every price was, and when it could be charged. Kept by triggers, a statement at a time, whoever writes prices.

create or replace function catalog_note_prices() returns trigger language plpgsql as $$
begin
  insert into catalog_price_past (program_id, product_id, currency, channel, store_id, price_minor, price_id,
                                  charged_from, charged_until)
  select n.program_id, n.product_id, n.currency, n.channel, n.store_id, n.price_minor, n.id,
         greatest(coalesce(n.starts_at, now()), now()), n.ends_at
    from new_rows n where n.ends_at is null or n.ends_at > now();
  return null;
end $$;

create or replace function catalog_end_prices() returns trigger language plpgsql as $$
begin
  delete from catalog_price_past p using old_rows o where p.price_id = o.id and p.charged_from > now();  -- never charged
  update catalog_price_past p set charged_until = least(coalesce(p.charged_until, now()), now()), price_id = null
    from old_rows o where p.price_id = o.id;
  return null;
end $$;

create or replace function catalog_move_prices() returns trigger language plpgsql as $$
begin
  delete from catalog_price_past p using old_rows o where p.price_id = o.id and p.charged_from > now();
  update catalog_price_past p set charged_until = least(coalesce(p.charged_until, now()), now()), price_id = null
    from old_rows o where p.price_id = o.id;
  insert into catalog_price_past (program_id, product_id, currency, channel, store_id, price_minor, price_id,
                                  charged_from, charged_until)
  select n.program_id, n.product_id, n.currency, n.channel, n.store_id, n.price_minor, n.id,
         greatest(coalesce(n.starts_at, now()), now()), n.ends_at
    from new_rows n where n.ends_at is null or n.ends_at > now();
  return null;
end $$;

create or replace trigger catalog_price_is_noted after insert on catalog_price
  referencing new table as new_rows for each statement execute function catalog_note_prices();
create or replace trigger catalog_price_is_ended after delete on catalog_price
  referencing old table as old_rows for each statement execute function catalog_end_prices();
create or replace trigger catalog_price_is_moved after update on catalog_price
  referencing old table as old_rows new table as new_rows for each statement execute function catalog_move_prices();

-- The lowest price of each product that could be charged anywhere in a time; no row where none is known.
create or replace function catalog_lowest(p_program int, p_currency text, p_skus text[], p_since timestamptz,
  p_until timestamptz)
returns table (sku text, price_minor bigint) language plpgsql stable as $$
begin
  return query
  select p.sku::text, min(h.price_minor)
    from catalog_product p join catalog_price_past h on h.product_id = p.id
   where p.program_id = p_program and p.sku = any (p_skus) and h.currency = p_currency
     and h.charged_from < p_until and (h.charged_until is null or h.charged_until > p_since)
   group by p.sku;
end $$;

-- Sheets: codes of large batches that nobody has touched, side by side. A coupon's row is made from its sheet when it is
-- first reserved, redeemed or withdrawn; until then it is read as if it had one.

-- A coupon of a batch is named by the batch's id and its place in it.
create or replace function coupons_place(p_id uuid) returns bigint language sql immutable as $$
  select ('x' || right(p_id::text, 8))::bit(32)::bigint
$$;
create or replace function coupons_batch_of(p_id uuid) returns uuid language sql immutable as $$
  select (left(p_id::text, 28) || '00000000')::uuid
$$;
create or replace function coupons_id(p_batch uuid, p_place bigint) returns uuid language sql immutable as $$
  select (left(p_batch::text, 28) || lpad(to_hex(p_place), 8, '0'))::uuid
$$;

-- Where in a sheet (from 0) a code stands, or null. The codes of a sheet ascend: seven looks find one of a hundred.
create or replace function coupons_look(p_codes bytea, p_width int, p_code bytea) returns int language plpgsql immutable as $$
declare v_low int := 0; v_high int := length(p_codes) / p_width - 1; v_at int; v_found bytea;
begin
  while v_low <= v_high loop
    v_at := (v_low + v_high) / 2;
    v_found := substr(p_codes, v_at * p_width + 1, p_width);
    if v_found = p_code then return v_at; end if;
    if v_found < p_code then v_low := v_at + 1; else v_high := v_at - 1; end if;
  end loop;
  return null;
end $$;

-- The ids of those codes that stand on a sheet; at most one, by W1.
create or replace function coupons_on_sheets(p_program int, p_codes text[]) returns table (coupon_id uuid, code text)
language sql stable as $$
  select coupons_id(r.batch_id, s.place + n.at), w.code
    from unnest(p_codes) as w (code)
    join coupons_run r on r.program_id = p_program and r.width = octet_length(w.code)
     and w.code collate "C" between r.low and r.high
   cross join lateral (select x.place, x.codes from coupons_sheet x where x.batch_id = r.batch_id and x.run = r.place
                          and x.low <= w.code collate "C" order by x.low desc limit 1) as s
   cross join lateral (select coupons_look(s.codes, r.width, convert_to(w.code, 'UTF8')) as at) as n
   where n.at is not null
$$;

-- Coupons that have no row so far, by id or by code, as their rows would be; of those that have one, nothing.
create or replace function coupons_untouched(p_program int, p_ids uuid[], p_codes text[]) returns setof coupons_coupon
language plpgsql stable as $$
declare c coupons_coupon; r record;
begin
  if cardinality(p_ids) = 0 and cardinality(p_codes) = 0 then return; end if;
  if cardinality(p_ids) + cardinality(p_codes) = 1 then  -- the usual basket
    select x.* into c from coupons_lying(p_program, p_ids[1], p_codes[1]) x;
    if found and not exists (select 1 from coupons_coupon y where y.id = c.id) then return next c; end if;
    return;
  end if;
  for r in
    select w.id, convert_from(substr(s.codes, ((coupons_place(w.id) - s.place) * n.width)::int + 1, n.width), 'UTF8') as code,
           b.template, b.version, b.starts_at, b.ends_at, b.created_at, b.voided_at, b.id as batch_id
      from (select unnest(p_ids) as id union select x.coupon_id from coupons_on_sheets(p_program, p_codes) x) as w
      join coupons_batch b on b.id = coupons_batch_of(w.id) and b.program_id = p_program
      join coupons_run n on n.batch_id = b.id and coupons_place(w.id) between n.place and n.place + n.count - 1
     cross join lateral (select x.place, x.codes from coupons_sheet x where x.batch_id = b.id
                            and x.place <= coupons_place(w.id) order by x.place desc limit 1) as s
     where not exists (select 1 from coupons_coupon y where y.id = w.id)
     order by w.id
  loop
    c := null;
    c.id := r.id; c.program_id := p_program; c.code := r.code; c.template := r.template; c.version := r.version;
    c.state := case when r.voided_at is null then 'open' else 'voided' end;
    c.starts_at := r.starts_at; c.ends_at := r.ends_at; c.issued_at := r.created_at; c.batch_id := r.batch_id;
    c.is_shared := false; c.used := 0;
    return next c;
  end loop;
end $$;

-- Gives these coupons rows of their own, once, whoever comes at the same moment; those that have one are left alone.
create or replace function coupons_touch(p_program int, p_ids uuid[], p_codes text[]) returns void language plpgsql as $$
begin
  insert into coupons_coupon select * from coupons_untouched(p_program, p_ids, p_codes) on conflict do nothing;
end $$;

-- Whoever brings codes of his own (imported, shared) waits while codes of this program are put on sheets, and they for
-- him. Those who put codes on sheets (`p_is_making`) do not wait for each other: their numbers differ.
create or replace function coupons_one_at_a_time(p_program int, p_is_making boolean default false) returns void
language plpgsql as $$
declare v_key bigint := hashtextextended('codes of program ' || p_program, 0);
begin
  if p_is_making then perform pg_advisory_xact_lock_shared(v_key); else perform pg_advisory_xact_lock(v_key); end if;
end $$;

-- W1 across both tables: no row bears a code that stands on a sheet, but the row made from it. Batches need no look: their
-- numbers differ, and codes of an imported pool are compared all at once before they are stored.
create or replace function coupons_refuse_twin() returns trigger language plpgsql as $$
begin
  if exists (select 1 from coupons_on_sheets(new.program_id, array[new.code]) x where x.coupon_id <> new.id) then
    raise exception using errcode = '23505', message = 'W1_a_code_is_one_coupon: it stands on a sheet',
      constraint = 'W1_a_code_is_one_coupon', table = tg_table_name;
  end if;
  return new;
end $$;
create or replace trigger "W1_a_code_is_one_coupon_on_a_sheet_too" before insert on coupons_coupon
  for each row when (new.batch_id is null) execute function coupons_refuse_twin();

create or replace trigger "W8_a_sheet_is_never_changed" before update or delete on coupons_sheet
  for each row execute function coupons_refuse_change();
create or replace trigger "W8_a_run_is_never_changed" before update or delete on coupons_run
  for each row execute function coupons_refuse_change();

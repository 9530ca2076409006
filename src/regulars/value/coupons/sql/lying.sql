-- One coupon that lies on a sheet, by its code or by its id, as its row would be; nothing when it lies on none. Whether it
-- has a row is not looked at. A sheet's first code says how wide its codes are.

create or replace function coupons_lying(p_program int, p_id uuid, p_code text) returns setof coupons_coupon
language plpgsql stable as $$
declare c coupons_coupon; b coupons_batch; s coupons_sheet; r coupons_run; v_width int; v_at int;
begin
  if p_id is null then
    for r in select x.* from coupons_run x where x.program_id = p_program and x.width = octet_length(p_code)
                and p_code collate "C" between x.low and x.high loop
      select x.* into s from coupons_sheet x where x.batch_id = r.batch_id and x.run = r.place
         and x.low <= p_code collate "C" order by x.low desc limit 1;
      v_at := coupons_look(s.codes, r.width, convert_to(p_code, 'UTF8'));
      exit when v_at is not null;
    end loop;
    c.id := coupons_id(s.batch_id, s.place + v_at); c.code := p_code;
  else
    select x.* into s from coupons_sheet x where x.batch_id = coupons_batch_of(p_id) and x.place <= coupons_place(p_id)
     order by x.place desc limit 1;
    v_width := octet_length(s.low); v_at := coupons_place(p_id) - s.place;
    if v_at * v_width >= length(s.codes) then return; end if;
    c.id := p_id; c.code := convert_from(substr(s.codes, v_at * v_width + 1, v_width), 'UTF8');
  end if;
  if c.id is null or v_at is null then return; end if;
  select x.* into b from coupons_batch x where x.id = s.batch_id and x.program_id = p_program;
  if not found then return; end if;
  c.program_id := p_program; c.template := b.template; c.version := b.version; c.batch_id := b.id;
  c.state := case when b.voided_at is null then 'open' else 'voided' end;
  c.starts_at := b.starts_at; c.ends_at := b.ends_at; c.issued_at := b.created_at; c.is_shared := false; c.used := 0;
  return next c;
end $$;

-- Spending, and what must be settled before: value whose time has come or gone while no night has booked it.

-- The exclusive end of the local day on which `months` after an instant fall.
create or replace function ledger_day_end(p_from timestamptz, p_months int, p_zone text) returns timestamptz
language sql stable as $$
  select (date_trunc('day', (p_from at time zone p_zone) + p_months * interval '1 month') + interval '1 day')
         at time zone p_zone $$;

-- When a lot ends: at its own time; still waiting, at its deadline at the latest; under an inactivity clock, `months` after
-- the last journal of a kind that renews it (a merge always does) or after it began, whichever is later.
create or replace function ledger_ends(p_member uuid, p_unit smallint)
returns table (lot ledger_lot, ends timestamptz) language sql stable as $$
  with clock as materialized (
    select u.slot, (u.expiry ->> 'months')::int as months, p.zone,
           (select max(j.occurred_at) from ledger_journal j
             where j.member_id = p_member and (j.kind = any (u.renewed_by) or j.kind = 'absorb')) as renewed
      from ledger_account a join ledger_unit u on u.program_id = a.program_id join programs_facts p on p.program_id = a.program_id
     where a.member_id = p_member and u.expiry ->> 'kind' = 'inactivity')
  select row(l.*)::ledger_lot, least(l.expires_at, case l.state when 'pending' then l.activation_deadline
                                else ledger_day_end(greatest(c.renewed, l.activates_at), c.months, c.zone) end)
    from ledger_lot_facts l left join clock c on c.slot = l.unit
   where l.member_id = p_member and (p_unit is null or l.unit = p_unit) and l.remaining > 0 and l.state in ('active', 'pending') $$;

-- Book what is due for one member (and one unit, or all): first activation, then expiry, as the night would. What is
-- said to happen later than it is recorded neither begins nor ends value today.
create or replace function ledger_settle(p_member uuid, p_unit smallint, p_at timestamptz, p_recorded timestamptz)
returns void language plpgsql as $$
begin
  perform ledger_settle_starts(p_member, p_unit, least(p_at, p_recorded), p_recorded);
  perform ledger_settle_ends(p_member, p_unit, least(p_at, p_recorded), p_recorded);
end $$;

create or replace function ledger_settle_starts(p_member uuid, p_unit smallint, p_at timestamptz, p_recorded timestamptz)
returns void language plpgsql as $$
declare r record;
begin
  for r in select l.unit, l.activates_at, array_agg(l order by l.seq, l.n) as lots from ledger_lot l
            where l.member_id = p_member and (p_unit is null or l.unit = p_unit) and l.state = 'pending'
              and l.activates_at <= p_at group by 1, 2 order by 2, 1 loop
    perform ledger_activate_lots(p_member, r.lots, r.activates_at, p_recorded);
  end loop;
end $$;

create or replace function ledger_settle_ends(p_member uuid, p_unit smallint, p_at timestamptz, p_recorded timestamptz)
returns void language plpgsql as $$
declare r record;
begin
  perform ledger_unpack(p_member);
  for r in select (x.lot).unit, x.ends, array_agg(x.lot order by (x.lot).seq, (x.lot).n) as lots
             from ledger_ends(p_member, p_unit) x where x.ends <= p_at group by 1, 2 order by 2, 1 loop
    perform ledger_expire_lots(p_member, r.lots, r.ends, p_recorded);
  end loop;
end $$;

-- Lots of one unit whose life ends at one instant, in one journal; its key names the instant and the first lot, so that
-- booking twice does nothing.
create or replace function ledger_expire_lots(p_member uuid, p_lots ledger_lot[], p_ends timestamptz,
  p_recorded timestamptz) returns void language plpgsql as $$
declare
  j ledger_journal; l ledger_lot; v_takes ledger_allocation[] := '{}'; v_posts ledger_posting[] := '{}';
  v_active bigint := 0; v_pending bigint := 0;
begin
  foreach l in array p_lots loop
    v_takes := v_takes || ledger_take(l, 'expire', l.remaining);
    if l.state = 'pending' then v_pending := v_pending + l.remaining; else v_active := v_active + l.remaining; end if;
  end loop;
  l := p_lots[1];
  if v_active > 0 then v_posts := v_posts || ledger_move(l.unit, 'wallet', 'expired', v_active); end if;
  if v_pending > 0 then v_posts := v_posts || ledger_move(l.unit, 'pending', 'expired', v_pending); end if;
  j := ledger_entry(l.program_id, format('expire/%s/%s/%s.%s', l.unit, ledger_micros(p_ends), l.seq, l.n), 'expire',
    null, null, null, null, p_ends, p_recorded, 'system:night', null, null);
  j.member_id := p_member;
  perform ledger_write(j, v_posts, null, v_takes);
end $$;

create or replace function ledger_activate_lots(p_member uuid, p_lots ledger_lot[], p_at timestamptz, p_recorded timestamptz)
returns void language plpgsql as $$
declare j ledger_journal; l ledger_lot; v_sum bigint := 0; a ledger_account; v_debt bigint; v_pays bigint;
  v_takes ledger_allocation[] := '{}';
begin
  foreach l in array p_lots loop v_sum := v_sum + l.remaining; end loop;
  l := p_lots[1];
  j := ledger_entry(l.program_id, format('activate/%s/%s/%s.%s', l.unit, ledger_micros(p_at), l.seq, l.n), 'activate',
    null, null, null, null, p_at, p_recorded, 'system:night', null, null);
  j.member_id := p_member;
  update ledger_lot x set state = 'active' from unnest(p_lots) as t
   where x.member_id = p_member and x.seq = t.seq and x.n = t.n;
  a := ledger_write(j, array[ledger_move(l.unit, 'pending', 'wallet', v_sum)], null, null);
  v_debt := coalesce(a.debt[l.unit], 0);
  if v_debt > 0 then
    foreach l in array p_lots loop
      v_pays := least(v_debt, l.remaining); v_debt := v_debt - v_pays;
      if v_pays > 0 then v_takes := v_takes || ledger_take(l, 'repay', v_pays); end if;
    end loop;
    j.key := j.key || '/repay'; j.kind := 'repay';
    perform ledger_write(j, array[ledger_move(l.unit, 'wallet', 'debt', a.debt[l.unit] - v_debt)], null, v_takes);
  end if;
end $$;

-- The lots that pay, first to expire first; refused when they do not reach. Call `ledger_settle` before.
create or replace function ledger_pick(p_member uuid, p_unit smallint, p_amount bigint, p_at timestamptz, p_kind text)
returns ledger_allocation[] language plpgsql as $$
declare v_takes ledger_allocation[]; v_sum bigint;
begin
  select array_agg(ledger_take(x.l, p_kind, least((x.l).remaining, p_amount - x.before)) order by x.o), sum((x.l).remaining)
    into v_takes, v_sum
    from (select l, row_number() over w as o, (sum(l.remaining) over w - l.remaining)::bigint as before
            from ledger_lot l
           where l.member_id = p_member and l.unit = p_unit and l.state = 'active' and l.remaining > 0
             and l.activates_at <= p_at and (l.expires_at is null or l.expires_at > p_at)
          window w as (order by l.expires_at nulls last, l.activates_at, l.seq, l.n)) x
   where x.before < p_amount;
  if coalesce(v_sum, 0) < p_amount then
    perform ledger_refuse('not_enough_points', format('%s were asked and %s are there.', p_amount, coalesce(v_sum, 0)),
                          jsonb_build_object('asked', p_amount, 'available', coalesce(v_sum, 0)));
  end if;
  return v_takes;
end $$;

create or replace function ledger_spendable(p_program int, p_unit smallint, p_amount bigint) returns ledger_unit
language plpgsql as $$
declare u ledger_unit;
begin
  select * into u from ledger_unit x where x.program_id = p_program and x.slot = p_unit;
  if not found or u.kind <> 'spendable' then
    perform ledger_refuse('unknown_unit', 'The program has no such unit that can be spent.');
  elsif p_amount is null or p_amount <= 0 then
    perform ledger_refuse('invalid', 'An amount is a whole number above nothing.');
  end if;
  return u;
end $$;

create or replace function ledger_spend(p_member uuid, j ledger_journal, p_unit smallint, p_amount bigint,
  p_party text default null, out seq bigint, out version bigint, out active bigint[], out debt bigint[])
language plpgsql as $$
declare a ledger_account; b record; v_first bigint; v_takes ledger_allocation[];
begin
  perform ledger_spendable(j.program_id, p_unit, p_amount);
  b := ledger_begin(p_member, j.program_id, j.key, j.digest, 'spend'); a := b.account; v_first := b.repeated;
  if v_first is null then
    perform ledger_settle(p_member, p_unit, j.occurred_at, j.recorded_at);
    v_takes := ledger_pick(p_member, p_unit, p_amount, j.occurred_at, case j.kind when 'donate' then 'donate' else 'spend' end);
    j.member_id := p_member;
    a := ledger_write(j, array[ledger_move(p_unit, 'wallet', case when p_party is null then 'spent' else 'payable' end,
                                           p_amount, p_party)], null, v_takes);
    v_first := a.seq;
  end if;
  seq := v_first; version := a.version; active := a.active; debt := a.debt;
end $$;

-- Correct by hand: more becomes a lot of its own, less is taken first-to-expire first and never below nothing.
create or replace function ledger_adjust(p_member uuid, j ledger_journal, p_unit smallint, p_amount bigint,
  p_expires timestamptz, out seq bigint, out version bigint, out active bigint[], out debt bigint[]) language plpgsql as $$
declare a ledger_account; b record; v_first bigint; v_takes ledger_allocation[]; v_kind text;
begin
  select u.kind into v_kind from ledger_unit u where u.program_id = j.program_id and u.slot = p_unit;
  if v_kind is null then perform ledger_refuse('unknown_unit', 'The program has no such unit.'); end if;
  if p_amount > 0 then
    select * into seq, version, active, debt from ledger_earn(p_member, j.program_id, null, j.key, j.kind, j.source_type,
      j.source_ref, j.rule_version, j.occurred_at, j.recorded_at, j.actor, j.reason, j.digest, array[p_unit],
      array[p_amount], null, null, null, case when p_expires is not null then array[p_expires] end, null, null);
    return;
  end if;
  b := ledger_begin(p_member, j.program_id, j.key, j.digest, null); a := b.account; v_first := b.repeated;
  if v_first is null then
    perform ledger_settle(p_member, p_unit, j.occurred_at, j.recorded_at);
    v_takes := ledger_pick(p_member, p_unit, -p_amount, j.occurred_at, 'adjust');
    j.member_id := p_member;
    a := ledger_write(j, array[ledger_move(p_unit, 'wallet', 'issued', -p_amount)], null, v_takes);
    v_first := a.seq;
  end if;
  seq := v_first; version := a.version; active := a.active; debt := a.debt;
end $$;

-- Setting value aside for minutes, and giving spent value back to the lots it came from.

create or replace function ledger_hold(p_member uuid, j ledger_journal, p_hold uuid, p_unit smallint, p_amount bigint,
  p_until timestamptz, out seq bigint, out version bigint, out active bigint[], out debt bigint[]) language plpgsql as $$
declare a ledger_account; b record; v_first bigint; v_takes ledger_allocation[];
begin
  perform ledger_spendable(j.program_id, p_unit, p_amount);
  b := ledger_begin(p_member, j.program_id, j.key, j.digest, 'spend'); a := b.account; v_first := b.repeated;
  if v_first is null then
    perform ledger_settle(p_member, p_unit, j.occurred_at, j.recorded_at);
    v_takes := ledger_pick(p_member, p_unit, p_amount, j.occurred_at, 'hold');
    j.member_id := p_member;
    a := ledger_write(j, array[ledger_move(p_unit, 'wallet', 'held', p_amount)], null, v_takes);
    v_first := a.seq;
    insert into ledger_hold (id, program_id, member_id, seq, key, unit, amount, captured, released, state, expires_at,
      source_type, source_ref)
    values (p_hold, j.program_id, p_member, a.seq, j.key, p_unit, p_amount, 0, 0, 'open', p_until, j.source_type, j.source_ref);
  end if;
  seq := v_first; version := a.version; active := a.active; debt := a.debt;
end $$;

-- What a hold still holds, lot by lot, in the order in which it pays.
create or replace function ledger_hold_lots(p_member uuid, p_seq bigint) returns table (lot ledger_lot, amount bigint)
language sql stable as $$
  select l, x.amount
    from (select t.lot_seq, t.lot_n, sum(t.amount)::bigint as amount from ledger_allocation t
           where t.member_id = p_member and t.kind = 'hold'
             and (t.seq = p_seq or t.seq in (select r.seq from ledger_journal r where r.member_id = p_member and r.reverses = p_seq))
           group by 1, 2 having sum(t.amount) > 0) x
    join ledger_lot l on l.member_id = p_member and l.seq = x.lot_seq and l.n = x.lot_n
   order by l.expires_at nulls last, l.activates_at, l.seq, l.n $$;

-- Take `p_pays` out of a hold for good and let `p_frees` go back: one journal for both.
create or replace function ledger_unhold(h ledger_hold, j ledger_journal, p_pays bigint, p_frees bigint, p_party text)
returns ledger_account language plpgsql as $$
declare
  a ledger_account; r record; v_pays bigint := p_pays; v_frees bigint := p_frees; v_part bigint;
  v_posts ledger_posting[] := '{}'; v_takes ledger_allocation[] := '{}'; v_freed ledger_allocation[] := '{}';
begin
  for r in select x.lot, x.amount from ledger_hold_lots(h.member_id, h.seq) x loop
    v_part := least(v_pays, r.amount);
    if v_part > 0 then
      v_takes := v_takes || ledger_take(r.lot, 'hold', -v_part) || ledger_take(r.lot, 'capture', v_part);
      v_pays := v_pays - v_part; r.amount := r.amount - v_part;
    end if;
    v_part := least(v_frees, r.amount);
    if v_part > 0 then
      v_freed := v_freed || ledger_take(r.lot, 'hold', -v_part);
      v_frees := v_frees - v_part;
    end if;
  end loop;
  if p_pays > 0 then
    v_posts := v_posts || ledger_move(h.unit, 'held', case when p_party is null then 'spent' else 'payable' end, p_pays, p_party);
  end if;
  if p_frees > 0 then v_posts := v_posts || ledger_move(h.unit, 'held', 'wallet', p_frees); end if;
  j.member_id := h.member_id; j.reverses := h.seq;
  a := ledger_write(j, v_posts, null, v_takes || v_freed);
  update ledger_hold x set captured = x.captured + p_pays, released = x.released + p_frees,
         state = case when x.captured + x.released + p_pays + p_frees < x.amount then 'open'
                      when j.actor = 'system:night' then 'expired'
                      when x.captured + p_pays > 0 then 'captured' else 'released' end
   where x.id = h.id;
  if p_frees > 0 then
    perform ledger_restore_ended(h.member_id, j, h.unit, v_freed);
    perform ledger_settle_ends(h.member_id, h.unit, j.occurred_at, j.recorded_at);
    select * into a from ledger_account x where x.member_id = h.member_id;
  end if;
  return a;
end $$;

-- The first answer to what is told again of a hold that has gone over with a merge: it stands in the books of the member
-- who had the hold then.
create or replace function ledger_told_before(p_member uuid, p_key text, p_digest bytea) returns bigint language sql stable as $$
  with recursive merged as (
    select a.member_id from ledger_account a where a.moved_into = p_member
    union
    select a.member_id from merged m join ledger_account a on a.moved_into = m.member_id)
  select j.seq from merged m
    join ledger_journal j on j.member_id = m.member_id and j.key = p_key and j.digest = p_digest limit 1 $$;

-- `p_rest`: let what is left go back at once, instead of holding it for another capture.
create or replace function ledger_capture(p_member uuid, j ledger_journal, p_hold uuid, p_amount bigint, p_rest boolean,
  p_party text default null, out seq bigint, out version bigint, out active bigint[], out debt bigint[]) language plpgsql as $$
declare a ledger_account; b record; h ledger_hold; v_open bigint;
begin
  b := ledger_begin(p_member, j.program_id, j.key, j.digest, null); a := b.account;
  seq := coalesce(b.repeated, ledger_told_before(p_member, j.key, j.digest));
  if seq is null then
    h := ledger_open_hold(p_member, p_hold, j.occurred_at);
    v_open := h.amount - h.captured - h.released;
    if p_amount <= 0 or p_amount > v_open then
      perform ledger_refuse('not_enough_points', format('%s were asked and %s are held.', p_amount, v_open),
                            jsonb_build_object('asked', p_amount, 'available', v_open));
    end if;
    a := ledger_unhold(h, j, p_amount, case when p_rest then v_open - p_amount else 0 end, p_party);
    select x.seq into seq from ledger_journal x where x.member_id = p_member and x.key = j.key;
  end if;
  version := a.version; active := a.active; debt := a.debt;
end $$;

create or replace function ledger_release(p_member uuid, j ledger_journal, p_hold uuid, p_amount bigint default null,
  out seq bigint, out version bigint, out active bigint[], out debt bigint[]) language plpgsql as $$
declare a ledger_account; b record; h ledger_hold; v_open bigint;
begin
  b := ledger_begin(p_member, j.program_id, j.key, j.digest, null); a := b.account;
  seq := coalesce(b.repeated, ledger_told_before(p_member, j.key, j.digest));
  if seq is null then
    h := ledger_open_hold(p_member, p_hold, null);
    v_open := h.amount - h.captured - h.released;
    if p_amount <= 0 or p_amount > v_open then
      perform ledger_refuse('not_enough_points', format('%s were asked and %s are held.', p_amount, v_open),
                            jsonb_build_object('asked', p_amount, 'available', v_open));
    end if;
    a := ledger_unhold(h, j, 0, coalesce(p_amount, v_open), null);
    select x.seq into seq from ledger_journal x where x.member_id = p_member and x.key = j.key;
  end if;
  version := a.version; active := a.active; debt := a.debt;
end $$;

-- An open hold of this member; with an instant, one whose time has not run out by then.
create or replace function ledger_open_hold(p_member uuid, p_hold uuid, p_at timestamptz) returns ledger_hold
language plpgsql as $$
declare h ledger_hold;
begin
  select * into h from ledger_hold x where x.id = p_hold and x.member_id = p_member;
  if not found then perform ledger_refuse('unknown_entry', 'There is no such hold.'); end if;
  if h.state <> 'open' or h.expires_at <= p_at then
    perform ledger_refuse('hold_not_open', 'This hold was captured, released or has run out.',
                          jsonb_build_object('state', case when h.state = 'open' then 'expired' else h.state end));
  end if;
  return h;
end $$;

-- Spent value goes back to its very lots, last taken first, with the life they had; what has ended by now expires at once.
-- `p_of`: the member in whose journal the spend stands, when that one was merged into this one (then new lots are made).
create or replace function ledger_restore(p_member uuid, j ledger_journal, p_spend_seq bigint, p_amount bigint,
  p_of uuid default null, out seq bigint, out version bigint, out active bigint[], out debt bigint[]) language plpgsql as $$
declare
  a ledger_account; b record; r record; p record; v_left bigint := p_amount; v_part bigint; v_there bigint := 0;
  v_takes ledger_allocation[] := '{}'; v_lots ledger_lot[] := '{}'; v_of uuid := coalesce(p_of, p_member);
begin
  b := ledger_begin(p_member, j.program_id, j.key, j.digest, null); a := b.account; seq := b.repeated;
  if seq is null then
    if p_of is not null and not ledger_leads_to(p_of, p_member) then
      perform ledger_refuse('stale', 'These members were merged or taken apart in between.');
    end if;
    select x.unit, x.credit, x.party into p from ledger_posting x
     where x.member_id = v_of and x.seq = p_spend_seq and x.program_id = j.program_id
       and x.debit in ('wallet', 'held') and x.credit in ('spent', 'payable', 'issued');
    if not found then perform ledger_refuse('unknown_entry', 'There is no such spending.'); end if;
    perform 1 from ledger_posting x where x.member_id = v_of and x.seq = p_spend_seq and x.debit in ('issued', 'funder');
    if found then perform ledger_refuse('cannot_reverse', 'An exchange is undone by the opposite exchange.'); end if;
    for r in select * from ledger_spent_lots(v_of, p_spend_seq) loop
      v_there := v_there + r.amount;
      v_part := least(v_left, r.amount); v_left := v_left - v_part;
      if v_part > 0 and p_of is null then v_takes := v_takes || ledger_take(r.lot, 'restore', -v_part);
      elsif v_part > 0 then v_lots := v_lots || ledger_child(r.lot, v_part, 'active'); end if;
    end loop;
    if v_left > 0 or p_amount <= 0 then
      perform ledger_refuse('reverses_too_much', 'More would come back than is left of what was spent.',
                            jsonb_build_object('left', v_there, 'asked', p_amount));
    end if;
    j.member_id := p_member; j.reverses := p_spend_seq; j.reverses_member := p_of;
    a := ledger_write(j, array[ledger_move(p.unit, p.credit, 'wallet', p_amount, p.party)], v_lots, v_takes);
    seq := a.seq;
    perform ledger_restore_ended(p_member, j, p.unit, v_takes);
    if p_of is not null then perform ledger_settle_ends(p_member, p.unit, j.occurred_at, j.recorded_at); end if;
    select * into a from ledger_account x where x.member_id = p_member;
  end if;
  version := a.version; active := a.active; debt := a.debt;
end $$;

-- What a spend took from its lots and did not give back yet, last taken first.
create or replace function ledger_spent_lots(p_of uuid, p_seq bigint) returns table (lot ledger_lot, amount bigint)
language sql stable as $$
  select l, x.amount - coalesce(m.amount, 0) from (
    select t.lot_seq, t.lot_n, sum(t.amount)::bigint as amount, max(t.n) filter (where t.seq = p_seq) as n
      from ledger_allocation t
     where t.member_id = p_of
       and ((t.seq = p_seq and t.kind in ('spend', 'capture', 'donate', 'exchange', 'adjust'))
            or (t.kind = 'restore' and t.seq in (select r.seq from ledger_journal r where r.member_id = p_of and r.reverses = p_seq)))
     group by 1, 2) x
    join ledger_lot l on l.member_id = p_of and l.seq = x.lot_seq and l.n = x.lot_n
    left join lateral (
      select sum(c.amount)::bigint as amount from ledger_lot c join ledger_journal r on r.member_id = c.member_id and r.seq = c.seq
       where c.origin_member = p_of and c.origin_seq = l.seq and c.origin_n = l.n
         and r.reverses = p_seq and r.reverses_member = p_of) m on true
   where x.amount > coalesce(m.amount, 0) order by x.n desc $$;

-- What came back to a lot whose life is over (booked or not) expires at once: the lot may have expired in part before.
create or replace function ledger_restore_ended(p_member uuid, j ledger_journal, p_unit smallint, p_takes ledger_allocation[])
returns void language plpgsql as $$
declare v_takes ledger_allocation[]; v_sum bigint;
begin
  select array_agg(ledger_take(l, 'expire', -t.amount) order by l.seq, l.n), sum(-t.amount) into v_takes, v_sum
    from unnest(p_takes) t join ledger_lot l on l.member_id = p_member and l.seq = t.lot_seq and l.n = t.lot_n
   where l.state = 'expired' or (l.state = 'active' and l.expires_at <= j.occurred_at);
  if v_sum > 0 then
    j.key := j.key || '/expire'; j.kind := 'expire'; j.reverses := null; j.reverses_member := null; j.reason := null;
    perform ledger_write(j, array[ledger_move(p_unit, 'wallet', 'expired', v_sum)], null, v_takes);
  end if;
end $$;

-- When two members are one: everything that lives goes over, with its life; and back again within the time for undoing.

create or replace function ledger_absorb(p_from uuid, p_into uuid, j ledger_journal) returns bigint language plpgsql as $$
declare b record; v_there ledger_journal := j; h ledger_hold; v_holds ledger_hold[]; a ledger_account; v_seq bigint;
begin
  perform ledger_lock_two(p_from, p_into, j.program_id);
  b := ledger_begin(p_from, j.program_id, j.key, j.digest, null);
  if b.repeated is not null then return b.repeated; end if;
  v_there.key := j.key || '/from/' || p_from; v_there.kind := 'absorb'; v_there.member_id := p_into;
  perform ledger_begin(p_into, j.program_id, v_there.key, j.digest, null);
  perform ledger_settle(p_from, null, j.occurred_at, j.recorded_at);
  select array_agg(x order by x.expires_at, x.id) into v_holds from ledger_hold x where x.member_id = p_from and x.state = 'open';
  foreach h in array coalesce(v_holds, '{}') loop
    perform ledger_unhold(h, ledger_entry(j.program_id, j.key || '/hold/' || h.id, 'release', j.source_type, j.source_ref, null,
      null, j.occurred_at, j.recorded_at, j.actor, j.reason, null), 0, h.amount - h.captured - h.released, null);
  end loop;
  j.kind := 'absorbed'; j.member_id := p_from;
  v_seq := ledger_carry(p_from, p_into, j, v_there, null);
  foreach h in array coalesce(v_holds, '{}') loop
    perform ledger_hold_again(h, p_into, j);
  end loop;
  update ledger_account x set counters = ledger_counters(x.counters, y.counters, 1), version = x.version + 1
    from ledger_account y where x.member_id = p_into and y.member_id = p_from and y.counters <> '{}';
  update ledger_account x set moved_into = p_into, version = x.version + 1 where x.member_id = p_from;
  return v_seq;
end $$;

-- What two members have used of their limits, together (or, with -1, what one has used without the other). A limit that
-- counts per member would be there twice otherwise.
create or replace function ledger_counters(p_one jsonb, p_other jsonb, p_sign int) returns jsonb language sql immutable as $$
  select coalesce(jsonb_object_agg(t.key, t.used) filter (where t.used > 0), '{}')
    from (select x.key, sum(x.used)::bigint as used
            from (select e.key, e.value::bigint as used from jsonb_each_text(p_one) e
                  union all select e.key, p_sign * e.value::bigint from jsonb_each_text(p_other) e) x group by x.key) t $$;

-- Move lots (all, or those given) and debt (all, or as much as `p_debt` names per slot) between two books, through transit.
create or replace function ledger_carry(p_from uuid, p_into uuid, j ledger_journal, p_there ledger_journal,
  p_lots ledger_lot[], p_debt bigint[] default null) returns bigint language plpgsql as $$
declare
  r record; a ledger_account; v_lots ledger_lot[]; v_takes ledger_allocation[]; v_debt bigint[];
  v_out ledger_posting[] := '{}'; v_in ledger_posting[] := '{}';
begin
  select * into a from ledger_account x where x.member_id = p_from;
  v_debt := coalesce(p_debt, a.debt);
  v_lots := p_lots;
  if v_lots is null then
    select array_agg(l order by l.seq, l.n) into v_lots from ledger_lot l
     where l.member_id = p_from and l.remaining > 0 and l.state in ('active', 'pending');
  end if;
  select array_agg(ledger_take(l, 'merge', l.remaining) order by l.seq, l.n),
         array_agg(ledger_child(l, l.remaining, l.state) order by l.seq, l.n)
    into v_takes, v_lots from unnest(v_lots) as l;
  for r in select l.unit, case l.state when 'pending' then 'pending' else 'wallet' end as account, sum(l.remaining)::bigint as amount
             from unnest(v_lots) as l group by 1, 2 order by 1, 2 loop
    v_out := v_out || ledger_move(r.unit, r.account, 'transit', r.amount, p_into::text);
    v_in := v_in || ledger_move(r.unit, 'transit', r.account, r.amount, p_from::text);
  end loop;
  for r in select o::smallint as unit, d as amount from unnest(v_debt) with ordinality as t(d, o) where d > 0 order by o loop
    v_out := v_out || ledger_move(r.unit, 'transit', 'debt', r.amount, p_into::text);
    v_in := v_in || ledger_move(r.unit, 'debt', 'transit', r.amount, p_from::text);
  end loop;
  a := ledger_write(j, v_out, null, v_takes);
  perform ledger_write(p_there, v_in, v_lots, null);
  return a.seq;
end $$;

-- A hold goes on with the survivor, as far as value for it is still alive there.
create or replace function ledger_hold_again(h ledger_hold, p_into uuid, j ledger_journal) returns void language plpgsql as $$
declare v_takes ledger_allocation[]; v_amount bigint; a ledger_account;
begin
  select least(h.amount - h.captured - h.released, coalesce(sum(l.remaining), 0)) into v_amount from ledger_lot l
   where l.member_id = p_into and l.unit = h.unit and l.state = 'active' and l.activates_at <= j.occurred_at
     and (l.expires_at is null or l.expires_at > j.occurred_at);
  if v_amount > 0 then
    v_takes := ledger_pick(p_into, h.unit, v_amount, j.occurred_at, 'hold');
    j.key := j.key || '/hold/' || h.id; j.kind := 'hold'; j.member_id := p_into;
    a := ledger_write(j, array[ledger_move(h.unit, 'wallet', 'held', v_amount)], null, v_takes);
    update ledger_hold x set member_id = p_into, seq = a.seq, amount = v_amount, captured = 0, released = 0, state = 'open'
     where x.id = h.id;
  end if;
end $$;

-- Undo: what is left of the lots that came over goes back, and the debt that came and still stands. Holds stay.
create or replace function ledger_separate(p_from uuid, p_into uuid, p_absorb_key text, j ledger_journal,
  out seq bigint, out returned bigint[], out missing bigint[]) language plpgsql as $$
declare
  b record; v_there ledger_journal := j; v_came bigint; v_lots ledger_lot[]; v_debt bigint[]; a ledger_account; v_through uuid[];
begin
  perform ledger_lock_two(p_from, p_into, j.program_id);
  b := ledger_begin(p_into, j.program_id, j.key, j.digest, null);
  seq := b.repeated;
  select x.seq into v_came from ledger_journal x where x.member_id = p_into and x.key = p_absorb_key || '/from/' || p_from;
  if v_came is null then perform ledger_refuse('unknown_entry', 'These members were not merged by this key.'); end if;
  if seq is null then
    update ledger_account x set moved_into = null, version = x.version + 1 where x.member_id = p_from and x.moved_into = p_into;
    if not found then perform ledger_refuse('cannot_reverse', 'These members are not merged now.'); end if;
    update ledger_account x set counters = ledger_counters(x.counters, y.counters, -1), version = x.version + 1
      from ledger_account y where x.member_id = p_into and y.member_id = p_from and y.counters <> '{}';
    perform ledger_settle(p_into, null, j.occurred_at, j.recorded_at);
    -- The lots may have gone on into a third member and come back with a later merge that was undone before this one.
    select array_agg(distinct p.party::uuid) || p_into into v_through
      from ledger_journal x join ledger_posting p on p.member_id = x.member_id and p.seq = x.seq
     where x.member_id = p_into and x.kind in ('absorbed', 'separate') and 'transit' in (p.debit, p.credit);
    v_through := coalesce(v_through, array[p_into]);
    with recursive came as (
      select l as lot from ledger_lot l where l.member_id = p_into and l.seq = v_came
      union all
      select l from came c join ledger_lot l on l.member_id = any (v_through) and l.origin_member = (c.lot).member_id
        and l.origin_seq = (c.lot).seq and l.origin_n = (c.lot).n)
    select array_agg(c.lot order by (c.lot).seq, (c.lot).n) into v_lots from came c
     where (c.lot).member_id = p_into and (c.lot).remaining > 0 and (c.lot).state in ('active', 'pending');
    select * into a from ledger_account x where x.member_id = p_into;
    select ledger_plus('{}', array_agg(p.unit), array_agg(least(p.amount, coalesce(a.debt[p.unit], 0)))) into v_debt
      from ledger_posting p where p.member_id = p_into and p.seq = v_came and p.debit = 'debt';
    j.kind := 'separated'; j.member_id := p_into;
    v_there.key := j.key || '/into/' || p_into; v_there.kind := 'separate'; v_there.member_id := p_from;
    if v_lots is not null or 0 < any (v_debt) then
      seq := ledger_carry(p_into, p_from, j, v_there, coalesce(v_lots, '{}'), coalesce(v_debt, '{}'));
    end if;
  end if;
  select ledger_plus('{}', array_agg(p.unit), array_agg(p.amount)) into returned from ledger_posting p
   where p.member_id = p_into and p.seq = ledger_separate.seq and p.debit in ('wallet', 'pending');
  select ledger_plus(ledger_plus('{}', array_agg(p.unit), array_agg(p.amount)), array_agg(p.unit), array_agg(-x.amount))
    into missing
    from (select q.unit, sum(q.amount)::bigint as amount from ledger_posting q
           where q.member_id = p_into and q.seq = v_came and q.credit in ('wallet', 'pending') group by 1) p
    cross join lateral (select coalesce(returned[p.unit], 0) as amount) x;
end $$;

-- Value between members, between units, and from waiting to active.

-- Both accounts are opened and locked in the order of their ids, so that no two transfers wait for each other.
create or replace function ledger_lock_two(p_one uuid, p_other uuid, p_program int) returns void language plpgsql as $$
declare m uuid;
begin
  foreach m in array array[least(p_one, p_other), greatest(p_one, p_other)] loop
    perform 1 from ledger_account a where a.member_id = m for update;
    if not found then
      perform ledger_open(m, p_program);
      perform 1 from ledger_account a where a.member_id = m for update;
    end if;
  end loop;
end $$;

-- Two journals, one in each member's books, linked by the account in transit. The lots go on with the life they had.
create or replace function ledger_transfer(p_member uuid, j ledger_journal, p_to uuid, p_unit smallint, p_amount bigint,
  out seq bigint, out version bigint, out active bigint[], out debt bigint[]) language plpgsql as $$
declare
  a ledger_account; b record; u ledger_unit; v_takes ledger_allocation[]; v_lots ledger_lot[]; v_there ledger_journal := j;
begin
  u := ledger_spendable(j.program_id, p_unit, p_amount);
  if not u.transferable then perform ledger_refuse('not_transferable', 'This unit cannot be given to another member.'); end if;
  if p_to = p_member then perform ledger_refuse('invalid', 'Nobody gives to herself.'); end if;
  perform ledger_lock_two(p_member, p_to, j.program_id);
  b := ledger_begin(p_member, j.program_id, j.key, j.digest, 'spend'); a := b.account; seq := b.repeated;
  if seq is null then
    v_there.key := j.key || '/from/' || p_member; v_there.member_id := p_to;
    perform ledger_begin(p_to, j.program_id, v_there.key, j.digest, 'earn');
    perform ledger_settle(p_member, p_unit, j.occurred_at, j.recorded_at);
    v_takes := ledger_pick(p_member, p_unit, p_amount, j.occurred_at, 'transfer');
    j.member_id := p_member;
    a := ledger_write(j, array[ledger_move(p_unit, 'wallet', 'transit', p_amount, p_to::text)], null, v_takes);
    seq := a.seq;
    select array_agg(ledger_child(l, t.amount, 'active') order by t.o) into v_lots
      from unnest(v_takes) with ordinality as t(m, s, n, p, unit, lot_seq, lot_n, kind, amount, o)
      join ledger_lot l on l.member_id = p_member and l.seq = t.lot_seq and l.n = t.lot_n;
    perform ledger_write(v_there, array[ledger_move(p_unit, 'transit', 'wallet', p_amount, p_member::text)], v_lots, null);
  end if;
  version := a.version; active := a.active; debt := a.debt;
end $$;

-- One unit into another at the rate `p_num : p_den`, which must come out whole; or, with `p_into` null, out to a partner.
create or replace function ledger_exchange(p_member uuid, j ledger_journal, p_unit smallint, p_amount bigint,
  p_into smallint, p_num bigint, p_den bigint, p_expires timestamptz, p_party text,
  out seq bigint, out version bigint, out active bigint[], out debt bigint[]) language plpgsql as $$
declare
  a ledger_account; b record; l ledger_lot; v_takes ledger_allocation[]; v_lots ledger_lot[] := '{}';
  v_posts ledger_posting[]; v_gives bigint;
begin
  perform ledger_spendable(j.program_id, p_unit, p_amount);
  v_posts := array[ledger_move(p_unit, 'wallet', case when p_party is null then 'spent' else 'payable' end, p_amount, p_party)];
  if p_into is not null then
    if p_into = p_unit or mod(p_amount::numeric * p_num, p_den) <> 0 then
      perform ledger_refuse('invalid', 'This amount does not come out whole at this rate.');
    end if;
    v_gives := div(p_amount::numeric * p_num, p_den);
    perform ledger_spendable(j.program_id, p_into, v_gives);
    l.program_id := j.program_id; l.unit := p_into; l.amount := v_gives; l.remaining := v_gives; l.state := 'active';
    l.activates_at := j.occurred_at; l.expires_at := p_expires;
    v_lots := array[l];
    v_posts := v_posts || ledger_move(p_into, 'issued', 'wallet', v_gives);
  end if;
  b := ledger_begin(p_member, j.program_id, j.key, j.digest, 'spend'); a := b.account; seq := b.repeated;
  if seq is null then
    perform ledger_settle(p_member, p_unit, j.occurred_at, j.recorded_at);
    v_takes := ledger_pick(p_member, p_unit, p_amount, j.occurred_at, 'exchange');
    j.member_id := p_member;
    a := ledger_write(j, v_posts, v_lots, v_takes);
    seq := a.seq;
  end if;
  version := a.version; active := a.active; debt := a.debt;
end $$;

-- What waits for an event becomes active: the waiting lot ends and goes on as one whose life begins now.
-- `p_units`/`p_expires`: per unit the end of a life that begins now (null keeps the lot's own). With `p_ref`, only lots of
-- that source.
create or replace function ledger_activate_event(p_member uuid, j ledger_journal, p_event text, p_ref text,
  p_units smallint[], p_expires timestamptz[],
  out seq bigint, out version bigint, out active bigint[], out debt bigint[]) language plpgsql as $$
declare
  a ledger_account; b record; l ledger_lot; c ledger_lot; v_ends timestamptz;
  v_takes ledger_allocation[] := '{}'; v_lots ledger_lot[] := '{}'; v_posts ledger_posting[] := '{}';
begin
  b := ledger_begin(p_member, j.program_id, j.key, j.digest, null); a := b.account; seq := b.repeated;
  if seq is null then
    perform ledger_settle(p_member, null, j.occurred_at, j.recorded_at);
    for l in select x.* from ledger_lot x join ledger_journal y on y.member_id = x.member_id and y.seq = x.seq
              where x.member_id = p_member and x.state = 'pending' and x.activation_event = p_event
                and (p_ref is null or y.source_ref = p_ref) order by x.seq, x.n loop
      v_ends := p_expires[array_position(p_units, l.unit)];
      c := ledger_child(l, l.remaining, 'active');
      c.activates_at := j.occurred_at; c.expires_at := coalesce(v_ends, l.expires_at);
      c.activation_event := null; c.activation_deadline := null;
      v_takes := v_takes || ledger_take(l, 'activate', l.remaining);
      v_lots := v_lots || c;
      v_posts := v_posts || ledger_move(l.unit, 'pending', 'wallet', l.remaining);
    end loop;
    if cardinality(v_posts) > 0 then
      j.member_id := p_member;
      a := ledger_write(j, v_posts, v_lots, v_takes);
      seq := a.seq; version := a.version; active := a.active; debt := a.debt;
      if 0 < any (a.debt) then
        select * into version, active, debt from ledger_repay(p_member, ledger_activate_event.seq, version, active, debt);
      end if;
      return;
    end if;
    select * into a from ledger_account x where x.member_id = p_member;
  end if;
  version := a.version; active := a.active; debt := a.debt;
end $$;

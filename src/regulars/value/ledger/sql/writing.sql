-- The one writer of all movements but earning (which has its own short way): whatever a verb decides, it hands over as
-- postings, new lots and takings, and balances, lots and hash follow from these and cannot disagree with them.

create or replace function ledger_entry(p_program int, p_key text, p_kind text, p_source_type text, p_source_ref text,
  p_source_line text, p_rule_version int, p_occurred timestamptz, p_recorded timestamptz, p_actor text, p_reason text,
  p_digest bytea) returns ledger_journal language sql immutable as $$
  select row(null, null, p_program, p_kind, p_key, p_source_type, p_source_ref, p_source_line, p_rule_version, p_occurred,
             p_recorded, p_actor, null, null, p_reason, p_digest, null, null, null, null, null, null, null)::ledger_journal $$;

create or replace function ledger_move(p_unit smallint, p_debit text, p_credit text, p_amount bigint, p_party text default null)
returns ledger_posting language sql immutable as
$$ select row(null, null, null, null, p_unit, p_debit, p_credit, p_amount, p_party, null)::ledger_posting $$;

create or replace function ledger_take(p_lot ledger_lot, p_kind text, p_amount bigint)
returns ledger_allocation language sql immutable as
$$ select row(null, null, null, null, (p_lot).unit, (p_lot).seq, (p_lot).n, p_kind, p_amount)::ledger_allocation $$;

-- A lot that goes on as another one: same life, funder and cost, with where it came from.
create or replace function ledger_child(p_lot ledger_lot, p_amount bigint, p_state text)
returns ledger_lot language plpgsql immutable as $$
declare l ledger_lot := p_lot;
begin
  l.amount := p_amount; l.remaining := p_amount; l.state := p_state;
  l.origin_member := p_lot.member_id; l.origin_seq := p_lot.seq; l.origin_n := p_lot.n;
  return l;
end $$;

create or replace function ledger_write(j ledger_journal, p_posts ledger_posting[], p_lots ledger_lot[],
  p_takes ledger_allocation[]) returns ledger_account language plpgsql as $$
declare
  a ledger_account; v_posts text; v_lots text; v_takes text; v_body text;
  v_units smallint[]; v_debits text[]; v_credits text[]; v_amounts bigint[]; v_parties text[]; v_active bigint[]; v_pending bigint[]; v_held bigint[]; v_debt bigint[];
begin
  p_posts := coalesce(p_posts, '{}'); p_lots := coalesce(p_lots, '{}'); p_takes := coalesce(p_takes, '{}');
  select array_agg(p.unit order by o), array_agg(p.debit order by o), array_agg(p.credit order by o),
         array_agg(p.amount order by o), ledger_some(array_agg(p.party order by o)),
         array_agg(case 'wallet' when p.credit then p.amount when p.debit then -p.amount else 0 end),
         array_agg(case 'pending' when p.credit then p.amount when p.debit then -p.amount else 0 end),
         array_agg(case 'held' when p.credit then p.amount when p.debit then -p.amount else 0 end),
         array_agg(case 'debt' when p.debit then p.amount when p.credit then -p.amount else 0 end)
    into v_units, v_debits, v_credits, v_amounts, v_parties, v_active, v_pending, v_held, v_debt
    from unnest(p_posts) with ordinality as p(a1, a2, a3, a4, unit, debit, credit, amount, party, a9, o);
  if v_units is not null then v_posts := ledger_posts_text(v_units, v_debits, v_credits, v_amounts, v_parties); end if;
  if cardinality(p_lots) > 0 then
    select ledger_lots_text(array_agg(l.unit order by o), array_agg(l.amount order by o),
             case when count(l.activates_at) > 0 then array_agg(ledger_micros(l.activates_at) order by o) end,
             array_agg(l.activation_event order by o),
             case when count(l.activation_deadline) > 0 then array_agg(ledger_micros(l.activation_deadline) order by o) end,
             case when count(l.expires_at) > 0 then array_agg(ledger_micros(l.expires_at) order by o) end,
             array_agg(l.funder order by o), array_agg(l.cost_micro order by o),
             array_agg(l.origin_member || '/' || l.origin_seq || '.' || l.origin_n order by o))
      into v_lots
      from unnest(p_lots) with ordinality as l(m, s, n, p, unit, amount, remaining, state, activates_at, activation_event,
        activation_deadline, expires_at, funder, cost_micro, origin_member, origin_seq, origin_n, o);
  end if;
  if cardinality(p_takes) > 0 then
    select ledger_takes_text(array_agg(t.kind order by o), array_agg(t.lot_seq order by o), array_agg(t.lot_n order by o),
                             array_agg(t.amount order by o))
      into v_takes
      from unnest(p_takes) with ordinality as t(m, s, n, p, unit, lot_seq, lot_n, kind, amount, o);
  end if;
  v_body := ledger_body(j.program_id, j.key, j.kind, j.source_type, j.source_ref, j.source_line, j.rule_version,
    j.occurred_at, j.recorded_at, j.actor, j.reverses, j.reverses_member, j.reason, j.digest, v_posts, v_lots, v_takes);
  update ledger_account x set version = x.version + 1, seq = x.seq + 1,
         unpacked = case when x.unpacked = x.seq then x.seq + 1 else x.unpacked end,
         head = ledger_link(x.head, x.member_id, x.seq + 1, v_body),
         active = ledger_plus(x.active, v_units, v_active), pending = ledger_plus(x.pending, v_units, v_pending),
         held = ledger_plus(x.held, v_units, v_held), debt = ledger_plus(x.debt, v_units, v_debt)
   where x.member_id = j.member_id returning * into strict a;
  insert into ledger_journal (member_id, seq, program_id, kind, key, source_type, source_ref, source_line, rule_version,
    occurred_at, recorded_at, actor, reverses, reverses_member, reason, digest, hash, units, debits, credits, amounts, parties)
  values (a.member_id, a.seq, a.program_id, j.kind, j.key, j.source_type, j.source_ref, j.source_line, j.rule_version,
    j.occurred_at, j.recorded_at, j.actor, j.reverses, j.reverses_member, j.reason, j.digest, a.head,
    v_units, v_debits, v_credits, v_amounts, v_parties);
  if v_lots is not null then
    insert into ledger_lot (member_id, seq, n, program_id, unit, amount, remaining, state, activates_at, activation_event,
      activation_deadline, expires_at, funder, cost_micro, origin_member, origin_seq, origin_n)
    select a.member_id, a.seq, o, a.program_id, l.unit, l.amount, l.remaining, l.state, l.activates_at, l.activation_event,
           l.activation_deadline, l.expires_at, l.funder, l.cost_micro, l.origin_member, l.origin_seq, l.origin_n
      from unnest(p_lots) with ordinality as l(m, s, n, p, unit, amount, remaining, state, activates_at, activation_event,
        activation_deadline, expires_at, funder, cost_micro, origin_member, origin_seq, origin_n, o);
  end if;
  if v_takes is not null then
    perform ledger_settle_takes(a.member_id, a.seq, a.program_id, p_takes);
  end if;
  return a;
end $$;

create or replace function ledger_settle_takes(p_member uuid, p_seq bigint, p_program int, p_takes ledger_allocation[])
returns void language plpgsql as $$
begin
  insert into ledger_allocation (member_id, seq, n, program_id, unit, lot_seq, lot_n, kind, amount)
  select p_member, p_seq, o, p_program, t.unit, t.lot_seq, t.lot_n, t.kind, t.amount
    from unnest(p_takes) with ordinality as t(m, s, n, p, unit, lot_seq, lot_n, kind, amount, o);
  update ledger_lot l set remaining = l.remaining - t.amount,
         state = case when l.remaining <> t.amount then l.state
                      when l.state = 'pending' then 'cancelled'
                      when l.state = 'active' and t.ends then 'expired' else l.state end
    from (select t.lot_seq, t.lot_n, sum(t.amount) as amount, bool_or(t.kind = 'expire') as ends
            from unnest(p_takes) as t group by t.lot_seq, t.lot_n having sum(t.amount) <> 0) t
   where l.member_id = p_member and l.seq = t.lot_seq and l.n = t.lot_n;
end $$;

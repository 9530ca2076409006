-- The hot row: opening, reading, adding to its balances, and refusing.

create or replace function ledger_refuse(p_code text, p_detail text, p_facts jsonb default null) returns void
language plpgsql as $$
begin
  raise exception using errcode = 'RGREF', message = p_code, detail = p_detail, hint = coalesce(p_facts::text, '');
end $$;

-- Balances with amounts added at their slots; a missing tail counts as nothing, and adding nothing lengthens nothing.
create or replace function ledger_plus_any(p_old bigint[], p_units smallint[], p_amounts bigint[]) returns bigint[]
language plpgsql immutable parallel safe as $$
declare r bigint[] := p_old; i int; n int := cardinality(p_old);
begin
  if p_amounts is null then return r; end if;
  for i in 1 .. cardinality(p_units) loop
    continue when p_amounts[i] = 0;
    while n < p_units[i] loop
      n := n + 1;
      r[n] := 0;
    end loop;
    r[p_units[i]] := r[p_units[i]] + p_amounts[i];
  end loop;
  return r;
end $$;

-- The same; the usual two units in the first two slots are added in place, without a call.
create or replace function ledger_plus(p_old bigint[], p_units smallint[], p_amounts bigint[]) returns bigint[]
language sql immutable parallel safe as $$
  select case when p_units = '{1,2}' and cardinality(p_old) = 2 and cardinality(p_amounts) = 2
              then array[p_old[1] + p_amounts[1], p_old[2] + p_amounts[2]]
              else ledger_plus_any(p_old, p_units, p_amounts) end $$;

create or replace function ledger_open(p_member uuid, p_program int) returns void language plpgsql as $$
begin
  if (select m.program_id from members_standing(p_member) m) is distinct from p_program then
    perform ledger_refuse('unknown_member', 'There is no such member in this program.');
  end if;
  insert into ledger_account (member_id, program_id, version, seq, head, active, pending, held, debt, counters)
  values (p_member, p_program, 0, 0, ledger_genesis(p_member), '{}', '{}', '{}', '{}', '{}')
  on conflict (member_id) do nothing;
end $$;

-- May this member do this? `p_right`: earn, spend, or null for what is always allowed.
create or replace function ledger_stand(p_member uuid, p_right text) returns void language plpgsql as $$
declare v text;
begin
  if p_right is null then return; end if;
  select m.status into v from members_standing(p_member) m;
  if v = 'active' or (v = 'earn_only' and p_right = 'earn') then return; end if;
  if v = 'suspended' then perform ledger_refuse('member_suspended', 'This member is suspended.');
  elsif v = 'earn_only' then perform ledger_refuse('member_earn_only', 'This member may collect but not spend.');
  elsif v = 'closed' then perform ledger_refuse('member_closed', 'This membership is closed.');
  else perform ledger_refuse('unknown_member', 'There is no such member.');
  end if;
end $$;

-- Lock the member's account and see whether this key was here before.
create or replace function ledger_begin(p_member uuid, p_program int, p_key text, p_digest bytea, p_right text,
  out account ledger_account, out repeated bigint) language plpgsql as $$
declare v_digest bytea;
begin
  select a.* into account from ledger_account a where a.member_id = p_member for update;
  if not found then
    perform ledger_open(p_member, p_program);
    select a.* into account from ledger_account a where a.member_id = p_member for update;
  end if;
  if account.program_id <> p_program then
    perform ledger_refuse('unknown_member', 'There is no such member in this program.');
  end if;
  select j.seq, j.digest into repeated, v_digest from ledger_journal j where j.member_id = p_member and j.key = p_key;
  if repeated is not null then
    if v_digest is distinct from p_digest then
      perform ledger_refuse('key_reused', 'This key already named another movement.', jsonb_build_object('key', p_key));
    end if;
    return;
  end if;
  if account.moved_into is not null then
    perform ledger_refuse('member_merged', 'This member was merged into another.',
                          jsonb_build_object('into', account.moved_into));
  end if;
  perform ledger_stand(p_member, p_right);
  if account.unpacked < account.seq then perform ledger_unpack(p_member); end if;  -- what follows reads and changes rows
end $$;

-- What has ended of a member whose packed lots have ended too. Not in SQL: a plan that looks into what is packed would be made
-- ready with every question, and is needed on few days of a life.
create or replace function ledger_overdue(p_member uuid, p_now timestamptz) returns bigint[] language plpgsql stable as $$
begin
  return (select ledger_plus('{}', array_agg(l.unit), array_agg(l.remaining)) from ledger_lot_facts l
           where l.member_id = p_member and l.expires_at <= p_now and l.remaining > 0 and l.state = 'active');
end $$;

-- What a decision needs to know. One row also before the account is open. `overdue` is the part of `active` whose life
-- has ended and which no night has booked yet: it cannot be spent.
-- (A table, so that the planner unfolds it into the query that asks.)
create or replace function ledger_context(p_member uuid, p_now timestamptz default now())
returns table (version bigint, active bigint[], pending bigint[], held bigint[], debt bigint[],
  counters jsonb, moved_into uuid, overdue bigint[], seq bigint)
language sql stable as $$
  select coalesce(a.version, 0), coalesce(a.active, '{}'), coalesce(a.pending, '{}'), coalesce(a.held, '{}'),
         coalesce(a.debt, '{}'), coalesce(a.counters, '{}'), a.moved_into,
         case when a.packed_until <= p_now then ledger_overdue(p_member, p_now)
              else (select ledger_plus('{}', array_agg(l.unit), array_agg(l.remaining)) from ledger_lot l
                     where l.member_id = p_member and l.expires_at <= p_now and l.remaining > 0 and l.state = 'active') end,
         coalesce(a.seq, 0)
    from (values (1)) as always(one) left join ledger_account a on a.member_id = p_member $$;

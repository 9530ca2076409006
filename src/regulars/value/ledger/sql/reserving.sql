-- What a basket at the till reserves and uses of an account: counters of the member's own limits, and points that pay.
-- Nothing here may be refused because of time: what was set aside for a basket is given when it closes.

-- Lock the account, see that it is the one that was decided upon (p_version null: whatever it is), and add to its
-- counters (negative: give back; what comes to nothing is forgotten). A merged member's counters are the survivor's.
create or replace function ledger_count(p_member uuid, p_program int, p_version bigint, p_add jsonb) returns bigint
language plpgsql as $$
declare a ledger_account; v_member uuid := p_member;
begin
  loop
    select x.* into a from ledger_account x where x.member_id = v_member for update;
    if not found then
      perform ledger_open(v_member, p_program);
      select x.* into a from ledger_account x where x.member_id = v_member for update;
    end if;
    exit when a.moved_into is null;
    if p_version is not null then perform ledger_refuse('stale', 'The account was merged since it was read.'); end if;
    v_member := a.moved_into;
  end loop;
  if p_version is not null and a.version <> p_version then
    perform ledger_refuse('stale', 'The account has changed since it was read.', jsonb_build_object('version', a.version));
  end if;
  if p_add is null or p_add = '{}' then return a.version; end if;
  update ledger_account x set version = x.version + 1, counters = ledger_counters(x.counters, p_add, 1)
   where x.member_id = v_member returning x.version into a.version;
  return a.version;
end $$;

-- Pay with points: out of the hold that was made for it (what is left of it goes back), else out of the wallet.
create or replace function ledger_pay(p_member uuid, j ledger_journal, p_unit smallint, p_amount bigint, p_hold uuid,
  out seq bigint, out version bigint, out active bigint[], out debt bigint[]) language plpgsql as $$
declare h ledger_hold; a ledger_account; b record; v_open bigint;
begin
  if p_hold is not null then
    b := ledger_begin(p_member, j.program_id, j.key, j.digest, null); a := b.account; seq := b.repeated;
    if seq is not null then
      version := a.version; active := a.active; debt := a.debt;
      return;
    end if;
    select x.* into h from ledger_hold x where x.id = p_hold and x.member_id = p_member and x.state = 'open';
    v_open := h.amount - h.captured - h.released;
    if v_open >= p_amount then
      j.kind := 'capture';
      a := ledger_unhold(h, j, p_amount, v_open - p_amount, null);
      select x.seq into seq from ledger_journal x where x.member_id = p_member and x.key = j.key;
      version := a.version; active := a.active; debt := a.debt;
      return;
    elsif v_open > 0 then  -- a merge has left less of it: let it go, and pay out of the wallet
      perform ledger_let_go(p_member, p_hold, j.key || '/release', j.recorded_at, j.actor);
    end if;
  end if;
  select x.* into seq, version, active, debt from ledger_spend(p_member, j, p_unit, p_amount) x;
end $$;

-- Let a hold go if it is still open, whoever holds it by now; nothing otherwise.
create or replace function ledger_let_go(p_member uuid, p_hold uuid, p_key text, p_at timestamptz, p_actor text)
returns void language plpgsql as $$
declare h ledger_hold; v_member uuid;
begin
  select x.member_id into v_member from ledger_hold x where x.id = p_hold;
  perform 1 from ledger_account x where x.member_id = v_member for update;
  select x.* into h from ledger_hold x where x.id = p_hold and x.state = 'open';
  if not found or h.member_id <> v_member then return; end if;
  perform ledger_unhold(h, ledger_entry(h.program_id, p_key, 'release', h.source_type, h.source_ref, null, null, p_at,
    p_at, p_actor, null, null), 0, h.amount - h.captured - h.released, null);
end $$;

-- Hold for longer.
create or replace function ledger_hold_on(p_hold uuid, p_until timestamptz) returns void language sql as $$
  update ledger_hold set expires_at = greatest(expires_at, p_until) where id = p_hold and state = 'open' $$;

-- What time does by itself, in batches of at most `p_limit` members in the order of their ids. Each answers how many
-- members it worked on; none means done. Stopping anywhere loses nothing: what is booked is no longer due.

create or replace function ledger_activate_due(p_program int, p_before timestamptz, p_limit int, p_recorded timestamptz default null)
returns int language plpgsql as $$
declare m uuid; n int := 0;
begin
  for m in select distinct l.member_id from ledger_lot l
            where l.state = 'pending' and l.activates_at <= p_before and l.program_id = p_program order by 1 limit p_limit loop
    perform 1 from ledger_account a where a.member_id = m for update;
    perform ledger_settle_starts(m, null, p_before, coalesce(p_recorded, p_before));
    n := n + 1;
  end loop;
  return n;
end $$;

create or replace function ledger_expire_due(p_program int, p_before timestamptz, p_limit int, p_recorded timestamptz default null)
returns int language plpgsql as $$
declare m uuid; n int := 0;
begin
  for m in select x.member_id from (
             select l.member_id from ledger_lot l
              where l.remaining > 0 and l.expires_at <= p_before and l.program_id = p_program and l.state in ('active', 'pending')
             union
             select l.member_id from ledger_lot l
              where l.state = 'pending' and l.activation_deadline <= p_before and l.program_id = p_program
             union
             select a.member_id from ledger_account a where a.packed_until <= p_before and a.program_id = p_program
             union
             select a.member_id from ledger_unit u join ledger_account a on a.program_id = u.program_id and a.active[u.slot] > 0
              where u.program_id = p_program and u.expiry ->> 'kind' = 'inactivity'
                and exists (select 1 from ledger_ends(a.member_id, u.slot) e where e.ends <= p_before)) x
            order by 1 limit p_limit loop
    perform 1 from ledger_account a where a.member_id = m for update;
    perform ledger_settle_starts(m, null, p_before, coalesce(p_recorded, p_before));
    perform ledger_settle_ends(m, null, p_before, coalesce(p_recorded, p_before));
    n := n + 1;
  end loop;
  return n;
end $$;

create or replace function ledger_release_due_holds(p_program int, p_before timestamptz, p_limit int, p_recorded timestamptz default null)
returns int language plpgsql as $$
declare h record; v ledger_hold; n int := 0;
begin
  for h in select x.id, x.member_id from ledger_hold x
            where x.state = 'open' and x.expires_at <= p_before and x.program_id = p_program
            order by x.member_id, x.expires_at, x.id limit p_limit loop
    perform 1 from ledger_account a where a.member_id = h.member_id for update;
    select * into v from ledger_hold x where x.id = h.id and x.state = 'open';
    if found then
      perform ledger_unhold(v, ledger_entry(p_program, 'hold/' || h.id || '/expired', 'release', null, null, null, null,
        v.expires_at, coalesce(p_recorded, p_before), 'system:night', null, null), 0, v.amount - v.captured - v.released, null);
    end if;
    n := n + 1;
  end loop;
  return n;
end $$;

-- Roll closed local days up into ledger_daily, anew from `p_from` on (a later import may have written into closed days).
create or replace function ledger_close_days(p_program int, p_from date, p_before date) returns bigint language plpgsql as $$
declare v_zone text; n bigint;
begin
  select p.zone into v_zone from programs_facts p where p.program_id = p_program;
  perform pg_advisory_xact_lock(hashtext('ledger_daily'), p_program);
  delete from ledger_daily d where d.program_id = p_program and d.day >= p_from and d.day < p_before;
  insert into ledger_daily (program_id, day, unit, debit, credit, party, amount, postings)
  select p_program, (p.recorded_at at time zone v_zone)::date, p.unit, p.debit, p.credit,
         case when 'transit' in (p.debit, p.credit) then null else p.party end, sum(p.amount), count(*)
    from ledger_posting p
   where p.program_id = p_program and p.recorded_at >= (p_from::timestamp at time zone v_zone) and p.recorded_at < (p_before::timestamp at time zone v_zone)
   group by 2, 3, 4, 5, 6;
  get diagnostics n = row_count;
  return n;
end $$;

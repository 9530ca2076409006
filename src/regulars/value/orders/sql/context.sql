-- All that deciding about an order needs, in one round trip: was it told before, was this call answered before, the
-- program's version, the member (is_member: of this program), her tier and her account with its version.

create or replace function orders_context(p_program int, p_member uuid, p_source text, p_ref text, p_key text,
  p_now timestamptz,
  out rule_version int, out told uuid, out kept_hash bytea, out kept_status smallint, out kept_body bytea,
  out is_member boolean, out status text, out merged_into uuid, out joined_at timestamptz, out birth_month smallint,
  out birth_day smallint, out zone text, out locale text, out attributes text, out tier text,
  out version bigint, out active bigint[], out pending bigint[], out held bigint[], out debt bigint[],
  out overdue bigint[], out counters text)
language plpgsql stable as $$
begin
  select f.current_version into rule_version from programs_facts f where f.program_id = p_program;
  select o.id into told from orders_order o where o.program_id = p_program and o.source = p_source and o.ref = p_ref;
  if p_key is not null then
    select k.request_hash, k.status, k.body into kept_hash, kept_status, kept_body
      from kernel_idempotency k where k.program_id = p_program and k.key = p_key;
  end if;
  is_member := false;
  if p_member is not null then
    select true, f.status, f.merged_into, f.joined_at, f.birth_month, f.birth_day, f.zone, f.locale, f.attributes::text
      into orders_context.is_member, orders_context.status, orders_context.merged_into, orders_context.joined_at,
           orders_context.birth_month, orders_context.birth_day, orders_context.zone, orders_context.locale,
           orders_context.attributes
      from members_facts f where f.member_id = p_member and f.program_id = p_program;
    tier := tiers_standing_of(p_member);
    select c.version, c.active, c.pending, c.held, c.debt, c.overdue, c.counters::text
      into orders_context.version, orders_context.active, orders_context.pending, orders_context.held,
           orders_context.debt, orders_context.overdue, orders_context.counters
      from ledger_context(p_member, p_now) c;
  end if;
end $$;

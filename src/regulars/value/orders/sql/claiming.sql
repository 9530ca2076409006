-- A guest's order becomes a member's, once, and earns. What had come back before earns too and is clawed back at once,
-- so that lines, journal and shares agree as if she had been known from the first.

create or replace function orders_claim(p_member uuid, p_program int, p_version bigint, p_order uuid, p_at timestamptz,
  p_actor text, p_digest bytea, p_decision jsonb, p_lines jsonb,
  p_units smallint[], p_amounts bigint[], p_activates timestamptz[], p_events text[], p_deadlines timestamptz[],
  p_expires timestamptz[], p_funders text[], p_earned bigint[], p_counters jsonb) returns bigint
language plpgsql as $$
declare o orders_order; v_seq bigint; v_clawed bigint[]; l record; v_reversed bigint[];
begin
  select x.* into o from orders_order x where x.id = p_order and x.program_id = p_program for update;
  if o.member_id is not null then
    raise exception using errcode = 'RGREF', message = 'already_claimed',
      detail = 'This order already belongs to a member.';
  end if;
  if p_units is not null then
    select e.seq into v_seq from ledger_earn(p_member, p_program, p_version, 'order/' || o.source || '/' || o.ref, 'earn',
      'order', o.source || '/' || o.ref, o.rule_version, o.occurred_at, p_at, p_actor, 'claim', p_digest,
      p_units, p_amounts, p_activates, p_events, p_deadlines, p_expires, p_funders, p_counters) e;
  end if;
  update orders_order x set member_id = p_member, claimed_at = p_at, seq = v_seq, earned = p_earned, decision = p_decision
   where x.id = p_order;
  update orders_line x set member_id = p_member,
         earned = (select t.e from jsonb_to_recordset(p_lines) as t(n int, e bigint[]) where t.n = x.n)
   where x.order_id = p_order;
  for l in select * from orders_line x where x.order_id = p_order and x.returned > 0 and x.earned is not null loop
    select array_agg(orders_share(e, l.returned, l.quantity) order by s) into v_reversed
      from unnest(l.earned) with ordinality as t(e, s);
    v_clawed := orders_plus(v_clawed, v_reversed);
    update orders_line x set reversed = v_reversed where x.order_id = p_order and x.n = l.n;
  end loop;
  perform orders_claw(p_member, p_order, 'claim/' || p_order || '/returned', v_clawed, p_at, p_at,
    p_actor, 'returned_before_claim', p_digest);
  insert into kernel_fact (program_id, member_id, kind, body, announced_at)
  values (p_program, p_member, 'OrderClaimed', jsonb_build_object('order_id', p_order, 'member_id', p_member,
    'claimed_at', to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')), p_at);
  return v_seq;
end $$;

-- A sale earns, told once: its source is its key, and the caller's own constraint says that this is new (as `p_is_new` of
-- `ledger_earn`). The usual sale takes the shortest way: points and growth (the first two units) for an account that has no
-- others, at once, with no funder and no debt. One update and one insert, and hardly an expression besides: each is built
-- anew for every call. The lots stay packed in the journal (packing.sql). When a sale is not a usual one, or anything
-- stands in its way, `ledger_earn` does it, or says why not.
-- The answer is the journal's number; null when nothing is given, and without units no account is touched.
-- Rule version, digest and actor are never null; arrays as in `ledger_earn`.

create or replace function ledger_sell(p_member uuid, p_program int, p_version bigint, p_source_type text, p_source_ref text,
  p_rule_version int, p_occurred timestamptz, p_recorded timestamptz, p_actor text, p_digest bytea,
  p_units smallint[], p_amounts bigint[], p_activates timestamptz[], p_events text[], p_deadlines timestamptz[],
  p_expires timestamptz[], p_funders text[], p_counters jsonb) returns bigint language plpgsql as $$
declare v_key text := p_source_type || '/' || p_source_ref; v_seq bigint; v_head bytea;
begin
  if p_units = '{1,2}' and num_nonnulls(p_activates, p_events, p_deadlines, p_funders) = 0 then
    update ledger_account a set version = a.version + 1, seq = a.seq + 1,
           head = sha256(a.head || ledger_plain(p_member, a.seq + 1, p_program, p_rule_version, p_occurred, p_recorded,
             array[v_key, 'earn', p_source_type, p_source_ref, p_actor, null], p_digest, '{1,2}', p_amounts,
             coalesce(p_expires, '{NULL,NULL}'))),
           active = array[coalesce(a.active[1], 0) + p_amounts[1], coalesce(a.active[2], 0) + p_amounts[2]],
           counters = coalesce(p_counters, a.counters), packed_until = least(a.packed_until, p_expires[1], p_expires[2])
     where a.member_id = p_member and a.program_id = p_program and (p_version is null or a.version = p_version)
       and a.moved_into is null and cardinality(a.active) <= 2 and not 0 < any (a.debt)
       and (select m.status from members_facts m where m.member_id = p_member) in ('active', 'earn_only')
    returning a.seq, a.head into v_seq, v_head;
    if v_seq is not null then
      insert into ledger_journal (member_id, seq, program_id, kind, key, source_type, source_ref, rule_version, occurred_at,
        recorded_at, actor, digest, hash, units, debits, credits, amounts, packed)
      values (p_member, v_seq, p_program, 'earn', v_key, p_source_type, p_source_ref, p_rule_version, p_occurred,
        p_recorded, p_actor, p_digest, v_head, '{1,2}', '{issued,issued}', '{wallet,wallet}', p_amounts,
        coalesce(p_expires, '{NULL,NULL}'));
      return v_seq;
    end if;
  end if;
  if p_units is not null then
    select e.seq into v_seq from ledger_earn(p_member, p_program, p_version, v_key, 'earn', p_source_type, p_source_ref,
      p_rule_version, p_occurred, p_recorded, p_actor, null, p_digest, p_units, p_amounts, p_activates, p_events, p_deadlines,
      p_expires, p_funders, p_counters, true) e;
  end if;
  return v_seq;
end $$;

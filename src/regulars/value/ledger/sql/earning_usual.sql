-- The usual sale, by the shortest way: points and growth (the first two units) for an account that has no others, at once,
-- with no funder and no debt. One update and one insert, and hardly an expression besides: each is built anew for every call.
-- The lots stay packed in the journal (packing.sql).
-- The answer is the journal's number, or null when the sale is not a usual one or anything stands in its way:
-- `ledger_earn` then does it, or says why not. The caller's own constraint says that the key is new, as with `p_is_new`.
-- Rule version, digest and actor are never null; `p_expires` is null or has two elements, which may be null.

create or replace function ledger_earn_usual(p_member uuid, p_program int, p_version bigint, p_key text, p_kind text,
  p_source_type text, p_source_ref text, p_rule_version int, p_occurred timestamptz, p_recorded timestamptz, p_actor text,
  p_digest bytea, p_amounts bigint[], p_expires timestamptz[], p_counters jsonb) returns bigint language plpgsql as $$
declare v_seq bigint; v_head bytea;
begin
  update ledger_account a set version = a.version + 1, seq = a.seq + 1,
         head = sha256(a.head || ledger_plain(p_member, a.seq + 1, p_program, p_rule_version, p_occurred, p_recorded,
           array[p_key, p_kind, p_source_type, p_source_ref, p_actor, null], p_digest, '{1,2}', p_amounts,
           coalesce(p_expires, '{NULL,NULL}'))),
         active = array[coalesce(a.active[1], 0) + p_amounts[1], coalesce(a.active[2], 0) + p_amounts[2]],
         counters = coalesce(p_counters, a.counters), packed_until = least(a.packed_until, p_expires[1], p_expires[2])
   where a.member_id = p_member and a.program_id = p_program and (p_version is null or a.version = p_version)
     and a.moved_into is null and cardinality(a.active) <= 2 and not 0 < any (a.debt)
     and (select m.status from members_facts m where m.member_id = p_member) in ('active', 'earn_only')
  returning a.seq, a.head into v_seq, v_head;
  if v_seq is null then return null; end if;
  insert into ledger_journal (member_id, seq, program_id, kind, key, source_type, source_ref, rule_version, occurred_at,
    recorded_at, actor, digest, hash, units, debits, credits, amounts, packed)
  values (p_member, v_seq, p_program, p_kind, p_key, p_source_type, p_source_ref, p_rule_version, p_occurred,
    p_recorded, p_actor, p_digest, v_head, '{1,2}', '{issued,issued}', '{wallet,wallet}', p_amounts,
    coalesce(p_expires, '{NULL,NULL}'));
  return v_seq;
end $$;

-- An order and everything that it brings about, in one call and one transaction: what it earns (the account's row is
-- lock and version check), the caller's idempotency record with the answer, the order with its lines packed, and the news.
-- `p_units` null: nothing is earned and no account is touched. Elements of the ledger's arrays are lots (ledger_sell).

create or replace function orders_commit(p_member uuid, p_program int, p_version bigint,
  p_id uuid, p_source text, p_ref text, p_store bigint, p_channel text, p_currency text, p_occurred timestamptz,
  p_recorded timestamptz, p_total bigint, p_tenders jsonb, p_rule_version int, p_decision jsonb, p_digest bytea,
  p_attributes jsonb, p_actor text, p_lines json,
  p_units smallint[], p_amounts bigint[], p_activates timestamptz[], p_events text[], p_deadlines timestamptz[],
  p_expires timestamptz[], p_funders text[], p_earned bigint[], p_counters jsonb,
  p_key text, p_request_hash bytea, p_status smallint, p_body bytea, p_fact jsonb) returns bigint
language plpgsql as $$
declare v_seq bigint;
begin
  v_seq := ledger_sell(p_member, p_program, p_version, 'order', p_source || '/' || p_ref, p_rule_version, p_occurred,
    p_recorded, p_actor, p_digest, p_units, p_amounts, p_activates, p_events, p_deadlines, p_expires, p_funders, p_counters);
  -- one statement for all three: each statement costs as much to start as a row to write
  with kept as (
    insert into kernel_idempotency (program_id, key, request_hash, status, body, created_at)
    select p_program, p_key, p_request_hash, p_status, p_body, p_recorded where p_key is not null),
  news as (
    insert into kernel_fact (program_id, member_id, kind, body, announced_at)
    values (p_program, p_member, 'OrderPlaced', p_fact, p_recorded))
  insert into orders_order (id, program_id, member_id, source, ref, store_id, channel, currency, occurred_at, recorded_at,
    state, total_minor, tenders, rule_version, seq, earned, decision, digest, attributes, packed)
  values (p_id, p_program, p_member, p_source, p_ref, p_store, p_channel, p_currency, p_occurred, p_recorded,
    'placed', p_total, p_tenders, p_rule_version, v_seq, p_earned, p_decision, p_digest, p_attributes, p_lines);
  return v_seq;
end $$;

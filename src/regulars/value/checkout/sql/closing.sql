-- The session's part of a close of a basket that the caller has decided already, when it was told: done only if the session
-- is the one that was told, in the revision that was written then, and all that the decision rests on (`known` of
-- checkout_context) is what it was. Otherwise nothing is done: the caller reads and decides again. `p_id`: the session's own,
-- for another one may have come under its key. What is asked of checkout_context is asked as it was.

create or replace function checkout_close_as_told(p_id uuid, p_known text, p_program int, p_key text, p_revision bigint,
  p_order uuid, p_decided_for uuid, p_version int, p_digest bytea, p_answer bytea, p_now timestamptz, p_actor text,
  p_member uuid, p_keeps boolean, p_store bigint, p_channel text, p_currency text, p_codes text[], p_owner text, p_skus text[],
  p_limit_keys text[], p_limits bigint[], p_wants text[], p_occurred timestamptz) returns bigint
language plpgsql as $$
declare v_id uuid; v_known text;
begin
  select c.session_id, c.known into v_id, v_known
    from checkout_context(p_program, p_key, p_member, p_keeps, p_store, p_channel, p_currency, p_codes, p_owner, p_skus,
                          p_limit_keys, p_limits, p_wants, p_occurred, p_now) c;
  if v_id is distinct from p_id or v_known is distinct from p_known then perform checkout_moved(); end if;
  return checkout_close(p_program, p_key, p_revision, p_order, p_decided_for, p_version, p_digest, p_answer, null, p_now, p_actor);
end $$;

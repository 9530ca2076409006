-- Published for bulk reading; the columns are a promise. One row a redemption: `state` as the story has it, `paid` what it
-- cost by unit, `source` what gave it when nobody paid; and one row a gift to a cause.
create or replace view rewards_redemption_facts as
  select r.id as redemption_id, r.program_id, r.member_id, r.reward, r.version, r.kind, r.session, r.count, r.state, r.store,
         r.source, (select jsonb_object_agg(s ->> 'unit', (s ->> 'amount')::bigint) from jsonb_array_elements(r.spends) s) as paid,
         r.due_minor, r.currency, r.requested_at, r.changed_at, r.closed_at, r.gave_back
    from rewards_redemption r;
create or replace view rewards_gift_facts as
  select g.program_id, g.cause, g.unit, g.amount, g.redemption_id, g.at from rewards_gift g;

-- Published for bulk reading; the columns are a promise. One row an order, nobody's name in it; `member_id` is the member
-- to whom it was told or who claimed it (null: a guest), who may have been merged into another since.
create or replace view orders_facts as
  select o.id as order_id, o.program_id, o.member_id, o.source, o.ref, o.store_id, o.channel, o.currency, o.state,
         o.total_minor, o.rule_version, o.occurred_at, o.recorded_at, o.claimed_at
    from orders_order o;

-- Published for bulk reading; the columns are a promise.
-- What gave a measure its value, one row per lot that still counts or once did: on the day that it began to count (for
-- value that counts at once, the purchase's, however late it was told), without what was taken back since. An amount that
-- expired counts until then.
create or replace view ledger_measure_facts as
  select l.member_id, l.program_id, u.key as unit, l.seq, l.activates_at as counts_from,
         coalesce(l.expires_at, 'infinity') as counts_until,
         case when l.state = 'expired' then coalesce((select sum(t.amount) from ledger_allocation t
                where t.member_id = l.member_id and t.lot_seq = l.seq and t.lot_n = l.n and t.kind = 'expire'), 0)::bigint
              else l.remaining end as amount
    from ledger_lot_facts l
    join ledger_unit u on u.program_id = l.program_id and u.slot = l.unit and u.kind = 'measure'
   where l.state in ('active', 'expired') and (l.remaining > 0 or l.state = 'expired');

-- Returns of history, one after the other in the order of their events, in one call and without news.
-- p_rows: [{"ord", "id", "member_id", "source", "ref", "occurred_at", "digest" (hex), "lines": as orders_take_back}].

create or replace function orders_take_back_many(p_program int, p_actor text, p_recorded timestamptz, p_rows jsonb)
returns table (ord bigint, refund bigint, clawed bigint[], owed bigint[], forgiven bigint[]) language plpgsql as $$
declare r record; v jsonb;
begin
  for r in select * from jsonb_to_recordset(p_rows) as x(ord bigint, id uuid, member_id uuid, source text, ref text,
             occurred_at timestamptz, digest text, lines jsonb) order by x.ord loop
    v := orders_take_back(r.member_id, p_program, r.id, r.source, r.ref, r.occurred_at, p_recorded, decode(r.digest, 'hex'),
                          p_actor, r.lines, true);
    ord := r.ord; refund := v->'refund';
    select array_agg(t::bigint) into clawed from jsonb_array_elements_text(v->'clawed') t;
    select array_agg(t::bigint) into owed from jsonb_array_elements_text(v->'owed') t;
    select array_agg(t::bigint) into forgiven from jsonb_array_elements_text(v->'forgiven') t;
    return next;
  end loop;
end $$;

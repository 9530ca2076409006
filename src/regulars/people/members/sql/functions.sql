-- Member numbers come from one counter of the whole install; the permutation of each program scatters them.
create sequence members_number_seq;

-- The standing of a member, for stored functions of the floors above: they read it in the statement that needs it.
-- A table, because only then can the planner unfold it: called as a function it would cost every order 50 µs.
create function members_standing(p_member uuid) returns table (status text, merged_into uuid, program_id integer)
language sql stable as $$
    select m.status, m.merged_into, m.program_id from members_member m where m.id = p_member
$$;

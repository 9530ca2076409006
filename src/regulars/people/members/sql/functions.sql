-- Member numbers come from one counter of the whole install; the permutation of each program scatters them.
create sequence members_number_seq;

-- The standing of a member, for stored functions of the floors above: they read it in the statement that needs it.
create function members_standing(p_member uuid, out status text, out merged_into uuid, out program_id integer)
language sql stable as $$
    select m.status, m.merged_into, m.program_id from members_member m where m.id = p_member
$$;

-- What events publish for bulk reading; merged members count as one person.
create view events_facts as
select
    e.id as row_id,
    e.program_id,
    e.event_id,
    t.key as type,
    m.person_id as member_id,
    e.anonymous_id,
    e.at,
    e.recorded_at,
    e.properties
from events_event e
join events_type t on t.id = e.type_id
left join members_facts m on m.member_id = e.member_id;

-- What stands now, for bulk reading: one row a person, purpose, channel and topic; merged members count as one person.
create view consent_facts as
select distinct on (m.person_id, e.purpose, e.channel, e.topic)
    m.program_id,
    m.person_id as member_id,
    e.purpose,
    e.channel,
    e.topic,
    e.granted,
    e.at,
    e.text_version,
    e.source,
    e.id as event_id
from consent_event e
join members_facts m on m.member_id = e.member_id
order by m.person_id, e.purpose, e.channel, e.topic, e.at desc, e.id desc;

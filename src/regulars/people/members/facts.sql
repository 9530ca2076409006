-- What members publish for bulk reading. No personal data; a merged member names the one it was merged into.
create view members_facts as
select
    m.id as member_id,
    m.program_id,
    coalesce(m.merged_into, m.id) as person_id,
    m.merged_into,
    m.number,
    m.status,
    m.joined_at,
    m.joined_channel,
    m.joined_store,
    m.locale,
    m.zone,
    m.birth_month,
    m.birth_day,
    m.attributes,
    m.forgotten_at
from members_member m;

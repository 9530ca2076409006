-- What agreements publish for bulk reading; the columns are a promise.
create or replace view agreements_facts as
select k.program_id, k.member_id, k.telling_id, coalesce(k.version, t.version) as version, k.source, k.at
  from agreements_acknowledgement k left join agreements_telling t on t.id = k.telling_id;

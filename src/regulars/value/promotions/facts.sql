-- Published for bulk reading; the columns are a promise. One row a limit or budget beyond the member that was ever taken
-- from: `key` is <promotion>/<scope>[:<of what>]/<times|minor>/<period>[/<first day>], `used` what was taken and not given
-- back, all slots of a hot budget together.
create or replace view promotions_usage_facts as
  select u.program_id, split_part(u.key, '#', 1) as key, split_part(u.key, '/', 1) as promotion, sum(u.used)::bigint as used
    from promotions_usage u group by 1, 2, 3;

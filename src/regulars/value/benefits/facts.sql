-- Published for bulk reading; the columns are a promise. One row a use: `state` is used or undone, `level` the member's at
-- that moment (ladder/level), `cost_minor` in the program's currency, `occasion` what brought it where it came by itself.
create or replace view benefits_use_facts as
  select u.program_id, u.member_id, u.id as use_id, u.benefit, u.version, u.times, u.state, u.via, u.level, u.cost_minor,
         u.funder, u.ref, u.store, g.occasion, u.used_at, u.undone_at
    from benefits_use u left join benefits_gift g on g.id = u.gift_id;

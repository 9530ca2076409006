-- R9: what was published, what happened, what was stocked and what was given to a cause is never changed.
-- (TRUNCATE stays possible, for tests.)
create or replace function rewards_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '23001', message = tg_name, detail = format('%s of %s refused', tg_op, tg_table_name);
end $$;

create or replace trigger "R9_a_published_reward_never_changes" before update or delete on rewards_reward
  for each row execute function rewards_refuse_change();
create or replace trigger "R9_a_story_is_never_changed" before update or delete on rewards_chapter
  for each row execute function rewards_refuse_change();
create or replace trigger "R9_a_stocking_is_never_changed" before update or delete on rewards_stocking
  for each row execute function rewards_refuse_change();
create or replace trigger "R9_a_gift_is_never_changed" before update or delete on rewards_gift
  for each row execute function rewards_refuse_change();

-- Room in the page: a shelf is the one row that all who want the last piece change.
alter table rewards_shelf set (fillfactor = 50);
alter table rewards_tally set (fillfactor = 80);
alter table rewards_redemption set (fillfactor = 80);

-- R1 again: a published promotion never changes, nor does what it says. (TRUNCATE stays possible, for tests.)
create or replace trigger "R1_a_published_promotion_never_changes" before update or delete on promotions_promotion
  for each row execute function promotions_refuse_change();
create or replace trigger "R1_what_a_promotion_says_never_changes" before update or delete on promotions_body
  for each row execute function promotions_refuse_change();
-- the rows of limits are updated all the time: room for the next state on the same page, and vacuum that comes often
alter table promotions_usage set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

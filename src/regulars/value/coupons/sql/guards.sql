-- W11: the story of a coupon is never changed. W12: nor is a published template. (TRUNCATE stays possible, for tests.)
create or replace function coupons_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '23001', message = tg_name, detail = format('%s of %s refused', tg_op, tg_table_name);
end $$;

create or replace trigger "W11_a_story_is_never_changed" before update or delete on coupons_event
  for each row execute function coupons_refuse_change();
create or replace trigger "W12_a_published_template_never_changes" before update or delete on coupons_template
  for each row execute function coupons_refuse_change();

-- Room in the page: a coupon changes its state where it lies.
alter table coupons_use set (fillfactor = 80);
alter table coupons_tally set (fillfactor = 80);
alter table coupons_usage set (fillfactor = 50);

-- Numbers of single coupons: a process takes a hundred at a time; what it does not use is lost, and harmless.
create sequence if not exists coupons_single increment by 100;

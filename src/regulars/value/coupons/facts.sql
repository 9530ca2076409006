-- Published for bulk reading; the columns are a promise. One row a time that a basket took a coupon: `state` is reserved,
-- redeemed, released or restored; `order_ref` (<source>/<ref>) is the order that redeemed it; `code` as it is stored.
create or replace view coupons_use_facts as
  select u.program_id, u.coupon_id, c.code, u.is_shared, u.template, u.member_id, u.state, u.owner, u.order_ref, u.taken_at,
         u.settled_at
    from coupons_use u join coupons_coupon c on c.id = u.coupon_id;

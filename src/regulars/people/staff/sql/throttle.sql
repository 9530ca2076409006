-- How often somebody tried to log in, shared by all processes. It may be lost in a crash, so it is not logged.
create unlogged table staff_throttle (
    cache_key varchar(255) primary key,
    value text not null,
    expires timestamptz not null
);
create index staff_throttle_expires on staff_throttle (expires);

-- What programs publish for bulk reading; the columns are a promise.
create view programs_facts as
select p.id as program_id, p.key, p.name, p.zone, p.currency, p.locale, p.current_version from programs_program p;

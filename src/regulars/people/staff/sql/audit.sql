create or replace function staff_audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'S4_audit_is_append_only: the audit trail is never changed or emptied';
end $$;

create trigger staff_audit_is_append_only before update or delete on staff_audit
for each row execute function staff_audit_is_append_only();

create trigger staff_audit_is_never_emptied before truncate on staff_audit
for each statement execute function staff_audit_is_append_only();

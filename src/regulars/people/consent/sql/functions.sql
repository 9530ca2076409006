-- C7, C8: evidence is never changed and never deleted; who changes her mind adds an event.
create function consent_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception '% rows are evidence: they are never changed or deleted', tg_table_name
        using errcode = 'integrity_constraint_violation', constraint = tg_argv[0];
end $$;

create trigger consent_event_is_append_only before update or delete on consent_event
    for each row execute function consent_is_append_only('C7_events_are_append_only');
create trigger consent_event_is_never_emptied before truncate on consent_event
    for each statement execute function consent_is_append_only('C7_events_are_append_only');
create trigger consent_text_is_append_only before update or delete on consent_text
    for each row execute function consent_is_append_only('C8_texts_are_append_only');
create trigger consent_text_is_never_emptied before truncate on consent_text
    for each statement execute function consent_is_append_only('C8_texts_are_append_only');

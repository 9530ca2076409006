-- What is sealed of a journal that gives at once, from whoever issues to the wallet, with its lots packed: the columns that
-- differ from one such journal to the next, in binary, a quarter of the work of the text in canonical.sql and as
-- unambiguous: numbers and instants have a fixed width, an array says how long it and each element is, and the first
-- byte is none that a text has. `p_texts`: key, kind, source type, source ref, actor, reason.

create or replace function ledger_plain(p_member uuid, p_seq bigint, p_program int, p_rule_version int,
  p_occurred timestamptz, p_recorded timestamptz, p_texts text[], p_digest bytea, p_units smallint[], p_amounts bigint[],
  p_packed timestamptz[]) returns bytea language sql stable parallel safe as $$
  select '\x00'::bytea || uuid_send(p_member) || int8send(p_seq) || int4send(p_program)
         || int4send(coalesce(p_rule_version, -1)) || timestamptz_send(p_occurred) || timestamptz_send(p_recorded)
         || array_send(p_texts) || array_send(array[p_digest]) || array_send(p_units) || array_send(p_amounts)
         || array_send(p_packed) $$;

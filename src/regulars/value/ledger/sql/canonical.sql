-- How a journal becomes bytes, and the bytes a chain. ONE form, used by the single verbs, by bulk and by verify; a journal
-- whose lots are born packed has a shorter one (sealing.sql).
-- All functions here are deterministic; those marked stable are so only because PostgreSQL marks array output, extract
-- and convert_to that way, and a function no stricter than its body can be unfolded in place.
-- PostgreSQL's own text form of text[] quotes and escapes every element, so that two different journals never give
-- the same text. Instants are whole microseconds since 1970 in UTC: no setting of a session can change them.

create or replace function ledger_micros(p timestamptz) returns bigint language sql stable parallel safe as
$$ select (extract(epoch from p) * 1000000)::bigint $$;

create or replace function ledger_micros(p timestamptz[]) returns bigint[] language plpgsql immutable parallel safe as $$
declare r bigint[]; i int;
begin
  if p is null or num_nonnulls(variadic p) = 0 then return null; end if;
  for i in 1 .. cardinality(p) loop r[i] := extract(epoch from p[i]) * 1000000; end loop;
  return r;
end $$;

-- An array of nothing but nulls is the same as no array.
create or replace function ledger_some(p anyarray) returns anyarray language sql immutable parallel safe as
$$ select case when num_nonnulls(variadic p) = 0 then null else p end $$;

create or replace function ledger_posts_text(units smallint[], debits text[], credits text[], amounts bigint[], parties text[])
returns text language sql stable parallel safe as
$$ select array[units::text, debits::text, credits::text, amounts::text, ledger_some(parties)::text]::text $$;

create or replace function ledger_lots_text(units smallint[], amounts bigint[], activates bigint[], events text[],
  deadlines bigint[], expires bigint[], funders text[], costs bigint[], origins text[])
returns text language sql stable parallel safe as $$
  select array[units::text, amounts::text, activates::text, ledger_some(events)::text, deadlines::text, expires::text,
               ledger_some(funders)::text, ledger_some(costs)::text, ledger_some(origins)::text]::text $$;

create or replace function ledger_takes_text(kinds text[], lot_seqs bigint[], lot_ns smallint[], amounts bigint[])
returns text language sql stable parallel safe as
$$ select array[kinds::text, lot_seqs::text, lot_ns::text, amounts::text]::text $$;

create or replace function ledger_body(p_program int, p_key text, p_kind text, p_source_type text, p_source_ref text,
  p_source_line text, p_rule_version int, p_occurred timestamptz, p_recorded timestamptz, p_actor text, p_reverses bigint,
  p_reverses_member uuid, p_reason text, p_digest bytea, p_posts text, p_lots text, p_takes text)
returns text language sql stable parallel safe as $$
  select array[p_program::text, p_key, p_kind, p_source_type, p_source_ref, p_source_line, p_rule_version::text,
               ((extract(epoch from p_occurred) * 1000000)::bigint)::text,
               ((extract(epoch from p_recorded) * 1000000)::bigint)::text,
               p_actor, p_reverses::text, p_reverses_member::text, p_reason, encode(p_digest, 'hex'),
               p_posts, p_lots, p_takes]::text $$;

create or replace function ledger_told(p_member uuid, p_seq bigint, p_body text)
returns bytea language sql stable parallel safe as
$$ select convert_to(p_member::text || '/' || p_seq::text || p_body, 'UTF8') $$;

create or replace function ledger_link(p_head bytea, p_member uuid, p_seq bigint, p_body text)
returns bytea language sql stable parallel safe as
$$ select sha256(p_head || ledger_told(p_member, p_seq, p_body)) $$;

-- Where a member's chain begins.
create or replace function ledger_genesis(p_member uuid) returns bytea language sql stable parallel safe as
$$ select sha256(convert_to('regulars ledger ' || p_member::text, 'UTF8')) $$;

-- The same chain over many journals in one pass: `ledger_chain(head, what is sealed) over (… order by seq)`.
create or replace function ledger_chain_step(p_state bytea, p_head bytea, p_sealed bytea)
returns bytea language sql immutable parallel safe as
$$ select sha256(coalesce(p_state, p_head) || p_sealed) $$;

create or replace aggregate ledger_chain(bytea, bytea) (sfunc = ledger_chain_step, stype = bytea);

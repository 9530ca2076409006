"""A journal loses nothing that was confirmed, wherever a crash tears it, and hides no damage."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars_till.errors import JournalDamaged, JournalInUse
from regulars_till.journal import Journal

RECORDS = [{"kind": "sale", "n": 1, "text": "茶 100 g"}, {"kind": "taken", "seqs": [1]}, {"a": {"b": [1, 2]}}]


def a_journal(path, records=RECORDS):
    journal = Journal(path)
    for record in records:
        journal.append(record)
    journal.close()
    return path.read_bytes()


def opened(path):
    journal = Journal(path)
    journal.close()
    return [record for _, record in journal.records]


def test_torn_at_every_byte_it_opens_with_all_whole_records_and_goes_on(tmp_path):
    whole = a_journal(tmp_path / "whole")
    path = tmp_path / "torn"
    for at in range(len(whole) + 1):
        path.write_bytes(whole[:at])
        journal = Journal(path)
        complete = whole[:at].count(b"\n")
        assert [r for _, r in journal.records] == RECORDS[:complete]
        journal.append({"after": at})
        journal.close()
        assert opened(path) == [*RECORDS[:complete], {"after": at}]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_torn_with_zeros_or_rubbish_after_it_loses_no_whole_record(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("j") / "j"
    whole = a_journal(path)
    at = data.draw(st.integers(0, len(whole)))
    rubbish = data.draw(st.one_of(st.integers(1, 600).map(lambda n: b"\0" * n), st.binary(max_size=80)))
    path.write_bytes(whole[:at] + rubbish.replace(b"\n", b""))
    journal = Journal(path)
    journal.close()
    kept = [r for _, r in journal.records]
    assert kept in (RECORDS[: whole[:at].count(b"\n")], RECORDS[: whole[:at].count(b"\n") + 1])
    assert opened(path) == kept


def test_a_changed_byte_before_the_end_is_damage_and_the_file_stays_as_it_is(tmp_path):
    path = tmp_path / "j"
    whole = a_journal(path)
    second = whole.index(b"\n") + 1
    for at in range(0, second - 1, 7):
        changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        path.write_bytes(changed)
        with pytest.raises(JournalDamaged):
            Journal(path)
        assert path.read_bytes() == changed


def test_a_record_taken_out_of_the_middle_is_damage(tmp_path):
    path = tmp_path / "j"
    first, second, third = a_journal(path).splitlines(keepends=True)
    for content in (first + third + third, second + first + third, third + second + first):
        path.write_bytes(content)
        with pytest.raises(JournalDamaged):
            Journal(path)


def test_what_is_cut_off_is_kept_beside_it(tmp_path):
    path = tmp_path / "j"
    whole = a_journal(path)
    path.write_bytes(whole + b"half a rec")
    assert opened(path) == RECORDS
    assert (tmp_path / "j.torn").read_bytes() == b"half a rec\n"


def test_two_programs_cannot_hold_one_journal(tmp_path):
    first = Journal(tmp_path / "j")
    with pytest.raises(JournalInUse):
        Journal(tmp_path / "j")
    first.close()
    assert opened(tmp_path / "j") == []


def test_a_write_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "j")
    journal.append({"n": 1})

    def full(_fd):
        raise OSError("disk full")

    monkeypatch.setattr("regulars_till.journal.os.fsync", full)
    with pytest.raises(OSError, match="full"):
        journal.append({"n": 2})
    monkeypatch.undo()
    journal.append({"n": 3})
    journal.close()
    assert opened(tmp_path / "j") == [{"n": 1}, {"n": 3}]

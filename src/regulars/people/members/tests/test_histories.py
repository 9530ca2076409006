"""Any sequence of calls agrees with a plain model of who holds which phone."""

from datetime import UTC, datetime

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.kernel import clock
from regulars.kernel.errors import Refusal
from regulars.people.members import services as members
from regulars.people.members.terms import Claim, HeldByAnother, IdentifierType, TwoMembers

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PHONES = [f"1380000000{n}" for n in range(4)]

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("register"), st.lists(st.sampled_from(PHONES), max_size=2), st.booleans()),
        st.tuples(st.just("add"), st.integers(0, 5), st.sampled_from(PHONES)),
        st.tuples(st.just("release"), st.integers(0, 5), st.sampled_from(PHONES)),
        st.tuples(st.just("merge"), st.integers(0, 5), st.integers(0, 5)),
        st.tuples(st.just("undo"), st.integers(0, 3), st.just(0)),
        st.tuples(st.just("forget"), st.integers(0, 5), st.just(0)),
    ),
    min_size=4,
    max_size=14,
)


class Town:
    """Who holds which phone, by a dict; and the same told to the services."""

    def __init__(self, program):
        self.program, self.people, self.holder, self.merges = program, [], {}, []

    def register(self, phones, verified):
        claims = [
            Claim(type=IdentifierType.PHONE, value=p, verified_at=NOW if verified else None)
            for p in dict.fromkeys(phones)
        ]
        held = {self.holder[p] for p in phones if verified and p in self.holder}
        try:
            done = members.register(program_id=self.program, identifiers=claims, actor="key:1")
        except TwoMembers:
            assert len(held) == 2
            return
        assert len(held) < 2
        assert done.created == (not held)
        if done.created:
            self.people.append(done.member_id)
        assert not held or {done.member_id} == held
        if verified:
            self.holder |= dict.fromkeys(phones, done.member_id)

    def add(self, n, phone):
        who = self.people[n % len(self.people)]
        claim = Claim(type=IdentifierType.PHONE, value=phone, verified_at=NOW)
        try:
            members.add_identifier(program_id=self.program, member_id=who, claim=claim, actor="key:1")
        except HeldByAnother:
            assert self.holder.get(phone, who) != who
            return
        assert self.holder.setdefault(phone, who) == who

    def release(self, n, phone):
        who = self.people[n % len(self.people)]
        shown = members.identifiers(program_id=self.program, member_id=who, reveal=True)
        for one in shown:
            if one.value == f"+86{phone}":
                members.release_identifier(
                    program_id=self.program, member_id=who, identifier_id=one.identifier_id, reason="x", actor="key:1"
                )
        if self.holder.get(phone) == who:
            del self.holder[phone]

    def merge(self, a, b):
        from_, into = self.people[a % len(self.people)], self.people[b % len(self.people)]
        record = members.absorb(program_id=self.program, from_id=from_, into_id=into)
        moved = [p for p, who in self.holder.items() if who == from_]
        self.holder |= dict.fromkeys(moved, into)
        self.merges.append((record, from_, into, moved))

    def undo(self, n, _):
        record, from_, into, moved = self.merges.pop(n % len(self.merges))
        now_at = members.fact(program_id=self.program, member_id=from_).merged_into or into
        kept = members.separate(program_id=self.program, record=record)["kept"]
        came = [p for p in moved if self.holder.get(p) == now_at]
        held = {p for p in PHONES if members.lookup(program_id=self.program, type="phone", value=p) == [from_]}
        assert held <= set(came) | {p for p, who in self.holder.items() if who == from_}
        assert len(held) + len(kept) >= len(moved)
        self.holder |= dict.fromkeys(held, from_)

    def forget(self, n, _):
        who = self.people[n % len(self.people)]
        gone = {who, *members.merged_from(program_id=self.program, member_id=who)}
        members.forget(program_id=self.program, member_id=who, actor="staff:1")
        self.holder = {p: holder for p, holder in self.holder.items() if holder not in gone}

    def agree(self):
        for phone in PHONES:
            found = members.lookup(program_id=self.program, type="phone", value=phone)
            assert found == ([self.holder[phone]] if phone in self.holder else [])
        for who in self.people:
            shown = members.identifiers(program_id=self.program, member_id=who, reveal=True)
            verified = {one.value.removeprefix("+86") for one in shown if one.verified_at}
            assert verified == {phone for phone, holder in self.holder.items() if holder == who}
        for one, known in members.facts(program_id=self.program, member_ids=self.people).items():
            target = known.merged_into
            assert target is None or members.fact(program_id=self.program, member_id=target).merged_into is None, one


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_any_history_leaves_each_phone_with_the_member_the_model_says(program, steps):
    with transaction.atomic(), clock.at(NOW):
        town = Town(program)
        town.register([], True)
        for verb, *given_ in steps:
            if verb == "undo" and not town.merges:
                continue
            try:
                with transaction.atomic():
                    getattr(town, verb)(*given_)
            except Refusal:
                continue
            finally:
                town.agree()
        transaction.set_rollback(True)

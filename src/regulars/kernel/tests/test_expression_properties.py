"""Expressions, whatever is written and whatever is known: splitting `&&` changes nothing, nonsense never crashes."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from regulars.kernel.expressions import BadExpression, activation, compile, compile_condition, tree
from regulars.kernel.tests.test_expressions import BASKET, FACTS

ATOMS = [
    "member.vip",
    "!member.vip",
    "member.tier == 'gold'",
    "member.tier == 'a && b'",
    'channel == "(|| ? &&"',
    "channel == '''it's && \\' (\n'''",
    "channel != r'\\d (' && member.vip",
    "basket.total_minor > 1000",
    "1 / (member.orders - 7) > 0",
    "tender.types.exists(t, t == 'cash' && member.vip)",
    "{'a && b': true}['a && b']",
    "(member.vip ? member.vip && true : false)",
    "member.orders > 3 // not && a part\n",
    "true",
    "has(member.traits.size)",
]
conditions = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.builds("{} && {}".format, inner, inner),
        st.builds("({}) && ({})".format, inner, inner),
        st.builds("(({} || {}))".format, inner, inner),
        st.builds("{} || {}".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("( {}\n)".format, inner),
        st.builds("({}) ? ({}) : {}".format, inner, inner, inner),
    ),
    max_leaves=8,
)
known = st.dictionaries(st.sampled_from(sorted(FACTS)), st.none()).map(
    lambda gone: {k: v for k, v in FACTS.items() if k not in gone}
)
changed = st.fixed_dictionaries(
    {},
    optional={
        "member.vip": st.booleans(),
        "member.tier": st.sampled_from(["gold", "a && b"]),
        "member.orders": st.integers(0, 9),
    },
)


@given(source=conditions, facts=known, other=changed)
@example(source="((member.vip)) && (((member.vip && true)))", facts={}, other={})
@settings(max_examples=300, deadline=None)
def test_splitting_at_and_changes_no_answer_and_agrees_with_the_tree(
    source: str, facts: dict[str, Any], other: dict[str, Any]
) -> None:
    facts = {**facts, **other}
    whole = compile_condition(source, BASKET)
    parts = whole.parts
    assert len(parts) == tree.read(whole._program.serialize(), frozenset(BASKET.variables)).conjuncts
    assert whole.test(facts) is all(part.test(facts) for part in parts)
    assert frozenset().union(*(part.names for part in parts)) == whole.names
    reasons = whole.reasons(facts)
    assert whole.test(facts) is (not reasons)
    assert [r.part for r in reasons] == [p.text for p in parts if not p.test(facts)]
    assert whole.reasons(activation(BASKET, facts)) == reasons
    for reason in reasons:
        missing = set(reason.names)
        assert missing.isdisjoint(facts)
        assert (reason.kind == "missing") is bool(missing)


SIGNS = "&& || ! ( ) [ ] { } . , ? : + - * / % == != < in has all map matches dyn size 'x' \" ' ''' r' // ` @ \\ \n"
WORDS = [*ATOMS, *SIGNS.split(" ")]


def understandable(errors: list[tuple[str, str]]) -> None:
    assert errors
    for at, message in errors:
        assert message
        assert not at or all(int(n) >= 1 for n in at.split(":"))
        assert "<input>" not in message


@given(
    st.one_of(
        st.text(max_size=80),
        st.lists(st.sampled_from(WORDS), max_size=12).map("".join),
        st.binary(max_size=40).map(lambda b: b.decode("latin-1")),
    )
)
@settings(max_examples=600, deadline=None)
def test_nonsense_is_refused_or_answered_and_nothing_else(source: str) -> None:
    try:
        expression = compile(source, BASKET)
    except BadExpression as error:
        understandable(error.errors)
        return
    expression.evaluate(FACTS)
    expression.reasons({})
    assert expression.test(FACTS) in (True, False)


@given(
    st.dictionaries(
        st.sampled_from(sorted(FACTS)),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=3), x, max_size=3),
            max_leaves=5,
        ),
    )
)
@settings(max_examples=200, deadline=None)
def test_any_facts_are_answered(facts: dict[str, Any]) -> None:
    for source in ATOMS:
        condition = compile_condition(source, BASKET)
        assert condition.test(facts) is (condition.reasons(facts) == ())

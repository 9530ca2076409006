"""Expressions: what is refused and why, what is answered, and that splitting `&&` changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from regulars.kernel.errors import Broken, Invalid
from regulars.kernel.expressions import (
    BadExpression,
    Context,
    Function,
    NoAnswer,
    Type,
    activation,
    compile,
    compile_condition,
    text,
)

BASKET = Context(
    name="test",
    variables={
        "member.tier": str,
        "member.orders": int,
        "member.vip": bool,
        "member.traits": dict[str, str],
        "basket.total_minor": int,
        "line.quantity": float,
        "tender.types": list[str],
        "numbers": list[int],
        "channel": str,
        "now": datetime,
    },
    functions=(
        Function(name="bought", takes=(str, timedelta), gives=int),
        Function(name="twice", takes=(int,), gives=int, do=lambda n: 2 * n),
    ),
)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACTS: dict[str, Any] = {
    "member.tier": "gold",
    "member.orders": 7,
    "member.vip": True,
    "member.traits": {"size": "tall"},
    "basket.total_minor": 1_250,
    "line.quantity": 0.5,
    "tender.types": ["cash", "card"],
    "numbers": [1, 2, 3],
    "channel": "till",
    "now": NOON,
}


def refused(source: str, context: Context = BASKET) -> list[tuple[str, str]]:
    with pytest.raises(BadExpression) as caught:
        compile_condition(source, context)
    assert isinstance(caught.value, Invalid)
    assert caught.value.status == 422
    return caught.value.errors


@pytest.mark.parametrize(
    ("source", "holds"),
    [
        ("member.tier == 'gold'", True),
        ("member.tier in ['silver', 'gold'] && basket.total_minor >= 1000", True),
        ("basket.total_minor > 1250", False),
        ("line.quantity < 1.0", True),
        ("'cash' in tender.types", True),
        ("tender.types.exists(t, t.startsWith('ca'))", True),
        ("member.traits.size == 'tall' && has(member.traits.size) && !has(member.traits.milk)", True),
        ("member.traits['size'] != 'small'", True),
        ("now - duration('24h') < timestamp('2026-03-01T00:00:00Z')", True),
        ("now.getDayOfWeek('Asia/Shanghai') == 0 && now.getHours('Asia/Shanghai') == 20", True),
        ("twice(member.orders) == 14", True),
        ("member.vip ? channel == 'till' : channel == 'shop'", True),
        ("numbers.all(n, n > 0) && numbers.exists_one(n, n == 2)", True),
        ("channel == '咖啡'", False),
        ("size('咖啡') == 2", True),
        ("channel.matches('^t.l+$')", True),
    ],
)
def test_a_condition_says_what_its_text_says(source: str, holds: bool) -> None:
    assert compile_condition(source, BASKET).test(FACTS) is holds
    assert compile_condition(source, BASKET).test(activation(BASKET, FACTS)) is holds


@pytest.mark.parametrize(
    ("source", "at", "says"),
    [
        ("member.teir == 'gold'", "1:7", "did you mean `member.tier`"),
        ("member.tier == 'gold' &&\n  mamber.orders > 3", "2:9", "`mamber.orders` is not known"),
        ("'咖啡' == channel && '😀' == nobody", "1:27", "`nobody` is not known"),
        ("member.tier == 3", "1:13", "`==` cannot take (string, int)"),
        ("basket.total_minor > 2.5", "1:20", "`>` cannot take (int, double)"),
        ("member.tier", "1:1", "gives a string, not true or false"),
        ("member.tier +", "1:14", "ends too early"),
        ("member.tier = 'gold'", "1:13", "does not belong here"),
        ("member.vip member.vip", "1:12", "not expected here"),
        ("", "1:1", "empty"),
        ("  \n ", "1:1", "empty"),
        ("member.vip || dyn(1) == 'a'", "1:18", "switches the check of types off"),
        ("has(member.tier) == 'gold'", "1:1", "`member.tier` is a fact"),
        ("tender.types.exists(channel, channel == 'x')", "1:20", "is the name of a fact"),
        ("channel.matches('((')", "1:16", "wrong for matches()"),
        ("size(numbers.filter(n, n > 1)) == 2", "1:20", "map and filter are not offered"),
        ("1 in numbers.map(n, n * 2)", "1:17", "map and filter are not offered"),
        ("channel.matches(member.tier)", "1:16", "must be written out"),
        ("now > timestamp('1 May')", "1:16", "wrong for timestamp()"),
        ("now - duration('2 days') > now", "1:15", "wrong for duration()"),
        ("now.getHours('Mars/Base') > 1", "1:13", "Invalid timezone"),
        ("google.protobuf.Int64Value{value: 1} == google.protobuf.Struct{}", "", ""),
        ("channel == 'a\0b'", "1:14", "invisible sign U+0000"),
        ("channel == '\ud800'", "1:13", "invisible sign U+D800"),
        ("bought('coffee') > 1", "1:7", "`bought` is called as bought(string, duration)"),
        ("bougt('coffee', duration('1h')) > 1", "1:6", "did you mean `bought`"),
        ("bought(1, duration('1h')) > 1", "1:7", "cannot take (int, duration)"),
        ("size() > 1", "1:5", "with these arguments"),
        ("member.tier.name == 'x'", "1:12", "remove what follows the dot"),
    ],
)
def test_a_fault_says_where_it_is_and_what_to_do(source: str, at: str, says: str) -> None:
    errors = refused(source)
    assert any((place == at or not at) and says in message for place, message in errors), errors


def test_limits_are_exact() -> None:
    assert compile_condition("member.vip" + " " * (text.LONGEST - 10), BASKET).test(FACTS)
    assert refused("member.vip" + " " * (text.LONGEST - 9)) == [
        ("1:2001", "the expression has 2001 characters; at most 2000 are allowed")
    ]
    deep = "!(" * 24 + "member.vip" + ")" * 24
    assert compile_condition(deep, BASKET).test(FACTS)
    assert "nested deeper than 24" in refused("!(" + deep + ")")[0][1]
    assert compile_condition(" && ".join(["member.vip"] * 64), BASKET).test(FACTS)
    assert "more than 64 parts" in refused(" && ".join(["member.vip"] * 65))[0][1]
    assert "nested" in refused("1" + " + 1" * 60 + " == 61")[0][1]
    assert "nested" in refused("1" + " + 1" * 26 + " == 27")[0][1]
    many = " || ".join(["n == 5"] * 24)
    assert compile_condition(f"numbers.exists(n, {many})", BASKET).test({"numbers": [5]})
    assert "24 may" in refused(f"numbers.exists(n, {many} || n > 9)")[0][1]
    assert "24 may" in refused(f"[1].exists(m, numbers.exists(n, {many} || m > 9))")[0][1]
    assert compile_condition(" || ".join(["member.vip"] * 100), BASKET).test(FACTS)


def test_brackets_inside_text_and_comments_do_not_count_as_nesting() -> None:
    assert compile_condition(f"channel != '{'(' * 100}' // {'[' * 100}", BASKET).test(FACTS)


def test_walks_through_lists_end_after_ten_thousand_steps() -> None:
    squares = compile_condition("numbers.all(a, numbers.exists(b, b == a))", BASKET)
    assert squares.test({"numbers": list(range(50))})
    facts = {"numbers": list(range(300))}
    assert squares.test(facts) is False
    (reason,) = squares.reasons(facts)
    assert (reason.kind, reason.detail) == ("error", "more than 10,000 steps through lists")


@pytest.mark.parametrize("source", ["member.vip", "member.vip && channel == 'till'", "numbers.all(a, a in numbers)"])
@pytest.mark.parametrize(
    "facts", [FACTS, {}, {**FACTS, "channel": "web"}, {**FACTS, "numbers": [*range(300)]}, {"member.vip": False}]
)
def test_a_condition_says_why_not_exactly_when_it_is_not_true(source: str, facts: dict[str, Any]) -> None:
    condition = compile_condition(source, BASKET)
    reasons = "; ".join(map(str, condition.reasons(facts)))
    assert condition.why_not(facts) == condition.why_not(condition.bind(facts)) == reasons
    assert (reasons == "") == condition.test(facts)


def test_a_condition_whose_parts_hold_and_which_takes_too_long_as_a_whole_says_itself() -> None:
    whole = compile_condition(" && ".join(["numbers.all(a, numbers.exists(b, b == a))"] * 3), BASKET)
    facts = {"numbers": list(range(90))}
    assert (whole.reasons(facts), whole.test(facts)) == ((), False)
    assert whole.why_not(facts) == whole.text


def test_a_missing_fact_is_a_reason_and_never_true() -> None:
    condition = compile_condition(
        "channel == 'till' && !(member.tier == 'gold') && basket.total_minor > 5000", BASKET
    )
    facts = {"channel": "till", "basket.total_minor": 10, "member.tier": None}
    assert condition.test(facts) is False
    first, second = condition.reasons(facts)
    assert (first.part, first.kind, first.names) == ("!(member.tier == 'gold')", "missing", ("member.tier",))
    assert str(first) == "!(member.tier == 'gold') (member.tier is not known)"
    assert (second.part, second.kind) == ("basket.total_minor > 5000", "false")
    assert condition.reasons({**FACTS, "member.tier": "base", "basket.total_minor": 6000}) == ()


def test_what_is_not_needed_may_be_missing() -> None:
    assert compile_condition("channel == 'till' || member.tier == 'gold'", BASKET).test({"channel": "till"})


def test_a_missing_key_of_a_map_and_an_unbound_function_are_missing_facts() -> None:
    condition = compile_condition("member.traits.milk == 'oat' && bought('tea', duration('24h')) > 1", BASKET)
    assert [(r.kind, r.detail) for r in condition.reasons(FACTS)] == [
        ("missing", "there is no 'milk' in the map"),
        ("missing", "bought() cannot be asked here"),
    ]


def test_a_computation_that_fails_is_a_reason() -> None:
    for source in [
        "1 / (member.orders - 7) == 1",
        "numbers[9] == 1",
        "int(channel) == 1",
        "[1][member.orders] == 1",
    ]:
        condition = compile_condition(source, BASKET)
        assert condition.test(FACTS) is False
        (reason,) = condition.reasons(FACTS)
        assert (reason.part, reason.kind) == (source, "error")
    assert compile_condition("member.orders + 9223372036854775807 > 0", BASKET).reasons(FACTS)[0].kind == "error"


@pytest.mark.parametrize("value", ["text", 2**70, object(), b"x", [1], "\ud800"])
def test_a_fact_of_another_type_is_a_reason(value: Any) -> None:
    condition = compile_condition("member.orders > 1", BASKET)
    assert condition.test({"member.orders": value}) is False
    assert condition.reasons({"member.orders": value})[0].kind == "error"
    assert isinstance(compile("member.tier", BASKET).evaluate({"member.tier": 5}), NoAnswer)


def test_evaluate_gives_plain_values() -> None:
    assert compile("basket.total_minor * 2", BASKET).evaluate(FACTS) == 2_500
    assert compile("[member.tier] + tender.types", BASKET).evaluate(FACTS) == ["gold", "cash", "card"]
    assert compile("{'a': line.quantity}", BASKET).evaluate(FACTS) == {"a": 0.5}
    assert compile("now + duration('1h')", BASKET).evaluate(FACTS) == NOON + timedelta(hours=1)
    assert compile("now - timestamp('2026-03-01T00:00:00Z')", BASKET).evaluate(FACTS) == timedelta(hours=12)
    assert compile("member.tier", BASKET).evaluate({}) == NoAnswer(
        kind="missing", detail="member.tier is not known", names=("member.tier",)
    )


def test_the_type_of_an_expression_is_the_type_of_a_fact() -> None:
    for name, kind in BASKET.types.items():
        assert compile(name, BASKET).type == kind
    assert compile("now - now", BASKET).type == Type.DURATION
    assert compile("member.orders > 1 ? tender.types : ['a']", BASKET).type == Type.list_of(Type.STRING)


def test_instants_of_any_zone_are_the_same_instants() -> None:
    condition = compile_condition("now == timestamp('2026-03-01T12:00:00Z')", BASKET)
    assert condition.test({"now": NOON.astimezone(ZoneInfo("Asia/Shanghai"))})


def test_an_expression_knows_the_facts_and_functions_that_it_needs() -> None:
    expression = compile(
        "tender.types.exists(t, t == channel) && bought('a', duration('1h')) > member.orders && 'member.tier' != ''",
        BASKET,
    )
    assert expression.names == {"tender.types", "channel", "member.orders"}
    assert expression.functions == {"bought"}
    assert compile("numbers.exists(n, n == 1)", BASKET).names == {"numbers"}
    assert compile("{'a': channel}['a'] == 'b'", BASKET).names == {"channel"}
    assert compile("member.traits[channel] == 'b' || [member.tier] == ['c']", BASKET).names == {
        "member.traits",
        "channel",
        "member.tier",
    }


def test_functions_ask_about_the_member_of_the_activation() -> None:
    condition = compile_condition("bought('coffee', duration('2160h')) >= 3", BASKET)
    asked: list[tuple[str, timedelta]] = []

    def bought(what: str, within: timedelta) -> int:
        asked.append((what, within))
        return 3

    assert condition.test(activation(BASKET, {}, {"bought": bought}))
    assert asked == [("coffee", timedelta(days=90))]
    assert condition.test(activation(BASKET, {}, {"bought": lambda *_: 2})) is False
    broken = activation(BASKET, {}, {"bought": lambda *_: 1 // 0})
    assert condition.reasons(broken)[0].kind == "error"
    with pytest.raises(Broken):
        activation(BASKET, {}, {"sold": bought})


def test_an_activation_can_be_extended_by_the_facts_of_a_line() -> None:
    line = Context(name="line", variables={"channel": str, "line.category": str})
    basket = activation(line, {"channel": "till"})
    condition = compile_condition("channel == 'till' && line.category == 'tea'", line)
    assert condition.test(basket) is False
    assert condition.test(basket.extended({"line.category": "tea"}))
    assert condition.test(basket) is False


def test_only_the_facts_that_are_asked_are_read_and_each_once() -> None:
    read: list[str] = []

    class Facts(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            read.append(name)
            return super().get(name, default)

    condition = compile_condition("member.orders > 3 && member.orders < 9 && channel == 'till'", BASKET)
    assert condition.test(Facts(FACTS))
    assert sorted(read) == ["channel", "member.orders"]


def test_the_same_text_in_the_same_context_compiles_once() -> None:
    again = Context(name="test", variables=dict(reversed(BASKET.variables.items())), functions=BASKET.functions)
    assert again == BASKET
    assert compile("member.orders == 41", BASKET) is compile("member.orders == 41", again)
    other = Context(name="other", variables={"member.orders": str})
    assert compile("member.orders == '41'", other) is not compile("member.orders == 41", BASKET)
    with pytest.raises(BadExpression):
        compile("member.orders == 41", other)


def test_contexts_refuse_names_that_would_hide_each_other() -> None:
    for names in (["member", "member.tier"], ["in"], ["a b"], ["member."], ["1a"], ["a.for"]):
        with pytest.raises(Broken):
            Context(name="bad", variables=dict.fromkeys(names, str))
    with pytest.raises(Broken):
        compile("true", Context(name="bad", variables={"a": complex}))
    assert next(iter(BASKET.types.items())) == ("basket.total_minor", Type.INT)
    assert BASKET.types["member.traits"] == Type.map_of(Type.STRING)


def test_faults_can_stand_under_the_path_of_a_document() -> None:
    with pytest.raises(BadExpression) as caught:
        compile_condition("member.teir == 'x'", BASKET)
    ((path, message),) = caught.value.under("promotions.tea.when")
    assert path == "promotions.tea.when"
    assert message.startswith("1:7: `member.teir`")


def test_threads_share_expressions_and_activations() -> None:
    bound = activation(BASKET, FACTS)
    wrong: list[int] = []

    def ask(number: int) -> None:
        for n in range(200):
            condition = compile_condition(f"member.orders == {n % 20} && member.vip", BASKET)
            if condition.test(bound) is not (n % 20 == 7) or len(condition.reasons(bound)) != (n % 20 != 7):
                wrong.append(number)

    threads = [Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("-7 % 2", -1),
        ("timestamp('2026-03-01T20:00:00Z').getDate('Asia/Shanghai')", 2),
        ("timestamp('2026-03-01T00:00:00Z').getMonth()", 2),
        ("timestamp('2026-03-01T00:00:00Z').getDayOfWeek()", 0),
        ("timestamp('2026-03-01T00:00:00Z').getFullYear('Asia/Shanghai')", 2026),
        ("timestamp('2026-03-01T00:30:00Z').getMinutes()", 30),
        ("duration('90m') == duration('1h30m')", True),
        ("'a' in {'a': 1}", True),
        ("[1, 2].exists_one(x, x > 1)", True),
        ("'abc'.contains('b') && 'abc'.endsWith('c')", True),
        ("double(3) + 0.5", 3.5),
        ("string(12) + 'a'", "12a"),
        ("int('12') + int(1.9)", 13),
    ],
)
def test_what_the_reference_says_of_the_language_is_so(source: str, answer: Any) -> None:
    assert compile(source, BASKET).evaluate(FACTS) == answer

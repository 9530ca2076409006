"""Documents: whatever is sent is understood or refused with its place, and what is written reads back the same."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.governance.publishing import rules
from regulars.governance.publishing.rules import comparing_documents, estimating, harming, merging, noting, public
from regulars.governance.publishing.rules.differing import differences
from regulars.kernel.errors import Invalid

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
WORDS = st.sampled_from(
    ["no", "on", "yes", "null", "~", "true", "007", "0x1F", "1e5", "12:30", "1_000", "2026-01-01", "- a", "a: b",
     "", " ", "'", '"', "|", ">", "&a", "*a", "!t", "{}", "[]", "%", "@", "`", "=", "<<", ".5", "1.", "+1", "-0",
     "#x", "1.50", "多行\n文本\n", "x\n\n", "\n", "\ty", "\u2028", "\x85", "\ufeff"]
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.decimals(min_value=-(10**9), max_value=10**9, places=2)
    | TEXTS
    | WORDS
)
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8) | WORDS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=25
)


@settings(max_examples=300)
@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_what_is_written_reads_back_the_same(document):
    text = rules.write_text(document)
    assert rules.read_text(text) == document
    assert rules.write_text(rules.read_text(text)) == text
    assert rules.digest(rules.read_text(text)) == rules.digest(document)


@settings(max_examples=300)
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        read = rules.tidy(rules.read_text(text))
    except Invalid as no:
        read = dict(no.errors)
    assert isinstance(read, dict)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BOMB, "anchors"),
        ("a: *b", "anchors"),
        ("a: &b 1", "anchors"),
        ("<<: {a: 1}\na: !!python/object/apply:os.system ['true']", "tags"),
        ("a: !!binary aGk=", "tags"),
        ("a: !thing {b: 1}", "tags"),
        ("a: 1\na: 2", "line 2, column 1: 'a' is said twice"),
        ("? [a, b]\n: 1", "a name must be a text"),
        ("a: 1\n---\nb: 2", "second document"),
        ("[" * 100_000, "nested deeper"),
        ("- " * 100_000, "nested deeper"),
        ("{a: " * 5_000 + "}" * 5_000, "nested deeper"),
        ("a: [" + "1," * 200_000 + "]", "more than 100000 values"),
        ("a: '" + "x" * 2_000_000 + "'", "longer than"),
        ("a: [1", "did not find expected"),
        ("a: 'b", "line 1"),
        ("\t- a", "line 1"),
        ("a: \x00", "cannot be read"),
        (b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_what_would_harm_is_refused_with_its_place(text, says):
    with pytest.raises(Invalid) as no:
        rules.read_text(text)
    assert says in no.value.errors[0][1]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (None, ""),
        ([], ""),
        ("x", ""),
        ({5: 1}, ""),
        ({"a": {"b": [float("nan")]}}, "a.b.0"),
        ({"a": float("inf")}, "a"),
        ({"a": b"x"}, "a"),
        ({"a": {"b": object()}}, "a.b"),
        ({"a": "\x00"}, "a"),
        ({"a": "\ud800"}, "a"),
        ({"a": 10**18}, "a"),
        ({"a": [1] * 100_001}, "a.99998"),
    ],
)
def test_values_that_json_cannot_keep_are_refused_with_their_path(value, path):
    with pytest.raises(Invalid) as no:
        rules.tidy(value)
    assert no.value.errors[0][0] == path


def test_binary_fractions_become_the_decimals_that_were_written():
    assert rules.tidy({"per": 1.1, "n": [0.01]}) == {"per": Decimal("1.1"), "n": [Decimal("0.01")]}


def test_times_of_day_words_and_numbers_with_leading_zeros_stay_texts():
    read = rules.read_text("{a: 09:00, b: no, c: 007, d: 2026-01-01, e: 1.50, f: ~, g: 12, h: 'true', i: true}")
    assert read == {
        "a": "09:00", "b": "no", "c": "007", "d": "2026-01-01", "e": Decimal("1.50"), "f": None, "g": 12, "h": "true",
        "i": True,
    }  # fmt: skip


OBJECTS = st.lists(
    st.fixed_dictionaries({"key": st.sampled_from("abcd"), "scale": st.integers(0, 2)}, optional={"note": TEXTS}),
    unique_by=lambda e: e["key"],
    max_size=4,
)
DOCUMENTS = st.fixed_dictionaries(
    {}, optional={"program": st.fixed_dictionaries({"name": TEXTS}), "units": OBJECTS, "brands": OBJECTS}
)


@given(DOCUMENTS, DOCUMENTS)
def test_over_an_unchanged_base_what_was_written_is_taken_whole(base, wanted):
    found, clashes = merging.merged(base=base, wanted=wanted, now=base)
    assert clashes == []
    assert {s: v for s, v in found.items() if s in wanted} == wanted
    assert {s: v for s, v in found.items() if s not in wanted} == {s: v for s, v in base.items() if s not in wanted}


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_what_only_one_changed_is_kept_of_both_and_what_both_changed_is_told(base, wanted, now):
    assert merging.merged(base=base, wanted=base, now=now)[0] == {s: now.get(s) for s in now}
    found, clashes = merging.merged(base=base, wanted=wanted, now=now)
    if not clashes:
        for section in ("units", "brands"):
            mine, theirs, old, got = (
                comparing_documents.keyed(d.get(section))
                for d in (wanted if section in wanted else base, now, base, found)
            )
            for key in {*mine, *theirs, *old}:
                both = {str(mine.get(key)), str(theirs.get(key))}
                assert str(got.get(key)) in both
                if mine.get(key) != old.get(key):
                    assert got.get(key) == mine.get(key)


@given(DOCUMENTS)
def test_notes_are_taken_out_and_put_in_without_loss(document):
    said = {s: v for s, v in document.items() if v}
    bare, notes, faults = noting.taken_out(said)
    assert faults == []
    back = noting.put_in(bare, notes)
    assert noting.taken_out(back)[:2] == (bare, notes)
    assert (
        comparing_documents.changes(
            {
                s: [{k: v for k, v in e.items() if v != ""} for e in x] if isinstance(x, list) else x
                for s, x in said.items()
            },
            back,
        )
        == ()
    )


@given(DOCUMENTS, DOCUMENTS)
def test_documents_differ_exactly_where_something_is_told(before, after):
    told = comparing_documents.changes(before, after)
    if before == after:
        assert told == ()
    for one in told:
        assert one.change in ("added", "changed", "removed")
        assert one.change != "changed" or one.fields


@pytest.mark.parametrize(
    ("section", "before", "after", "says"),
    [
        ("earn_rules", {"rate": {"points": 1, "per": "1"}}, {"rate": {"points": 1, "per": "2"}}, ("less",)),
        ("earn_rules", {"rate": {"points": 1, "per": "2"}}, {"rate": {"points": 1, "per": "1"}}, ()),
        ("earn_rules", {"fixed": 5}, {"fixed": 5, "stores": ["a"]}, ("narrower",)),
        ("earn_rules", {"stores": ["a"]}, {"stores": ["a", "b"]}, ()),
        ("earn_rules", {"times": "3/2"}, {"times": "4/3"}, ("less",)),
        ("units", {"expiry": {"kind": "never"}}, {"expiry": {"kind": "rolling", "months": 12}}, ("shorter",)),
        ("units", {"expiry": {"kind": "rolling", "months": 12}}, {"expiry": {"kind": "rolling", "months": 24}}, ()),
        ("units", {"debt": "only_pending"}, {"debt": "owe"}, ("harder",)),
        ("ladders", {"levels": [{"key": "g", "enter": 1}]}, {"levels": [{"key": "g", "enter": 2}]}, ("higher",)),
        ("ladders", {"levels": [{"key": "g", "enter": {"a": 1}}]}, {"levels": [{"key": "g", "enter": {"a": 2}}]}, ("higher",)),
        ("ladders", {"levels": [{"key": "g", "enter": 2}]}, {"levels": [{"key": "g", "enter": 1}]}, ()),
        ("rewards", {"price": [{"units": {"p": 500}}]}, {"price": [{"units": {"p": 600}}]}, ("dearer",)),
        ("rewards", {"price": [{"units": {"p": 500}}]}, {"price": [{"units": {"p": 500}}, {"amount": "9"}]}, ()),
        ("benefits", {"quota": {"times": 4}}, {"quota": {"times": 2}}, ("less",)),
        ("packs", {"benefits": ["a", "b"]}, {"benefits": ["b"]}, ("fewer",)),
        ("plans", {"price": "9.90"}, {"price": "12.90"}, ("dearer",)),
        ("policies", {"notice_days": 30}, {"notice_days": 10}, ("less",)),
        ("promotions", {"effects": [1]}, {"effects": []}, ()),
        ("rewards", {"price_by_level": {"m/g": [{"units": {"p": 3}}]}}, {"price_by_level": {"m/g": [{"units": {"p": 4}}]}}, ("dearer",)),
        ("rewards", {"price": [{"units": {"p": 5}}], "price_by_level": {"m/g": [{"units": {"p": 3}}]}}, {"price": [{"units": {"p": 5}}]}, ("dearer",)),
        ("rewards", {"price": [{"units": {"p": 5}}]}, {"price": [{"units": {"p": 5}}], "price_by_level": {"m/g": [{"units": {"p": 3}}]}}, ()),
        ("rewards", {}, {"per_member": {"times": 1, "period": "year"}}, ("less",)),
        ("rewards", {"per_member": {"times": 1, "period": "month"}}, {"per_member": {"times": 1, "period": "year"}}, ("less",)),
        ("rewards", {"cancel": {"until": "fulfilled"}}, {}, ("harder",)),
        ("rewards", {}, {"cancel": {"until": "used"}}, ()),
        ("rewards", {"gives": {"template": "a", "count": 2}}, {"gives": {"template": "a", "count": 1}}, ("less",)),
        ("rewards", {"sessions": [{"key": "a"}, {"key": "b"}]}, {"sessions": [{"key": "b"}]}, ("fewer",)),
        ("rewards", {"sessions": [{"key": "a"}]}, {"sessions": [{"key": "a"}, {"key": "b"}]}, ()),
        ("benefits", {"quota": {"times": 4, "period": "month"}}, {"quota": {"times": 4, "period": "year"}}, ("less",)),
        ("benefits", {"day": {"of_month": [8, 18]}}, {"day": {"of_month": [8]}}, ("fewer",)),
        ("plans", {"giftable": True}, {}, ("less",)),
        ("plans", {}, {"for": {"levels": ["m/g"]}}, ("narrower",)),
        ("plans", {"gives": {"level": {"ladder": "m", "level": "g"}}}, {"gives": {"level": {"ladder": "m", "level": "s"}}}, ("other",)),
        ("plans", {"refund": {"within_days": 14, "when_used": "prorated"}}, {"refund": {"within_days": 14}}, ("less",)),
        ("policies", {"old_terms": {"keep": "until_confirmed", "most_days": 90}}, {"old_terms": {"keep": "until_confirmed", "most_days": 30}}, ("less",)),
        ("policies", {"old_terms": {"keep": "until_confirmed"}}, {"old_terms": {"keep": "none"}}, ("less",)),
        ("units", {"expiry": {"kind": "rolling", "months": 12, "days": 15}}, {"expiry": {"kind": "rolling", "months": 12}}, ("shorter",)),
        ("units", {"expiry": {"kind": "end_of", "period": "year", "after": 1}}, {"expiry": {"kind": "end_of", "period": "year", "after": 2}}, ()),
        ("units", {"expiry": {"kind": "end_of", "period": "year", "after": 1}}, {"expiry": {"kind": "end_of", "period": "year"}}, ("shorter",)),
        ("units", {"expiry": {"kind": "by_tier", "tiers": {"g": {"kind": "never"}}, "otherwise": {"kind": "rolling", "months": 9}}}, {"expiry": {"kind": "rolling", "months": 12}}, ("shorter",)),
        ("units", {"activation": {"kind": "after", "days": 14}}, {"activation": {"kind": "after", "days": 7}}, ()),
        ("units", {}, {"activation": {"kind": "after", "days": 7}}, ("later",)),
        ("earn_rules", {"kinds": ["goods", "shipping"]}, {}, ("narrower",)),
        ("earn_rules", {"times": 2}, {"times": 2, "multiplies": ["base"]}, ("narrower",)),
        ("earn_rules", {"rate": {"points": 1, "per": "1"}}, {"fixed": 1}, ("other",)),
        ("ladders", {"validity": {"to": "year", "years": 2}}, {"validity": {"to": "year", "years": 1}}, ("shorter",)),
    ],
)  # fmt: skip
def test_what_takes_something_from_members_is_known(section, before, after, says):
    fields = list(differences(before, after))
    assert harming.reasons(section=section, change="changed", fields=fields, before=before, after=after) == says


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=60), st.integers(1, 5))
def test_an_estimate_lies_within_its_interval_and_is_exact_when_all_are_sampled(values, times):
    sums = estimating.Sums()
    for value in values:
        sums.add(value)
    whole = sums.scaled(len(values), len(values))
    assert whole == {"estimate": sum(values), "low": sum(values), "high": sum(values)}
    more = sums.scaled(len(values), len(values) * times)
    assert more["low"] <= more["estimate"] <= more["high"]


@given(DOCUMENTS, st.sampled_from(["en", "zh-Hans"]))
def test_a_page_of_rules_can_be_made_of_any_document(document, language):
    for section in public.page(document, language=language, today="2026-01-01"):
        assert section.title
        assert section.items


def test_the_page_of_rules_says_each_thing_in_both_languages():
    document = {
        "program": {"currency": "CNY"},
        "units": [
            {"key": "p", "name": {"en": "Points", "zh-Hans": "积分"}, "expiry": {"kind": "rolling", "months": 12}}
        ],
        "earn_rules": [{"key": "base", "unit": "p", "rate": {"points": 1, "per": "10"}}],
        "ladders": [
            {"key": "main", "measure": "p", "levels": [{"key": "a", "enter": 0}, {"key": "g", "enter": 5000}]}
        ],
        "rewards": [{"key": "cup", "price": [{"units": {"p": 500}, "amount": "9.90"}, {"amount": "19.90"}]}],
    }
    document["plans"] = [{"key": "plus", "price": "1200.00", "every": {"months": 1}, "trial": {"days": 1}}]
    document["promotions"] = [{"key": "may", "schedule": {"starts": "2026-05-01T00:00", "ends": "2026-05-31T00:00"}}]
    en = [
        "1 Point for every ¥10",
        "from 5,000 Points",
        "500 Points and ¥9.90 or ¥19.90",
        "12 months",
        "¥1,200\nevery month",
    ]
    en += ["the first day to try", "from 1 May 2026\nuntil 31 May 2026"]
    zh = ["每消费 ¥10 得 1 积分", "达到 5,000 积分", "500 积分 加 ¥9.90 或 ¥19.90", "12 个月", "¥1,200\n每月"]
    zh += ["试用 1 天", "自 2026年5月1日 起\n至 2026年5月31日 止"]
    for language, says in (("en", en), ("zh-Hans", zh)):
        page = public.page(document, language=language, today="2026-01-01")
        text = "\n".join(line for s in page for i in s.items for line in i.lines)
        assert [x for x in says if x not in text] == []

"""Standings from the ledger's growth: rises, falls, history, news; one by one and all at once the same."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.kernel import clock, ids
from regulars.kernel.models import FactRow
from regulars.value.tiers import services as tiers
from regulars.value.tiers.models import LevelRow, MoveRow, StandingRow
from regulars.value.tiers.tests.growing import DOCUMENT, grow, join, publish

pytestmark = pytest.mark.django_db
MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)


@pytest.fixture
def program_id():
    return publish()


def level(program_id, member_id):
    return tiers.standing(program_id=program_id, member_id=member_id).level


def news():
    facts = FactRow.objects.filter(kind__startswith="Tier").order_by("id")
    return [(f.kind, f.body["from_level"], f.body["to_level"]) for f in facts]


def test_growth_lifts_and_its_loss_lowers(program_id):
    member_id = join(program_id)
    steps = [(99, "member"), (1, "silver"), (399, "silver"), (1, "gold"), (-1, "silver"), (-499, "member")]
    for amount, reached in steps:
        grow(program_id, member_id, amount)
        tiers.review(program_id=program_id, member_ids=[member_id], cause="order")
        assert level(program_id, member_id) == reached
    moves = [(m.from_level, m.to_level, m.value) for _, m in tiers.moves(program_id=program_id, member_id=member_id)]
    assert moves == [
        ("silver", "member", 0),
        ("gold", "silver", 499),
        ("silver", "gold", 500),
        ("member", "silver", 100),
    ]
    assert news() == [
        ("TierRaised", "member", "silver"),
        ("TierRaised", "silver", "gold"),
        ("TierLowered", "gold", "silver"),
        ("TierLowered", "silver", "member"),
    ]


def test_a_review_seen_twice_moves_once(program_id):
    member_id = join(program_id)
    grow(program_id, member_id, 700)
    first = tiers.review(program_id=program_id, member_ids=[member_id, member_id])
    again = tiers.review(program_id=program_id, member_ids=[member_id])
    assert (first.seen, first.raised, again.seen, again.raised) == (1, 1, 1, 0)
    assert MoveRow.objects.count() == 1
    assert news() == [("TierRaised", "member", "gold")]


def test_since_is_the_moment_of_the_move(program_id):
    member_id = join(program_id)
    assert tiers.standing(program_id=program_id, member_id=member_id).since is None
    grow(program_id, member_id, 100)
    with clock.at(MAY):
        tiers.review(program_id=program_id, member_ids=[member_id])
    tiers.review(program_id=program_id, member_ids=[member_id])
    assert tiers.standing(program_id=program_id, member_id=member_id).since == MAY


def test_before_any_review_a_member_stands_on_the_lowest_level(program_id):
    standing = tiers.standing(program_id=program_id, member_id=ids.new_id())
    assert (standing.level, standing.since, standing.ladder) == ("member", None, "main")
    assert tiers.base_level(program_id=program_id) == "member"


def test_a_program_without_ladders_has_no_standings():
    program_id = publish("program: {key: bare, name: Bare, zone: UTC, currency: GBP}")
    member_id = join(program_id)
    assert tiers.standing(program_id=program_id, member_id=member_id) is None
    assert tiers.progress(program_id=program_id, member_id=member_id) == ()
    assert tiers.base_level(program_id=program_id) is None
    assert tiers.review(program_id=program_id, member_ids=[member_id]).seen == 0


def test_progress_says_what_is_missing(program_id):
    member_id = join(program_id)
    grow(program_id, member_id, 130)
    tiers.review(program_id=program_id, member_ids=[member_id])
    (at,) = tiers.progress(program_id=program_id, member_id=member_id)
    assert (at.level, at.names, at.value, at.entered_at) == ("silver", {"en": "Silver"}, 130, 100)
    assert (at.next_level, at.next_at, at.missing) == ("gold", 500, 370)
    grow(program_id, member_id, 1000)
    tiers.review(program_id=program_id, member_ids=[member_id])
    (at,) = tiers.progress(program_id=program_id, member_id=member_id)
    assert (at.level, at.next_level, at.next_at, at.missing) == ("gold", None, None, None)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=6))
def test_all_at_once_is_what_one_by_one_would_be(program_id, growths):
    def rows():
        standings = StandingRow.objects.filter(member_id__in=members).order_by("member_id")
        moves = MoveRow.objects.filter(member_id__in=members).order_by("member_id")
        return (
            list(standings.values_list("member_id", "ladder", "level", "since", "version")),
            list(moves.values_list("member_id", "from_level", "to_level", "value", "moved_at")),
            list(FactRow.objects.filter(member_id__in=members, kind__startswith="Tier").order_by("member_id")
                 .values_list("member_id", "kind", "body")),
        )  # fmt: skip

    members = [join(program_id) for _ in growths]
    for member_id, amount in zip(members, growths, strict=True):
        if amount:
            grow(program_id, member_id, amount)
    with clock.at(MAY):
        before = transaction.savepoint()
        for member_id in members:
            tiers.review(program_id=program_id, member_ids=[member_id])
        single = rows()
        transaction.savepoint_rollback(before)
        done = tiers.review_all(program_id=program_id, batch=2)
    assert rows() == single
    assert done.seen >= len(members)
    assert tiers.discrepancies(program_id) == []


def test_a_review_for_an_import_is_quiet(program_id):
    member_id = join(program_id)
    grow(program_id, member_id, 700)
    done = tiers.review_all(program_id=program_id, cause="import", announce=False)
    assert (done.seen, done.raised, done.lowered) == (1, 1, 0)
    assert news() == []
    assert [m.cause for _, m in tiers.moves(program_id=program_id, member_id=member_id)] == ["import"]


def test_new_thresholds_move_members_at_the_next_review(program_id):
    members = [join(program_id) for _ in range(3)]
    for member_id, amount in zip(members, (50, 150, 600), strict=True):
        grow(program_id, member_id, amount)
    tiers.review_all(program_id=program_id)
    told = DOCUMENT.replace("enter: 100", "enter: 40").replace("gold, enter: 500", "gold, enter: 900")
    document = {
        "ladders": [
            {
                "key": "main",
                "measure": "growth",
                "levels": [
                    {"key": "member", "enter": 0},
                    {"key": "silver", "name": "Silver", "enter": 40},
                    {"key": "gold", "enter": 900},
                ],
            }
        ]
    }
    (change,) = tiers.plan(program_id, document)
    assert change.after["moves"] == [
        {"from": "gold", "to": "silver", "members": 1, "sample": [ids.encode("mem", members[2])]},
        {"from": "member", "to": "silver", "members": 1, "sample": [ids.encode("mem", members[0])]},
    ]
    assert change.adverse
    publish(told)
    done = tiers.review_all(program_id=program_id, cause="publish")
    assert (done.raised, done.lowered) == (1, 1)
    assert [level(program_id, m) for m in members] == ["silver", "silver", "silver"]


def test_a_level_that_is_gone_shows_as_the_lowest_until_the_review(program_id):
    member_id = join(program_id)
    grow(program_id, member_id, 600)
    tiers.review(program_id=program_id, member_ids=[member_id])
    publish(DOCUMENT.replace("key: gold", "key: platinum"))
    assert level(program_id, member_id) == "member"
    tiers.review(program_id=program_id, member_ids=[member_id])
    assert level(program_id, member_id) == "platinum"


def test_members_of_another_program_are_left_alone(program_id):
    other = publish(DOCUMENT.replace("key: shop", "key: other"))
    mine, hers = join(program_id), join(other)
    grow(program_id, mine, 600)
    grow(other, hers, 600)
    tiers.review_all(program_id=program_id)
    tiers.review(program_id=program_id, member_ids=[hers])
    assert level(program_id, mine) == "gold"
    assert level(other, hers) == "member"


def test_sql_answers_the_level_of_the_first_ladder(program_id):
    member_id = join(program_id)
    grow(program_id, member_id, 600)
    with connection.cursor() as cursor:
        cursor.execute("select tiers_standing_of(%s)", [member_id])
        assert cursor.fetchone() == (None,)
        tiers.review(program_id=program_id, member_ids=[member_id])
        cursor.execute("select tiers_standing_of(%s)", [member_id])
        assert cursor.fetchone() == ("gold",)


def test_a_wrong_standing_is_found(program_id):
    member_id = join(program_id)
    grow(program_id, member_id, 600)
    tiers.review_all(program_id=program_id)
    assert tiers.discrepancies() == []
    with connection.cursor() as cursor:
        cursor.execute("update tiers_standing set level = 'silver'")
        cursor.execute("update kernel_fact set done_at = now()")  # while news of her waits, it would be no fault yet
    (wrong,) = tiers.discrepancies(program_id)
    assert (wrong.promise, wrong.member_id, wrong.expected, wrong.found) == ("T2", member_id, "gold", "silver")


@pytest.mark.parametrize(
    ("sql", "promise"),
    [
        ("update tiers_level set enter = 5 where place = 1", "T1_a_published_level_never_changes"),
        ("delete from tiers_level", "T1_a_published_level_never_changes"),
        ("update tiers_move set to_level = 'gold'", "T3_a_move_stands"),
        ("delete from tiers_move", "T3_a_move_stands"),
    ],
)
def test_levels_and_moves_never_change(program_id, sql, promise):
    member_id = join(program_id)
    grow(program_id, member_id, 150)
    tiers.review_all(program_id=program_id)
    with pytest.raises((IntegrityError, InternalError), match=promise):  # noqa: SIM117
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert LevelRow.objects.get(place=1).enter == 100
    assert MoveRow.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "promise"),
    [
        ({"place": 3, "key": "silver", "enter": 7}, "T1_a_level_is_named_once"),
        ({"place": 3, "key": "new", "enter": 100}, "T1_two_levels_are_never_entered_at_once"),
        ({"place": 3, "key": "new", "enter": 0}, "T1_the_first_level_is_for_everybody"),
    ],
)
def test_levels_keep_their_constraints(program_id, changed, promise):
    with pytest.raises(IntegrityError, match=promise), transaction.atomic():
        LevelRow.objects.create(
            program_id=program_id, version=1, ladder="main", ladder_place=0, measure="growth", **changed
        )


def test_a_move_goes_somewhere(program_id):
    with pytest.raises(IntegrityError, match="T3_a_move_goes_somewhere"), transaction.atomic():
        MoveRow.objects.create(
            program_id=program_id, member_id=UUID(int=1), ladder="main", from_level="gold", to_level="gold", value=1,
            cause="x", version=1, moved_at=MAY,
        )  # fmt: skip


def test_a_merge_leaves_one_standing_and_its_undo_two(program_id):
    first, second = join(program_id), join(program_id)
    grow(program_id, first, 450)
    grow(program_id, second, 60)
    tiers.review_all(program_id=program_id)
    grow(program_id, second, 450)  # what the merge of ledgers moves
    tiers.absorb(program_id=program_id, from_member=first, into_member=second)
    assert level(program_id, second) == "gold"
    assert not StandingRow.objects.filter(member_id=first).exists()
    grow(program_id, second, -450)
    tiers.separate(program_id=program_id, members=[first, second])
    assert (level(program_id, first), level(program_id, second)) == ("silver", "member")


def test_a_dossier_tells_standings_and_moves(program_id):
    member_id = join(program_id)
    grow(program_id, member_id, 150)
    tiers.review_all(program_id=program_id)
    told = tiers.dossier(program_id=program_id, member_id=member_id)
    assert [s["level"] for s in told["standings"]] == ["silver"]
    assert [(m["from_level"], m["to_level"]) for m in told["moves"]] == [("member", "silver")]


def test_a_review_of_everybody_goes_on_from_batch_to_batch_by_what_it_announces(program_id):
    everybody = [join(program_id) for _ in range(5)]
    for member_id in everybody:
        grow(program_id, member_id, 150)
    FactRow.objects.all().delete()
    tiers.review_onward(program_id=program_id, cause="publish", batch=2)
    steps = 0
    while (fact := FactRow.objects.filter(kind="ReviewGoesOn").first()) is not None:
        assert StandingRow.objects.count() == 2 * (steps + 1)
        after = UUID(fact.body["after"])
        fact.delete()
        tiers.review_onward(program_id=program_id, cause=fact.body["cause"], after=after, batch=2)
        steps += 1
    assert steps == 2
    assert list(MoveRow.objects.values_list("cause", flat=True)) == ["publish"] * 5

"""The ranking's rule: exact means, ties by criterion, shared ranks, and no ranking while a score is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinhky.domain.contest import Contest, Criterion, Juror, Phase, PhaseKind, Prize
from dinhky.domain.contest_entries import Entry
from dinhky.domain.errors import RankingRefused
from dinhky.domain.ranking import (
    Award,
    ChangedCount,
    LetOff,
    Place,
    Ranking,
    awards,
    changed_counts,
    ranking,
    sent_on,
    shortlist,
)
from dinhky.domain.scoring import Conflict, Score

CONTEST = Contest(
    phases=(Phase(PhaseKind.FINAL, date(2026, 4, 20), date(2026, 4, 23)),),
    criteria=(Criterion("novelty", "Tính mới", 50), Criterion("use", "Tính hiệu quả", 50)),
    jurors=tuple(Juror(f"gk{n}", f"Giám khảo {n}", f"gk{n}@phucloi.example") for n in (1, 2, 3)),
    finalists=3,
    prizes=(Prize("Nhất", 1), Prize("Nhì", 2), Prize("Ba", 2)),
    sent_on_to="Cuộc thi của thành phố",
    sent_on_count=2,
)


def entries(count: int) -> list[Entry]:
    return [Entry(f"{n:02d}", f"Ý tưởng {n}", "Tác giả", "vhxh", "Tóm tắt") for n in range(1, count + 1)]


def sheets(*points: tuple[int, int]) -> list[Score]:
    """Every juror gives entry 01 the first pair, 02 the second …"""
    return [given_(juror.code, f"{n:02d}", *pair) for juror in CONTEST.jurors for n, pair in enumerate(points, 1)]


def given_(juror: str, entry: str, novelty: int | Fraction, use: int | Fraction) -> Score:
    return Score(juror, entry, {"novelty": Fraction(novelty), "use": Fraction(use)})


def ranks(found: Ranking) -> list[tuple[int, str]]:
    return [(place.rank, place.entry) for place in found.places]


def test_the_mean_is_exact():
    scores = [given_("gk1", "01", 10, 10), given_("gk2", "01", 10, 10), given_("gk3", "01", 10, 11)]
    (place,) = ranking(CONTEST, entries(1), scores).places
    assert place == Place(1, "01", Fraction(61, 3), {"novelty": Fraction(10), "use": Fraction(31, 3)}, 3)


def test_a_tie_is_broken_by_the_first_criterion_and_says_so():
    found = ranking(CONTEST, entries(3), sheets((30, 40), (40, 30), (10, 10)))
    assert ranks(found) == [(1, "02"), (2, "01"), (3, "03")]
    (tie,) = found.ties
    assert (tie.ahead, tie.behind, tie.criterion) == (("02",), ("01",), "novelty")
    assert (tie.mean, tie.ahead_points, tie.behind_points) == (70, 40, 30)
    assert found.shared == ()


def test_the_plan_may_name_the_criteria_that_break_ties():
    contest = replace(CONTEST, tie_break=("use",))
    found = ranking(contest, entries(2), sheets((30, 40), (40, 30)))
    assert ranks(found) == [(1, "01"), (2, "02")]
    assert found.ties[0].criterion == "use"


def test_equal_in_everything_is_a_shared_rank_and_the_next_is_skipped():
    found = ranking(CONTEST, entries(4), sheets((40, 40), (30, 30), (30, 30), (10, 10)))
    assert ranks(found) == [(1, "01"), (2, "02"), (2, "03"), (4, "04")]
    assert [[place.entry for place in group] for group in found.shared] == [["02", "03"]]
    assert found.ties == ()


def test_thirds_do_not_make_a_tie_by_rounding():
    scores = [*sheets((20, 20), (20, 20))[:-1], given_("gk3", "02", 20, 20 + Fraction(1, 10**12))]
    assert ranks(ranking(CONTEST, entries(2), scores)) == [(1, "02"), (2, "01")]


def test_while_a_score_is_missing_nothing_is_ranked():
    scores = sheets((30, 40), (40, 30))
    with pytest.raises(RankingRefused) as refused:
        ranking(CONTEST, entries(2), scores[:-1])
    assert (refused.value.code, refused.value.params) == ("scores_missing", {"jurors": ["Giám khảo 3"], "count": 1})


def test_a_juror_is_let_off_with_a_reason_and_none_of_their_scores_counts():
    scores = [*sheets((30, 40), (40, 30))[:-2], given_("gk3", "01", 50, 50)]
    found = ranking(CONTEST, entries(2), scores, [LetOff("gk3", "Ốm dài ngày")])
    assert ranks(found) == [(1, "02"), (2, "01")]
    assert {place.jurors for place in found.places} == {2}
    assert found.let_off == (LetOff("gk3", "Ốm dài ngày"),)
    with pytest.raises(RankingRefused, match="let_off_without_reason"):
        ranking(CONTEST, entries(2), scores, [LetOff("gk3", " ")])


def test_sheets_that_cannot_be_counted_are_refused():
    with pytest.raises(RankingRefused, match="scores_not_countable"):
        ranking(CONTEST, entries(1), sheets((51, 40)))


def test_a_jurors_own_units_entry_is_judged_by_the_others():
    contest = replace(CONTEST, jurors=(replace(CONTEST.jurors[0], unit="vhxh"), *CONTEST.jurors[1:]))
    scores = [score for score in sheets((30, 40)) if score.juror != "gk1"]
    found = ranking(contest, entries(1), scores)
    assert (found.places[0].jurors, found.conflicts) == (2, (Conflict("gk1", "01"),))
    alone = replace(contest, jurors=contest.jurors[:1])
    with pytest.raises(RankingRefused, match="nobody_may_score"):
        ranking(alone, entries(1), [])


def test_a_final_is_ranked_without_the_entries_that_did_not_reach_it():
    found = ranking(CONTEST, entries(2), sheets((30, 40), (40, 30), (50, 50)))
    assert len(found.places) == 2


def test_the_last_to_reach_the_final_share_their_rank():
    found = ranking(CONTEST, entries(5), sheets((50, 50), (40, 40), (30, 30), (30, 30), (10, 10)))
    assert shortlist(CONTEST, found) == ("01", "02", "03", "04")
    assert sent_on(CONTEST, found) == ("01", "02")


def test_prizes_follow_the_ranks_and_a_shared_rank_shares_its_prize():
    found = ranking(CONTEST, entries(4), sheets((50, 50), (50, 50), (30, 30), (10, 10)))
    assert awards(CONTEST, found) == (
        Award("Nhất", 1, "01", True),
        Award("Nhất", 1, "02", True),
        Award("Nhì", 3, "03", False),
        Award("Ba", 4, "04", False),
    )
    assert changed_counts(CONTEST, found) == (
        ChangedCount("Nhất", 1, 2, too_few=False),
        ChangedCount("Nhì", 2, 1, too_few=False),
        ChangedCount("Ba", 2, 1, too_few=True),
    )


POINTS = st.integers(0, 6).map(lambda n: n * Fraction(1, 2))
TABLES = st.integers(1, 8).flatmap(
    lambda count: st.lists(st.lists(st.tuples(POINTS, POINTS), min_size=count, max_size=count), min_size=3, max_size=3)
)


def scores_of(table: list[list[tuple[Fraction, Fraction]]]) -> list[Score]:
    return [
        given_(juror.code, f"{n:02d}", *pair)
        for juror, row in zip(CONTEST.jurors, table, strict=True)
        for n, pair in enumerate(row, 1)
    ]


@given(TABLES, st.randoms())
def test_the_ranking_holds_its_rule_whatever_the_order_of_the_sheets(table, random):
    contestants = entries(len(table[0]))
    scores = scores_of(table)
    found = ranking(CONTEST, contestants, scores)
    random.shuffle(scores)
    shuffled = random.sample(contestants, len(contestants))
    assert ranking(CONTEST, shuffled, scores).places == found.places
    keys = {
        place.entry: (place.mean, place.by_criterion["novelty"], place.by_criterion["use"]) for place in found.places
    }
    for place in found.places:
        assert place.rank == 1 + sum(key > keys[place.entry] for key in keys.values())
        assert place.mean == sum(place.by_criterion.values())
    assert [place.rank for place in found.places] == sorted(place.rank for place in found.places)


@given(TABLES)
def test_every_tie_is_told_and_only_ties(table):
    found = ranking(CONTEST, entries(len(table[0])), scores_of(table))
    for tie in found.ties:
        assert tie.ahead_points > tie.behind_points
        assert {place.mean for place in found.places if place.entry in tie.ahead + tie.behind} == {tie.mean}
    means = {place.mean for place in found.places}
    distinct_ranks = {place.rank for place in found.places}
    assert len(found.ties) == len(distinct_ranks) - len(means)


@given(TABLES, st.data())
def test_more_points_never_make_a_rank_worse(table, data):
    better = data.draw(st.integers(0, len(table[0]) - 1))
    raised = [list(row) for row in table]
    novelty, use = raised[0][better]
    raised[0][better] = (novelty + 1, use)
    code, contestants = f"{better + 1:02d}", entries(len(table[0]))

    def rank_of(rows: list[list[tuple[Fraction, Fraction]]]) -> int:
        places = ranking(CONTEST, contestants, scores_of(rows)).places
        return next(place.rank for place in places if place.entry == code)

    assert rank_of(raised) <= rank_of(table)


@given(TABLES)
def test_nobody_who_stands_before_a_prize_winner_goes_without(table):
    found = ranking(CONTEST, entries(len(table[0])), scores_of(table))
    given_prizes = awards(CONTEST, found)
    assert [award.entry for award in given_prizes] == [place.entry for place in found.places][: len(given_prizes)]
    assert len(given_prizes) >= min(5, len(found.places))
    order = [prize.name for prize in CONTEST.prizes]
    assert [order.index(award.prize) for award in given_prizes] == sorted(
        order.index(award.prize) for award in given_prizes
    )

"""Whose turn it is: even over the year, stable when a unit comes or goes, and as an officer says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dinhky.domain.rota import Turn, rota

SEVEN = ("vhxh", "vp", "kthtdt", "pvhcc", "vhtttt", "mttq", "bxdd")
MARCH_TO_DECEMBER = [f"2026-{month:02d}" for month in range(3, 13)]


def turns(members: Sequence[str], periods: Sequence[str] = MARCH_TO_DECEMBER, count: int = 2) -> list[Turn]:
    return [Turn(period, count, tuple(members)) for period in periods]


def pieces(found: dict[str, tuple[str, ...]], members: Sequence[str]) -> list[int]:
    written = Counter(unit for units in found.values() for unit in units)
    return [written[unit] for unit in members]


def spread(found: dict[str, tuple[str, ...]], members: Sequence[str]) -> int:
    numbers = pieces(found, members)
    return max(numbers) - min(numbers)


def test_the_ward_s_two_pieces_a_month_on_its_portal():
    assert rota(turns(SEVEN)) == {
        "2026-03": ("vhxh", "vp"),
        "2026-04": ("kthtdt", "pvhcc"),
        "2026-05": ("vhtttt", "mttq"),
        "2026-06": ("vhxh", "bxdd"),
        "2026-07": ("vp", "kthtdt"),
        "2026-08": ("pvhcc", "vhtttt"),
        "2026-09": ("mttq", "bxdd"),
        "2026-10": ("vhxh", "vp"),
        "2026-11": ("kthtdt", "pvhcc"),
        "2026-12": ("vhtttt", "mttq"),
    }


def test_when_a_unit_is_dissolved_in_august_only_its_later_pieces_go_to_others():
    staying = tuple(unit for unit in SEVEN if unit != "mttq")
    found = rota([*turns(SEVEN, MARCH_TO_DECEMBER[:6]), *turns(staying, MARCH_TO_DECEMBER[6:])])

    changed = {period for period, units in rota(turns(SEVEN)).items() if units != found[period]}
    assert changed == {"2026-09", "2026-12"}
    assert found["2026-09"] == ("kthtdt", "bxdd")
    assert found["2026-12"] == ("vhtttt", "bxdd")
    assert dict(zip(staying, pieces(found, staying), strict=True)) == {
        "vhxh": 3,
        "vp": 3,
        "kthtdt": 4,
        "pvhcc": 3,
        "vhtttt": 3,
        "bxdd": 3,
    }


def test_a_unit_that_comes_in_july_takes_over_its_share():
    with_schools = (*SEVEN, "th")
    found = rota([*turns(SEVEN, MARCH_TO_DECEMBER[:4]), *turns(with_schools, MARCH_TO_DECEMBER[4:])])

    changed = {period for period, units in rota(turns(SEVEN)).items() if units != found[period]}
    assert pieces(found, ["th"]) == [12 // 8]
    assert len(changed) == 1
    assert min(changed) >= "2026-07"
    assert spread(found, SEVEN) <= 1


def test_a_unit_that_replaces_another_takes_its_turns():
    merged = tuple("ktvh" if unit == "kthtdt" else unit for unit in SEVEN)
    found = rota([*turns(SEVEN, MARCH_TO_DECEMBER[:4]), *turns(merged, MARCH_TO_DECEMBER[4:])])

    before = rota(turns(SEVEN))
    expected = {
        period: tuple("ktvh" if unit == "kthtdt" and period >= "2026-07" else unit for unit in units)
        for period, units in before.items()
    }
    assert {period: set(units) for period, units in found.items()} == {
        period: set(units) for period, units in expected.items()
    }


def test_writers_named_by_an_officer_stand_and_whoever_was_relieved_writes_later():
    found = rota(turns(SEVEN), {"2026-04": ("vhxh", "pvhcc")})

    assert found["2026-04"] == ("vhxh", "pvhcc")
    assert found["2026-03"] == rota(turns(SEVEN))["2026-03"]
    assert spread(found, SEVEN) <= 1
    assert sum(units != found[period] for period, units in rota(turns(SEVEN)).items()) == 2


def test_one_unit_named_for_two_pieces_writes_both():
    assert rota(turns(SEVEN), {"2026-04": ("bxdd",)})["2026-04"] == ("bxdd", "bxdd")


def test_nobody_writes_in_a_month_that_is_left_out_and_its_writers_are_not_forgotten():
    found = rota(turns(SEVEN), {"2026-05": ()})

    assert found["2026-05"] == ()
    assert spread(found, SEVEN) <= 1


def test_a_unit_that_is_gone_cannot_be_named():
    gone = turns(SEVEN[1:], MARCH_TO_DECEMBER)

    assert rota(gone, {"2026-04": ("vhxh",)}) == rota(gone)
    assert rota(gone, {"2026-04": ("vhxh", "bxdd")})["2026-04"] == ("bxdd", "bxdd")


def test_with_more_pieces_than_units_a_unit_writes_twice_in_a_month():
    assert rota(turns(["vp"], ["2026-03"], count=2)) == {"2026-03": ("vp", "vp")}


def test_without_any_unit_nobody_writes_until_one_is_there():
    assert rota([*turns([], ["2026-03"]), *turns(["vp", "th"], ["2026-04"])]) == {
        "2026-03": (),
        "2026-04": ("vp", "th"),
    }
    assert rota([]) == {}


names = st.integers(1, 9).map(lambda many: tuple(f"u{number}" for number in range(many)))
counts = st.integers(1, 3)
months = st.integers(1, 12).map(lambda many: [f"2026-{month:02d}" for month in range(1, many + 1)])


@given(members=names, count=counts, periods=months)
def test_over_the_year_no_two_units_differ_by_more_than_one(members, count, periods):
    found = rota(turns(members, periods, count))

    assert spread(found, members) <= 1
    assert all(len(units) == count for units in found.values())


@given(members=names, count=counts, periods=months)
def test_no_unit_stands_twice_in_a_month_or_in_two_running_unless_there_are_too_few(members, count, periods):
    found = list(rota(turns(members, periods, count)).values())

    if count <= len(members):
        assert all(len(set(units)) == count for units in found)
    if 2 * count <= len(members):
        assert all(not set(units) & set(following) for units, following in pairwise(found))


@given(members=names, count=counts, periods=months, data=st.data())
def test_a_unit_that_goes_leaves_all_else_as_it_was(members, count, periods, data):
    gone = data.draw(st.sampled_from(members))
    position = data.draw(st.integers(1, len(periods)))  # who is gone before the first month was never there
    staying = tuple(unit for unit in members if unit != gone)
    before = rota(turns(members, periods, count))
    after = rota([*turns(members, periods[:position], count), *turns(staying, periods[position:], count)])

    for number, period in enumerate(periods):
        kept = Counter(before[period])
        if number >= position:
            del kept[gone]
            assert gone not in after[period]
        assert kept <= Counter(after[period])
        assert number >= position or before[period] == after[period]
        assert not staying or len(after[period]) == count


@settings(deadline=None)
@given(members=st.integers(3, 5), count=st.integers(1, 2), months=st.integers(2, 8), data=st.data())
def test_the_pieces_of_a_unit_that_goes_are_given_as_evenly_as_can_be(members, count, months, data):
    units, periods = tuple(f"u{number}" for number in range(members)), [f"2026-{month:02d}" for month in range(months)]
    gone, position = data.draw(st.sampled_from(units)), data.draw(st.integers(1, months - 1))
    staying = tuple(unit for unit in units if unit != gone)
    assume(count <= len(staying))
    before = rota(turns(units, periods, count))
    after = rota([*turns(units, periods[:position], count), *turns(staying, periods[position:], count)])

    kept = Counter(unit for written in before.values() for unit in written if unit != gone)
    open_to = [
        [unit for unit in staying if unit not in before[period]]
        for period in periods[position:]
        if gone in before[period]
    ]
    possible = [kept + Counter(heirs) for heirs in product(*open_to)]
    assert spread(after, staying) == min(
        max(written[unit] for unit in staying) - min(written[unit] for unit in staying) for written in possible
    )


@settings(deadline=None)
@given(members=names, count=counts, periods=months, data=st.data())
def test_a_unit_that_comes_takes_its_share_and_the_others_keep_theirs(members, count, periods, data):
    position = data.draw(st.integers(1, len(periods)))
    place = data.draw(st.integers(0, len(members)))
    grown = (*members[:place], "new", *members[place:])
    before = rota(turns(members, periods, count))
    after = rota([*turns(members, periods[:position], count), *turns(grown, periods[position:], count)])

    later = periods[position:]
    assert all(before[period] == after[period] for period in periods[:position])
    assert sum(after[period].count("new") for period in later) == count * len(later) // len(grown)
    assert all((Counter(after[period]) - Counter(before[period])).keys() <= {"new"} for period in later), (
        "a piece changed hands between two others"
    )
    assert spread(after, members) <= 1 or count > len(members)


@settings(deadline=None)
@given(members=names, count=counts, periods=months, data=st.data())
def test_named_writers_stand_and_no_month_before_them_changes(members, count, periods, data):
    position = data.draw(st.integers(0, len(periods) - 1))
    named = tuple(data.draw(st.permutations(members)))[:count]
    assume(len(named) == count)
    before = rota(turns(members, periods, count))
    after = rota(turns(members, periods, count), {periods[position]: named})

    assert set(after[periods[position]]) == set(named)
    assert all(before[period] == after[period] for period in periods[:position])
    if len(periods) - position > len(members):  # time enough to make up for it
        assert spread(after, members) <= 1


@pytest.mark.parametrize("seed", range(3))
def test_the_same_question_has_the_same_answer(seed):
    overrides = {"2026-05": ("bxdd", "mttq"), "2026-08": ("vp",)}
    shuffled = dict(reversed(overrides.items())) if seed else overrides

    assert rota(turns(SEVEN), shuffled) == rota(turns(SEVEN), overrides)


@st.composite
def years(draw: st.DrawFn) -> tuple[list[Turn], dict[str, tuple[str, ...]]]:
    """A year in which units come and go and officers name writers, as it may be."""
    everybody = [f"u{number}" for number in range(6)]
    present = draw(st.lists(st.sampled_from(everybody), min_size=1, max_size=5, unique=True))
    made, overrides = [], {}
    for month in range(1, draw(st.integers(2, 8)) + 1):
        if draw(st.integers(0, 4)) == 0:
            unit = draw(st.sampled_from(everybody))
            present = [one for one in present if one != unit] if unit in present else [*present, unit]
        made.append(Turn(f"2026-{month:02d}", draw(st.integers(1, 2)), tuple(present)))
        if draw(st.integers(0, 5)) == 0:
            overrides[made[-1].period] = tuple(draw(st.lists(st.sampled_from(everybody), max_size=2, unique=True)))
    return made, overrides


@settings(deadline=None)
@given(year=years(), data=st.data())
def test_whatever_happens_later_leaves_the_months_before_it_as_they_were(year, data):
    made, overrides = year
    position = data.draw(st.integers(1, len(made)))
    found = rota(made, overrides)
    as_it_looked = [
        *made[:position],
        *(Turn(turn.period, turn.count, made[position - 1].members) for turn in made[position:]),
    ]
    known = {turn.period: overrides[turn.period] for turn in made[:position] if turn.period in overrides}
    before = rota(as_it_looked, known)

    for turn in made[:position]:
        assert before[turn.period] == found[turn.period]


@settings(deadline=None)
@given(year=years())
def test_every_piece_has_a_writer_who_is_there(year):
    made, overrides = year
    found = rota(made, overrides)

    for turn in made:
        named = overrides.get(turn.period)
        assert set(found[turn.period]) <= set(turn.members)
        if named is None:
            assert len(found[turn.period]) == (turn.count if turn.members else 0)
            if turn.count <= len(turn.members):
                assert len(set(found[turn.period])) == turn.count
        elif set(named) & set(turn.members):
            assert set(found[turn.period]) == set(named) & set(turn.members)

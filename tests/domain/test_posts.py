"""Quotas of posts: what counts, what is the same, and who still owes how many."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinhky.domain.period import Dates, Period, Window
from dinhky.domain.posts import EvidenceKind, Quota, Sameness, Tally, ToldPost, distinct_posts, tallies, tally

MARCH, APRIL, MAY = (Period.parse(f"2026-{month:02d}").window(Window.CALENDAR) for month in (3, 4, 5))
SIXTH = date(2026, 3, 6)
MORNING = datetime.fromisoformat("2026-03-10T09:00+07:00")
UNITS = ("vhxh", "vp", "kthtdt")
numbers = count(1)


def told(unit: str = "vhxh", title: str = "", link: str | None = None, **facts) -> ToldPost:
    number = next(numbers)
    post = ToldPost(
        id=str(number),
        unit=unit,
        channel="portal",
        title=title or f"Tin {number}",
        published=SIXTH,
        evidence=f"https://phucloi.example/tin-{number}" if link is None else link,
        evidence_kind=EvidenceKind.LINK,
        told_at=MORNING,
    )
    return replace(post, **facts)


def monthly(**facts) -> Quota:
    return replace(Quota("PL-2", MARCH, target=2, units=UNITS, channel="portal"), **facts)


def owed(found: Tally) -> dict[str, int]:
    return {part.unit: part.owes for part in found.units}


@pytest.mark.parametrize(
    ("many", "progress", "missing", "surplus"), [(0, "0/2", 2, 0), (1, "1/2", 1, 0), (2, "2/2", 0, 0), (3, "2/2", 0, 1)]
)
def test_a_target_is_met_piece_by_piece(many, progress, missing, surplus):
    found = tally(monthly(), [told() for _ in range(many)])

    assert (found.progress, found.missing, found.surplus) == (progress, missing, surplus)
    assert found.is_met == (missing == 0)
    assert len(found.counted) == many


def test_several_owners_meet_one_target_together():
    found = tally(monthly(units=("vhtttt", "vhxh")), [told("vhtttt")])

    assert found.progress == "1/2"
    assert [(part.unit, part.target, part.counted, part.progress) for part in found.units] == [
        ("vhtttt", None, 1, "1"),
        ("vhxh", None, 0, "0"),
    ]
    assert owed(found) == {"vhtttt": 1, "vhxh": 1}


def test_each_unit_has_its_own_target_and_none_pays_for_another():
    found = tally(monthly(per_unit=True), [told("vp"), told("vp"), told("vp"), told("kthtdt")])

    assert (found.target, found.done, found.progress) == (6, 3, "3/6")
    assert [part.progress for part in found.units] == ["0/2", "3/2", "1/2"]
    assert owed(found) == {"vhxh": 2, "vp": 0, "kthtdt": 1}
    assert (found.surplus, found.missing) == (1, 3)
    assert [part.unit for part in found.owing] == ["vhxh", "kthtdt"]


def test_writers_of_the_month_owe_their_share():
    quota = monthly(shares={"vp": 1, "kthtdt": 1})

    assert owed(tally(quota, [])) == {"vp": 1, "kthtdt": 1}
    assert owed(tally(quota, [told("kthtdt")])) == {"vp": 1, "kthtdt": 0}
    assert quota.asked == ("vp", "kthtdt")


def test_another_s_piece_counts_and_nobody_owes_more_than_is_missing():
    found = tally(monthly(shares={"vp": 2}), [told("vhxh")])

    assert (found.progress, owed(found)) == ("1/2", {"vp": 1})
    assert [(helper.unit, helper.counted) for helper in found.helpers] == [("vhxh", 1)]
    assert found.of("vhxh").counted == 1
    assert found.of("kthtdt").owes == 0


def test_an_item_counts_in_the_month_it_was_published_in_whenever_it_is_told():
    late = told(told_at=MORNING + timedelta(days=40))
    march, april = tallies([monthly(), monthly(window=APRIL)], [late])

    assert (march.progress, april.progress) == ("1/2", "0/2")
    assert march.late == ()


@pytest.mark.parametrize(("day", "month"), [(date(2026, 3, 31), "2026-03"), (date(2026, 4, 1), "2026-04")])
def test_the_last_day_belongs_to_its_month(day, month):
    for window in (MARCH, APRIL):
        expected = day in window and month == f"{window.start:%Y-%m}"
        assert bool(tally(monthly(window=window), [told(published=day)]).counted) is expected


def test_what_is_told_after_its_time_counts_and_is_marked_late():
    in_time, late = told(), told(told_at=MORNING + timedelta(days=30))
    found = tally(monthly(told_by=MORNING), [in_time, late])

    assert found.counted == (in_time, late)
    assert found.late == (late,)


@pytest.mark.parametrize(
    "facts",
    [
        {"unit": "tdp"},
        {"channel": "radio"},
        {"published": date(2026, 2, 28)},
        {"published": date(2026, 4, 1)},
    ],
)
def test_what_does_not_serve_the_duty(facts):
    assert tally(monthly(), [told(**facts)]).counted == ()


def test_a_duty_of_some_fields_takes_those_or_what_was_told_for_it():
    quota = Quota("CV-4.1", MARCH, 1, UNITS, fields=("Cải cách thể chế",))
    of_the_field, other, for_it = (
        told(field="Cải cách thể chế"),
        told(field="Chung"),
        told(field="Chung", duty="CV-4.1"),
    )

    assert tally(quota, [of_the_field, other, for_it]).counted == (of_the_field, for_it)


def test_a_duty_without_a_channel_takes_any():
    assert len(tally(monthly(channel=None), [told(channel="radio"), told(channel="press")]).counted) == 2


class TestSameItem:
    def test_one_link_with_another_query(self):
        first = told(link="https://phucloi.example/tin/cchc-thang-3")
        again = told(unit="vp", link="http://www.phucloi.example/tin/cchc-thang-3/?utm_source=zalo")
        found = tally(monthly(), [again, first])

        assert found.counted == (first,)
        assert [(one.post, one.counted, one.because) for one in found.duplicates] == [(again, first, Sameness.LINK)]
        assert found.of("vp").counted == 0

    def test_one_title_on_one_channel(self):
        first, again = told(title="Một cửa: quý I"), told(title="MỘT CỬA – QUÝ I", published=SIXTH + timedelta(days=2))
        found = tally(monthly(), [first, again])

        assert found.progress == "1/2"
        assert [one.because for one in found.duplicates] == [Sameness.TITLE]

    def test_one_title_on_two_channels_is_two_items(self):
        assert len(tally(monthly(channel=None), [told(title="A"), told(title="A", channel="radio")]).counted) == 2

    def test_one_link_under_two_channels_is_one_item(self):
        one, other = told(link="https://a.example/tin-1"), told(link="https://a.example/tin-1", channel="social")

        assert len(tally(monthly(channel=None), [one, other]).counted) == 1
        assert len(tally(monthly(), [one, other]).counted) == 1

    def test_a_third_item_links_two(self):
        one, other = told(title="A", link="https://a.example/tin-1"), told(title="B", link="https://a.example/tin-2")
        bridge = told(title="A", link="https://a.example/tin-2")
        found = tally(monthly(), [one, other, bridge])

        assert found.counted == (one,)
        assert {one.post.title: one.because for one in found.duplicates} == {"B": None, "A": Sameness.TITLE}

    def test_the_one_told_first_counts_for_whoever_told_it(self):
        first = told("vp", title="A", told_at=MORNING)
        again = told("vhxh", title="A", told_at=MORNING + timedelta(minutes=1), published=SIXTH - timedelta(days=1))

        assert tally(monthly(), [again, first]).of("vp").counted == 1

    def test_a_repeat_in_the_next_month_counts_in_neither_twice(self):
        first, again = (
            told(title="A"),
            told(title="A", published=date(2026, 4, 2), told_at=MORNING + timedelta(days=25)),
        )
        march, april = tallies([monthly(), monthly(window=APRIL)], [first, again])

        assert (len(march.counted), len(april.counted)) == (1, 0)
        assert (march.duplicates, [one.post for one in april.duplicates]) == ((), [again])

    def test_evidence_that_is_no_link_is_not_compared(self):
        log = {"link": "Bản tin sáng 06/3, 6 giờ 30", "evidence_kind": EvidenceKind.LOG}

        assert len(tally(monthly(), [told(**log), told(**log)]).counted) == 2

    def test_a_unit_that_tells_its_item_again_in_another_paper_is_not_named(self):
        first = told(title="A", duty="PL-2", source="folder")
        found = tally(monthly(), [first, replace(first, id="900", duty="PL-5")])

        assert found.counted == (first,)
        assert found.duplicates == ()


class TestSurplus:
    def test_it_does_not_carry_over(self):
        april = tallies([monthly(), monthly(window=APRIL)], [told() for _ in range(3)])[1]

        assert (april.progress, april.carried, april.missing) == ("0/2", 0, 2)

    def test_it_lowers_the_next_target_where_the_plan_says_so(self):
        quotas = [monthly(window=window, carries_surplus=True) for window in (MARCH, APRIL, MAY)]
        march, april, may = tallies(quotas, [told() for _ in range(5)])

        assert (march.surplus, march.progress) == (3, "2/2")
        assert (april.carried, april.progress, april.missing, april.surplus) == (3, "2/2", 0, 1)
        assert (may.carried, may.progress, may.missing) == (1, "1/2", 1)

    def test_it_is_each_unit_s_own(self):
        quotas = [monthly(window=window, carries_surplus=True, per_unit=True) for window in (MARCH, APRIL)]
        april = tallies(quotas, [told("vp"), told("vp"), told("vp")])[1]

        assert owed(april) == {"vhxh": 2, "vp": 1, "kthtdt": 2}
        assert april.of("vp").carried == 1


def test_an_item_of_a_merged_unit_counts_for_its_heir_and_of_a_closed_one_for_the_whole():
    merged, closed = told("ttcu"), told("cu")
    quota = monthly(heirs={"ttcu": "vp", "cu": ""})

    found = tally(quota, [merged, closed])
    assert (found.progress, found.of("vp").counted) == ("2/2", 1)
    each = tally(replace(quota, per_unit=True), [merged, closed])
    assert owed(each) == {"vhxh": 2, "vp": 1, "kthtdt": 2}


def test_nothing_is_expected_of_a_unit_that_was_waived():
    each = tally(monthly(per_unit=True, waived=frozenset({"vp"})), [told("vhxh"), told("vp")])
    assert (each.target, owed(each)) == (4, {"vhxh": 1, "kthtdt": 2})
    assert [(helper.unit, helper.counted) for helper in each.helpers] == [("vp", 1)]

    written = tally(monthly(shares={"vhxh": 1, "vp": 1}, waived=frozenset({"vp"})), [])
    assert (written.progress, owed(written)) == ("0/2", {"vhxh": 1})


some_posts = st.lists(
    st.builds(
        lambda number, unit, title, link, day, minute: ToldPost(
            id=str(number),
            unit=unit,
            channel="portal",
            title=title,
            published=date(2026, 3, 1) + timedelta(days=day),
            evidence=link,
            evidence_kind=EvidenceKind.LINK,
            told_at=MORNING + timedelta(minutes=minute),
        ),
        st.integers(1, 10**6),
        st.sampled_from(UNITS),
        st.sampled_from(["A", "a!", "B", "C", "Đ", "…"]),
        st.sampled_from(
            ["https://a.example/1", "https://a.example/1?x=y", "https://a.example/2", "https://a.example/?p=3"]
        ),
        st.integers(0, 60),
        st.integers(0, 3),
    ),
    max_size=12,
    unique_by=lambda post: post.id,
)


@given(posts=some_posts, data=st.data())
def test_the_order_in_which_items_are_read_does_not_matter(posts, data):
    assert tally(monthly(), data.draw(st.permutations(posts))) == tally(monthly(), posts)


@given(posts=some_posts)
def test_every_item_is_distinct_or_repeats_a_distinct_one(posts):
    distinct, repeated = distinct_posts(posts)

    assert len(distinct) + len(repeated) == len(posts)
    assert all(one.counted in distinct for one in repeated)
    assert all(one.counted.told_at <= one.post.told_at for one in repeated)
    assert distinct_posts(distinct) == (distinct, [])


@given(posts=some_posts, target=st.integers(0, 4), per_unit=st.booleans(), carries=st.booleans())
def test_what_is_told_covers_the_target_or_is_missing(posts, target, per_unit, carries):
    windows = [MARCH, APRIL, Dates(date(2026, 5, 1), date(2026, 5, 31))]
    quotas = [monthly(window=window, target=target, per_unit=per_unit, carries_surplus=carries) for window in windows]

    for found in tallies(quotas, posts):
        assert len(found.counted) + found.carried + found.missing == found.target + found.surplus
        assert 0 <= found.done <= found.target
        assert not (found.missing and found.surplus) or per_unit

"""On which mornings those who watch over the work are told. 2026: Tết from Monday 16/2 to Friday 20/2, work again on
Monday 23/2; the Saturday 22/8 is worked for Monday 31/8, and National Day is off until 2/9."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.digests import (
    Light,
    Matter,
    eve_of,
    in_digest_hours,
    is_to_be_told,
    light_of,
    occasion,
    week_began,
)

TET = [date(2026, 2, day) for day in range(16, 21)]
NATIONAL_DAY = [date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2)]
CALENDAR = WorkingCalendar(2026, 2026, frozenset([*TET, *NATIONAL_DAY]), frozenset({date(2026, 8, 22)}))


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


@pytest.mark.parametrize(
    ("today", "began"),
    [
        ("03-09", "03-09"),  # an ordinary Monday
        ("03-13", "03-09"),
        ("02-23", "02-23"),  # the Monday after Tết
        ("02-13", "02-09"),  # the Friday before it
        ("09-03", "09-03"),  # the week of National Day begins on its Thursday
        ("09-04", "09-03"),
        ("08-22", "08-17"),  # a Saturday worked in exchange belongs to the week before it
    ],
)
def test_a_week_begins_on_its_first_working_day(today, began):
    assert week_began(day(today), CALENDAR) == day(began)


@pytest.mark.parametrize(
    ("due", "eve"),
    [
        ("03-13", "03-12"),
        ("03-16", "03-13"),  # due on a Monday: the Friday before
        ("08-24", "08-22"),  # due on the Monday after a Saturday that is worked
        ("02-23", "02-13"),  # due on the first day after Tết
        ("09-03", "08-28"),
    ],
)
def test_the_eve_of_a_due_date_is_the_working_day_before_it(due, eve):
    assert eve_of(day(due), CALENDAR) == day(eve)


ROUND = Matter(date(2026, 1, 5), (date(2026, 3, 13), date(2026, 3, 16)))
"""Open since January; units due on Friday 13/3, the report on Monday 16/3."""
WITHOUT_DUE = Matter(date(2026, 1, 5))
OF_WEDNESDAY = Matter(date(2026, 3, 11))
DUE_AFTER_TET = Matter(date(2026, 1, 5), (date(2026, 2, 23),))
BORN_ON_ITS_DUE_DAY = Matter(date(2026, 3, 11), (date(2026, 3, 11),))


@pytest.mark.parametrize(
    ("matter", "today", "told", "is_told"),
    [
        # Mondays
        (WITHOUT_DUE, "03-09", [], True),
        (WITHOUT_DUE, "03-09", ["03-02"], True),
        (WITHOUT_DUE, "03-09", ["03-09"], False),
        (WITHOUT_DUE, "03-10", ["03-09"], False),
        (WITHOUT_DUE, "03-13", ["03-09"], False),
        # Nobody could be told on Monday and Tuesday: on Wednesday, once.
        (WITHOUT_DUE, "03-11", ["03-02"], True),
        (WITHOUT_DUE, "03-12", ["03-02", "03-11"], False),
        # What came up during the week waits for the next.
        (OF_WEDNESDAY, "03-11", [], False),
        (OF_WEDNESDAY, "03-13", [], False),
        (OF_WEDNESDAY, "03-16", [], True),
        # Tết: nothing in it, and one thing after it.
        (WITHOUT_DUE, "02-16", ["02-09"], False),
        (WITHOUT_DUE, "02-20", ["02-09"], False),
        (WITHOUT_DUE, "02-23", ["02-09"], True),
        (DUE_AFTER_TET, "02-13", ["02-09"], True),
        (DUE_AFTER_TET, "02-23", ["02-13"], True),
        (DUE_AFTER_TET, "02-24", ["02-23"], False),
        # The eve of each due date: Thursday for the Friday, Friday for the Monday.
        (ROUND, "03-11", ["03-09"], False),
        (ROUND, "03-12", ["03-09"], True),
        (ROUND, "03-13", ["03-09", "03-12"], True),
        (ROUND, "03-13", ["03-09", "03-13"], False),
        # The eve was missed: the due day itself still tells; the day after does not.
        (ROUND, "03-13", ["03-09"], True),
        (ROUND, "03-16", ["03-13"], True),  # it is a Monday too
        (ROUND, "03-17", ["03-16"], False),
        # A round that opens on its due day has no eve.
        (BORN_ON_ITS_DUE_DAY, "03-11", ["03-09"], False),
        # The week of National Day; a day off; a Saturday that is worked is the end of a week, not the beginning.
        (WITHOUT_DUE, "08-31", ["08-24"], False),
        (WITHOUT_DUE, "09-03", ["08-24"], True),
        (WITHOUT_DUE, "08-22", ["08-17"], False),
        (Matter(date(2026, 1, 5), (date(2026, 8, 24),)), "08-22", ["08-17"], True),
    ],
)
def test_a_supervisor_is_told_on_the_first_day_of_the_week_and_before_each_due_date_once(matter, today, told, is_told):
    assert is_to_be_told([matter], day(today), [day(one) for one in told], CALENDAR) is is_told


def test_without_anything_to_tell_there_is_no_occasion():
    assert occasion([], day("03-09"), CALENDAR) is None
    assert not is_to_be_told([], day("03-09"), [], CALENDAR)


def test_two_occasions_of_one_day_are_one():
    monday = Matter(date(2026, 1, 5), (date(2026, 3, 10),))
    assert occasion([monday], day("03-09"), CALENDAR) == day("03-09")
    assert is_to_be_told([monday], day("03-09"), [], CALENDAR)
    assert not is_to_be_told([monday], day("03-09"), [day("03-09")], CALENDAR)


@pytest.mark.parametrize(
    ("moment", "is_time"),
    [
        ("03-09T07:30", False),  # what opens this morning has not opened yet
        ("03-09T08:00", True),
        ("03-09T07:59:59", True),  # as a fast clock rounds it
        ("03-09T11:30", True),
        ("03-09T12:00", False),
        ("03-08T09:00", False),  # a Sunday
        ("02-16T09:00", False),  # Tết
        ("08-22T09:00", True),  # a Saturday that is worked
    ],
)
def test_a_digest_is_decided_on_the_morning_of_a_working_day(moment, is_time):
    assert in_digest_hours(datetime.fromisoformat(f"2026-{moment}+07:00"), CALENDAR) is is_time


@pytest.mark.parametrize(
    ("is_overdue", "needs_decision", "is_anything_missing", "light"),
    [
        (True, False, True, Light.RED),
        (False, True, False, Light.RED),
        (True, True, True, Light.RED),
        (False, False, True, Light.AMBER),
        (False, False, False, Light.GREEN),
    ],
)
def test_the_colours(is_overdue, needs_decision, is_anything_missing, light):
    found = light_of(is_overdue=is_overdue, needs_decision=needs_decision, is_anything_missing=is_anything_missing)
    assert found is light

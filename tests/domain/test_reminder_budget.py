"""At most one letter of reminders a day and three a week, and nothing lost by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import zip_longest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.chase import overdue_ladder, overdue_reminder_due, reminder_due, unit_ladder
from dinhky.domain.local_time import END_OF_OFFICE_DAY, at, end_of, local, start_of_work
from dinhky.domain.period import Cadence, Dates, periods_of
from dinhky.domain.plan import Kind
from dinhky.domain.reminder_budget import Leave, ReminderLetter, leave_for, monday_of
from dinhky.domain.reminders import Reminders
from dinhky.domain.schedule import Round

CALENDAR = WorkingCalendar(
    2025, 2027, frozenset({date(2026, 3, 19), date(2026, 3, 23)}), frozenset({date(2026, 3, 28)})
)
"""With a Thursday and a Monday off, and a Saturday worked."""
MON, TUE, WED, THU, FRI, SAT, SUN = (date(2026, 3, day) for day in range(9, 16))
NEXT_MONDAY, DAY_OFF, MONDAY_OFF = date(2026, 3, 16), date(2026, 3, 19), date(2026, 3, 23)


@pytest.mark.parametrize(
    ("gone", "today", "overdue", "leave"),
    [
        pytest.param([], MON, False, Leave(MON, MON), id="the first of the week"),
        pytest.param([MON], TUE, False, Leave(TUE, TUE), id="the second"),
        pytest.param([MON, TUE], WED, False, Leave(WED, SUN), id="the third tells the rest of the week"),
        pytest.param([MON, TUE], FRI, False, Leave(FRI, SUN), id="whenever it goes"),
        pytest.param([MON], MON, False, Leave(TUE, MON), id="one a day"),
        pytest.param([FRI], FRI, False, Leave(NEXT_MONDAY, FRI), id="the next day on which offices work"),
        pytest.param([MON, TUE, WED], THU, False, Leave(NEXT_MONDAY, SUN), id="nothing after the third"),
        pytest.param([MON, TUE, WED], THU, True, Leave(THU, SUN), id="but what is overdue"),
        pytest.param([MON], MON, True, Leave(TUE, MON), id="which keeps to one a day"),
        pytest.param([MON, (TUE, True), WED], THU, False, Leave(THU, SUN), id="what was overdue does not count"),
        pytest.param([MON, (TUE, True)], WED, False, Leave(WED, WED), id="nor makes it the last"),
        pytest.param([MON, TUE], WED, True, Leave(WED, WED), id="an overdue one leaves the third to come"),
        pytest.param([MON, TUE, WED], NEXT_MONDAY, False, Leave(NEXT_MONDAY, NEXT_MONDAY), id="a week is a week"),
        pytest.param(
            [NEXT_MONDAY, date(2026, 3, 17), date(2026, 3, 18)],
            date(2026, 3, 20),
            False,
            Leave(date(2026, 3, 24), date(2026, 3, 22)),
            id="a Monday off is passed over",
        ),
    ],
)
def test_when_a_letter_may_go_and_what_it_tells(gone, today, overdue, leave):
    letters = [ReminderLetter(*one) if isinstance(one, tuple) else ReminderLetter(one) for one in gone]
    assert leave_for(letters, today, CALENDAR, is_overdue=overdue) == leave


@dataclass
class Reader:
    """A unit that never answers, and its letters: by the rule, and nothing else."""

    rounds: list[Round]
    letters: list[ReminderLetter] = field(default_factory=list)
    done: dict[str, set[str]] = field(default_factory=dict)
    told: dict[str, list[date]] = field(default_factory=dict)

    @property
    def ordinary(self) -> list[date]:
        return [letter.day for letter in self.letters if not letter.is_overdue]

    def due(self, today: date, by: date) -> list[tuple[Round, str]]:
        now, found = at(today, END_OF_OFFICE_DAY), []
        for one in self.rounds:
            done = self.done.setdefault(one.ref, set())
            if now < one.opens or now > one.locks:
                continue
            step = reminder_due(one, done, now, CALENDAR, end_of(by) if by > today else now)
            step = step or overdue_reminder_due(overdue_ladder(one, CALENDAR), done, one, now)
            found += [(one, step)] if step else []
        return found

    def live(self, today: date) -> None:
        if not CALENDAR.is_working_day(today):
            return
        due = self.due(today, today)
        if not due:
            return
        overdue = any(step.startswith("T+") for _, step in due)
        leave = leave_for(self.letters, today, CALENDAR, is_overdue=overdue)
        if leave.from_day > today:
            return
        self.letters.append(ReminderLetter(today, overdue))
        for one, step in [*due, *self.due(today, leave.tells_until)]:
            self.done[one.ref].add(step)
            self.told.setdefault(one.ref, []).append(today)


FIRST = date(2026, 3, 2)
STEPS = st.sets(st.integers(0, 8), min_size=1, max_size=5).map(lambda found: tuple(sorted(found, reverse=True)))
LATE = st.sets(st.integers(1, 5), max_size=3).map(lambda found: tuple(sorted(found)))


@st.composite
def some_rounds(draw: st.DrawFn) -> list[Round]:
    found = []
    for number in range(draw(st.integers(1, 8))):
        due = CALENDAR.on_or_after(FIRST + timedelta(days=draw(st.integers(0, 40))))
        opens = CALENDAR.on_or_after(due - timedelta(days=draw(st.integers(0, 20))))
        found.append(
            Round(
                plan_id="thu-2026",
                ref=f"T-{number}",
                obligation="Thử",
                kind=Kind.POSTS,
                period=periods_of(Cadence.MONTHLY, 2026)[2],
                window=Dates(due, due),
                opens=start_of_work(opens),
                unit_due=end_of(due),
                due=end_of(due),
                nominal_due=due,
                locks=end_of(CALENDAR.shift(due, draw(st.integers(0, 4)))),
                units=("vp",),
                asked=("vp",),
                reminders=Reminders(draw(STEPS), draw(LATE)),
            )
        )
    return found


@settings(max_examples=300, deadline=None)
@given(rounds=some_rounds())
def test_whatever_a_unit_owes_it_is_written_to_rarely_enough_and_hears_of_everything_in_time(rounds):
    reader = Reader(rounds)
    for number in range(-40, 70):
        reader.live(FIRST + timedelta(days=number))
    days = [letter.day for letter in reader.letters]
    assert len(days) == len(set(days))
    counted = [monday_of(day) for day in reader.ordinary]
    assert all(counted.count(monday) <= 3 for monday in counted)
    for one in rounds:
        ladder = unit_ladder(one, CALENDAR)
        for due, following in zip_longest(ladder, ladder[1:]):
            end = following.at if following else one.unit_due
            begin = local(due.at).date()
            of_week = [day for day in reader.ordinary if monday_of(day) == monday_of(begin)]
            last = of_week[2] if len(of_week) >= 3 else None
            told = reader.told.get(one.ref, [])
            in_its_time = any(due.at <= start_of_work(day) < end for day in told)
            before = last is not None and any(last <= day < begin for day in told)
            opened_too_late = last is not None and last < local(one.opens).date()
            assert in_its_time or before or opened_too_late, (one.ref, due.step, begin)
        late = overdue_ladder(one, CALENDAR)
        if late:
            assert any(day > local(one.unit_due).date() for day in reader.told.get(one.ref, []))

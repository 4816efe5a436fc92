"""The reminders of a round: which there are, when each is due, and which one is due now; around days off too."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.chase import (
    days_of_rung,
    extension_reminder_at,
    is_overdue_reminder,
    is_reminder,
    mend_reminder_at,
    missed_steps,
    overdue_ladder,
    overdue_reminder_due,
    reminder_due,
    rung,
    unit_ladder,
)
from dinhky.domain.local_time import end_of, local, start_of_work
from dinhky.domain.period import Cadence, Dates, periods_of
from dinhky.domain.plan import Kind
from dinhky.domain.reminders import Reminders
from dinhky.domain.schedule import Round

CALENDAR = WorkingCalendar(
    2025,
    2026,
    frozenset({date(2026, 1, 1), date(2026, 1, 2), *(date(2026, 2, day) for day in range(16, 21))}),
    frozenset({date(2026, 1, 10)}),
)
"""2026 as it was decided: 2 January off for Saturday the 10th, and Tết from the 16th to the 20th of February."""


def round_due(day: date, *, locks: date | None = None, reminders: Reminders | None = None, opens: date | None = None):
    return Round(
        plan_id="thu-2026",
        ref="T-1",
        obligation="Thử",
        kind=Kind.POSTS,
        period=periods_of(Cadence.MONTHLY, 2026)[2],
        window=Dates(date(2026, 1, 1), date(2026, 1, 31)),
        opens=start_of_work(opens or date(2025, 12, 1)),
        unit_due=end_of(day),
        due=end_of(day),
        nominal_due=day,
        locks=end_of(locks or CALENDAR.shift(day, 3)),
        units=("vp",),
        asked=("vp",),
        reminders=reminders or Reminders(),
    )


def days(ladder) -> dict[str, str]:
    assert all(local(due.at).strftime("%H:%M") == "07:30" for due in ladder)
    return {due.step: f"{local(due.at):%d/%m}" for due in ladder}


@pytest.mark.parametrize(
    ("due", "before", "after"),
    [
        pytest.param(
            date(2026, 3, 13),
            {"T-3": "10/03", "T-1": "12/03", "T-0": "13/03"},
            {"T+1": "16/03", "T+3": "18/03"},
            id="a Friday",
        ),
        pytest.param(
            date(2026, 2, 13),
            {"T-3": "10/02", "T-1": "12/02", "T-0": "13/02"},
            {"T+1": "23/02", "T+3": "25/02"},
            id="the last day before Tết: nothing is said in the holiday",
        ),
        pytest.param(
            date(2026, 2, 23),
            {"T-3": "11/02", "T-1": "13/02", "T-0": "23/02"},
            {"T+1": "24/02", "T+3": "26/02"},
            id="the first day after Tết: the days before it are reminded of it",
        ),
        pytest.param(
            date(2026, 2, 18),
            {"T-3": "10/02", "T-1": "12/02", "T-0": "13/02"},
            {"T+1": "23/02", "T+3": "25/02"},
            id="moved to a day of Tết by mistake: the last day worked before it is the due day's",
        ),
        pytest.param(
            date(2026, 1, 5),
            {"T-3": "29/12", "T-1": "31/12", "T-0": "05/01"},
            {"T+1": "06/01", "T+3": "08/01"},
            id="the Monday after New Year and its swapped Friday",
        ),
        pytest.param(
            date(2026, 1, 12),
            {"T-3": "08/01", "T-1": "10/01", "T-0": "12/01"},
            {"T+1": "13/01", "T+3": "15/01"},
            id="the Saturday worked in exchange is a working day like any other",
        ),
        pytest.param(
            date(2026, 1, 9),
            {"T-3": "06/01", "T-1": "08/01", "T-0": "09/01"},
            {"T+1": "10/01", "T+3": "13/01"},
            id="overdue on a Saturday that is worked",
        ),
    ],
)
def test_steps_are_counted_in_working_days(due, before, after):
    round_ = round_due(due)
    assert days(unit_ladder(round_, CALENDAR)) == before
    assert days(overdue_ladder(round_, CALENDAR)) == after


def test_the_plan_sets_the_steps():
    often = round_due(date(2026, 3, 13), reminders=Reminders(before=(5, 0), overdue=(2,)))
    assert days(unit_ladder(often, CALENDAR)) == {"T-5": "06/03", "T-0": "13/03"}
    assert days(overdue_ladder(often, CALENDAR)) == {"T+2": "17/03"}
    never = round_due(date(2026, 3, 13), reminders=Reminders(before=(), overdue=(), after_return=0))
    assert not unit_ladder(never, CALENDAR)
    assert not overdue_ladder(never, CALENDAR)
    assert mend_reminder_at(never, start_of_work(date(2026, 3, 10)), CALENDAR) is None


def test_a_step_that_was_due_before_the_round_opened_does_not_exist():
    late = round_due(date(2026, 3, 13), opens=date(2026, 3, 11))
    assert list(days(unit_ladder(late, CALENDAR))) == ["T-1", "T-0"]


@pytest.mark.parametrize(
    ("locks", "until", "given", "steps"),
    [
        pytest.param(date(2026, 3, 18), None, None, ["T+1", "T+3"], id="as long as the round takes files"),
        pytest.param(date(2026, 3, 16), None, None, ["T+1"], id="not after the lock"),
        pytest.param(date(2026, 3, 16), date(2026, 3, 25), date(2026, 3, 12), ["T+1", "T+3"], id="given longer"),
        pytest.param(date(2026, 3, 16), date(2026, 3, 25), date(2026, 3, 19), ["T+1"], id="given longer after a step"),
        pytest.param(
            date(2026, 3, 16),
            date(2026, 3, 19),
            date(2026, 3, 12),
            ["T+1"],
            id="not beside the extension's own reminder",
        ),
    ],
)
def test_overdue_steps_exist_as_long_as_the_units_file_is_taken(locks, until, given, steps):
    round_ = round_due(date(2026, 3, 13), locks=locks)
    ladder = overdue_ladder(
        round_, CALENDAR, until=end_of(until) if until else None, given_at=start_of_work(given) if given else None
    )
    assert list(days(ladder)) == steps


@pytest.mark.parametrize(
    ("until", "given", "moment", "step"),
    [
        (date(2026, 3, 25), date(2026, 3, 17), "2026-03-17T08:00", "T+1"),
        (date(2026, 3, 25), date(2026, 3, 19), "2026-03-19T08:00", None),
        (date(2026, 3, 18), date(2026, 3, 18), "2026-03-18T08:00", None),
    ],
    ids=["still its time", "being given longer was told after the next step's time", "the extension's last day"],
)
def test_a_step_is_overtaken_by_the_next_even_if_that_is_told_otherwise(until, given, moment, step):
    """The scheduler was down for days: the first step was never sent, and the second's time has come."""
    round_ = round_due(date(2026, 3, 13), locks=date(2026, 3, 16))
    ladder = overdue_ladder(round_, CALENDAR, until=end_of(until), given_at=start_of_work(given))
    assert overdue_reminder_due(ladder, (), round_, datetime.fromisoformat(f"{moment}+07:00")) == step


def test_the_extensions_own_reminder_takes_the_place_of_a_step_on_the_same_morning():
    assert f"{extension_reminder_at(end_of(date(2026, 3, 19)), CALENDAR):%d/%m}" == "18/03"


def now(day: int, clock: str = "08:00") -> datetime:
    return datetime.fromisoformat(f"2026-03-{day:02d}T{clock}+07:00")


@pytest.mark.parametrize(
    ("moment", "done", "step"),
    [
        (now(9), (), None),
        (now(10), (), "T-3"),
        (now(11), ("T-3",), None),
        (now(12), (), "T-1"),
        (now(13), ("T-3", "T-1"), "T-0"),
        (now(14), (), None),
        (now(16), ("T-0",), "T+1"),
        (now(17), ("T+1",), None),
        (now(18), (), "T+3"),
        (now(18), ("T+1", "T+3"), None),
    ],
)
def test_what_is_due_by_now_is_the_latest_step_and_only_that(moment, done, step):
    round_ = round_due(date(2026, 3, 13))
    before = reminder_due(round_, done, moment, CALENDAR)
    after = overdue_reminder_due(overdue_ladder(round_, CALENDAR), done, round_, moment)
    assert (before or after) == step
    assert not (before and after)


def test_what_will_be_due_by_the_end_of_the_week_can_be_asked_before():
    round_ = round_due(date(2026, 3, 13))
    assert reminder_due(round_, ("T-3",), now(11), CALENDAR, end_of(date(2026, 3, 15))) == "T-0"
    assert reminder_due(round_, ("T-3", "T-0"), now(11), CALENDAR, end_of(date(2026, 3, 15))) is None


def test_steps_whose_time_is_over_were_missed():
    round_ = round_due(date(2026, 3, 13))
    ladder = overdue_ladder(round_, CALENDAR)
    assert missed_steps(round_, ladder, ("T-3",), now(12), CALENDAR) == []
    assert missed_steps(round_, ladder, ("T-3", "T+1"), now(19), CALENDAR) == ["T-1", "T-0", "T+3"]


@pytest.mark.parametrize(
    ("returned", "reminded"),
    [(now(10), "12/03"), (now(13, "16:59"), "17/03"), (now(14, "21:00"), "17/03")],
)
def test_a_file_that_was_sent_back_is_reminded_of_after_two_working_days(returned, reminded):
    due = mend_reminder_at(round_due(date(2026, 3, 31)), returned, CALENDAR)
    assert f"{due:%d/%m %H:%M}" == f"{reminded} 07:30"


@pytest.mark.parametrize(
    ("kind", "reminds", "of_what_is_overdue"),
    [
        *[(rung(-offset), True, False) for offset in (5, 3, 1, 0)],
        *[(rung(offset), True, True) for offset in (1, 3, 20)],
        ("mend", True, False),
        *[(kind, True, True) for kind in ("mend-overdue", "overdue", "extended")],
        *[(kind, False, False) for kind in ("opening", "escalation", "change", "accepted-1", "T-", "T3", "XT-3")],
    ],
)
def test_kinds_of_reminders_are_known_by_their_names(kind, reminds, of_what_is_overdue):
    assert (is_reminder(kind), is_overdue_reminder(kind)) == (reminds, of_what_is_overdue)


def test_the_names_of_steps_are_part_of_outbox_keys_and_never_change():
    assert [rung(-3), rung(-1), rung(0), rung(1)] == ["T-3", "T-1", "T-0", "T+1"]
    assert [days_of_rung(step) for step in ("T-3", "T-0", "T+1", "overdue")] == [-3, 0, 1, None]


def test_a_round_keeps_its_ladder_when_it_moves():
    moved = replace(round_due(date(2026, 3, 13)), unit_due=end_of(date(2026, 3, 20)), locks=end_of(date(2026, 3, 25)))
    assert days(unit_ladder(moved, CALENDAR)) == {"T-3": "17/03", "T-1": "19/03", "T-0": "20/03"}

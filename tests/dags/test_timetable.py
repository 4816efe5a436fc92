"""The timetable plays the rounds it is given: each when it opens, named by its period, never once it is over."""

from __future__ import annotations

from datetime import datetime
from unittest.mock import patch

import pendulum
import pytest

ROUNDS = [
    # label, window start, window end, opens, over after
    ("2026-Q1", "2025-12-15", "2026-03-15", "2026-03-05T07:30", "2026-03-16T10:00"),
    ("2026-Q2", "2026-03-15", "2026-06-15", "2026-03-16T07:30", "2026-06-15T10:00"),
    ("2026-Q3", "2026-06-15", "2026-09-15", "2026-06-15T07:30", "2026-09-15T10:00"),
]
ZONE = "+07:00"


def instant(text: str) -> pendulum.DateTime:
    return pendulum.instance(datetime.fromisoformat(f"{text}{'' if 'T' in text else 'T00:00'}{ZONE}"))


@pytest.fixture
def timetable():
    from dinhky.orchestration.timetable import RoundTimetable, ScheduledRound

    rounds = [ScheduledRound(label, *(instant(moment).isoformat() for moment in moments)) for label, *moments in ROUNDS]
    return RoundTimetable(rounds, summary="Hằng quý", description="15 tháng cuối quý")


def next_label(timetable, now: str, *, after: str | None = None, catchup: bool = False) -> str | None:
    from airflow.timetables.base import DataInterval, TimeRestriction

    last = next((row for row in ROUNDS if row[0] == after), None)
    interval = DataInterval(instant(last[1]), instant(last[2])) if last else None
    with patch("dinhky.orchestration.timetable._present", return_value=instant(now)):
        info = timetable.next_dagrun_info(
            last_automated_data_interval=interval,
            restriction=TimeRestriction(earliest=instant("2025-01-01"), latest=None, catchup=catchup),
        )
    return next((row[0] for row in ROUNDS if info and instant(row[1]) == info.data_interval.start), None)


@pytest.mark.parametrize(
    ("now", "after", "expected"),
    [
        ("2026-01-10", None, "2026-Q1"),  # in January the first round is still to come
        ("2026-03-10", None, "2026-Q1"),  # a round that is open now still gets its run
        ("2026-03-16T09:59", None, "2026-Q1"),
        ("2026-03-16T10:01", None, "2026-Q2"),  # one that is over does not
        ("2026-03-10", "2026-Q1", "2026-Q2"),
        ("2026-08-01", None, "2026-Q3"),
        ("2026-08-01", "2026-Q1", "2026-Q3"),  # an outage over a whole quarter: it is history
        ("2026-12-01", None, None),
        ("2026-08-01", "2026-Q3", None),
    ],
)
def test_the_next_run_is_the_earliest_round_not_played_and_not_over(
    timetable, now: str, after: str | None, expected: str | None
) -> None:
    assert next_label(timetable, now, after=after) == expected


def test_with_catch_up_a_year_is_played_from_its_beginning(timetable) -> None:
    assert next_label(timetable, "2026-12-01", catchup=True) == "2026-Q1"


def test_a_run_may_begin_before_its_data_close(timetable) -> None:
    from airflow.timetables.base import TimeRestriction

    with patch("dinhky.orchestration.timetable._present", return_value=instant("2026-01-10")):
        info = timetable.next_dagrun_info(
            last_automated_data_interval=None, restriction=TimeRestriction(None, None, False)
        )
    assert info.run_after == instant("2026-03-05T07:30") < info.data_interval.end


def test_a_run_is_named_by_its_period_and_one_by_hand_by_its_moment_too(timetable) -> None:
    from airflow.timetables.base import DataInterval
    from airflow.utils.types import DagRunType

    interval = DataInterval(instant("2025-12-15"), instant("2026-03-15"))
    named = {"run_after": instant("2026-03-05T07:30"), "data_interval": interval}
    assert timetable.generate_run_id(run_type=DagRunType.SCHEDULED, **named) == "scheduled__2026-Q1"
    assert timetable.generate_run_id(run_type=DagRunType.MANUAL, **named) == "manual__2026-Q1_20260305T073000"


@pytest.mark.parametrize(
    ("pressed", "expected"),
    [("2026-01-10", "2026-Q1"), ("2026-03-10", "2026-Q1"), ("2026-05-01", "2026-Q2"), ("2026-12-01", "2026-Q3")],
)
def test_a_run_started_by_hand_plays_the_round_that_is_open_or_the_latest(
    timetable, pressed: str, expected: str
) -> None:
    interval = timetable.infer_manual_data_interval(run_after=instant(pressed))
    assert interval.start == instant(next(row[1] for row in ROUNDS if row[0] == expected))


@pytest.mark.parametrize(
    ("opens", "expected"),
    [
        ("2026-03-05T07:30", "2025-12-15T00:00"),  # the beginning of the window
        ("2025-11-21T07:30", "2025-11-21T07:30"),  # on a clock that is ahead: Airflow starts no run of its own future
    ],
)
def test_the_logical_date_of_a_run_never_lies_in_the_machines_future(opens: str, expected: str) -> None:
    from types import SimpleNamespace

    from airflow.timetables.base import TimeRestriction

    from dinhky.orchestration.timetable import RoundTimetable, ScheduledRound

    moments = ("2025-12-15", "2026-03-15", opens, "2026-03-16T10:00")
    timetable = RoundTimetable([ScheduledRound("2026-Q1", *(instant(one).isoformat() for one in moments))])
    with patch("dinhky.orchestration.timetable._present", return_value=instant(opens)):
        info = timetable.next_dagrun_info(
            last_automated_data_interval=None,
            restriction=TimeRestriction(earliest=instant("2025-01-01"), latest=None, catchup=False),
        )
    kept = SimpleNamespace(
        next_dagrun=info.logical_date,
        next_dagrun_create_after=info.run_after,
        next_dagrun_data_interval=info.data_interval,
        next_dagrun_partition_date=None,
        next_dagrun_partition_key=None,
    )
    again = timetable.next_run_info_from_dag_model(dag_model=kept)
    assert info.logical_date == again.logical_date == instant(expected)
    assert info.data_interval == again.data_interval == (instant("2025-12-15"), instant("2026-03-15"))


def test_it_survives_being_stored_by_airflow(timetable) -> None:
    from dinhky.orchestration.timetable import RoundTimetable

    again = RoundTimetable.deserialize(timetable.serialize())
    assert again.serialize() == timetable.serialize()
    assert again.summary == "Hằng quý"
    assert next_label(again, "2026-03-10") == "2026-Q1"

"""The office's clock: real, elsewhere, or fast, and back at the usual pace from a moment on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinhky.clock import Clock

STARTED = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
FAST = "2026-03-01T07:00+07:00@1440"
SLOWER = f"{FAST}/2026-03-02T07:00+07:00@720/2026-03-03T07:00+07:00@1440/2026-03-04T07:00+07:00"
ENDING = f"{FAST}/2026-03-16T11:00+07:00"


def shown(text: str | None, real_seconds: float) -> str:
    office = Clock.parse(text, STARTED).at(STARTED + timedelta(seconds=real_seconds))
    assert office.tzinfo is UTC
    return (office + timedelta(hours=7)).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("text", "real_seconds", "expected"),
    [
        (None, 0, "2026-11-21 15:00:00"),
        ("", 90, "2026-11-21 15:01:30"),
        ("2026-03-01T07:00+07:00", 90, "2026-03-01 07:01:30"),
        ("2026-03-01T00:00+00:00@1", 0, "2026-03-01 07:00:00"),
        (FAST, 0, "2026-03-01 07:00:00"),
        (FAST, 60, "2026-03-02 07:00:00"),
        (FAST, -60, "2026-03-01 06:59:00"),
        ("2026-03-01T07:00+07:00@0.5", 60, "2026-03-01 07:00:30"),
        (ENDING, 60, "2026-03-02 07:00:00"),
        (ENDING, 910, "2026-03-16 11:00:00"),
        (ENDING, 911, "2026-03-16 11:00:01"),
        (ENDING, 910 + 3600, "2026-03-16 12:00:00"),
        (SLOWER, -60, "2026-03-01 06:59:00"),
        (SLOWER, 60, "2026-03-02 07:00:00"),
        (SLOWER, 180, "2026-03-03 07:00:00"),
        (SLOWER, 240, "2026-03-04 07:00:00"),
        (SLOWER, 241, "2026-03-04 07:00:01"),
    ],
)
def test_what_the_office_clock_shows_so_many_real_seconds_after_it_started(text, real_seconds, expected):
    assert shown(text, real_seconds) == expected


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "2026-03-01T07:00",
        "2026-03-01T07:00+07:00@fast",
        "2026-03-01T07:00+07:00@0",
        "2026-03-01T07:00+07:00@-5",
        "2026-03-01T07:00+07:00@nan",
        "2026-03-01T07:00+07:00@inf",
        "@1440",
        f"{FAST}/2026-03-16T11:00",
        f"{FAST}/later",
        f"{FAST}/2026-03-02T07:00+07:00@0",
        f"{FAST}/2026-03-03T07:00+07:00@720/2026-03-02T07:00+07:00",
        f"{FAST}/2026-02-28T11:00+07:00",
        "2026-13-01T07:00+07:00",
    ],
)
def test_a_setting_that_is_no_clock_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        Clock.parse(text, STARTED)


@pytest.mark.parametrize(
    ("text", "since", "is_real", "lease"),
    [
        (None, 0, True, 300),
        ("2026-03-01T07:00+07:00", 0, False, 300),
        (FAST, 0, False, 300 * 1440),
        (FAST, -300, False, 300),
        (FAST, -240, False, 240 + 60 * 1440),
        (ENDING, 910, False, 300),
        (SLOWER, 0, False, 60 * 1440 + 120 * 720 + 60 * 1440 + 60),
    ],
)
def test_a_span_of_machine_time_is_what_the_clock_shows_in_it(text, since, is_real, lease):
    clock = Clock.parse(text, STARTED)
    assert clock.is_real is is_real
    assert clock.span(timedelta(minutes=5), STARTED + timedelta(seconds=since)) == timedelta(seconds=lease)


MOMENTS = st.datetimes(datetime(2026, 3, 1), datetime(2027, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001
CLOCKS = st.builds(
    lambda moments, rates: Clock.running(STARTED, zip(sorted(moments), rates, strict=False)),
    st.lists(MOMENTS, min_size=1, max_size=5),
    st.lists(st.floats(0.1, 300_000), min_size=5, max_size=5),
)
SPANS = st.timedeltas(timedelta(days=-3), timedelta(days=3))


@given(clock=CLOCKS, after=SPANS)
def test_the_real_instant_of_what_a_clock_shows_is_the_instant_it_was_shown_at(clock, after):
    real = STARTED + after
    assert abs(clock.real(clock.at(real)) - real) <= timedelta(milliseconds=1)


@given(clock=CLOCKS, first=SPANS, second=SPANS)
def test_a_clock_never_goes_back(clock, first, second):
    earlier, later = sorted([STARTED + first, STARTED + second])
    assert clock.at(earlier) <= clock.at(later)


def test_a_punctual_tick_stands_for_its_schedule_and_a_late_one_for_now():
    clock = Clock.parse(FAST, datetime.now(UTC))
    punctual = datetime.now(UTC) - timedelta(seconds=30)
    assert clock.tick(punctual) == clock.at(punctual)
    late = datetime.now(UTC) - timedelta(minutes=10)
    assert clock.tick(late) >= clock.at(late + timedelta(minutes=10))


def test_what_was_due_before_a_clocks_start_stands_for_now():
    clock = Clock.parse(FAST, datetime.now(UTC) + timedelta(seconds=30))
    stands_for = clock.tick(clock.real(clock.office_start - timedelta(days=9)))
    assert timedelta() < clock.office_start - stands_for <= timedelta(seconds=30)


def test_a_clock_is_fast_until_it_goes_on_at_the_usual_pace() -> None:
    now = datetime.now(UTC)
    moment = "2026-03-05T06:30+07:00"
    assert not Clock.parse(None, now).is_fast
    assert not Clock.parse(f"{moment}@1", now).is_fast
    assert Clock.parse(f"{moment}@1440", now).is_fast
    until_tomorrow = f"{moment}@1440/2026-03-06T06:30+07:00"
    assert Clock.parse(until_tomorrow, now).is_fast
    assert Clock.parse(until_tomorrow, now - timedelta(minutes=1, seconds=10)).is_fast, "its last ticks are being run"
    assert not Clock.parse(until_tomorrow, now - timedelta(minutes=2)).is_fast
    slower = f"{moment}@1440/2026-03-06T06:30+07:00@720/2026-03-07T06:30+07:00"
    assert Clock.parse(slower, now - timedelta(minutes=2)).is_fast
    assert not Clock.parse(slower, now - timedelta(minutes=4)).is_fast

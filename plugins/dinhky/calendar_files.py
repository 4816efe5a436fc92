"""The working calendar: Vietnam's public holidays from the `holidays` package, with the year's own decisions on top."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

import holidays

from dinhky.domain.calendar import SATURDAY, WorkingCalendar
from dinhky.domain.errors import CalendarGap, Problem
from dinhky.yaml_document import YamlDocument, read_yaml
from dinhky.yaml_values import Day, Entry, Text, number_from

KNOWN_YEARS = range(holidays.Vietnam.start_year, holidays.Vietnam.end_year + 1)
"""The years whose public holidays the `holidays` package can tell."""


class DecidedDay(Entry):
    """A day, why it is as it is, and the decision or source that says so."""

    day: Day
    reason: Text
    source: Text


class CalendarFile(Entry):
    """`vn-<year>.yaml`: what the `holidays` package does not know, or has wrong, about a year."""

    year: Annotated[int, number_from(KNOWN_YEARS[0], KNOWN_YEARS[-1])]
    days_off: tuple[DecidedDay, ...] = ()
    not_days_off: tuple[DecidedDay, ...] = ()
    worked_weekend_days: tuple[DecidedDay, ...] = ()


def working_calendar(folder: Path, first_year: int, last_year: int) -> WorkingCalendar:
    """The working days of `first_year` to `last_year`, both included.

    Public holidays, the observed days for those that fall on a weekend and the Prime Minister's swaps come from the
    `holidays` package (Labour Code 2019, art. 112); `vn-<year>.yaml` in `folder`, where there is one, adds to them and
    has the last word. Raises CalendarGap for years of which the package knows nothing, PlanError for a bad file.
    """
    known_from, known_to = KNOWN_YEARS[0], KNOWN_YEARS[-1]
    if not known_from <= first_year <= last_year <= known_to:
        outside = last_year if first_year >= known_from else first_year
        raise CalendarGap("calendar_gap", day=date(outside, 1, 1), first_year=known_from, last_year=known_to)
    years = range(first_year, last_year + 1)
    public = holidays.country_holidays("VN", years=years)
    days_off = set(public)
    worked = {day for day in public.weekend_workdays if day.year in years}
    for year in years:
        path = folder / f"vn-{year}.yaml"
        if path.exists():
            decided = _decided(path, year)
            days_off |= {item.day for item in decided.days_off}
            days_off -= {item.day for item in decided.not_days_off}
            worked |= {item.day for item in decided.worked_weekend_days}
    return WorkingCalendar(first_year, last_year, frozenset(days_off), frozenset(worked))


def _decided(path: Path, year: int) -> CalendarFile:
    document = read_yaml(path)
    entry, problems = document.check(CalendarFile)
    if entry:
        problems += _contradictions(document, entry, year)
    if entry is None or problems or document.problems:
        raise document.refusal(problems)
    return entry


def _contradictions(document: YamlDocument, entry: CalendarFile, year: int) -> Iterator[Problem]:
    if entry.year != year:
        yield document.problem("calendar_year_is_not_file_name", ("year",), found=entry.year, expected=year)
    for group in ("days_off", "not_days_off", "worked_weekend_days"):
        for index, item in enumerate(getattr(entry, group)):
            place = (group, index, "day")
            if item.day.year != entry.year:
                yield document.problem("calendar_day_outside_year", place, found=item.day, year=entry.year)
            elif group == "worked_weekend_days" and item.day.weekday() < SATURDAY:
                yield document.problem("calendar_not_a_weekend", place, found=item.day)
    off = {item.day for item in entry.days_off}
    for index, item in enumerate(entry.not_days_off):
        if item.day in off:
            yield document.problem("calendar_day_on_and_off", ("not_days_off", index, "day"), found=item.day)

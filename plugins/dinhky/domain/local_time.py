"""Vietnamese local time. Instants are stored in UTC; whatever a person reads or a rule says is Asia/Ho_Chi_Minh."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

START_OF_OFFICE_DAY = time(7, 30)
END_OF_OFFICE_DAY = time(17, 0)
END_OF_DAY = time(23, 59, 59)


def at(day: date, clock: time) -> datetime:
    """The instant at which clocks in Vietnam show `clock` on `day`."""
    return datetime.combine(day, clock, VIETNAM)


def end_of(day: date) -> datetime:
    """The last second of a day in Vietnam: what "due on that day" means unless the plan says an hour."""
    return at(day, END_OF_DAY)


def start_of_work(day: date) -> datetime:
    """07:30 on a day: the earliest moment at which an office is written to."""
    return at(day, START_OF_OFFICE_DAY)


def local(instant: datetime) -> datetime:
    """The same instant as clocks in Vietnam show it. Raises ValueError for a datetime without a zone."""
    if instant.tzinfo is None:
        raise ValueError(f"an instant needs a time zone: {instant!r}")
    return instant.astimezone(VIETNAM)

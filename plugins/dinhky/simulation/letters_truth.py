"""The letters of reminders that each recipient got, and when no further one was allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dinhky.domain.local_time import local
from dinhky.simulation.ladder_truth import is_overdue, is_reminder
from dinhky.simulation.recording import Sent

A_DAY, A_WEEK = 1, 3


@dataclass(frozen=True)
class Letter:
    """Reminders that one recipient got at one moment. It `counts` in the week unless it tells of what is overdue."""

    at: datetime
    sent: tuple[Sent, ...]

    @property
    def day(self) -> date:
        return local(self.at).date()

    @property
    def week(self) -> date:
        """The Monday of its week."""
        return self.day - timedelta(days=self.day.weekday())

    @property
    def counts(self) -> bool:
        return not any(is_overdue(one.message.kind) for one in self.sent)

    def tells_of(self, round_id: str) -> bool:
        return any(one.message.round_id == round_id for one in self.sent)


class Letters:
    """All of a year, by unit and address."""

    def __init__(self, sent: Iterable[Sent]) -> None:
        moments: dict[tuple[str, str], dict[datetime, list[Sent]]] = {}
        for one in sent:
            if is_reminder(one.message.kind) and one.message.unit:
                mine = moments.setdefault((one.message.unit, one.message.address), {})
                mine.setdefault(one.at, []).append(one)
        self._by_reader = {
            reader: [Letter(moment, tuple(rows)) for moment, rows in sorted(letters.items())]
            for reader, letters in moments.items()
        }

    def __iter__(self) -> Iterator[tuple[tuple[str, str], Sequence[Letter]]]:
        return iter(self._by_reader.items())

    def of(self, unit: str, address: str) -> Sequence[Letter]:
        """Those to an address in the unit's name, in order."""
        return self._by_reader.get((unit, address), [])

    def forbidding(self, unit: str, address: str, moment: datetime, *, overdue: bool) -> Letter | None:
        """The letter because of which no other might go then: of the same day, or the third of the week."""
        day = local(moment).date()
        monday = day - timedelta(days=day.weekday())
        before = [letter for letter in self.of(unit, address) if letter.at < moment and letter.week == monday]
        counted = [letter for letter in before if letter.counts]
        if len(counted) >= A_WEEK and not overdue:
            return counted[A_WEEK - 1]
        return next((letter for letter in before if letter.day == day), None)

    def is_week_told(self, unit: str, moment: datetime) -> bool:
        """Whether somebody of the unit had by then, that moment included, the last letter that the week allows: from
        it on, letters tell what falls due by Sunday."""
        day = local(moment).date()
        monday = day - timedelta(days=day.weekday())
        return any(
            sum(one.week == monday and one.at <= moment and one.counts for one in letters) >= A_WEEK
            for (of_unit, _), letters in self._by_reader.items()
            if of_unit == unit
        )

    def most_a_day(self, unit: str) -> int:
        """The most that any address of the unit got on one day."""
        return max((max(_by_day(letters).values()) for reader, letters in self if reader[0] == unit), default=0)

    def most_a_week(self, unit: str) -> int:
        """The most that any address of the unit got from a Monday to a Sunday, beside those that tell of anything
        overdue."""
        weeks = (_by_week(letters) for reader, letters in self if reader[0] == unit)
        return max((max(counted.values(), default=0) for counted in weeks), default=0)

    def too_many(self) -> Iterator[tuple[tuple[str, str], Letter, int, bool]]:
        """The first letter beyond what a day or a week allows: to whom, which, of how many, and whether of a day."""
        for reader, letters in self:
            for day, count in _by_day(letters).items():
                if count > A_DAY:
                    yield reader, [one for one in letters if one.day == day][A_DAY], count, True
            for week, count in _by_week(letters).items():
                if count > A_WEEK:
                    yield reader, [one for one in letters if one.week == week and one.counts][A_WEEK], count, False


def _by_day(letters: Iterable[Letter]) -> Counter[date]:
    return Counter(letter.day for letter in letters)


def _by_week(letters: Iterable[Letter]) -> Counter[date]:
    return Counter(letter.week for letter in letters if letter.counts)

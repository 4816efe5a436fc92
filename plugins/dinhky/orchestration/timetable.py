"""The timetable of an obligation: the explicit list of its rounds. No date is computed here: the domain did that."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pendulum
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from airflow.utils.types import DagRunType


@dataclass(frozen=True)
class ScheduledRound:
    """A round as Airflow needs it: ISO instants with their zone. `run_after` and `over_after` are real instants."""

    label: str
    window_start: str
    window_end: str
    run_after: str
    over_after: str

    @property
    def interval(self) -> DataInterval:
        return DataInterval(_instant(self.window_start), _instant(self.window_end))


class RoundRunInfo(DagRunInfo):
    """When a round is run. Its logical date is the beginning of its window, but never lies in the machine's future.

    Airflow starts no run with such a date, and on a clock that is ahead of the machine's the windows lie there.
    """

    @property
    def logical_date(self) -> pendulum.DateTime | None:
        return min(self.data_interval.start, self.run_after) if self.data_interval else None


class RoundTimetable(Timetable):
    """Runs an obligation's rounds: each when it opens, its window as data interval, named after its period.

    Without catch-up, a round that is open at this moment still gets its run, and one that is over does not.
    """

    def __init__(self, rounds: list[ScheduledRound], summary: str = "", description: str = "") -> None:
        self._rounds = sorted(rounds, key=lambda round_: _instant(round_.window_start))
        self._summary = summary
        self.description = description

    @property
    def summary(self) -> str:
        return self._summary

    def serialize(self) -> dict[str, Any]:
        return {
            "rounds": [asdict(round_) for round_ in self._rounds],
            "summary": self._summary,
            "description": self.description,
        }

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> RoundTimetable:
        rounds = [ScheduledRound(**round_) for round_ in data["rounds"]]
        return cls(rounds, data["summary"], data["description"])

    def infer_manual_data_interval(self, *, run_after: pendulum.DateTime) -> DataInterval:
        """A run started by hand plays the round that is open then, else the latest before, else the first."""
        begun = [round_ for round_ in self._rounds if _instant(round_.run_after) <= run_after]
        still_open = [round_ for round_ in begun if run_after <= _instant(round_.over_after)]
        if not self._rounds:
            return DataInterval.exact(run_after)
        return (still_open or begun[-1:] or self._rounds)[0].interval

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        now = _present()
        for round_ in self._rounds:
            is_played = last_automated_data_interval and round_.interval.start <= last_automated_data_interval.start
            is_over = not restriction.catchup and _instant(round_.over_after) < now
            if is_played or is_over:
                continue
            run_after = _instant(round_.run_after)
            if restriction.latest and run_after > restriction.latest:
                return None
            return RoundRunInfo(run_after=run_after, data_interval=round_.interval)
        return None

    def next_run_info_from_dag_model(self, *, dag_model: Any) -> DagRunInfo | None:
        """What was decided above, as Airflow has kept it."""
        info = super().next_run_info_from_dag_model(dag_model=dag_model)
        return RoundRunInfo(*info) if info else None

    def generate_run_id(
        self, *, run_type: DagRunType, run_after: pendulum.DateTime, data_interval: DataInterval | None, **extra: Any
    ) -> str:
        """`scheduled__2026-Q1`; a second run of the same round, started by hand, carries its moment too."""
        label = next((round_.label for round_ in self._rounds if round_.interval == data_interval), None)
        if label is None:
            return str(
                super().generate_run_id(run_type=run_type, run_after=run_after, data_interval=data_interval, **extra)
            )
        is_by_hand = run_type is DagRunType.MANUAL
        return str(run_type.generate_run_id(suffix=f"{label}_{run_after:%Y%m%dT%H%M%S}" if is_by_hand else label))


def _present() -> pendulum.DateTime:
    return pendulum.now("UTC")


def _instant(text: str) -> pendulum.DateTime:
    return pendulum.instance(datetime.fromisoformat(text))

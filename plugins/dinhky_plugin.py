"""Registers with Airflow what it must know by name. Everything else of ours is an ordinary package."""

from airflow.plugins_manager import AirflowPlugin

from dinhky.orchestration.timetable import RoundTimetable


class DinhKyPlugin(AirflowPlugin):
    name = "dinhky"
    timetables = [RoundTimetable]  # noqa: RUF012 (Airflow reads a plain class attribute)

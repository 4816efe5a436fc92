"""Registers with Airflow what it must know by name. Everything else of ours is an ordinary package.

The scheduler reads this file and then forks a process a task. What is imported here is imported once; otherwise each of
those processes would spend its first second on it.
"""

from airflow.plugins_manager import AirflowPlugin

import dinhky.orchestration.approval
import dinhky.orchestration.waiting
import dinhky.rounds.chasing
import dinhky.rounds.dispatching  # noqa: F401
from dinhky.orchestration.timetable import RoundTimetable


class DinhKyPlugin(AirflowPlugin):
    name = "dinhky"
    timetables = [RoundTimetable]  # noqa: RUF012 (Airflow reads a plain class attribute)

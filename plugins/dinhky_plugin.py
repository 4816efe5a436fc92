"""Registers with Airflow what it must know by name. Everything else of ours is an ordinary package.

The scheduler reads this file and then forks a process a task. What is imported and read here is so once; otherwise each
of those processes would spend its first seconds on it.
"""

from contextlib import suppress

import docxtpl  # noqa: F401
import openpyxl  # noqa: F401
import pandas as pd  # noqa: F401
import xlsxwriter  # noqa: F401
from airflow.plugins_manager import AirflowPlugin

import dinhky.orchestration.approval
import dinhky.orchestration.waiting
import dinhky.rounds.chasing
import dinhky.rounds.closing
import dinhky.rounds.contests
import dinhky.rounds.dispatching
import dinhky.rounds.opening
import dinhky.rounds.reporting  # noqa: F401
from dinhky import bootstrap
from dinhky.domain.errors import DinhKyError
from dinhky.orchestration.timetable import RoundTimetable
from dinhky.portal.within_airflow import PortalWithinAirflow

with suppress(DinhKyError, ValueError):  # whoever needs what is wrong says so
    bootstrap.office().rounds  # noqa: B018


class DinhKyPlugin(AirflowPlugin):
    name = "dinhky"
    timetables = [RoundTimetable]  # noqa: RUF012 (Airflow reads a plain class attribute)
    # Without Airflow's login, and rightly so: a personal link is signed, ends, and opens one unit's own affairs.
    fastapi_apps = [{"app": PortalWithinAirflow(), "url_prefix": "/dinhky", "name": "dinhky"}]  # noqa: RUF012

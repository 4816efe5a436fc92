"""The office in which a year is played: the service's own, with a ledger and files of its own that nobody keeps."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from dinhky import bootstrap
from dinhky.bootstrap import Settings
from dinhky.domain.plan import Plan, Recipient
from dinhky.file_store import FileStore
from dinhky.ledger import SqlLedger
from dinhky.rounds.ports import Office
from dinhky.simulation.behaviour import Behaviour, Rows
from dinhky.simulation.plain_files import MemoryFiles, PlainReports, PlainWorkbooks, fill_plain
from dinhky.simulation.played import Played
from dinhky.simulation.playing import play, play_history
from dinhky.simulation.promises import broken_in_a_closed_year, broken_promises
from dinhky.simulation.recording import Sent
from dinhky.simulation.summary import Summary, summarised
from dinhky.simulation.vocabulary import Vocabulary
from dinhky.simulation.year_of_units import behaviour_of
from dinhky.wording import TemplateWords
from dinhky.workbook.sample import fill

OPERATOR = Recipient("", "vanhanh@dinhky.invalid")
"""Who operates the service that is played."""
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - where there is one, a throw-away ledger is fastest there


@dataclass(frozen=True)
class Stage:
    """The settings under which plans are played. With `real_files`, through xlsx and docx as in the service."""

    settings: Settings
    real_files: bool = False

    def year(self, plan: Plan, seed: int) -> Summary:
        """The plan's year of that seed, with every promise that was broken in it, or would be by looking back at it."""
        played = self.play(plan, seed)
        calendar = bootstrap.calendar_of(self.settings, also=[plan])
        reading = reading_of(self.settings.include)
        looked_back = broken_in_a_closed_year(self.history(plan))
        return summarised(played, [*broken_promises(played, calendar, reading), *looked_back])

    def play(self, plan: Plan, seed: int, *, with_outages: bool = True) -> Played:
        """The plan's year of that seed, in an office of its own."""
        behaviour = self.behaviour(plan, seed, with_outages=with_outages)
        with self.office(plan) as office:
            return play(office, plan, behaviour, self.fill)

    def behaviour(self, plan: Plan, seed: int, *, with_outages: bool = True) -> Behaviour:
        """What happens in that year."""
        calendar = bootstrap.calendar_of(self.settings, also=[plan])
        return behaviour_of(plan, calendar, seed, _vocabulary(self.settings.include), with_outages=with_outages)

    @property
    def fill(self) -> Callable[[bytes, Rows], bytes]:
        """What types rows into the workbooks of these offices."""
        return fill if self.real_files else fill_plain

    def history(self, plan: Plan) -> list[Sent]:
        """What is sent if all the plan's rounds are over when the system first sees them: nothing, it ought to be."""
        with self.office(plan) as office:
            return play_history(office, plan)

    @contextmanager
    def office(self, plan: Plan) -> Iterator[Office]:
        """An office with that plan alone, its ledger empty; gone afterwards."""
        parent = IN_MEMORY if IN_MEMORY.is_dir() else None
        with tempfile.TemporaryDirectory(prefix="dinhky-simulation-", dir=parent) as folder:
            home = Path(folder)
            ledger = _new_ledger(home)
            templates = self.settings.include / "templates"
            office = bootstrap.office(self.settings)
            calendar = bootstrap.calendar_of(self.settings, also=[plan])
            words = _words(self.settings.messages)
            office = replace(
                office,
                plans={plan.id: plan},
                calendar=calendar,
                ledger=ledger,
                words=words,
                archive=home / "archive",
                drafts=home / "drafts",
                operator=OPERATOR,
                plan_errors=(),
                chats=frozenset(contact.chat for unit in plan.units for contact in unit.contacts if contact.chat),
                files=FileStore(home / "files") if self.real_files else MemoryFiles(),
            )
            if not self.real_files:
                office = replace(
                    office,
                    workbooks=PlainWorkbooks(bootstrap.forms(self.settings), words.period_name, office.signer),
                    reports=PlainReports(templates, calendar),
                )
            try:
                yield office
            finally:
                ledger.dispose()


def reading_of(include: Path) -> dict[str, Any]:
    """The patterns by which the oracle reads messages."""
    reading: dict[str, Any] = _vocabulary(include).texts["reading"]
    return reading


def _new_ledger(home: Path) -> SqlLedger:
    """An empty ledger of the newest schema, copied from one that was migrated once."""
    shutil.copy(_empty_ledger(), home / "ledger.db")
    return SqlLedger(f"sqlite:///{home / 'ledger.db'}", durable=False)


@lru_cache(maxsize=1)
def _empty_ledger() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="dinhky-empty-"))
    ledger = SqlLedger(f"sqlite:///{folder / 'ledger.db'}", durable=False)
    ledger.migrate()
    ledger.dispose()
    return folder / "ledger.db"


@lru_cache(maxsize=1)
def _words(folder: Path) -> TemplateWords:
    return TemplateWords(folder)


@lru_cache(maxsize=1)
def _vocabulary(include: Path) -> Vocabulary:
    return Vocabulary.load(include)

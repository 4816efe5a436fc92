"""The only place that reads settings and plugs the adapters together.

Settings are environment variables, listed in `.env.example`; none is needed for a trial. Secrets (the SMTP address,
chat addresses) are read here and go no further than the adapter that needs them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from functools import lru_cache
from pathlib import Path

from dinhky.calendar_files import working_calendar
from dinhky.channels.chat import ChatChannel
from dinhky.channels.email import MaildirChannel, SmtpChannel, SmtpSettings
from dinhky.clock import Clock
from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.errors import PlanError
from dinhky.domain.plan import Plan
from dinhky.file_store import FileStore
from dinhky.ledger import SqlLedger
from dinhky.plan_files import read_plans
from dinhky.report.form_reports import FormReports
from dinhky.rounds.ports import Channel, Office
from dinhky.wording import TemplateWords
from dinhky.workbook import FormWorkbooks

REPOSITORY = Path(__file__).resolve().parents[2]
CALENDAR_YEARS = (2024, 2028)
LEASE = timedelta(minutes=5)


@dataclass(frozen=True)
class Settings:
    """Where things are. `home` holds what the service writes: ledger, files, inbox, mail, archive."""

    home: Path
    include: Path
    plans: Path
    ledger_url: str
    smtp_url: str | None
    sender: Address
    clock: Clock

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @property
    def maildir(self) -> Path:
        return self.home / "mail"

    @property
    def archive(self) -> Path:
        return self.home / "archive"

    @property
    def messages(self) -> Path:
        return self.include / "templates" / "messages"

    @property
    def operators(self) -> Path:
        return self.include / "templates" / "operators"


def settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises ValueError for one that cannot be understood, without showing secrets."""
    env = os.environ if environment is None else environment
    home = Path(env.get("DINHKY_HOME") or REPOSITORY / "var" / "service").resolve()
    include = Path(env.get("DINHKY_INCLUDE") or REPOSITORY / "include").resolve()
    started = env.get("DINHKY_CLOCK_STARTED")
    return Settings(
        home=home,
        include=include,
        plans=Path(env.get("DINHKY_PLANS") or include / "data" / "plans").resolve(),
        ledger_url=env.get("DINHKY_LEDGER") or f"sqlite:///{home / 'ledger.db'}",
        smtp_url=env.get("DINHKY_SMTP") or None,
        sender=Address(
            env.get("DINHKY_SENDER_NAME") or "Định Kỳ", addr_spec=env.get("DINHKY_SENDER") or "dinhky@localhost.invalid"
        ),
        clock=Clock.parse(env.get("DINHKY_CLOCK"), datetime.fromisoformat(started) if started else _process_start()),
    )


def office(current: Settings | None = None) -> Office:
    """The office with its real adapters. Plan files are read again when they have changed."""
    current = current or settings()
    calendar = calendar_of(current)
    words = TemplateWords(current.messages)
    channels: dict[str, Channel] = {
        "email": SmtpChannel(SmtpSettings.from_url(current.smtp_url), current.sender)
        if current.smtp_url
        else MaildirChannel(current.maildir, current.sender),
        "chat": ChatChannel(os.environ),
    }
    return Office(
        plans=plans(current)[0],
        calendar=calendar,
        ledger=ledger(current),
        files=FileStore(current.home / "files"),
        workbooks=FormWorkbooks(current.include / "templates" / "workbooks"),
        reports=FormReports(current.include / "templates", calendar, words),
        words=words,
        channels=channels,
        archive=current.archive,
        drafts=current.home / "drafts",
        lease=current.clock.span(LEASE),
        chats=frozenset(name for name in os.environ if name.startswith("DINHKY_CHAT_")),
    )


def ledger(current: Settings | None = None) -> SqlLedger:
    """The ledger, not yet migrated if it is new."""
    return SqlLedger((current or settings()).ledger_url)


def plans(current: Settings | None = None) -> tuple[dict[str, Plan], list[PlanError]]:
    """All readable plans by id, and the errors of the unreadable ones."""
    folder = (current or settings()).plans
    files = sorted(folder.glob("*.yaml"))
    return _plans(folder, tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files))


def calendar_of(current: Settings | None = None) -> WorkingCalendar:
    """The working days of the years that plans may touch."""
    return _calendar((current or settings()).include / "data" / "calendars")


def words_of(current: Settings | None = None) -> TemplateWords:
    """The wording alone, for what fails before there is an office."""
    return TemplateWords((current or settings()).messages)


@lru_cache(maxsize=4)
def _plans(folder: Path, _signature: tuple[tuple[str, int, int], ...]) -> tuple[dict[str, Plan], list[PlanError]]:
    return read_plans(folder)


@lru_cache(maxsize=4)
def _calendar(folder: Path) -> WorkingCalendar:
    return working_calendar(folder, *CALENDAR_YEARS)


@lru_cache(maxsize=1)
def _process_start() -> datetime:
    """When this process first asked: the real moment at which a clock without a shared start begins to run."""
    return datetime.now(UTC)

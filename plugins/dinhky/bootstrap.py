"""The only place that reads settings and plugs the adapters together.

Settings are environment variables, listed in `.env.example`; none is needed for a trial. Secrets (the SMTP address,
chat addresses) are read here and go no further than the adapter that needs them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from functools import lru_cache
from pathlib import Path

from dinhky.calendar_files import KNOWN_YEARS, working_calendar
from dinhky.channels.chat import ChatChannel
from dinhky.channels.email import MaildirChannel
from dinhky.channels.imap import ImapMailbox, ImapSettings
from dinhky.channels.letter_html import LetterHtml
from dinhky.channels.smtp import SmtpChannel, SmtpSettings
from dinhky.clock import Clock
from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.errors import DinhKyError, PlanError
from dinhky.domain.plan import Plan, Recipient
from dinhky.file_store import FileStore
from dinhky.intake.mailbox import Reader
from dinhky.ledger import SqlLedger
from dinhky.plan_files import Surroundings, read_plans
from dinhky.plan_names import CHAT_PREFIX
from dinhky.report.form_reports import FormReports
from dinhky.rounds.chatting import Bot
from dinhky.rounds.ports import Channel, Office
from dinhky.signing import HmacSigner, kept_secret
from dinhky.wording import TemplateWords
from dinhky.workbook import Forms, FormWorkbooks

REPOSITORY = Path(__file__).resolve().parents[2]
LEASE = timedelta(minutes=5)
USERS = ("admin", "lanhdao", "canbo", "xem")
"""Who can log in to the UI; a plan's approver is one of them."""
YEARS_BEFORE, YEARS_AFTER = 1, 2
"""How far the working calendar reaches past the plans: windows begin the year before, year-end rounds lock the year
after, and whoever looks ahead from there needs one more."""
PLAN_YEARS = KNOWN_YEARS[YEARS_BEFORE:-YEARS_AFTER]
"""The years a plan may have, so that the working calendar can reach as far as that."""

Signature = tuple[tuple[str, int, int], ...]
"""Name, time and size of every file of a folder: what tells that something in it was edited."""


@dataclass(frozen=True)
class Settings:
    """Where things are. `home` holds what the service writes: ledger, files, inbox, mail, archive."""

    home: Path
    include: Path
    plans: Path
    ledger_url: str = field(repr=False)
    smtp_url: str | None = field(repr=False)
    sender: Address
    clock: Clock
    zalo_bot: str | None = field(default=None, repr=False)
    """The token of the bot that contacts enrol their Zalo with."""
    zalo_bot_name: str = ""
    secret: str | None = field(default=None, repr=False)
    """What links and workbooks are signed with; None: one that is kept in `home`."""
    portal_url: str | None = None
    """Where units reach the portal, without a slash at its end; None: messages speak of no portal."""
    imap_url: str | None = field(default=None, repr=False)
    reply_to: Address | None = None
    """Where answers to our mail are read, if not at the sender's address."""
    operator: Address | None = None
    """Who is told every morning what needs a person's hand; None: nobody is."""
    only: tuple[str, ...] = ()
    beat: timedelta = timedelta(seconds=4)
    """How often the steady chores come by on a fast clock, in real time."""

    def plays(self, dag_id: str) -> bool:
        """Whether a duty (`phuc-loi-2026.PL-5`) gets a DAG: all do, unless the service was told to play only some."""
        return not self.only or dag_id in self.only

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
        zalo_bot=(env.get("DINHKY_ZALO_BOT") or "").strip() or None,
        zalo_bot_name=(env.get("DINHKY_ZALO_BOT_NAME") or "").strip(),
        secret=env.get("DINHKY_SECRET") or None,
        portal_url=(env.get("DINHKY_PORTAL_URL") or "").rstrip("/") or None,
        imap_url=env.get("DINHKY_IMAP") or None,
        reply_to=Address(addr_spec=env["DINHKY_REPLY_TO"]) if env.get("DINHKY_REPLY_TO") else None,
        operator=_operator(env.get("DINHKY_OPERATOR") or "", env.get("DINHKY_OPERATOR_NAME") or ""),
        only=tuple((env.get("DINHKY_ONLY") or "").split()),
        beat=timedelta(seconds=float(env.get("DINHKY_BEAT") or 4)),
    )


def _operator(address: str, name: str) -> Address | None:
    return Address(name, addr_spec=address) if address else None


def office(current: Settings | None = None) -> Office:
    """The office with its real adapters. Plan files are read again when they have changed."""
    current = current or settings()
    readable, unreadable = plans(current)
    calendar = calendar_of(current)
    words = words_of(current)
    seal = signer(current)
    html = letter_html(current)
    channels: dict[str, Channel] = {
        "email": SmtpChannel(SmtpSettings.from_url(current.smtp_url), current.sender, current.reply_to, html=html)
        if current.smtp_url
        else MaildirChannel(current.maildir, current.sender, current.reply_to, html),
        "chat": ChatChannel(os.environ, words, zalo_token=current.zalo_bot),
    }
    return Office(
        plans=readable,
        plan_errors=tuple(unreadable),
        calendar=calendar,
        ledger=ledger(current),
        files=_files(current.home / "files"),
        workbooks=FormWorkbooks(forms(current), words.period_name, seal),
        reports=FormReports(current.include / "templates", calendar, words),
        words=words,
        channels=channels,
        archive=current.archive,
        drafts=current.home / "drafts",
        signer=seal,
        lease=current.clock.span(LEASE, datetime.now(UTC)),
        portal_url=current.portal_url,
        reads_replies=current.imap_url is not None,
        operator=Recipient(current.operator.display_name, current.operator.addr_spec) if current.operator else None,
        chats=frozenset(name for name, url in os.environ.items() if name.startswith(CHAT_PREFIX) and url.strip()),
        bot=_zalo_bot(current.zalo_bot) if current.zalo_bot else None,
        bot_name=current.zalo_bot_name,
    )


def _zalo_bot(token: str) -> Bot:
    from dinhky.channels.zalo_bot import ZaloBot  # with apprise, 0.3 s of imports

    return ZaloBot(token)


def ledger(current: Settings | None = None) -> SqlLedger:
    """The ledger, not yet migrated if it is new."""
    return SqlLedger((current or settings()).ledger_url)


def intake_mailbox(current: Settings, by: str) -> tuple[ImapMailbox, Reader]:
    """The intake mailbox, to be opened, and its reader `by`. Raises DinhKyError where none is set.

    An address that cannot be understood is a ValueError, without the address in it.
    """
    if current.imap_url is None:
        raise DinhKyError("mailbox_not_set")
    address = ImapSettings.from_url(current.imap_url)
    ours = [current.sender.addr_spec, current.reply_to.addr_spec if current.reply_to else "", address.user or ""]
    reader = Reader(
        by=by,
        ours=frozenset(one.lower() for one in ours if "@" in one),
        clock=current.clock.now,
        office_time=current.clock.at,
        authserv=address.authserv,
    )
    return ImapMailbox(address), reader


def signer(current: Settings | None = None) -> HmacSigner:
    """What signs our links and workbooks."""
    current = current or settings()
    return HmacSigner(current.secret.encode() if current.secret else kept_secret(current.home))


def plans(current: Settings | None = None) -> tuple[dict[str, Plan], list[PlanError]]:
    """All readable plans by id, and the errors of the unreadable ones."""
    current = current or settings()
    return _plans(current.plans, _signature(current.plans, "*.yaml", "*.yml"), surroundings(current))


def surroundings(current: Settings | None = None) -> Surroundings:
    """What plans may refer to: the forms that have their templates, the UI's users, the years that can be dated."""
    templates = (current or settings()).include / "templates"
    forms = sorted(file.stem for file in (templates / "workbooks").glob("*.yaml"))
    complete = (form for form in forms if (templates / "documents" / f"{form}.docx").is_file())
    return Surroundings(forms=tuple(complete), users=USERS, years=PLAN_YEARS)


def calendar_of(current: Settings | None = None, also: Iterable[Plan] = ()) -> WorkingCalendar:
    """The working days of the years that the readable plans touch, those of `also` and the present one.

    Calendar files are read again when they have changed: a swap decided in mid-round counts at once.
    """
    current = current or settings()
    years = {plan.year for plan in (*plans(current)[0].values(), *also)} | {current.clock.now().year}
    first = max(min(years) - YEARS_BEFORE, KNOWN_YEARS[0])
    last = min(max(years) + YEARS_AFTER, KNOWN_YEARS[-1])
    folder = current.include / "data" / "calendars"
    return _calendar(folder, _signature(folder, "vn-*.yaml"), first, last)


def words_of(current: Settings | None = None) -> TemplateWords:
    """The wording alone, for what fails before there is an office. Read again when a template has changed."""
    folder = (current or settings()).messages
    return _words(folder, _signature(folder, "*.txt", "*.yaml", "layout/*", "parts/*.txt", "problems/*.yaml"))


def forms(current: Settings) -> Forms:
    """The forms of the workbooks. Read again when one has changed; their templates are opened for each workbook."""
    folder = current.include / "templates" / "workbooks"
    return _forms(folder, _signature(folder, "*.yaml"))


def letter_html(current: Settings) -> LetterHtml:
    """How letters look in a mail program. Read again when their layout or its words have changed."""
    folder = current.messages
    return _letter_html(folder, _signature(folder, "words.yaml", "layout/*"), current.portal_url)


@lru_cache(maxsize=4)
def _letter_html(folder: Path, _seen: Signature, portal_url: str | None) -> LetterHtml:
    style = _words(folder, _seen).words["html"]
    return LetterHtml(
        folder / "layout",
        strong=style["strong"],
        colours=style["colours"],
        brand=style["brand"],
        button=style["button"],
        portal_url=portal_url,
    )


@lru_cache(maxsize=4)
def _plans(folder: Path, _seen: Signature, around: Surroundings) -> tuple[dict[str, Plan], list[PlanError]]:
    return read_plans(folder, around)


@lru_cache(maxsize=4)
def _forms(folder: Path, _seen: Signature) -> Forms:
    return Forms(folder)


@lru_cache(maxsize=4)
def _files(folder: Path) -> FileStore:
    """One a process: it knows which of its folders have reached the disk."""
    return FileStore(folder)


@lru_cache(maxsize=4)
def _words(folder: Path, _seen: Signature) -> TemplateWords:
    return TemplateWords(folder)


@lru_cache(maxsize=4)
def _calendar(folder: Path, _seen: Signature, first_year: int, last_year: int) -> WorkingCalendar:
    return working_calendar(folder, first_year, last_year)


def _signature(folder: Path, *patterns: str) -> Signature:
    found = ((file.name, file.stat()) for pattern in patterns for file in folder.glob(pattern))
    return tuple(sorted((name, status.st_mtime_ns, status.st_size) for name, status in found))


@lru_cache(maxsize=1)
def _process_start() -> datetime:
    """When this process first asked: the real moment at which a clock without a shared start begins to run."""
    return datetime.now(UTC)

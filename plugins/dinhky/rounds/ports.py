"""What the use cases need from the outside, as protocols; `dinhky.bootstrap` plugs the real things in.

Instants that cross these lines are aware datetimes; the ledger stores and returns UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from dinhky.domain.assignment import Assignment
from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.content import Content, Identity, Post
from dinhky.domain.contest_entries import Entry
from dinhky.domain.errors import DinhKyError, PlanError, Problem
from dinhky.domain.plan import Plan, Recipient, Unit
from dinhky.domain.ranking import Ranking
from dinhky.domain.schedule import Round, all_rounds_of
from dinhky.rounds.chatting import Bot, ChatsKept, Enrollee
from dinhky.rounds.kept_attention import AttentionKept
from dinhky.rounds.kept_mails import MailsKept
from dinhky.rounds.kept_messages import Letter, MessagesKept, QueuedMessage
from dinhky.rounds.kept_reports import CompiledReport, ReportsKept
from dinhky.rounds.kept_rounds import RoundsKept
from dinhky.rounds.kept_submissions import SubmissionsKept


@dataclass(frozen=True)
class Reading:
    """What a workbook turned out to be: its claimed identity, its content, and every problem found in it.

    Content is to be used only if there are no problems. `questions` stop nothing: what is odd, but may be right.
    """

    identity: Identity | None
    content: Content
    problems: tuple[Problem, ...]
    questions: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Mark:
    """One place of a sender's workbook and what it needs. Without a `cell` it is about the sheet, without a `sheet`
    about the whole file. A question asks to look again; what is no question must be mended. What is not listed is told
    with another: it is coloured and commented only.
    """

    sheet: str
    cell: str
    found: str
    needed: str
    is_question: bool = False
    is_listed: bool = True


@dataclass(frozen=True)
class UnitAnswer:
    """One unit's part as the report sees it: what it told, and in the period before, if there was one.

    In a report compiled from shorter ones (`dinhky.rounds.merged_answers`) `periods` are the labels of those in which
    the unit answered, `missing_periods` of those in which it owes an answer still, `late_periods` of those in which it
    was late; `content` is then all that was accepted, even where a period is missing. `told_elsewhere` are posts of the
    round's window that the unit told in other ways (a month's log, one by one) and that are not in `content`.
    """

    unit: Unit
    assignment: Assignment
    content: Content | None
    previous: Content | None
    periods: tuple[str, ...] = ()
    missing_periods: tuple[str, ...] = ()
    late_periods: tuple[str, ...] = ()
    told_elsewhere: tuple[Post, ...] = ()


@dataclass(frozen=True)
class ContestSoFar:
    """A contest as far as it has come: its numbered entries, and the rankings made of its jurors' scores."""

    entries: tuple[Entry, ...]
    preliminary: Ranking | None = None
    final: Ranking | None = None


class LedgerTransaction(
    MessagesKept, ReportsKept, SubmissionsKept, RoundsKept, MailsKept, ChatsKept, AttentionKept, Protocol
):
    """Reads and writes of one transaction. Every write is idempotent: repeating it changes nothing."""

    def link_serial(self, plan_id: str, unit: str) -> int:
        """How often the unit's personal links were revoked: only a link made with this number opens anything."""

    def link_serials(self, plan_id: str) -> dict[str, int]:
        """Those of all units of the plan; a unit whose links were never revoked is not in it."""

    def revoke_links(self, plan_id: str, unit: str, at: datetime, by: str, reason: str) -> int:
        """Let no personal link that the unit ever got open anything again. Records the event."""

    def event(self, kind: str, *, at: datetime, actor: str, round_id: str = "", unit: str = "", **detail: Any) -> None:
        """Append who, what, when, why."""

    def events(self, round_id: str) -> list[dict[str, Any]]: ...

    def last_events(self, kind: str, round_ids: Sequence[str]) -> dict[tuple[str, str], dict[str, Any]]:
        """The newest event of that kind for each of these rounds and units; the unit is empty for a whole round."""


class Ledger(Protocol):
    """The truth: rounds, assignments, submissions, reports, messages, events."""

    def transaction(self) -> AbstractContextManager[LedgerTransaction]:
        """One atomic transaction: everything in it is kept, or nothing."""

    def snapshot(self) -> AbstractContextManager[LedgerTransaction]:
        """A read-only look, which never waits for a writer."""


class Files(Protocol):
    """Content-addressed storage: a file's name is its SHA-256, and it is never overwritten."""

    def put(self, data: bytes) -> str: ...

    def get(self, sha256: str) -> bytes: ...

    def path(self, sha256: str) -> Path: ...


class Workbooks(Protocol):
    """The unit's workbook: build it, read it."""

    def build(
        self,
        plan: Plan,
        round_: Round,
        unit: Unit,
        prefilled: Mapping[str, Sequence[Mapping[str, Any]]] = MappingProxyType({}),
    ) -> bytes:
        """The empty workbook; `prefilled` holds, by sheet, the rows that stand in it already."""

    def read(self, data: bytes, plan: Plan, round_: Round, unit: Unit) -> Reading:
        """Every problem in the file, each with sheet and cell; never raises for what a file contains."""

    def identity(self, data: bytes) -> tuple[Identity | None, tuple[Problem, ...]]:
        """Whom the file says it is for, and why it cannot be read, if it cannot."""

    def counted(self, plan: Plan, round_: Round, content: Content) -> tuple[tuple[str, int], ...]:
        """How many rows of each of the form's sheets were understood, by the sheet's name and in its order."""

    def marked(self, data: bytes, marks: Sequence[Mark], texts: Mapping[str, str]) -> bytes | None:
        """The sender's own workbook with every marked cell coloured and commented, and a first sheet that lists them.

        None where that cannot be done: the answer then is the list alone. `texts` are the words of that sheet.
        """


class Reports(Protocol):
    """The compiled document and its annex."""

    def compile(self, plan: Plan, round_: Round, answers: Sequence[UnitAnswer]) -> CompiledReport: ...

    def compile_contest(self, plan: Plan, round_: Round, so_far: ContestSoFar) -> CompiledReport:
        """What a phase of a contest ends with: the list of entries, the shortlist, or results and proposal of awards.

        Where that is one file, it is both document and annex. The facts of a list hold its `entries`, those of a
        shortlist its `shortlist`: the next phase is played by them.
        """


class Words(Protocol):
    """Every sentence a person reads, from `include/templates/messages/`."""

    def sentence(self, problem: Problem) -> str: ...

    def explain(self, error: DinhKyError) -> str:
        """An error as one sentence for the person who caused it."""

    def message(self, name: str, /, **facts: Any) -> tuple[str, str]:
        """Subject and body of a message."""

    def letter(self, name: str, /, **facts: Any) -> Letter:
        """A message together with its section for a combined letter."""

    def file_name(self, name: str, /, **facts: Any) -> str:
        """The name under which a person sees a file."""

    def period_name(self, label: str) -> str:
        """`quý I/2026` for `2026-Q1`."""

    def texts(self, name: str, /, **facts: Any) -> dict[str, str]:
        """The short texts that belong together under one name."""


class Signer(Protocol):
    """Tells our own words from others': a short signature of a text, worth something for one purpose only."""

    def sign(self, purpose: str, text: str) -> str: ...

    def is_ours(self, purpose: str, text: str, signature: str) -> bool: ...


class Channel(Protocol):
    """A way out. Raises a DeliveryError of the kind that fits; returns what the server answered."""

    def send(self, queued: QueuedMessage, files: Files, now: datetime) -> str: ...


@runtime_checkable
class Connection(Channel, Protocol):
    """A way out that is kept open over a batch. Whatever takes time is done before a message is marked as going out,
    so that a dispatcher that dies waiting leaves nothing unclear."""

    def is_ready(self) -> bool:
        """Whether the next message can be handed over at once."""

    def get_ready(self) -> None:
        """Wait for our turn and reach the server. Raises ServerUnavailable."""

    def close(self) -> None:
        """The batch is done."""


@dataclass(frozen=True)
class Office:
    """Everything the use cases work with, put together by `dinhky.bootstrap`.

    `archive` holds the reports that were sent, `drafts` those compiled, both under readable names.
    `lease` is how long a dispatcher may hold a message before others take it for dead, in the office's own time.
    `chats` names the chat addresses that are configured: a contact whose chat is not among them is written to by email
    alone. `bot` is what contacts may enrol a chat with, `bot_name` what they know it by; None: nobody is invited, and
    nobody written to who enrolled before. `portal_url` is where the portal is reached, without a slash at its end;
    None: messages speak of no portal.
    """

    plans: Mapping[str, Plan]
    calendar: WorkingCalendar
    ledger: Ledger
    files: Files
    workbooks: Workbooks
    reports: Reports
    words: Words
    channels: Mapping[str, Channel]
    archive: Path
    drafts: Path
    signer: Signer
    lease: timedelta = timedelta(minutes=5)
    chats: frozenset[str] = frozenset()
    bot: Bot | None = None
    bot_name: str = ""
    portal_url: str | None = None
    reads_replies: bool = False
    """Whether files that come in answer to our mail are taken in."""
    operator: Recipient | None = None
    """Who is told every morning what needs a person's hand; None: nobody is. The name may be empty."""
    plan_errors: tuple[PlanError, ...] = ()
    """What is wrong with the plan files that could not be read."""

    @property
    def unread_plans(self) -> frozenset[str]:
        """The ids of the plans whose files cannot be read just now: whoever they know must not be called unknown."""
        return frozenset(Path(error.file).stem for error in self.plan_errors)

    @cached_property
    def rounds(self) -> Mapping[str, Round]:
        """Every round of every plan by its id. Raises CalendarGap."""
        return _rounds_of(self.plans, self.calendar)

    @cached_property
    def enrolled(self) -> Mapping[Enrollee, str]:
        """The chat address of every contact who has enrolled one, as it was when this office first asked.

        Every message asks for it; an office lives as long as a task, and the next one knows who has enrolled meanwhile.
        """
        if self.bot is None:
            return {}
        with self.ledger.snapshot() as ledger:
            return ledger.enrolled_chats()


_NEWEST_ROUNDS: list[tuple[Mapping[str, Plan], WorkingCalendar, Mapping[str, Round]]] = []


_KEPT_ROUNDS = 4


def _rounds_of(plans: Mapping[str, Plan], calendar: WorkingCalendar) -> Mapping[str, Round]:
    """The plans' rounds, worked out once for the same plans and calendar: every waiting unit asks each few seconds."""
    for known_plans, known_calendar, rounds in _NEWEST_ROUNDS:
        if known_plans is plans and known_calendar is calendar:
            return rounds
    found = {round_.id: round_ for plan in plans.values() for round_ in all_rounds_of(plan, calendar)}
    _NEWEST_ROUNDS.insert(0, (plans, calendar, found))
    del _NEWEST_ROUNDS[_KEPT_ROUNDS:]
    return found

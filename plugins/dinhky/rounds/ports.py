"""What the use cases need from the outside, as protocols; `dinhky.bootstrap` plugs the real things in.

Instants that cross these lines are aware datetimes; the ledger stores and returns UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, runtime_checkable

from dinhky.domain.assignment import Assignment, State
from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.content import Content, Identity, Post
from dinhky.domain.contest_entries import Entry
from dinhky.domain.errors import DinhKyError, Problem
from dinhky.domain.period import Dates
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.posts import ToldPost
from dinhky.domain.ranking import Ranking
from dinhky.domain.schedule import Round, all_rounds_of
from dinhky.rounds.chatting import Bot, ChatsKept, Enrollee
from dinhky.rounds.kept_mails import MailsKept


@dataclass(frozen=True)
class Attachment:
    """A stored file to go with a message, under the name its reader sees."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Letter:
    """A message in words. `section` is its matter alone, without greeting, link and closing: what a letter that tells
    one recipient several things takes of it."""

    subject: str
    body: str
    section: str


@dataclass(frozen=True)
class Message:
    """One message to one recipient. `key` is unique for ever: deciding the same message twice is a no-op.

    `address` is an email address, that of an enrolled chat (`zalo:…`), or the name of the environment variable holding
    an apprise URL. What nobody waits for goes out in office hours only (`office_hours_only`); an answer goes out at
    once. `in_reply_to` is the Message-ID of the mail that it answers, if it answers one.
    """

    key: str
    kind: str
    channel: str
    address: str
    recipient: str
    subject: str
    body: str
    not_before: datetime
    round_id: str | None = None
    unit: str | None = None
    attachments: tuple[Attachment, ...] = ()
    office_hours_only: bool = False
    in_reply_to: str | None = None
    section: str = ""
    """The matter alone, for a letter that tells one recipient several things; see `Letter`."""


@dataclass(frozen=True)
class QueuedMessage:
    """A message in the outbox, claimed by a dispatcher. `message_id` is the same at every attempt.

    `attempts` counts this one and those before it, `refusals` how often a server has refused this very message. One
    that tells a recipient several things at once has them as its `parts`; it stands in the place of the oldest.
    """

    id: int
    message: Message
    message_id: str
    attempts: int
    refusals: int = 0
    parts: tuple[QueuedMessage, ...] = ()

    @property
    def rows(self) -> tuple[QueuedMessage, ...]:
        """The messages of the outbox that this one takes with it: its parts, or itself alone."""
        return self.parts or (self,)


DECIDED_AGAINST = frozenset({"returned_by_officer", "declined_by_officer"})
"""The problems of files that are as they should be, and do not count all the same."""


@dataclass(frozen=True)
class Submission:
    """One file received for an assignment: numbered, never overwritten. `received_at` is UTC.

    `problems` stopped it; `questions` did not: the sender is asked to look again, and what was understood counts.
    `state` is `accepted`, `returned`, `held` (waits for an officer's decision) or `declined` (by that decision).
    `answer_sha256` is the sender's own workbook with every place marked, as it was stored to be sent back.
    """

    id: int
    round_id: str
    unit: str
    number: int
    sha256: str
    file_name: str
    route: str
    received_at: datetime
    state: str
    late: bool
    problems: tuple[Problem, ...] = ()
    content: Content | None = None
    questions: tuple[Problem, ...] = ()
    answer_sha256: str | None = None

    @property
    def is_decided_against(self) -> bool:
        """Whether nothing is wrong with the file itself: an officer has returned or declined it."""
        return any(problem.code in DECIDED_AGAINST for problem in self.problems)


Parts: TypeAlias = Mapping[str, Mapping[str, str]]
"""By round and unit, what a report was compiled from: see `dinhky.rounds.compiled_parts`."""


@dataclass(frozen=True)
class ReportVersion:
    """One compiled version of a round's report. `digest` covers document and annex: same digest, same files.

    `parts` is what it was compiled from, empty for one that an older ledger has kept.
    """

    id: int
    round_id: str
    version: int
    digest: str
    document_sha256: str
    annex_sha256: str
    document_name: str
    annex_name: str
    compiled_at: datetime
    state: str
    parts: Parts = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What the approver said of a version, about exactly these bytes."""

    report_id: int
    document_sha256: str
    annex_sha256: str
    approved: bool
    comment: str
    by: str
    at: datetime


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
    about the whole file. A question asks to look again; what is no question must be mended.
    """

    sheet: str
    cell: str
    found: str
    needed: str
    is_question: bool = False


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
class CompiledReport:
    """The files of a report and the digest of everything that went into them."""

    digest: str
    document: bytes
    annex: bytes
    facts: dict[str, Any]


@dataclass(frozen=True)
class OpenedRound:
    """What the ledger holds of a round that was opened: its dates as last told; why it is not held, if it is not."""

    id: str
    plan_id: str
    ref: str
    opens: datetime
    unit_due: datetime
    due: datetime
    locks: datetime
    opened_at: datetime
    cancelled: str

    @property
    def is_history(self) -> bool:
        """Whether it was past its lock when it was opened: recorded for the year's sake, and nobody is written to."""
        return self.opened_at > self.locks

    def has_dates_of(self, round_: Round) -> bool:
        """Whether the round is known with these very dates."""
        return (self.opens, self.unit_due, self.due, self.locks) == (
            round_.opens,
            round_.unit_due,
            round_.due,
            round_.locks,
        )


@dataclass(frozen=True)
class ContestSoFar:
    """A contest as far as it has come: its numbered entries, and the rankings made of its jurors' scores."""

    entries: tuple[Entry, ...]
    preliminary: Ranking | None = None
    final: Ranking | None = None


class LedgerTransaction(MailsKept, ChatsKept, Protocol):
    """Reads and writes of one transaction. Every write is idempotent: repeating it changes nothing."""

    def lock_round(self, round_id: str) -> None:
        """Let no other transaction work on this round until this one ends."""

    def open_round(self, round_: Round, units: Sequence[Unit], at: datetime) -> bool:
        """Record a round and its assignments; False if it was there already (then only new units are added)."""

    def round_is_open(self, round_id: str) -> bool:
        """Whether the round was ever opened."""

    def opened_round_ids(self, not_over_before: datetime | None = None) -> list[str]:
        """Every round ever opened, or those that take something at that moment or later, be it from one unit."""

    def opened_rounds(self) -> list[OpenedRound]:
        """Every round ever opened, by id."""

    def opened_round(self, round_id: str) -> OpenedRound | None:
        """One of them, or None if it was never opened."""

    def is_history(self, round_id: str) -> bool:
        """Whether the round was past its lock when it was opened: no message about it is ever queued."""

    def first_unit_due(self, round_id: str) -> datetime:
        """The units' due date that the round opened with, whatever it is now."""

    def update_round(self, round_: Round, at: datetime, reason: str) -> bool:
        """Let an opened round have these dates, and be cancelled or not; False if it had them. Records the event."""

    def rename_unit(self, round_id: str, unit: str, name: str, at: datetime) -> None:
        """Let the round show the unit under its new name. Records the event."""

    def waiting(self, not_over_before: datetime) -> list[Assignment]:
        """Of the opened, uncancelled rounds that lock at that moment or later, the parts that are not settled."""

    def assignments_of(self, round_ids: Sequence[str]) -> dict[str, list[Assignment]]:
        """The assignments of several rounds in one go, by round; a round without any is left out."""

    def assignments(self, round_id: str) -> list[Assignment]:
        """The round's assignments, in the plan's order of units."""

    def assignment(self, round_id: str, unit: str) -> Assignment | None: ...

    def move(
        self,
        round_id: str,
        unit: str,
        state: State,
        *,
        at: datetime,
        actor: str,
        reason: str | None = None,
        submission: Submission | None = None,
        late: bool | None = None,
    ) -> None:
        """Move an assignment and record the event. Raises IllegalTransition.

        `late` says whether what was answered without a submission came late, where that is not a matter of `at`.
        """

    def extend_lock(self, round_id: str, unit: str, until: datetime, *, at: datetime, actor: str, reason: str) -> None:
        """Let this unit's part lock then, if the round's own lock is not later. Records the event."""

    def newest_submission(self, round_id: str, unit: str) -> Submission | None:
        """The unit's last file for a round, if it sent any."""

    def is_newest(self, round_id: str, unit: str, sha256: str) -> bool:
        """Whether the unit's last file for a round was this very one."""

    def add_submission(
        self,
        *,
        round_id: str,
        unit: str,
        sha256: str,
        file_name: str,
        route: str,
        received_at: datetime,
        state: str,
        late: bool,
        problems: Sequence[Problem],
        content: Content | None,
        questions: Sequence[Problem] = (),
        answer_sha256: str | None = None,
    ) -> Submission: ...

    def submissions(self, round_id: str) -> list[Submission]: ...

    def decide_submission(self, submission: Submission, state: str, problems: Sequence[Problem]) -> Submission:
        """Let a kept file have another state by somebody's decision; `problems` tell why it does not count."""

    def held_submissions(self) -> list[Submission]:
        """Of every round and unit, the last file, where that one waits for a decision; in order of arrival."""

    def content_of(self, submission_id: int) -> Content: ...

    def parts_of(self, plan_id: str, unit: str) -> list[tuple[OpenedRound, Assignment]]:
        """Every round of the plan, ever opened, in which the unit has a part, with that part."""

    def submissions_of(self, round_id: str, unit: str) -> list[Submission]:
        """Every file that the unit sent for a round, in order of arrival."""

    def link_serial(self, plan_id: str, unit: str) -> int:
        """How often the unit's personal links were revoked: only a link made with this number opens anything."""

    def link_serials(self, plan_id: str) -> dict[str, int]:
        """Those of all units of the plan; a unit whose links were never revoked is not in it."""

    def revoke_links(self, plan_id: str, unit: str, at: datetime, by: str, reason: str) -> int:
        """Let no personal link that the unit ever got open anything again. Records the event."""

    def tell_item(self, plan_id: str, key: str, post: ToldPost) -> bool:
        """Record one item told by itself; False if it was told under this key before."""

    def replace_items(self, plan_id: str, submission: Submission, posts: Sequence[ToldPost]) -> None:
        """Let a submission's items stand in place of those of the unit's earlier submissions for the same round."""

    def withdraw_items(self, round_id: str, unit: str, at: datetime) -> None:
        """Take the items of a unit's submissions for a round out of the count."""

    def restore_items(self, submission: Submission) -> None:
        """Let the items of a file that was returned, and is taken back, count again."""

    def told_in_files(self, round_id: str, unit: str) -> list[ToldPost]:
        """The items that stand and that the unit told in its workbooks for this round, in order of telling."""

    def told(self, plan_id: str, window: Dates) -> list[ToldPost]:
        """Every item of the plan that stands and was published within these days, in order of telling."""

    def add_report(
        self,
        round_id: str,
        report: CompiledReport,
        document: Attachment,
        annex: Attachment,
        parts: Parts,
        at: datetime,
    ) -> ReportVersion:
        """A new version, or the version that already has this digest; compiled from these parts."""

    def report(self, report_id: int) -> ReportVersion:
        """The version of that id. Raises LookupError."""

    def latest_report(self, round_id: str) -> ReportVersion | None: ...

    def sent_report(self, round_id: str) -> ReportVersion | None:
        """The newest version that was sent, whatever has been compiled since."""

    def report_facts(self, report_id: int) -> dict[str, Any]: ...

    def set_report_state(self, report_id: int, state: str, at: datetime, actor: str) -> None: ...

    def record_decision(self, decision: Decision) -> None: ...

    def last_decision(self, report_id: int) -> Decision | None: ...

    def queue(self, message: Message, at: datetime, *, is_answer: bool = False) -> bool:
        """Put a message in the outbox; False if one with its key is there already.

        A message about a round that is history is not queued either, unless it answers what somebody sent.
        """

    def message_keys(self, prefix: str) -> set[str]:
        """The keys in the outbox that begin so."""

    def record_missed(self, message: Message, at: datetime) -> bool:
        """Note that a message's time passed unsent; takes its key, so it cannot be sent afterwards."""

    def recover(self, now: datetime, reason: str) -> int:
        """Under an expired lease `claimed` returns to the queue, `sending` becomes `unknown`; how many became that."""

    def claim(
        self,
        *,
        by: str,
        now: datetime,
        lease: timedelta,
        limit: int,
        office_hours: bool = True,
        gathered_by: datetime | None = None,
    ) -> list[QueuedMessage]:
        """Take messages that are due, and all that waits for office hours and the same recipients as they.

        Outside office hours, only those that need not wait for them. What was decided after `gathered_by`, and waits
        for office hours, does not go by itself.
        """

    def mark_sending(self, message_ids: Sequence[int], by: str, until: datetime) -> set[int]:
        """The last word before the wire, held until then; those of which the claim was not lost."""

    def combine(self, lead: int, others: Sequence[int], subject: str, body: str) -> None:
        """Note that the others go out within `lead`, and the words that they have together."""

    def mark_sent(self, message_ids: Sequence[int], at: datetime, answer: str) -> None: ...

    def put_off(self, message_ids: Sequence[int], by: str, until: datetime, reason: str, *, refused: bool) -> None:
        """Back in the queue from then on; `refused` if a server has said no to these very messages."""

    def mark_failed(self, message_ids: Sequence[int], by: str, at: datetime, error: str) -> None:
        """Failed for good."""

    def mark_unknown(self, message_ids: Sequence[int], by: str, at: datetime, answer: str) -> None:
        """They may or may not have gone out: a person decides."""

    def cancel(self, message_id: int, at: datetime, reason: str, *, missed: bool = False) -> None:
        """Settle a message unsent because it has become pointless, or (`missed`) because its time has passed."""

    def lock_outbox(self) -> None:
        """Let no dispatcher claim, and nobody decide about messages, until this transaction ends."""

    def requeue(self, message_ids: Sequence[int], at: datetime) -> None:
        """Begin anew with messages that a person wants to be tried again."""

    def cancel_queued(self, round_id: str, at: datetime, reason: str, unit: str | None = None) -> int:
        """Settle unsent what still waits in the queue for a round's office hours, or one unit's part of it."""

    def rewrite(self, message_id: int, subject: str, body: str, section: str) -> None:
        """Give a message that has not gone out the text of today."""

    def waiting_for_office_hours(self) -> int:
        """How many messages are in the queue that go out in office hours only."""

    def outbox_row(self, message_id: int) -> dict[str, Any] | None:
        """One message with all that is known of it."""

    def went_together(self, message_id: int) -> list[dict[str, Any]]:
        """The message and those that it went out with as one; empty if there is none of that id."""

    def messages(
        self,
        round_id: str | None = None,
        *,
        unit: str | None = None,
        state: str | None = None,
        day: date | None = None,
    ) -> list[dict[str, Any]]:
        """The outbox for people, oldest first: all of it, or a round's, a unit's, those in a state, those of a day.

        A message is of the day in Vietnam on which it was settled, or may go out if it still waits.
        """

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

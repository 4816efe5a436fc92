"""What is kept of reports: their versions, and what was decided about them.

Instants that cross these lines are aware datetimes; the ledger stores and returns UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from dinhky.rounds.kept_messages import Attachment

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
class CompiledReport:
    """The files of a report and the digest of everything that went into them."""

    digest: str
    document: bytes
    annex: bytes
    facts: dict[str, Any]


class ReportsKept(Protocol):
    """Reports in a transaction. Every write is idempotent: repeating it changes nothing."""

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

"""Compiled reports and the decisions about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from dinhky.ledger import schema
from dinhky.ledger.rows import Rows
from dinhky.rounds.kept_messages import Attachment
from dinhky.rounds.kept_reports import CompiledReport, Decision, Parts, ReportVersion

_LATEST = (
    select(*(column for column in schema.reports.c if column.name != "facts"))  # which are long
    .where(schema.reports.c.round_id == bindparam("of_round"))
    .order_by(schema.reports.c.version.desc())
    .limit(1)
)
_SENT = _LATEST.where(schema.reports.c.state == "sent")


class ReportRows(Rows):
    """Reads and writes of report versions and decisions."""

    def add_report(
        self,
        round_id: str,
        report: CompiledReport,
        document: Attachment,
        annex: Attachment,
        parts: Parts,
        at: datetime,
    ) -> ReportVersion:
        """The next version, or the newest if it has this digest: compiling again only notes from which parts.

        Figures that return to those of an older version make a new one: the newest version is always what was
        compiled last. The caller holds the round's lock.
        """
        newest = self.latest_report(round_id)
        if newest and newest.digest == report.digest:
            if newest.parts == parts:
                return newest
            table = schema.reports
            self._connection.execute(update(table).where(table.c.id == newest.id).values(parts=parts))
            return replace(newest, parts=parts)
        version = newest.version + 1 if newest else 1
        self._connection.execute(
            schema.reports.insert().values(
                round_id=round_id,
                version=version,
                digest=report.digest,
                document_sha256=document.sha256,
                annex_sha256=annex.sha256,
                document_name=document.name,
                annex_name=annex.name,
                facts=report.facts,
                parts=parts,
                compiled_at=at,
                state="draft",
            )
        )
        self.event("report_compiled", at=at, actor="dinhky", round_id=round_id, version=version, sha256=document.sha256)
        added = self.latest_report(round_id)
        if added is None:
            raise LookupError(f"the report of {round_id} vanished inside its own transaction")
        return added

    def report(self, report_id: int) -> ReportVersion:
        """The version of that id. Raises LookupError if there is none."""
        row = self._connection.execute(select(schema.reports).where(schema.reports.c.id == report_id)).first()
        if row is None:
            raise LookupError(f"no report {report_id}")
        return version_of(row)

    def latest_report(self, round_id: str) -> ReportVersion | None:
        """The newest version of a round's report, if it was ever compiled."""
        row = self._connection.execute(_LATEST, {"of_round": round_id}).first()
        return version_of(row) if row else None

    def sent_report(self, round_id: str) -> ReportVersion | None:
        """The newest version that was sent, whatever has been compiled since."""
        row = self._connection.execute(_SENT, {"of_round": round_id}).first()
        return version_of(row) if row else None

    def report_facts(self, report_id: int) -> dict[str, Any]:
        """The figures and phrases that the version was rendered from."""
        facts: dict[str, Any] = self._connection.execute(
            select(schema.reports.c.facts).where(schema.reports.c.id == report_id)
        ).scalar_one()
        return facts

    def set_report_state(self, report_id: int, state: str, at: datetime, actor: str) -> None:
        """Move a version to draft, approved, returned or sent; the same state again is a no-op."""
        report = self.report(report_id)
        if report.state == state:
            return
        self._connection.execute(update(schema.reports).where(schema.reports.c.id == report_id).values(state=state))
        self.event(
            f"report_{state}", at=at, actor=actor, round_id=report.round_id, version=report.version, was=report.state
        )

    def record_decision(self, decision: Decision) -> None:
        """Append a decision; the same one again (same person, same instant) is a no-op."""
        self._insert_unless_present(
            schema.decisions,
            {
                "report_id": decision.report_id,
                "document_sha256": decision.document_sha256,
                "annex_sha256": decision.annex_sha256,
                "approved": decision.approved,
                "comment": decision.comment,
                "by": decision.by,
                "at": decision.at,
            },
        )

    def last_decision(self, report_id: int) -> Decision | None:
        """The newest decision about a version, if any."""
        table = schema.decisions
        row = self._connection.execute(
            select(table).where(table.c.report_id == report_id).order_by(table.c.id.desc()).limit(1)
        ).first()
        if row is None:
            return None
        return Decision(
            report_id=row.report_id,
            document_sha256=row.document_sha256,
            annex_sha256=row.annex_sha256,
            approved=row.approved,
            comment=row.comment,
            by=row.by,
            at=row.at,
        )


def version_of(row: Row[Any]) -> ReportVersion:
    return ReportVersion(
        id=row.id,
        round_id=row.round_id,
        version=row.version,
        digest=row.digest,
        document_sha256=row.document_sha256,
        annex_sha256=row.annex_sha256,
        document_name=row.document_name,
        annex_name=row.annex_name,
        compiled_at=row.compiled_at,
        state=row.state,
        parts=row.parts,
    )

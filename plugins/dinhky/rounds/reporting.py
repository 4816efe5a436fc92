"""From accepted workbooks to a filed report: compile, ask for approval, record the decision, send, file.

The approval counts for exactly the bytes it was given for. `send_report` reads it from the ledger, whatever the states
of Airflow's tasks say.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from dinhky.domain.assignment import State
from dinhky.domain.content import Content
from dinhky.domain.errors import CompilingRefused, SendingRefused, UnknownName
from dinhky.domain.local_time import local
from dinhky.domain.plan import Plan
from dinhky.domain.schedule import Round, round_id, rounds_of
from dinhky.rounds.compiled_parts import changed_since, parts_of
from dinhky.rounds.correspondence import to_approver, to_person, to_unit
from dinhky.rounds.kept_messages import Attachment
from dinhky.rounds.kept_reports import Decision, ReportVersion
from dinhky.rounds.lookup import round_of
from dinhky.rounds.merged_answers import merged
from dinhky.rounds.ports import LedgerTransaction, Office, UnitAnswer
from dinhky.rounds.posting import told_elsewhere
from dinhky.rounds.report_differences import differences_to_sent
from dinhky.rounds.succession import as_of, unit_of


def compile_report(office: Office, round_id_: str, now: datetime) -> ReportVersion:
    """Compile the round from its accepted submissions; a longer report from those of the shorter report's rounds.

    The same submissions and templates give the version there already is; anything else gives the next one. A version
    that was sent is never touched.
    """
    plan, round_ = round_of(office, round_id_)
    with office.ledger.snapshot() as ledger:
        if not ledger.round_is_open(round_id_):
            raise UnknownName("round_not_opened", round_id=round_id_)
        answers = _answers(office, ledger, plan, round_)
        parts = parts_of(ledger, [one.id for one in _asking_rounds(office, plan, round_)])
    compiled = office.reports.compile(as_of(plan, local(round_.due).date()), round_, answers)
    names = {"ref": round_.ref, "period": round_.period.label}
    document = Attachment(office.words.file_name("document", **names), office.files.put(compiled.document))
    annex = Attachment(office.words.file_name("annex", **names), office.files.put(compiled.annex))
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_id_)
        version = ledger.add_report(round_id_, compiled, document, annex, parts, now)
        for answer in answers:
            current = ledger.assignment(round_id_, answer.unit.code)
            if current and current.state is State.ACCEPTED and current.submission_id == answer.assignment.submission_id:
                ledger.move(round_id_, answer.unit.code, State.COMPILED, at=now, actor="dinhky")
    copy_out(office, version, office.drafts)
    return version


def compile_when_due(office: Office, round_id_: str, now: datetime) -> ReportVersion:
    """Compile the round once every unit is settled, or the round has locked and nobody was given longer.

    Raises CompilingRefused before that.

    A longer report waits until nothing more can come in for the shorter ones: their units may correct what they sent
    until the round locks or its report is sent.
    """
    plan, round_ = round_of(office, round_id_)
    with office.ledger.snapshot() as ledger:
        for asking in _asking_rounds(office, plan, round_):
            awaited = [one for one in ledger.assignments(asking.id) if one.is_awaited(asking.locks, now)]
            is_to_come = not ledger.round_is_open(asking.id)
            may_change = asking.id != round_.id and not _is_sent(ledger, asking)
            if awaited or ((is_to_come or may_change) and not asking.is_over(now)):
                names = [one.unit_name for one in awaited]
                locks = max((one.closes(asking.locks) for one in awaited), default=asking.locks)
                raise CompilingRefused("units_still_open", round_id=asking.id, units=names, locks=locks)
    return compile_report(office, round_id_, now)


def is_approved(office: Office, version: ReportVersion) -> bool:
    """Whether the ledger holds an approval for exactly this version's bytes."""
    with office.ledger.snapshot() as ledger:
        return refusal(ledger, version) is None


def request_approval(office: Office, version: ReportVersion, now: datetime) -> None:
    """Tell the approver that a report waits for a decision, with the documents attached; once a question."""
    plan, round_ = round_of(office, version.round_id)
    with office.ledger.snapshot() as ledger:
        sent_back = ledger.last_decision(version.id)
        replacing = replaced(ledger, round_, version)
    request = to_approver(
        office,
        plan,
        round_,
        f"approval-request-v{version.version}" + (f"-after-{sent_back.at:%Y%m%dT%H%M%S}" if sent_back else ""),
        template="approval_request",
        now=now,
        attachments=_documents(version),
        version=version.version,
        **replacing,
    )
    with office.ledger.transaction() as ledger:
        ledger.queue(request, now)


def record_decision(office: Office, report_id: int, *, approved: bool, comment: str, by: str, at: datetime) -> Decision:
    """Record what the approver said of a version; a version sent back is told to the compiler with the comment."""
    with office.ledger.transaction() as ledger:
        version = ledger.report(report_id)
        decision = Decision(
            report_id=report_id,
            document_sha256=version.document_sha256,
            annex_sha256=version.annex_sha256,
            approved=approved,
            comment=comment,
            by=by,
            at=at,
        )
        ledger.record_decision(decision)
        if version.state != "sent":
            ledger.set_report_state(report_id, "approved" if approved else "returned", at, by)
        if not approved:
            plan, round_ = round_of(office, version.round_id)
            notices = to_unit(
                office,
                plan,
                round_,
                plan.unit(as_of(plan, local(at).date()).compiler),
                f"report-returned-v{version.version}-{at:%Y%m%dT%H%M%S}",
                template="report_returned",
                now=at,
                comment=comment,
                approver=plan.approver_of(round_.ref),
                version=version.version,
            )
            for notice in notices:
                ledger.queue(notice, at)
    return decision


def send_report(office: Office, round_id_: str, now: datetime) -> ReportVersion:
    """Put the approved report in the outbox for the plan's recipients. Raises SendingRefused with the reason.

    Repeating it sends nothing again: the messages' keys name the version.
    """
    plan, round_ = round_of(office, round_id_)
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_id_)
        version = ledger.latest_report(round_id_)
        if version is None:
            raise SendingRefused("no_report_compiled", round_id=round_id_)
        refused = refusal(ledger, version)
        if refused:
            raise refused
        refuse_if_damaged(office, version)
        replacing = replaced(ledger, round_, version)
        for recipient in plan.report_to:
            message = to_person(
                office,
                plan,
                round_,
                f"report-v{version.version}",
                name=recipient.name,
                email=recipient.email,
                template="report",
                now=now,
                attachments=_documents(version),
                **replacing,
            )
            ledger.queue(message, now)
        ledger.set_report_state(version.id, "sent", now, "dinhky")
    return version


def file_report(office: Office, round_id_: str, now: datetime) -> Path:
    """Put the sent report where people look for it: `<archive>/<plan>/<ref>/<period>/v<version>/`. Idempotent.

    Raises SendingRefused if the newest version was not sent: an unsent draft is not filed as if it were the report.
    """
    with office.ledger.snapshot() as ledger:
        version = ledger.latest_report(round_id_)
    if version is None or version.state != "sent":
        raise SendingRefused("nothing_to_file", round_id=round_id_)
    folder = copy_out(office, version, office.archive)
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_id_)
        record_filed(ledger, version, folder, now)
    return folder


def record_filed(ledger: LedgerTransaction, version: ReportVersion, folder: Path, now: datetime) -> None:
    """Record once that a version was filed, and where."""
    events = ledger.events(version.round_id)
    filed = [event["detail"]["version"] for event in events if event["kind"] == "report_filed"]
    if version.version not in filed:
        ledger.event(
            "report_filed",
            at=now,
            actor="dinhky",
            round_id=version.round_id,
            version=version.version,
            folder=str(folder),
        )


def refuse_if_damaged(office: Office, version: ReportVersion) -> None:
    """Raise SendingRefused if a document of the version is no longer what it was when it was compiled."""
    for sha256 in (version.document_sha256, version.annex_sha256):
        try:
            office.files.get(sha256)
        except (FileNotFoundError, ValueError) as error:
            raise SendingRefused("document_damaged", round_id=version.round_id, version=version.version) from error


def replaced(ledger: LedgerTransaction, round_: Round, version: ReportVersion) -> dict[str, Any]:
    """For messages: the version that was sent before this one, if one was, and what is different since."""
    found = None if round_.phase else differences_to_sent(ledger, version)
    return {"replaces": found[0] if found else None, "differences": found[1] if found else []}


def draft_folder(office: Office, version: ReportVersion) -> Path:
    """Where a compiled version lies under readable names, for whoever decides about it."""
    return _folder(office.drafts, version)


def _folder(root: Path, version: ReportVersion) -> Path:
    return root / version.round_id / f"v{version.version}"


def copy_out(office: Office, version: ReportVersion, root: Path) -> Path:
    """Copy a version's files below `root` under their readable names, each whole or not at all."""
    folder = _folder(root, version)
    folder.mkdir(parents=True, exist_ok=True)
    for document in _documents(version):
        target = folder / document.name
        if not target.exists() or hashlib.sha256(target.read_bytes()).hexdigest() != document.sha256:
            unfinished = folder / f".{document.name}.{os.getpid()}"
            unfinished.write_bytes(office.files.get(document.sha256))
            os.replace(unfinished, target)
    return folder


def _documents(version: ReportVersion) -> tuple[Attachment, ...]:
    both = (
        Attachment(version.document_name, version.document_sha256),
        Attachment(version.annex_name, version.annex_sha256),
    )
    return tuple(dict.fromkeys(both))  # what is one file is both


def refusal(ledger: LedgerTransaction, version: ReportVersion) -> SendingRefused | None:
    """Why a version is not to be used as an approved one; None if the ledger holds an approval of exactly its bytes."""
    changed = changed_since(ledger, version.parts) or [
        assignment.unit_name
        for assignment in ledger.assignments(version.round_id)
        if assignment.state is State.ACCEPTED
    ]
    if changed and version.state != "sent":
        return SendingRefused("report_outdated", round_id=version.round_id, version=version.version, units=changed)
    decision = ledger.last_decision(version.id)
    if decision is None:
        return SendingRefused("not_approved", round_id=version.round_id, version=version.version)
    if not decision.approved:
        return SendingRefused("sent_back", round_id=version.round_id, version=version.version, by=decision.by)
    if (decision.document_sha256, decision.annex_sha256) != (version.document_sha256, version.annex_sha256):
        return SendingRefused("approval_of_other_bytes", round_id=version.round_id, version=version.version)
    return None


def _asking_rounds(office: Office, plan: Plan, round_: Round) -> list[Round]:
    """The rounds whose workbooks a report is compiled from: its own, or those of the shorter report in its window."""
    shorter = plan.obligation(round_.ref).compiled_from
    if shorter is None:
        return [round_]
    rounds = rounds_of(plan, plan.obligation(shorter), office.calendar)
    return [one for one in rounds if one.window.start >= round_.window.start and one.window.end <= round_.window.end]


def _is_sent(ledger: LedgerTransaction, round_: Round) -> bool:
    return ledger.sent_report(round_.id) is not None


def _answers(office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round) -> list[UnitAnswer]:
    """What every unit told for a report, by workbook and otherwise."""
    shorter = plan.obligation(round_.ref).compiled_from
    if shorter is None:
        answers = _own_answers(ledger, plan, round_)
    else:
        now = [(one.period.label, _own_answers(ledger, plan, one)) for one in _asking_rounds(office, plan, round_)]
        before = [
            (one.period.label, _own_answers(ledger, plan, one))
            for longer in rounds_of(plan, plan.obligation(round_.ref), office.calendar)
            if longer.period == round_.period.previous()
            for one in _asking_rounds(office, plan, longer)
        ]
        answers = merged(round_.id, now, before)
    contents = {answer.unit.code: answer.content or Content() for answer in answers}
    elsewhere = told_elsewhere(ledger, plan, round_, shorter or round_.ref, contents)
    return [replace(answer, told_elsewhere=elsewhere.get(answer.unit.code, ())) for answer in answers]


def _own_answers(ledger: LedgerTransaction, plan: Plan, round_: Round) -> list[UnitAnswer]:
    return [
        UnitAnswer(
            unit=unit_of(plan, assignment),
            assignment=assignment,
            content=ledger.content_of(assignment.submission_id) if assignment.submission_id else None,
            previous=_content_of_previous_period(ledger, plan, round_, assignment.unit),
        )
        for assignment in ledger.assignments(round_.id)
    ]


def _content_of_previous_period(ledger: LedgerTransaction, plan: Plan, round_: Round, unit: str) -> Content | None:
    previous = ledger.assignment(round_id(plan.id, round_.ref, round_.period.previous().label), unit)
    return ledger.content_of(previous.submission_id) if previous and previous.submission_id else None

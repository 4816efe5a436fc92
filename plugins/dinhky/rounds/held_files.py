"""Files that were right but came too late: an officer takes them or declines them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dinhky.domain.assignment import State
from dinhky.domain.content import Content
from dinhky.domain.contest import SCORED, PhaseKind
from dinhky.domain.errors import Problem, UnknownName
from dinhky.domain.plan import Kind, Plan
from dinhky.domain.schedule import Round
from dinhky.rounds.closing import tell_again
from dinhky.rounds.decision_rules import (
    Part,
    Ruling,
    part_for_decision,
    record_and_tell,
    refuse_if_told,
    refuse_if_waived,
)
from dinhky.rounds.kept_reports import ReportVersion
from dinhky.rounds.kept_submissions import Submission
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.posting import take_items
from dinhky.rounds.reporting import compile_report

_CAN_BE_TAKEN = {"held", "declined", "returned"}


@dataclass(frozen=True)
class HeldFile:
    """A file that waits for a decision: whose, for what, and whether the report it came too late for has gone out."""

    plan: Plan
    round: Round
    unit_name: str
    submission: Submission
    is_report_sent: bool


def held_submissions(office: Office) -> list[HeldFile]:
    """Every file that waits for an officer's decision, in order of arrival."""
    found = []
    with office.ledger.snapshot() as ledger:
        for submission in ledger.held_submissions():
            try:
                plan, round_ = round_of(office, submission.round_id)
            except UnknownName:
                continue  # its plan is unreadable just now
            part = ledger.assignment(submission.round_id, submission.unit)
            name = part.unit_name if part else submission.unit
            is_sent = ledger.sent_report(round_.id) is not None
            found.append(HeldFile(plan, round_, name, submission, is_sent))
    return found


def decide_held(
    office: Office,
    round_id: str,
    unit: str,
    *,
    accept: bool,
    reason: str,
    by: str,
    now: datetime,
    number: int | None = None,
) -> ReportVersion | None:
    """Take a file that was held, or decline it. `number` is the file's, the unit's last one that was held if None.

    Taken, it is the unit's accepted answer, late. If the report was not sent, the next compilation holds it; if it was,
    a new version is compiled and returned, which needs an approval of its own and says what has changed. A file that
    was declined, or returned by an officer, can be taken later. Raises DecisionRefused.
    """
    with office.ledger.transaction() as ledger:
        part = part_for_decision(office, ledger, round_id, unit, by, reason)
        file = _file(ledger, part, number)
        if file.state == ("accepted" if accept else "declined"):
            pass  # it has been decided so before
        elif accept:
            _take(office, ledger, part, file, now)
        else:
            _decline(office, ledger, part, file, now)
        is_sent = ledger.sent_report(round_id) is not None
    if accept and is_sent and part.round.kind is Kind.REPORT:
        return compile_report(office, round_id, now)
    return None


def _file(ledger: LedgerTransaction, part: Part, number: int | None) -> Submission:
    files = [one for one in ledger.submissions(part.round.id) if one.unit == part.unit]
    if number is None:
        decided = [one for one in files if one.state in {"held", "declined"} or one.is_decided_against]
        asked_about = [one for one in decided if one.state == "held"] or decided or files
    else:
        asked_about = [one for one in files if one.number == number]
    if not asked_about:
        raise part.refusal("decision_no_such_file", number=number)
    return asked_about[-1]


def _take(office: Office, ledger: LedgerTransaction, part: Part, file: Submission, now: datetime) -> None:
    content = _content_to_take(office, ledger, part, file, now)
    file = ledger.decide_submission(file, "accepted", [])
    round_id, unit = part.key
    if part.round.kind is Kind.POSTS:
        if not part.assignment.settled:
            ledger.move(round_id, unit, State.SUBMITTED, at=now, actor=part.by, submission=file)
    else:
        through = State.SUBMITTED
        ledger.move(round_id, unit, State.ACCEPTED, through=through, at=now, actor=part.by, submission=file)
    ledger.restore_items(file)
    take_items(office, ledger, part.plan, part.round, file, content, now, by_decision=True)
    tell_again(office, ledger, part.plan, part.round, now)
    is_sent = ledger.sent_report(round_id) is not None
    record_and_tell(office, ledger, part, Ruling.TAKEN, now, {"file": file.number}, file=file, is_sent=is_sent)


def _content_to_take(office: Office, ledger: LedgerTransaction, part: Part, file: Submission, now: datetime) -> Content:
    """What the file says, if it can be taken. Raises DecisionRefused."""
    if file.state not in _CAN_BE_TAKEN or file.content is None:
        raise part.refusal("decision_file_not_held", number=file.number)
    refuse_if_waived(part)
    if part.round.phase is PhaseKind.ENTRIES or part.round.phase in SCORED:
        refuse_if_told(office, ledger, part, now)
    later = [one for one in ledger.submissions(part.round.id) if one.unit == part.unit and one.number > file.number]
    if any(one.state == "accepted" or (one.is_decided_against and one.state == "returned") for one in later):
        raise part.refusal("decision_newer_file", number=file.number)
    return file.content


def _decline(office: Office, ledger: LedgerTransaction, part: Part, file: Submission, now: datetime) -> None:
    if file.state != "held":
        raise part.refusal("decision_file_not_held", number=file.number)
    why = Problem("declined_by_officer", params={"reason": part.reason.rstrip(". ")})
    file = ledger.decide_submission(file, "declined", [why])
    record_and_tell(office, ledger, part, Ruling.DECLINED, now, {"file": file.number}, file=file)

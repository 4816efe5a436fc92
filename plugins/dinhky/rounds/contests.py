"""A contest's phases: each opens when the one before has ended as it must, and ends with what the supervisor approves.

Every step may run any number of times: too early it refuses and says why, afterwards it changes nothing.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from dinhky.domain.assignment import State
from dinhky.domain.contest import SCORED, Contest, PhaseKind
from dinhky.domain.contest_entries import Entry, numbered
from dinhky.domain.errors import PhaseRefused, Problem
from dinhky.domain.local_time import local
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.schedule import Round
from dinhky.domain.scoring import to_score
from dinhky.rounds.compiled_parts import parts_of
from dinhky.rounds.contest_answers import (
    PLAYED_BY,
    contest_of,
    contest_so_far,
    judged_entries,
    phase_id,
    phase_round,
    sheets_owed,
    takes_until,
    whole_contest,
    whole_ref,
)
from dinhky.rounds.correspondence import to_unit
from dinhky.rounds.kept_messages import Attachment
from dinhky.rounds.kept_reports import Parts, ReportVersion
from dinhky.rounds.lookup import round_of
from dinhky.rounds.opening import open_round
from dinhky.rounds.ports import ContestSoFar, LedgerTransaction, Office
from dinhky.rounds.reporting import copy_out, refusal
from dinhky.rounds.succession import as_of

NUMBERED = "entries_numbered"
"""The event that gives entries their codes, for good."""
LET_OFF = "let-off"


def open_phase(office: Office, round_id: str, now: datetime) -> list[Unit]:
    """Open a phase and return those asked: units, jurors or the lead. Raises PhaseRefused while it must not begin.

    Jurors score what the supervisor has approved: all entries, then the shortlist. Prizes need approved results,
    sending on needs the proof that they were given. A phase whose days have passed meanwhile is refused too: nobody
    could be asked any more, so its days are to be changed in the plan first.
    """
    plan, round_ = round_of(office, round_id)
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_id)
        if not ledger.round_is_open(round_id) and not round_.cancelled:
            _begin(office, ledger, plan, round_, now)
    asked = open_round(office, round_id, now)
    if round_.phase in SCORED:
        _excuse_those_without_entries(office, plan, round_, now)
    return asked


def is_open(office: Office, round_id: str) -> bool:
    """Whether the phase was ever opened."""
    with office.ledger.snapshot() as ledger:
        return ledger.round_is_open(round_id)


def whom_it_waits_for(office: Office, round_id: str) -> tuple[str, ...]:
    """The names of those without whom the contest cannot leave this phase: jurors who owe scores, or who owes a proof.

    Nobody has to enter, so the phase of entries waits for nobody.
    """
    plan, round_ = round_of(office, round_id)
    with office.ledger.snapshot() as ledger:
        if round_.phase in SCORED:
            return tuple(plan.unit(code).name for code in sheets_owed(ledger, plan, round_))
        if round_.phase is PhaseKind.ENTRIES:
            return ()
        return tuple(one.unit_name for one in ledger.assignments(round_id) if not one.settled)


def still_asks(office: Office, round_id: str, now: datetime) -> bool:
    """Whether what a phase lacks is still taken: scores and proofs are until the whole contest is over."""
    _, round_ = round_of(office, round_id)
    return now <= takes_until(office, round_)


def close_entries(office: Office, round_id: str, now: datetime) -> ReportVersion:
    """Number the entries once they have closed and list them for approval.

    A code once given is kept, whatever comes in later. Raises PhaseRefused before the lock, or if nobody entered.
    """
    plan, round_ = round_of(office, round_id)
    if not round_.is_over(now):
        raise PhaseRefused("entries_still_open", locks=round_.locks)
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_id)
        if settled := _played_version(ledger, plan, round_):
            return settled
        entries = _number(ledger, plan, round_, now)
        counted, parts = _submissions(ledger, round_), parts_of(ledger, [round_id])
    if not entries:
        raise PhaseRefused("contest_without_entries")
    return _compile(office, plan, round_, ContestSoFar(entries), counted, parts, now)


def rank_phase(office: Office, round_id: str, now: datetime) -> ReportVersion:
    """Rank the entries by the phase's scores: into the shortlist, or into the report of results and the proposal.

    Raises RankingRefused while a juror who was not let off owes a score.
    """
    plan, round_ = round_of(office, round_id)
    with office.ledger.snapshot() as ledger:
        if settled := _played_version(ledger, plan, round_):
            return settled
        so_far = contest_so_far(office, ledger, plan, round_)
        counted, parts = _submissions(ledger, round_), parts_of(ledger, [round_id])
    return _compile(office, plan, round_, so_far, counted, parts, now)


def let_off(office: Office, round_id: str, juror: str, reason: str, by: str, now: datetime) -> None:
    """Go on without a juror in this phase, by decision of the jury's chair: none of their scores counts in it.

    Raises UnknownName, IllegalTransition without a reason, PhaseRefused once the ranking is approved.
    """
    plan, round_ = round_of(office, round_id)
    contest_of(plan, round_).juror(juror)
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_id)
        assignment = ledger.assignment(round_id, juror)
        if assignment is None or round_.phase not in SCORED:
            raise PhaseRefused("phase_not_opened", phase=round_.phase.value if round_.phase else "")
        if assignment.state is State.WAIVED:
            return
        if _approved(ledger, round_id):
            raise PhaseRefused("ranking_is_approved")
        ledger.move(round_id, juror, State.WAIVED, at=now, actor=by, reason=reason)
        ledger.cancel_queued(round_id, now, reason, unit=juror)
        notices = to_unit(
            office,
            plan,
            round_,
            plan.unit(juror),
            LET_OFF,
            template="let_off_scores",
            now=now,
            office_hours_only=True,
            contest=contest_of(plan, round_),
            reason=reason.rstrip(". "),
        )
        for notice in notices:
            ledger.queue(notice, now)


def is_settled(ledger: LedgerTransaction, plan: Plan, round_: Round) -> bool:
    """Whether what a phase ended with is approved, or played by already: nothing that it was made of may change."""
    return _played_version(ledger, plan, round_) is not None or _approved(ledger, round_.id) is not None


def _begin(office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, now: datetime) -> None:
    """Note by what the phase is played. Raises PhaseRefused."""
    contest = contest_of(plan, round_)
    if round_.phase in SCORED:
        played_by = {"entries": _demand(office, ledger, round_, PhaseKind.ENTRIES).id}
        if round_.phase is PhaseKind.FINAL and contest.has_phase(PhaseKind.PRELIMINARY):
            played_by["shortlist"] = _demand(office, ledger, round_, PhaseKind.PRELIMINARY).id
    elif round_.phase is PhaseKind.AWARD:
        played_by = {"results": _demand(office, ledger, round_, PhaseKind.FINAL).id}
    elif round_.phase is PhaseKind.SENT_ON:
        parts = ledger.assignments(phase_round(office, round_, PhaseKind.AWARD).id)
        waiting = [one.unit_name for one in parts if not one.settled]
        if waiting or not parts:
            raise PhaseRefused("award_not_proved", units=waiting)
        played_by = {"results": _demand(office, ledger, round_, PhaseKind.FINAL).id}
    else:
        return
    if round_.is_over(now) and not whole_contest(office, round_).is_over(now):
        raise PhaseRefused("phase_is_past", phase=round_.phase.value, due=round_.due)
    detail: dict[str, Any] = dict(played_by)
    ledger.event(PLAYED_BY, at=now, actor="dinhky", round_id=round_.id, unit="", **detail)


def _demand(office: Office, ledger: LedgerTransaction, round_: Round, kind: PhaseKind) -> ReportVersion:
    """The approved version of what a phase before this one ended with. Raises PhaseRefused."""
    before = phase_round(office, round_, kind)
    approved = _approved(ledger, before.id)
    if approved is None:
        raise PhaseRefused("phase_not_approved", phase=kind.value)
    return approved


def _approved(ledger: LedgerTransaction, round_id: str) -> ReportVersion | None:
    """The newest version of what a phase ended with, if exactly that is approved and nothing came in since."""
    version = ledger.latest_report(round_id)
    return version if version and refusal(ledger, version) is None else None


def _played_version(ledger: LedgerTransaction, plan: Plan, round_: Round) -> ReportVersion | None:
    """The version of this phase's result by which a later phase is played already: it stands."""
    contest = contest_of(plan, round_)
    name = {PhaseKind.ENTRIES: "entries", PhaseKind.PRELIMINARY: "shortlist", PhaseKind.FINAL: "results"}
    for phase in contest.phases:
        for event in ledger.events(phase_id(round_, phase.kind)):
            if event["kind"] == PLAYED_BY and round_.phase and name[round_.phase] in event["detail"]:
                return ledger.report(event["detail"][name[round_.phase]])
    return None


def _number(ledger: LedgerTransaction, plan: Plan, round_: Round, now: datetime) -> tuple[Entry, ...]:
    told = [
        (assignment.unit, entry)
        for assignment in ledger.assignments(round_.id)
        if assignment.submission_id and assignment.state is not State.WAIVED
        for entry in ledger.content_of(assignment.submission_id).entries
    ]
    numberings = [event["detail"]["entries"] for event in ledger.events(round_.id) if event["kind"] == NUMBERED]
    before = [Entry(**row) for rows in numberings for row in rows]
    entries = numbered(told, [unit.code for unit in plan.units], before)
    known = {entry.code for entry in before}
    added = [asdict(entry) for entry in entries if entry.code not in known]
    if added:
        ledger.event(NUMBERED, at=now, actor="dinhky", round_id=round_.id, entries=added)
    return entries


def _submissions(ledger: LedgerTransaction, round_: Round) -> dict[str, int]:
    """The accepted files of a round, by who sent them."""
    return {one.unit: one.submission_id for one in ledger.assignments(round_.id) if one.submission_id}


def _compile(
    office: Office,
    plan: Plan,
    round_: Round,
    so_far: ContestSoFar,
    counted: dict[str, int],
    parts: Parts,
    now: datetime,
) -> ReportVersion:
    compiled = office.reports.compile_contest(as_of(plan, local(round_.due).date()), round_, so_far)
    names: dict[str, Any] = {"ref": whole_ref(round_), "period": round_.period.label}
    kind = round_.phase.value if round_.phase else ""
    document = Attachment(office.words.file_name(f"document_{kind}", **names), office.files.put(compiled.document))
    annex = document
    if compiled.annex != compiled.document:
        annex = Attachment(office.words.file_name(f"annex_{kind}", **names), office.files.put(compiled.annex))
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_.id)
        version = ledger.add_report(round_.id, compiled, document, annex, parts, now)
        for unit, submission_id in counted.items():
            current = ledger.assignment(round_.id, unit)
            if current and current.state is State.ACCEPTED and current.submission_id == submission_id:
                ledger.move(round_.id, unit, State.COMPILED, at=now, actor="dinhky")
    copy_out(office, version, office.drafts)
    return version


def _excuse_those_without_entries(office: Office, plan: Plan, round_: Round, now: datetime) -> None:
    """A juror all of whose entries are their own unit's has nothing to score, and is not asked to."""
    contest: Contest = contest_of(plan, round_)
    reason = office.words.sentence(Problem("juror_without_entries"))
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_.id)
        entries = judged_entries(ledger, plan, round_)
        for juror in contest.jurors:
            assignment = ledger.assignment(round_.id, juror.code)
            if assignment and not assignment.settled and not to_score(contest, entries, juror.code):
                ledger.move(round_.id, juror.code, State.NIL, at=now, actor="dinhky", reason=reason)
                ledger.cancel_queued(round_.id, now, reason, unit=juror.code)

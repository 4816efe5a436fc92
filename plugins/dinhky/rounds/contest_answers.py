"""What comes in for a contest's phases: until when it is taken, what of it can be counted, and what is judged by it.

A phase in which jurors score is played by one list of entries, the one that had been approved when it opened. Nothing
that happens afterwards changes whom a juror scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from dinhky.domain.assignment import State
from dinhky.domain.content import Content
from dinhky.domain.contest import SCORED, Contest, PhaseKind
from dinhky.domain.contest_entries import Entry
from dinhky.domain.errors import PhaseRefused, Problem
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.ranking import LetOff, ranking
from dinhky.domain.schedule import Round, round_id
from dinhky.domain.scoring import Score, missing_scores, score_problems, to_score, told_scores
from dinhky.rounds.kept_reports import ReportVersion
from dinhky.rounds.ports import ContestSoFar, LedgerTransaction, Office

PLAYED_BY = "phase_played_by"
"""The event that names the approved versions by which a phase is played."""


def contest_of(plan: Plan, round_: Round) -> Contest:
    """The contest that a round, or the round of a phase, belongs to. Raises ValueError for any other round."""
    contest = plan.obligation(round_.ref).contest
    if contest is None:
        raise ValueError(f"{round_.id} is no contest")
    return contest


def whole_ref(round_: Round) -> str:
    """The ref of the contest: `PL-6` for its phase `PL-6.final`."""
    return round_.ref.rpartition(".")[0] if round_.phase else round_.ref


def whole_contest(office: Office, round_: Round) -> Round:
    """The round of the whole contest that a phase belongs to."""
    return office.rounds[round_id(round_.plan_id, whole_ref(round_), round_.period.label)]


def phase_id(round_: Round, kind: PhaseKind) -> str:
    """The id of the round of another phase of the same contest."""
    return round_id(round_.plan_id, f"{whole_ref(round_)}.{kind}", round_.period.label)


def phase_round(office: Office, round_: Round, kind: PhaseKind) -> Round:
    """The round of another phase of the same contest. Raises KeyError if it has no such phase."""
    return office.rounds[phase_id(round_, kind)]


def takes_until(office: Office, round_: Round) -> datetime:
    """Until when a round asks for what it lacks: its lock, except where a contest cannot go on without it.

    Scores and proofs are asked for and taken until the whole contest is over.
    """
    if round_.phase is None or round_.phase is PhaseKind.ENTRIES:
        return round_.locks
    return max(round_.locks, whole_contest(office, round_).locks)


def is_closed(
    office: Office, ledger: LedgerTransaction, round_: Round, unit: str, version: ReportVersion | None, now: datetime
) -> bool:
    """Whether a file that comes now waits for an officer's decision. `version` is the newest of the round's report.

    A juror's sheet counts until the ranking is approved, and not at all once the juror was let off; entries until they
    have closed, or as long as the supervisor has sent their list back. Who was given longer has until then. Once a
    report was sent, whatever comes waits, also while a newer version of it is prepared.
    """
    state = version.state if version else ""
    assignment = ledger.assignment(round_.id, unit)
    until = takes_until(office, round_)
    if now > (assignment.closes(until) if assignment else until) or (version and ledger.sent_report(round_.id)):
        return not (round_.phase is PhaseKind.ENTRIES and state == "returned")
    if round_.phase in SCORED:
        return state == "approved" or (assignment is not None and assignment.state is State.WAIVED)
    return False


def played_by(ledger: LedgerTransaction, round_: Round) -> dict[str, Any]:
    """The ids of the approved versions by which a phase is played. Raises PhaseRefused if it has not opened."""
    for event in ledger.events(round_.id):
        if event["kind"] == PLAYED_BY:
            return dict(event["detail"])
    raise PhaseRefused("phase_not_opened", phase=_name(round_))


def judged_entries(ledger: LedgerTransaction, plan: Plan, round_: Round) -> tuple[Entry, ...]:
    """The entries that are scored in this phase. Raises PhaseRefused as long as it has not opened."""
    lists = played_by(ledger, round_)
    entries = entries_in(ledger, lists["entries"])
    if "shortlist" not in lists:
        return entries
    finalists = set(ledger.report_facts(lists["shortlist"])["shortlist"]["entries"])
    return tuple(entry for entry in entries if entry.code in finalists)


def entries_in(ledger: LedgerTransaction, report_id: int) -> tuple[Entry, ...]:
    """The entries of one version of their list."""
    known = {field.name for field in fields(Entry)}
    listed: list[dict[str, Any]] = ledger.report_facts(report_id)["entries"]
    return tuple(Entry(**{name: value for name, value in row.items() if name in known}) for row in listed)


def jury_of(ledger: LedgerTransaction, contest: Contest, round_: Round) -> tuple[list[Score], list[LetOff]]:
    """What the jurors' accepted sheets say in this phase, and who was let off; of jurors that the plan still has."""
    jurors = {juror.code for juror in contest.jurors}
    scores: list[Score] = []
    let_off: list[LetOff] = []
    for assignment in ledger.assignments(round_.id):
        if assignment.unit not in jurors:
            continue
        if assignment.state is State.WAIVED:
            let_off.append(LetOff(assignment.unit, assignment.reason or ""))
        elif assignment.submission_id:
            scores += told_scores(assignment.unit, ledger.content_of(assignment.submission_id).scores)
    return scores, let_off


def sheets_owed(ledger: LedgerTransaction, plan: Plan, round_: Round) -> dict[str, int]:
    """How many entries each juror has still to score in this phase, by code; a juror who owes none is not in it."""
    contest = contest_of(plan, round_)
    entries = judged_entries(ledger, plan, round_)
    scores, let_off = jury_of(ledger, contest, round_)
    owed: dict[str, set[str]] = {}
    for missing in missing_scores(contest, entries, scores, {gone.juror for gone in let_off}):
        owed.setdefault(missing.juror, set()).add(missing.entry)
    return {juror: len(codes) for juror, codes in owed.items()}


def contest_so_far(office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round) -> ContestSoFar:
    """The contest with the ranking of a phase in which jurors score. Raises RankingRefused, PhaseRefused."""
    contest = contest_of(plan, round_)
    entries = judged_entries(ledger, plan, round_)
    scores, let_off = jury_of(ledger, contest, round_)
    ranked = ranking(contest, entries, scores, let_off)
    if round_.phase is PhaseKind.PRELIMINARY:
        return ContestSoFar(entries, preliminary=ranked)
    if not contest.has_phase(PhaseKind.PRELIMINARY):
        return ContestSoFar(entries, final=ranked)
    before = contest_so_far(office, ledger, plan, phase_round(office, round_, PhaseKind.PRELIMINARY))
    return ContestSoFar(before.entries, before.preliminary, ranked)


def answer_problems(
    ledger: LedgerTransaction, plan: Plan, round_: Round, unit: Unit, content: Content
) -> list[Problem]:
    """What a juror's sheet says that cannot be counted, and the entries it leaves out; none for any other answer."""
    if round_.phase not in SCORED:
        return []
    contest = contest_of(plan, round_)
    entries = judged_entries(ledger, plan, round_)
    scores = told_scores(unit.code, content.scores)
    problems = score_problems(contest, entries, scores)
    left_out = _left_out(contest, entries, scores, unit)
    if left_out:
        problems.append(Problem("score_entries_missing", params={"juror": unit.name, "entries": left_out}))
    return problems


def _left_out(contest: Contest, entries: Sequence[Entry], scores: Sequence[Score], unit: Unit) -> list[str]:
    asked = [entry.code for entry in to_score(contest, entries, unit.code)]
    told = {score.entry for score in scores}
    return [code for code in asked if code not in told]


def _name(round_: Round) -> str:
    return round_.phase.value if round_.phase else ""

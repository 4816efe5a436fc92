"""What cannot go on before a person has decided: reports to approve or to compile anew, files that came too late,
contests that wait for a juror or for a phase before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dinhky.domain.contest import SCORED
from dinhky.domain.local_time import local
from dinhky.domain.schedule import Round
from dinhky.rounds.contest_answers import takes_until, whole_ref
from dinhky.rounds.held_files import held_submissions
from dinhky.rounds.kept_reports import ReportVersion
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.reporting import refusal


class Asked(StrEnum):
    """What is to be decided."""

    APPROVAL = "approval"
    """The supervisor: a report, or what a contest's phase ended with."""
    COMPILING = "compiling"
    """The officer: what was sent back, or has changed since, is to be compiled anew."""
    HELD_FILE = "held_file"
    """The officer: a file that came too late."""
    JURY = "jury"
    """The jury's chair: to wait for jurors, or to go on without them."""
    PHASE = "phase"
    """The officer: a phase that ought to have begun, and cannot."""


@dataclass(frozen=True)
class OpenQuestion:
    """One decision that is waited for since then, `working_days` after that day; `names` are those it is about."""

    asked: Asked
    round: Round
    since: datetime
    working_days: int
    names: tuple[str, ...] = ()
    version: int = 0
    is_sent_back: bool = False


def questions_of(
    office: Office,
    ledger: LedgerTransaction,
    rounds: Mapping[str, Round],
    opened: Collection[str],
    now: datetime,
) -> Iterator[OpenQuestion]:
    """Every decision that is waited for in these rounds of a plan, of which those `opened` ever were."""
    for version in ledger.undecided_reports():
        if version.round_id in rounds:
            yield _about_report(office, ledger, rounds[version.round_id], version, now)
    for held in held_submissions(office):
        if held.round.id in rounds:
            yield _question(
                office, Asked.HELD_FILE, held.round, held.submission.received_at, now, names=(held.unit_name,)
            )
    for round_ in rounds.values():
        if round_.phase and not round_.cancelled and now <= takes_until(office, round_):
            before = [one.id for one in rounds.values() if _is_before(one, round_)]
            if round_.id in opened or any(one in opened for one in before):
                yield from _about_phase(office, ledger, round_, round_.id in opened, now)


def _about_report(
    office: Office, ledger: LedgerTransaction, round_: Round, version: ReportVersion, now: datetime
) -> OpenQuestion:
    refused = refusal(ledger, version)
    decision = ledger.last_decision(version.id)
    if refused is not None and refused.code == "not_approved":
        return _question(office, Asked.APPROVAL, round_, version.compiled_at, now, version=version.version)
    since = decision.at if decision else version.compiled_at
    question = _question(office, Asked.COMPILING, round_, since, now, version=version.version)
    return OpenQuestion(**vars(question) | {"is_sent_back": version.state == "returned"})


def _is_before(one: Round, other: Round) -> bool:
    """Whether a round is an earlier phase of the same contest."""
    is_same = bool(one.phase) and (whole_ref(one), one.period) == (whole_ref(other), other.period)
    return is_same and one.opens < other.opens


def _about_phase(
    office: Office, ledger: LedgerTransaction, round_: Round, is_opened: bool, now: datetime
) -> Iterator[OpenQuestion]:
    if not is_opened:
        if local(round_.opens).date() < local(now).date():
            yield _question(office, Asked.PHASE, round_, round_.opens, now)
        return
    if round_.phase in SCORED and now > round_.unit_due:
        jurors = tuple(one.unit_name for one in ledger.assignments(round_.id) if not one.settled)
        if jurors:
            yield _question(office, Asked.JURY, round_, round_.unit_due, now, names=jurors)


def _question(
    office: Office,
    asked: Asked,
    round_: Round,
    since: datetime,
    now: datetime,
    *,
    names: tuple[str, ...] = (),
    version: int = 0,
) -> OpenQuestion:
    days = office.calendar.working_days_after(local(since).date(), local(now).date())
    return OpenQuestion(asked, round_, since, days, names, version)

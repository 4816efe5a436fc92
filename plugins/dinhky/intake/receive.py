"""The one door for units' files. Whatever the route, a file is kept, checked, numbered and answered here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial

from dinhky.domain.assignment import State
from dinhky.domain.content import Content, Identity
from dinhky.domain.errors import Problem, UnknownName
from dinhky.domain.plan import Kind, Plan, Unit, nearest
from dinhky.domain.posts import told_by
from dinhky.domain.schedule import Round
from dinhky.rounds.asking import facts_for
from dinhky.rounds.contest_answers import answer_problems, is_closed
from dinhky.rounds.correspondence import to_contacts, to_unit
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import Attachment, LedgerTransaction, Office, Submission
from dinhky.rounds.posting import take_items


class Verdict(StrEnum):
    """What became of a file."""

    ACCEPTED = "accepted"
    RETURNED = "returned"
    """Understood but wrong: the sender is told each place."""
    HELD = "held"
    """Right, but after the lock: waits for the officer's decision."""
    REFUSED = "refused"
    """Not to be matched to anything that this unit owes."""


@dataclass(frozen=True)
class Receipt:
    """The answer to the sender. `again` says that these very bytes had been received before."""

    verdict: Verdict
    sha256: str
    round_id: str | None = None
    unit: str | None = None
    number: int | None = None
    late: bool = False
    again: bool = False
    problems: tuple[Problem, ...] = ()
    content: Content | None = None


def receive(
    office: Office,
    data: bytes,
    *,
    file_name: str,
    unit_code: str,
    now: datetime,
    route: str,
    plan_id: str | None = None,
    in_reply_to: str | None = None,
) -> Receipt:
    """Take a file from a unit and answer it. The same bytes twice running are one submission, with the same answer.

    `in_reply_to` is the Message-ID of the mail that brought it, for the answer to stand beside it.
    The sender is who the route says; what the file says of itself is only checked against it. The file is kept in every
    case. Raises UnknownName if no plan has such a unit.
    """
    file_name = _shown(file_name)
    sha256 = office.files.put(data)
    identity, problems = office.workbooks.identity(data)
    plan = _plan_for(office, unit_code, plan_id, identity, now)
    unit = plan.unit(unit_code)
    if identity is None:
        problems = problems or (Problem("identity_missing"),)
        return _refuse(office, plan, unit, sha256, file_name, problems, now, route, in_reply_to)
    try:
        _, round_ = round_of(office, f"{plan.id}/{identity.ref}/{identity.period}")
    except UnknownName:
        problem = Problem("round_unknown", params={"ref": identity.ref, "period": identity.period})
        return _refuse(office, plan, unit, sha256, file_name, (problem,), now, route, in_reply_to)
    with office.ledger.snapshot() as ledger:
        assignment = ledger.assignment(round_.id, unit.code)
    if assignment is None:
        problem = Problem("round_not_open", params={"period": identity.period, "opens": round_.opens})
        return _refuse(office, plan, unit, sha256, file_name, (problem,), now, route, in_reply_to)
    reading = office.workbooks.read(data, plan, round_, unit)
    found = reading.problems
    if not found and round_.phase:
        with office.ledger.snapshot() as ledger:
            found = tuple(answer_problems(ledger, plan, round_, unit, reading.content))
    return _record(office, plan, round_, unit, sha256, file_name, found, reading.content, now, route, in_reply_to)


def _record(
    office: Office,
    plan: Plan,
    round_: Round,
    unit: Unit,
    sha256: str,
    file_name: str,
    problems: tuple[Problem, ...],
    content: Content,
    now: datetime,
    route: str,
    in_reply_to: str | None,
) -> Receipt:
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_.id)
        ledger.lock_round(f"{plan.id}/items")  # before any assignment moves: counting items moves those of other rounds
        newest = ledger.newest_submission(round_.id, unit.code)
        if newest and newest.sha256 == sha256 and _sentences(office, newest.problems) == _sentences(office, problems):
            return _receipt(newest, again=True)
        report = ledger.latest_report(round_.id)
        is_sent = ledger.sent_report(round_.id) is not None
        is_shut = is_closed(office, ledger, round_, unit.code, report, now)
        verdict = Verdict.RETURNED if problems else Verdict.HELD if is_shut else Verdict.ACCEPTED
        submission = ledger.add_submission(
            round_id=round_.id,
            unit=unit.code,
            sha256=sha256,
            file_name=file_name,
            route=route,
            received_at=now,
            state=verdict.value,
            late=now > (told_by(round_) if round_.kind is Kind.POSTS else round_.unit_due),
            problems=problems,
            content=None if problems else content,
        )
        assignment = ledger.assignment(round_.id, unit.code)
        if assignment is None:
            raise LookupError(f"{unit.code} has no part in {round_.id}")
        move = partial(ledger.move, round_.id, unit.code, at=now, actor=unit.code, submission=submission)
        if verdict is Verdict.ACCEPTED:
            if round_.kind is Kind.POSTS:
                # What is owed is a number of posts, not a file: the count decides whether the unit has done its part.
                if not assignment.settled:
                    move(State.SUBMITTED)
            elif assignment.state is not State.WAIVED:
                move(State.SUBMITTED)
                move(State.ACCEPTED)
            take_items(office, ledger, plan, round_, submission, content, now)
        elif verdict is Verdict.RETURNED and not assignment.settled and not is_shut:
            # A wrong file never takes away an accepted one: only a unit that still owes is sent back.
            move(State.SUBMITTED)
            move(State.RETURNED, reason=office.words.sentence(problems[0]))
        answer = to_unit(
            office,
            plan,
            round_,
            unit,
            f"{verdict.value}-{submission.number}",
            template=f"file_{verdict.value}",
            now=now,
            attachments=(Attachment(file_name, sha256),) if problems else (),
            in_reply_to=in_reply_to,
            submission=submission,
            content=content,
            sentences=_sentences(office, problems),
            keeps_accepted=assignment.answered,
            is_sent=is_sent,
            is_late=_is_late(ledger, submission),
            **{"tally": None} | facts_for(office, ledger, plan, round_, now),
        )
        for message in answer:
            ledger.queue(message, now, is_answer=True)
    return _receipt(submission, again=False)


def _refuse(
    office: Office,
    plan: Plan,
    unit: Unit,
    sha256: str,
    file_name: str,
    problems: tuple[Problem, ...],
    now: datetime,
    route: str,
    in_reply_to: str | None,
) -> Receipt:
    sentences = _sentences(office, problems)
    with office.ledger.transaction() as ledger:
        ledger.event(
            "file_refused",
            at=now,
            actor=unit.code,
            unit=unit.code,
            plan=plan.id,
            file_name=file_name,
            sha256=sha256,
            route=route,
            problems=sentences,
        )
        answer = to_contacts(
            office,
            unit,
            f"refused-{sha256[:16]}",
            plan.id,
            template="file_refused",
            now=now,
            attachments=(Attachment(file_name, sha256),),
            in_reply_to=in_reply_to,
            facts={"plan": plan, "file_name": file_name, "sentences": sentences},
        )
        for message in answer:
            ledger.queue(message, now)
    return Receipt(Verdict.REFUSED, sha256, unit=unit.code, problems=problems)


def _is_late(ledger: LedgerTransaction, submission: Submission) -> bool:
    """Whether the unit stands as late: a correction does not make a punctual one so."""
    assignment = ledger.assignment(submission.round_id, submission.unit)
    return submission.late if assignment is None or assignment.late is None else assignment.late


def _receipt(submission: Submission, *, again: bool) -> Receipt:
    return Receipt(
        verdict=Verdict(submission.state),
        sha256=submission.sha256,
        round_id=submission.round_id,
        unit=submission.unit,
        number=submission.number,
        late=submission.late,
        again=again,
        problems=submission.problems,
        content=submission.content,
    )


def _sentences(office: Office, problems: Iterable[Problem]) -> list[str]:
    return [office.words.sentence(problem) for problem in problems]


def _shown(file_name: str) -> str:
    """A sender's file name as it can be stored and shown: on one line, without bytes that are no text."""
    text = file_name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _plan_for(office: Office, unit_code: str, plan_id: str | None, identity: Identity | None, now: datetime) -> Plan:
    """The plan whose unit this is: as the route says, else as the file claims, else the one that asks the unit now."""
    having = [
        plan for plan in office.plans.values() if unit_code in {unit.code for unit in (*plan.units, *plan.jurors)}
    ]
    wanted = plan_id or (identity.plan if identity else None)
    named = [plan for plan in having if plan.id == wanted]
    if plan_id is None and not named:
        named = having if len(having) == 1 else [plan for plan in having if _asks_now(office, plan, unit_code, now)]
    if len(named) == 1:
        return named[0]
    if plan_id is None and having:
        raise UnknownName("plan_of_unit_unclear", found=unit_code, plans=[plan.id for plan in having])
    codes = sorted({unit.code for plan in office.plans.values() for unit in plan.units})
    raise UnknownName("unit_not_in_any_plan", found=unit_code, expected=codes, nearest=nearest(unit_code, codes))


def _asks_now(office: Office, plan: Plan, unit_code: str, now: datetime) -> bool:
    """Whether a round of the plan is open now that asks this unit for a workbook."""
    return any(
        round_.plan_id == plan.id and unit_code in round_.asked and round_.opens <= now and not round_.is_over(now)
        for round_ in office.rounds.values()
    )

"""The one door for units' files. Whatever the route, a file is kept, checked, numbered and answered here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from dinhky.domain.assignment import Assignment, State
from dinhky.domain.content import Content, Identity
from dinhky.domain.contest import SCORED
from dinhky.domain.errors import PlanUnread, Problem, UnknownName
from dinhky.domain.plan import Kind, Plan, Unit, nearest
from dinhky.domain.posts import Tally, told_by
from dinhky.domain.schedule import Round
from dinhky.intake.answering import answer_name, marked_up, sentences_of, shown_name
from dinhky.intake.receipt import Receipt, Verdict
from dinhky.rounds.asking import facts_for
from dinhky.rounds.contest_answers import answer_problems, is_closed, takes_until
from dinhky.rounds.correspondence import to_contacts, to_unit
from dinhky.rounds.kept_messages import Attachment
from dinhky.rounds.kept_submissions import Submission
from dinhky.rounds.links import links_for_the_year
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.posting import take_items, tally_of

__all__ = ["Receipt", "Verdict", "receive"]


@dataclass(frozen=True)
class _Arrived:
    """A file as it came: `name` can be shown; `in_reply_to` is the mail that brought it, if one did."""

    data: bytes
    sha256: str
    name: str
    at: datetime
    route: str
    in_reply_to: str | None


@dataclass(frozen=True)
class _Read:
    """What the file says, and why it does not count. `answer` is the workbook with the places marked."""

    content: Content
    problems: tuple[Problem, ...]
    questions: tuple[Problem, ...]
    answer: Attachment | None = None


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
    case. Raises UnknownName if no plan has such a unit, PlanUnread if one may have that cannot be read just now.
    """
    arrived = _Arrived(data, office.files.put(data), shown_name(office, file_name), now, route, in_reply_to)
    identity, problems = office.workbooks.identity(data)
    plan = _plan_for(office, unit_code, plan_id, identity, now)
    unit = plan.unit(unit_code)
    if identity is None:
        return _refuse(office, plan, unit, arrived, problems or (Problem("identity_missing"),))
    try:
        _, round_ = round_of(office, f"{plan.id}/{identity.ref}/{identity.period}")
    except UnknownName:
        problem = Problem("round_unknown", params={"ref": identity.ref, "period": identity.period})
        return _refuse(office, plan, unit, arrived, (problem,))
    read = _read(office, plan, round_, unit, arrived)
    receipt = _record(office, plan, round_, unit, arrived, read) if read else None
    if receipt is None:
        problem = Problem("round_not_open", params={"period": identity.period, "opens": round_.opens})
        return _refuse(office, plan, unit, arrived, (problem,))
    return receipt


def _read(office: Office, plan: Plan, round_: Round, unit: Unit, arrived: _Arrived) -> _Read | None:
    """What the file says; None if nothing is asked of the unit in this round."""
    reading = office.workbooks.read(arrived.data, plan, round_, unit)
    problems, questions = reading.problems, reading.questions
    if not problems and not questions and round_.phase not in SCORED:
        return _Read(reading.content, (), ())
    with office.ledger.snapshot() as ledger:
        if ledger.assignment(round_.id, unit.code) is None:
            return None
        problems = problems or tuple(answer_problems(ledger, plan, round_, unit, reading.content))
        read = _Read(reading.content, problems, questions)
        is_again = _same_before(office, ledger, round_, unit, arrived, read) is not None
    if is_again or not (problems or questions):
        return read  # what came before has its answer
    answer = marked_up(office, arrived.data, arrived.name, round_, unit, problems, questions, arrived.at)
    return _Read(reading.content, problems, questions, answer)


def _record(office: Office, plan: Plan, round_: Round, unit: Unit, arrived: _Arrived, read: _Read) -> Receipt | None:
    """Number the file, let it count, queue the answer: all of it or nothing. None if nothing is asked of the unit."""
    now = arrived.at
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_.id)
        ledger.lock_round(f"{plan.id}/items")  # before any assignment moves: counting items moves those of other rounds
        assignment = ledger.assignment(round_.id, unit.code)
        if assignment is None:
            return None
        report = ledger.latest_report(round_.id)
        is_sent = report is not None and ledger.sent_report(round_.id) is not None
        is_shut = is_closed(office, ledger, round_, unit.code, report, now)
        receipt = partial(_receipt, office, ledger, plan, round_, is_sent=is_sent)
        before = _same_before(office, ledger, round_, unit, arrived, read)
        if before and (is_shut or before.state != Verdict.HELD.value):
            return receipt(before, assignment, again=True)
        verdict = Verdict.RETURNED if read.problems else Verdict.HELD if is_shut else Verdict.ACCEPTED
        submission = ledger.add_submission(
            round_id=round_.id,
            unit=unit.code,
            sha256=arrived.sha256,
            file_name=arrived.name,
            route=arrived.route,
            received_at=now,
            state=verdict.value,
            late=now > (told_by(round_) if round_.kind is Kind.POSTS else round_.unit_due),
            problems=read.problems,
            content=None if read.problems else read.content,
            questions=read.questions,
            answer_sha256=read.answer.sha256 if read.answer else None,
        )
        _let_count(office, ledger, plan, round_, assignment, submission, read, is_shut=is_shut)
        facts = {"tally": None} | facts_for(office, ledger, plan, round_, now)
        moved = ledger.assignment(round_.id, unit.code) or assignment
        made = receipt(submission, moved, again=False, tally=facts["tally"])
        answer = to_unit(
            office,
            plan,
            round_,
            unit,
            f"{verdict.value}-{submission.number}",
            template=f"file_{verdict.value}",
            now=now,
            attachments=_attachments(arrived, read),
            in_reply_to=arrived.in_reply_to,
            submission=submission,
            content=read.content,
            sentences=sentences_of(office, read.problems),
            questions=sentences_of(office, read.questions),
            marked=read.answer,
            keeps_accepted=assignment.answered,
            is_sent=is_sent,
            is_late=made.is_late,
            takes_until=assignment.closes(takes_until(office, round_)),
            **facts,
        )
        for message in answer:
            ledger.queue(message, now, is_answer=True)
    return made


def _let_count(
    office: Office,
    ledger: LedgerTransaction,
    plan: Plan,
    round_: Round,
    assignment: Assignment,
    submission: Submission,
    read: _Read,
    *,
    is_shut: bool,
) -> None:
    """Let the unit's part say what became of its file."""
    now = submission.received_at
    move = partial(ledger.move, round_.id, submission.unit, at=now, actor=submission.unit, submission=submission)
    if submission.state == Verdict.ACCEPTED.value:
        if round_.kind is Kind.POSTS:
            # What is owed is a number of posts, not a file: the count decides whether the unit has done its part.
            if not assignment.settled:
                move(State.SUBMITTED)
        elif assignment.state is not State.WAIVED:
            move(State.ACCEPTED, through=State.SUBMITTED)
        take_items(office, ledger, plan, round_, submission, read.content, now)
    elif read.problems and not assignment.settled and not is_shut:
        # A wrong file never takes away an accepted one: only a unit that still owes is sent back.
        move(State.RETURNED, through=State.SUBMITTED, reason=office.words.sentence(read.problems[0]))


def _attachments(arrived: _Arrived, read: _Read) -> tuple[Attachment, ...]:
    """The workbook with its places marked; if there is none of a file that was sent back, the file itself."""
    if read.answer:
        return (read.answer,)
    return (Attachment(arrived.name, arrived.sha256),) if read.problems else ()


def _refuse(office: Office, plan: Plan, unit: Unit, arrived: _Arrived, problems: tuple[Problem, ...]) -> Receipt:
    """Say why the file cannot be matched to anything. It is kept, and not sent on: nobody knows what is in it."""
    now = arrived.at
    sentences = sentences_of(office, problems)
    with office.ledger.transaction() as ledger:
        ledger.event(
            "file_refused",
            at=now,
            actor=unit.code,
            unit=unit.code,
            plan=plan.id,
            file_name=arrived.name,
            sha256=arrived.sha256,
            route=arrived.route,
            problems=sentences,
        )
        answer = to_contacts(
            office,
            unit,
            f"refused-{arrived.sha256[:16]}",
            plan.id,
            template="file_refused",
            now=now,
            in_reply_to=arrived.in_reply_to,
            facts={
                "plan": plan,
                "file_name": arrived.name,
                "sentences": sentences,
                "links": links_for_the_year(office, ledger, plan),
            },
        )
        for message in answer:
            ledger.queue(message, now)
    return Receipt(Verdict.REFUSED, arrived.sha256, arrived.name, unit=unit.code, problems=problems)


def _same_before(
    office: Office, ledger: LedgerTransaction, round_: Round, unit: Unit, arrived: _Arrived, read: _Read
) -> Submission | None:
    """The unit's last file, if it was this very one with the same answer: by the rules, or by a person's decision."""
    if not ledger.is_newest(round_.id, unit.code, arrived.sha256):
        return None
    newest = ledger.newest_submission(round_.id, unit.code)
    if newest is None:
        return None
    was_right = newest.content is not None
    is_decided = was_right and newest.state not in {Verdict.ACCEPTED.value, Verdict.HELD.value}
    has_same_answer = sentences_of(office, newest.problems) == sentences_of(office, read.problems)
    return newest if is_decided or has_same_answer else None


def _receipt(
    office: Office,
    ledger: LedgerTransaction,
    plan: Plan,
    round_: Round,
    submission: Submission,
    assignment: Assignment,
    *,
    again: bool,
    is_sent: bool,
    tally: Tally | None = None,
) -> Receipt:
    """The answer about a submission, as things stand now."""
    verdict = Verdict(submission.state) if submission.state in set(Verdict) else Verdict.RETURNED
    counts = submission.content is not None and verdict is not Verdict.RETURNED
    if tally is None and round_.kind is Kind.POSTS:
        tally = tally_of(office, ledger, plan, round_)
    answer = submission.answer_sha256
    return Receipt(
        verdict=verdict,
        sha256=submission.sha256,
        file_name=submission.file_name,
        round_id=submission.round_id,
        unit=submission.unit,
        number=submission.number,
        late=submission.late,
        again=again,
        problems=submission.problems,
        questions=submission.questions,
        content=submission.content,
        counted=office.workbooks.counted(plan, round_, submission.content) if counts and submission.content else (),
        tally=tally,
        answer=Attachment(answer_name(office, submission.file_name), answer) if answer else None,
        keeps_accepted=verdict is not Verdict.ACCEPTED and assignment.answered,
        is_late=submission.late if assignment.late is None else assignment.late,
        is_sent=is_sent,
    )


def _plan_for(office: Office, unit_code: str, plan_id: str | None, identity: Identity | None, now: datetime) -> Plan:
    """The plan whose unit this is: as the route says, else as the file claims, else the one that asks the unit now."""
    having = [
        plan for plan in office.plans.values() if unit_code in {unit.code for unit in (*plan.units, *plan.jurors)}
    ]
    wanted = plan_id or (identity.plan if identity else None)
    if wanted in office.unread_plans or (office.unread_plans and not having):
        raise PlanUnread("plan_unread", plans=sorted(office.unread_plans))
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

"""Plays a behaviour through the use cases: what the DAGs and chores do, at the moments at which they would do it.

Time jumps from one moment to the next. While the whole system is down nothing runs; what waited is taken up when it is
back: files that lie in the folder with the moment they arrived, rounds that are still open, the next tick of the grid.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, time, timedelta
from enum import IntEnum
from typing import Any

from dinhky.domain.chase import (
    extension_reminder_at,
    in_office_hours,
    mend_reminder_at,
)
from dinhky.domain.contest import SCORED, PhaseKind
from dinhky.domain.errors import CompilingRefused, DecisionRefused, PhaseRefused, SendingRefused
from dinhky.domain.local_time import START_OF_OFFICE_DAY, at, end_of, local, start_of_work
from dinhky.domain.plan import Kind, Plan
from dinhky.domain.schedule import Round
from dinhky.intake.receipt import Verdict
from dinhky.intake.receive import receive
from dinhky.rounds.asking import prefilled_for
from dinhky.rounds.chasing import chase
from dinhky.rounds.closing import close_milestone, close_posts_round
from dinhky.rounds.contest_answers import contest_of, phase_round, takes_until, whole_contest
from dinhky.rounds.contest_results import announce_results, close_sent_on, file_contest
from dinhky.rounds.contests import close_entries, let_off, open_phase, rank_phase, whom_it_waits_for
from dinhky.rounds.digests import digest
from dinhky.rounds.dispatching import flush_outbox
from dinhky.rounds.kept_reports import ReportVersion
from dinhky.rounds.opening import open_round
from dinhky.rounds.ports import Office
from dinhky.rounds.reporting import (
    compile_when_due,
    file_report,
    is_approved,
    record_decision,
    request_approval,
    send_report,
)
from dinhky.rounds.standing_duties import close_standing, standing_rounds
from dinhky.simulation.acting import Acted, decided_by_officer
from dinhky.simulation.behaviour import Act, Behaviour, Decision, Delivery, Fault, LetOff, Outage, Rows, Ruling
from dinhky.simulation.played import Arrival, Closed, Compiled, Decided, Played
from dinhky.simulation.recording import RecordingChannel, Sent
from dinhky.simulation.tick_grid import DIGEST_TICK, TickGrid

FLUSH_AFTER = timedelta(seconds=45)
"""How long after a decision the dispatcher comes by: it does so every minute."""
LOCK_GRACE = timedelta(minutes=3)
"""How long the tasks of units wait past a lock for a file on its way, as in `dinhky.orchestration.waiting`."""
PEOPLE_ARE_BACK = timedelta(minutes=6)
A_DECISION = timedelta(minutes=1)
"""How long after an outage people begin to do what they could not do during it, and how long each thing takes: the
machine has caught up by then."""
CLEARED_AFTER = timedelta(hours=2)
"""When an operator has seen a refused sending, or a report sent back, and lets it be compiled anew."""
OPENING_TO_ANSWER = timedelta(minutes=20)
"""A unit whose round opened late, after an outage, answers this much after it got its workbook."""
PHASE_TRIED_AGAIN = timedelta(hours=1)
"""How soon an operator tries again to open a contest's phase that must not begin yet."""
SMALLEST_JURY_LEFT = 2
"""With fewer sheets than that the chair goes on waiting."""
LET_OFF_BECAUSE = "simulated"


class _Turn(IntEnum):
    """What comes first of what happens at one moment."""

    OPEN = 0
    RECEIVE = 1
    CLOSE = 2
    DECIDE = 3
    TICK = 4
    FLUSH = 5


def play(office: Office, plan: Plan, behaviour: Behaviour, fill: Callable[[bytes, Rows], bytes]) -> Played:
    """Play the plan's year in an office whose ledger is empty. `fill` types rows into a workbook of this office."""
    return _Player(office, plan, behaviour, fill).play()


def play_history(office: Office, plan: Plan) -> list[Sent]:
    """Open every round of the plan on the morning after all were over, chase, and give back what was sent."""
    nothing = Behaviour(plan.id, 0, {}, (), {})
    sent: list[Sent] = []
    channel = RecordingChannel(nothing, True, sent)
    office = replace(office, channels={"email": channel, "chat": channel})
    rounds = [round_ for round_ in office.rounds.values() if round_.plan_id == plan.id]
    day = local(max(round_.locks for round_ in rounds)).date() + timedelta(days=1)
    now = start_of_work(office.calendar.on_or_after(day))
    for round_ in rounds:
        open_round(office, round_.id, now)
    chase(office, now)
    digest(office, max(now, at(local(now).date(), DIGEST_TICK)))
    moments = _seconds_from(now)
    flush_outbox(office, by="history", clock=lambda: next(moments))
    return sent


def scored(office: Office, plan: Plan, round_: Round, delivery: Delivery) -> Delivery:
    """A juror's file with the points that their hand gives to the sheet's entries; other files as they are."""
    if not delivery.scores:
        return delivery
    with office.ledger.snapshot() as ledger:
        sheet = prefilled_for(office, ledger, plan, round_, plan.unit(delivery.workbook_unit))["scores"]
    criteria = [(criterion.code, criterion.max_points) for criterion in contest_of(plan, round_).criteria]
    rows = []
    for number, row in enumerate(sheet):
        points = delivery.scores.points(str(row["title"]), criteria)
        if delivery.scores.skips is not None and number == delivery.scores.skips % len(sheet):
            points.popitem()
        rows.append({f"points.{code}": float(value) for code, value in points.items()})
    return replace(delivery, rows={"scores": tuple(rows)})


class _Player:
    def __init__(self, office: Office, plan: Plan, behaviour: Behaviour, fill: Callable[[bytes, Rows], bytes]) -> None:
        rounds = {round_.id: round_ for round_ in office.rounds.values() if round_.plan_id == plan.id}
        self._played = Played(plan, behaviour, rounds)
        self._mail = RecordingChannel(behaviour, True, self._played.sent)
        self._office = replace(
            office, channels={"email": self._mail, "chat": RecordingChannel(behaviour, False, self._played.sent)}
        )
        self._plan, self._behaviour, self._fill = plan, behaviour, fill
        self._events: list[tuple[datetime, int, int, Callable[[datetime], None]]] = []
        self._grid = TickGrid(behaviour, office.calendar, rounds.values())
        self._count = 0
        self._flushes: set[datetime] = set()
        self._ticked: set[datetime] = set()
        self._workbooks: dict[tuple[str, str], str] = {}
        self._decided: dict[str, int] = {}
        self._finished: set[str] = set()
        self._extended: dict[str, datetime] = {}
        self._put_off: dict[datetime, timedelta] = {}

    def play(self) -> Played:
        for round_ in self._played.rounds.values():
            self._at(round_.opens, _Turn.OPEN, self._opening(round_))
            for moment in self._closing_moments(round_):
                self._at(moment, _Turn.CLOSE, self._closing(round_))
        for round_ in standing_rounds(self._office, self._plan):
            self._at(round_.locks + timedelta(seconds=1), _Turn.CLOSE, self._closing_standing(round_))
        for delivery in self._behaviour.deliveries:
            if delivery.round_id in self._played.rounds:
                self._at(delivery.at, _Turn.RECEIVE, self._receiving(delivery))
        for decision in self._behaviour.let_off:
            self._at(decision.at, _Turn.DECIDE, self._letting_off(decision))
        for ruled in self._behaviour.acts:
            self._at(ruled.at, _Turn.DECIDE, self._acting(ruled))
        for moment in self._grid.needed():
            self._tick_at(moment)
        for moment in self._grid.of_digests():
            self._at(moment, _Turn.TICK, self._digest)
        while self._events:
            moment, turn, _, act = heapq.heappop(self._events)
            outage = self._behaviour.is_down(moment)
            if outage is None:
                act(moment)
            elif turn is not _Turn.TICK:
                self._at(self._after(outage, _Turn(turn)), _Turn(turn), act)
            self._played.ended = moment
        return self._end()

    def _after(self, outage: Outage, turn: _Turn) -> datetime:
        """When what an outage has held up is done: by the machine at once, by people one thing after another."""
        if turn is not _Turn.DECIDE:
            return outage.end
        self._put_off[outage.end] = self._put_off.get(outage.end, PEOPLE_ARE_BACK) + A_DECISION
        return outage.end + self._put_off[outage.end]

    def _at(self, moment: datetime, turn: _Turn, act: Callable[[datetime], None]) -> None:
        self._count += 1
        heapq.heappush(self._events, (moment, turn, self._count, act))

    # What the duties' DAGs do

    def _opening(self, round_: Round) -> Callable[[datetime], None]:
        def act(now: datetime) -> None:
            if round_.is_over(now) and not round_.phase:
                return  # its run is not begun any more
            if not self._open(round_, now):
                return
            self._played.opened[round_.id] = now
            self._tick_at(self._grid.next(now))  # something is due already if it opened late
            with self._office.ledger.snapshot() as ledger:
                for row in ledger.messages(round_.id):
                    if row["kind"] == "opening" and row["unit"]:
                        self._workbooks.setdefault((round_.id, row["unit"]), row["attachments"][0]["sha256"])
            self._flush_soon(now)

        return act

    def _open(self, round_: Round, now: datetime) -> bool:
        """Whether the round could be opened; a contest's phase that must not begin yet is tried again later."""
        if not round_.phase:
            open_round(self._office, round_.id, now)
            return True
        try:
            open_phase(self._office, round_.id, now)
        except PhaseRefused:
            if now + PHASE_TRIED_AGAIN <= takes_until(self._office, round_):
                self._at(now + PHASE_TRIED_AGAIN, _Turn.OPEN, self._opening(round_))
            return False
        if round_.phase is PhaseKind.AWARD:
            final = phase_round(self._office, round_, PhaseKind.FINAL)
            self._played.announced.append((final.id, now, announce_results(self._office, final.id, now)))
        return True

    def _closing_moments(self, round_: Round) -> list[datetime]:
        data_closed = at(round_.window.end + timedelta(days=1), time())
        moments = [round_.locks + LOCK_GRACE]
        if round_.kind in {Kind.REPORT, Kind.POSTS} and data_closed < moments[0]:
            moments.append(data_closed)
        return moments

    def _closing(self, round_: Round) -> Callable[[datetime], None]:
        def act(now: datetime) -> None:
            data_closed = at(round_.window.end + timedelta(days=1), time())
            if round_.phase:
                self._close_phase(round_, now)
                return
            if round_.id in self._finished or round_.id not in self._played.opened or round_.cancelled:
                return
            if round_.kind in {Kind.REPORT, Kind.POSTS} and now < data_closed:
                if now > round_.locks:
                    self._at(data_closed, _Turn.CLOSE, act)
                return
            try:
                self._close(round_, now)
            except CompilingRefused:
                if now > max(round_.locks, self._extended.get(round_.id, round_.locks)):
                    raise
                return
            self._flush_soon(now)

        return act

    def _close(self, round_: Round, now: datetime) -> None:
        result: Any = None
        match round_:
            case Round(kind=Kind.REPORT):
                self._compile(round_, now)
            case Round(kind=Kind.POSTS):
                result = close_posts_round(self._office, round_.id, now)
            case Round(kind=Kind.MILESTONE):
                result = close_milestone(self._office, round_.id, now)
            case _:
                return
        self._finished.add(round_.id)
        self._played.closed.append(Closed(round_.id, now, result))

    def _close_phase(self, round_: Round, now: datetime) -> None:
        """End a phase of a contest if it has what it waits for."""
        is_known = round_.id in self._played.opened and round_.id not in self._finished
        if not is_known or whom_it_waits_for(self._office, round_.id):
            return
        if round_.phase is PhaseKind.ENTRIES:
            if not round_.is_over(now):
                return
            with suppress(PhaseRefused):  # nobody entered
                self._ask(round_, close_entries(self._office, round_.id, now), now)
        elif round_.phase in SCORED:
            self._ask(round_, rank_phase(self._office, round_.id, now), now)
        elif round_.phase is PhaseKind.SENT_ON:
            result: Any = close_sent_on(self._office, round_.id, now)
            file_contest(self._office, whole_contest(self._office, round_).id, now)
            self._played.closed.append(Closed(round_.id, now, result))
        else:
            self._played.closed.append(Closed(round_.id, now, close_milestone(self._office, round_.id, now)))
        self._finished.add(round_.id)
        self._flush_soon(now)

    def _letting_off(self, decision: LetOff) -> Callable[[datetime], None]:
        def act(now: datetime) -> None:
            round_ = self._played.rounds[decision.round_id]
            if round_.id not in self._played.opened or round_.id in self._finished:
                return
            with self._office.ledger.snapshot() as ledger:
                parts = ledger.assignments(round_.id)
            owing = [part.unit for part in parts if not part.settled]
            if len(parts) - len(owing) < SMALLEST_JURY_LEFT:
                if now < takes_until(self._office, round_):
                    self._at(now + timedelta(days=1), _Turn.DECIDE, self._letting_off(decision))
                return
            for juror in owing:
                let_off(self._office, round_.id, juror, LET_OFF_BECAUSE, self._plan.approver.name, now)
                self._played.let_off[round_.id, juror] = now
            self._close_phase(round_, now)
            self._flush_soon(now)

        return act

    def _acting(self, act: Act) -> Callable[[datetime], None]:
        round_ = self._played.rounds[act.round_id]

        def decide(now: datetime) -> None:
            if round_.id not in self._played.opened:
                return
            refused, is_new = "", False
            try:
                is_new = decided_by_officer(self._office, act, self._plan.approver.name, now)
            except DecisionRefused as error:
                refused = error.code
            self._played.happened.append(Acted(act, now, refused, is_new))
            if not is_new:
                return
            self._tick_at(self._grid.next(now))
            if act.ruling is Ruling.RETURN:
                self._tick_for_mending(round_, now)
            if act.ruling is Ruling.EXTEND and act.until:
                self._extended[round_.id] = max(act.until, self._extended.get(round_.id, act.until))
                self._at(act.until + LOCK_GRACE, _Turn.CLOSE, self._closing(round_))
                after_due = max(now, round_.unit_due + timedelta(seconds=1))
                reminder = max(extension_reminder_at(act.until, self._office.calendar), after_due)
                self._tick_at(self._grid.next(reminder))
            if act.ruling is Ruling.TAKE and any(sent[0] == round_.id for sent in self._played.reports_sent):
                self._again(round_, now)
            for touched in self._touched(round_, now):
                self._at(now + timedelta(seconds=20), _Turn.CLOSE, self._closing(touched))
            self._flush_soon(now)

        return decide

    def _closing_standing(self, round_: Round) -> Callable[[datetime], None]:
        def act(now: datetime) -> None:
            if round_.id not in self._played.opened:
                return
            try:
                result = close_standing(self._office, self._plan.id, round_.period.label, now)
            except CompilingRefused as refused:  # somebody was given longer
                self._at(refused.params["locks"] + LOCK_GRACE, _Turn.CLOSE, act)
                return
            self._played.closed.append(Closed(f"{round_.id}/standing", now, result))
            self._flush_soon(now)

        return act

    def _compile(self, round_: Round, now: datetime) -> None:
        self._ask(round_, compile_when_due(self._office, round_.id, now), now)

    def _ask(self, round_: Round, version: ReportVersion, now: datetime) -> None:
        """Let the approver decide about what was compiled."""
        with self._office.ledger.snapshot() as ledger:
            facts = ledger.report_facts(version.id)
        self._played.compiled.append(Compiled(round_.id, now, version, facts))
        if is_approved(self._office, version):
            if not round_.phase:
                self._send(round_, now)
            return
        request_approval(self._office, version, now)
        decision = self._next_decision(round_.id)
        self._at(now + decision.wait, _Turn.DECIDE, self._deciding(round_, version, decision))

    def _next_decision(self, round_id: str) -> Decision:
        """The approver's next answer; after the last that is foreseen, a quick yes."""
        number = self._decided.get(round_id, 0)
        self._decided[round_id] = number + 1
        foreseen = self._behaviour.decisions.get(round_id, ())
        return foreseen[number] if number < len(foreseen) else Decision(timedelta(minutes=30), approved=True)

    def _deciding(self, round_: Round, version: ReportVersion, decision: Decision) -> Callable[[datetime], None]:
        def act(now: datetime) -> None:
            by = self._plan.approver.name
            record_decision(self._office, version.id, approved=decision.approved, comment="", by=by, at=now)
            self._played.decided.append(Decided(round_.id, now, decision.approved))
            if decision.approved and not round_.phase:
                self._send(round_, now)
            elif not decision.approved or not is_approved(self._office, version):
                self._again(round_, now)
            self._flush_soon(now)

        return act

    def _send(self, round_: Round, now: datetime) -> None:
        try:
            version = send_report(self._office, round_.id, now)
        except SendingRefused:  # a unit has corrected its part meanwhile
            self._again(round_, now)
            return
        file_report(self._office, round_.id, now)
        self._played.reports_sent.append((round_.id, now, version))
        self._flush_soon(now)

    def _again(self, round_: Round, now: datetime) -> None:
        def act(then: datetime) -> None:
            if round_.phase:
                self._finished.discard(round_.id)
                self._close_phase(round_, then)
            else:
                try:
                    self._compile(round_, then)
                except CompilingRefused:
                    self._finished.discard(round_.id)  # somebody owes again: compiled when that has ended
            self._flush_soon(then)

        self._at(now + CLEARED_AFTER, _Turn.CLOSE, act)

    # What the chores do

    def _receiving(self, delivery: Delivery) -> Callable[[datetime], None]:
        round_ = self._played.rounds[delivery.round_id]
        arrived: list[datetime] = []

        def act(now: datetime) -> None:
            if (round_.id, delivery.workbook_unit) not in self._workbooks and delivery.fault is not Fault.NO_WORKBOOK:
                opened = self._played.opened.get(round_.id)
                if opened is None and now <= takes_until(self._office, round_):
                    self._at(max(now, round_.opens) + OPENING_TO_ANSWER, _Turn.RECEIVE, act)
                return  # it never got a workbook
            arrived.append(now)
            self._receive(delivery, round_, arrived[0], now)

        def arrive(now: datetime) -> None:
            outage = self._behaviour.is_down(delivery.at)
            if outage and round_.id in self._played.opened and self._played.opened[round_.id] <= delivery.at:
                arrived.append(delivery.at)  # it lay in the folder
            act(now)

        return arrive

    def _receive(self, delivery: Delivery, round_: Round, arrived: datetime, now: datetime) -> None:
        delivery = scored(self._office, self._plan, round_, delivery)
        data = self._file(delivery, round_)
        owing = self._owing(now)
        receipt = receive(
            self._office,
            data,
            file_name=f"{delivery.unit}_{round_.ref}_{round_.period.label}.xlsx",
            unit_code=delivery.unit,
            plan_id=self._plan.id,
            now=arrived,
            route="folder",
        )
        self._played.arrivals.append(Arrival(delivery, arrived, now, receipt))
        self._played.happened.append(self._played.arrivals[-1])
        if receipt.verdict is Verdict.RETURNED:
            self._tick_for_mending(round_, now)
        if not self._owing(now) <= owing:
            self._tick_at(self._grid.next(now))  # something was struck out, or a word taken back: a unit owes again
        for touched in self._touched(round_, now):
            self._at(now + timedelta(seconds=20), _Turn.CLOSE, self._closing(touched))
        self._flush_soon(now)

    def _owing(self, now: datetime) -> set[tuple[str, str]]:
        """Who owes something now: round and unit."""
        with self._office.ledger.snapshot() as ledger:
            return {(part.round_id, part.unit) for part in ledger.waiting(now)}

    def _file(self, delivery: Delivery, round_: Round) -> bytes:
        if delivery.fault is Fault.NO_WORKBOOK:
            return repr(delivery.rows).encode()
        workbook = self._office.files.get(self._workbooks[round_.id, delivery.workbook_unit])
        return self._fill(workbook, delivery.rows)

    def _touched(self, round_: Round, now: datetime) -> Sequence[Round]:
        """The rounds that may be complete now that a file of this one has come."""
        return [
            one
            for one in self._played.rounds.values()
            if one.id in self._played.opened
            and one.id not in self._finished
            and (one.id == round_.id or (one.kind is Kind.POSTS and now > end_of(one.window.end)))
            and not (one.kind is Kind.POSTS and now <= end_of(one.window.end))
        ]

    def _tick_for_mending(self, round_: Round, returned_at: datetime) -> None:
        """Look when the unit has had its days to mend what was sent back."""
        due = mend_reminder_at(round_, returned_at, self._office.calendar)
        if due:
            self._tick_at(self._grid.next(due))

    def _tick_at(self, moment: datetime) -> None:
        if moment not in self._ticked:
            self._ticked.add(moment)
            self._at(moment, _Turn.TICK, self._tick)

    def _tick(self, now: datetime) -> None:
        chase(self._office, now)
        digest(self._office, now)
        self._flush_soon(now)

    def _digest(self, now: datetime) -> None:
        """The rest of a tick at which there is nobody to be reminded."""
        if digest(self._office, now):
            self._flush_soon(now)

    def _flush_soon(self, now: datetime) -> None:
        """The dispatcher comes by within a minute, and when offices open if they are closed now."""
        self._flush_at(now + FLUSH_AFTER)
        if not in_office_hours(now + FLUSH_AFTER, self._office.calendar):
            here = local(now + FLUSH_AFTER)
            day = here.date() + timedelta(days=here.time() >= START_OF_OFFICE_DAY)
            self._flush_at(start_of_work(self._office.calendar.on_or_after(day)) + timedelta(seconds=5))

    def _flush_at(self, moment: datetime) -> None:
        minute = moment.replace(second=moment.second // 5 * 5, microsecond=0)
        if minute not in self._flushes:
            self._flushes.add(minute)
            self._at(minute, _Turn.FLUSH, self._flush)

    def _flush(self, now: datetime) -> None:
        moments = _seconds_from(now)
        flushed = flush_outbox(self._office, by=f"simulation {now.isoformat()}", clock=lambda: next(moments))
        if flushed.held:
            with self._office.ledger.snapshot() as ledger:
                held = [row["not_before"] for row in ledger.messages(state="queued")]
            for moment in held:
                self._flush_at(max(moment, now) + timedelta(seconds=5))
        for moment in self._mail.retries:
            self._flush_at(moment + timedelta(seconds=5))
            if not in_office_hours(moment, self._office.calendar):
                self._flush_soon(moment)
        self._mail.retries.clear()

    def _end(self) -> Played:
        with self._office.ledger.snapshot() as ledger:
            self._played.outbox = ledger.messages()
            self._played.assignments = {round_id: ledger.assignments(round_id) for round_id in self._played.opened}
        return self._played


def _seconds_from(now: datetime) -> Any:
    while True:
        yield now
        now += timedelta(seconds=1)

"""The units of a year that is played under the real scheduler: they fill in their workbooks and hand them in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from dinhky.domain.chase import Step
from dinhky.domain.local_time import at, local
from dinhky.domain.plan import Kind
from dinhky.intake.receive import receive
from dinhky.orchestration.handed_in import HandedIn
from dinhky.rounds.ports import Office
from dinhky.simulation.behaviour import Behaviour, Delivery, Fault
from dinhky.simulation.played import Played
from dinhky.simulation.playing import scored
from dinhky.workbook.sample import fill

TICK_HOUR = 8
"""When a fast clock's tick stands: see `dinhky.orchestration.schedules`."""
ROUNDED_OFF = timedelta(minutes=30)
"""How far a tick's moment may be from that: real instants are exact to a microsecond, in which more passes here."""
FILLED_AHEAD = timedelta(days=4)
"""How long before it is sent a workbook is filled in: that takes longer than handing it in."""
TOLD_WITHIN = timedelta(days=7)
"""How long a file waits for the end of a round to be told that had ended before the file came."""
_TOLD = {Kind.POSTS: "tally_sent", Kind.MILESTONE: "products_told"}
"""The event that says how a round of that kind ended; what is told afterwards comes too late for it."""


class Units:
    """Those who owe the files. `simulated` is what the simulation makes of the same behaviour, by plan.

    A file is handed in once what the simulation decides before it has been decided: the day's tick, the end of a round.
    """

    def __init__(
        self,
        office: Office,
        handed_in: HandedIn,
        behaviours: Mapping[str, Behaviour],
        simulated: Mapping[str, Played],
        first: datetime,
    ) -> None:
        self._office = office
        self._first = first
        self._handed_in = handed_in
        self._waiting = sorted(
            (delivery for behaviour in behaviours.values() for delivery in behaviour.deliveries),
            key=lambda delivery: delivery.at,
        )
        self._ends = [
            (closed.at, closed.round_id, _TOLD[played.rounds[closed.round_id].kind])
            for played in simulated.values()
            for closed in played.closed
            if closed.round_id in played.rounds and played.rounds[closed.round_id].kind in _TOLD
        ]
        self._filled: dict[tuple[str, str, datetime], bytes] = {}

    @property
    def ticked(self) -> datetime:
        """The office moment that the newest finished tick stands for; before the first one, the beginning."""
        return self._handed_in.last_tick() or self._first

    def act(self, now: datetime) -> None:
        """Hand in what is due at the office moment `now`."""
        ticked = self.ticked
        self._ends = [
            end for end in self._ends if end[0] > now or (end[0] > now - TOLD_WITHIN and not self._is_told(end))
        ]
        left: list[Delivery] = []
        awaited = all_until = now + FILLED_AHEAD
        for number, delivery in enumerate(self._waiting):
            if _day_of(delivery.at) > now:  # and so are all others
                left += self._waiting[number:]
                awaited, all_until = min(awaited, delivery.at), min(all_until, delivery.at)
                break
            waits_for_an_end = self._waits_for_an_end(delivery)
            is_due = self._has_ticked(ticked, delivery.at) and not waits_for_an_end
            if is_due and (self._deliver(delivery) or self._office.rounds[delivery.round_id].is_over(now)):
                continue
            left.append(delivery)
            if not is_due:  # else its round has not opened, and what locks until then cannot know of it
                all_until = min(all_until, delivery.at)
            if not is_due and not waits_for_an_end:  # else it cannot come yet, and no tick need wait for it
                awaited = min(awaited, delivery.at)
        self._waiting = left
        self._handed_in.tell(awaited, all_until=all_until)
        self._fill_one_ahead(now)

    def _tick_before(self, moment: datetime) -> datetime:
        """The last tick that is due before a moment."""
        day = local(moment).date()
        if local(moment).hour < TICK_HOUR:
            day -= timedelta(days=1)
        return max(at(self._office.calendar.on_or_before(day), time(TICK_HOUR)), self._first)

    def tick_after(self, ticked: datetime) -> datetime:
        """The first tick that is due after one, or after the beginning."""
        day = local(ticked).date()
        if ticked >= at(day, time(TICK_HOUR)) - ROUNDED_OFF:
            day += timedelta(days=1)
        return at(self._office.calendar.on_or_after(day), time(TICK_HOUR))

    def _has_ticked(self, ticked: datetime, moment: datetime) -> bool:
        """Whether the last tick due before a moment has run: what was decided then must not know of what came later."""
        return ticked >= self._tick_before(moment) - ROUNDED_OFF

    def _waits_for_an_end(self, delivery: Delivery) -> bool:
        """Whether a round of the same plan ended before the file came, and that has not been told yet."""
        plan_id = delivery.round_id.partition("/")[0]
        return any(moment <= delivery.at and about.startswith(f"{plan_id}/") for moment, about, _ in self._ends)

    def _is_told(self, end: tuple[datetime, str, str]) -> bool:
        _, round_id, kind = end
        with self._office.ledger.snapshot() as ledger:
            return any(event["kind"] == kind for event in ledger.events(round_id))

    def _fill_one_ahead(self, now: datetime) -> None:
        for delivery in self._waiting:
            if delivery.at > now + FILLED_AHEAD:
                return
            if _key(delivery) not in self._filled and not delivery.scores and (data := self._fill(delivery)):
                self._filled[_key(delivery)] = data
                return

    def _deliver(self, delivery: Delivery) -> bool:
        """As the unit would: the workbook it got, filled in. False while its round has not opened."""
        data = self._filled.pop(_key(delivery), None) or self._fill(delivery)
        if data is None:
            return False
        round_ = self._office.rounds[delivery.round_id]
        receive(
            self._office,
            data,
            file_name=f"{delivery.unit}_{round_.ref}_{round_.period.label}.xlsx",
            unit_code=delivery.unit,
            plan_id=round_.plan_id,
            now=delivery.at,
            route="folder",
        )
        return True

    def _fill(self, delivery: Delivery) -> bytes | None:
        """What the unit sends; None while its round has not opened."""
        if delivery.fault is Fault.NO_WORKBOOK:
            return repr(delivery.rows).encode()
        with self._office.ledger.snapshot() as ledger:
            notices = [
                row
                for row in ledger.messages(delivery.round_id, unit=delivery.workbook_unit)
                if row["kind"] == Step.OPENING.value
            ]
        if not notices:
            return None
        round_ = self._office.rounds[delivery.round_id]
        delivery = scored(self._office, self._office.plans[round_.plan_id], round_, delivery)
        return fill(self._office.files.get(notices[0]["attachments"][0]["sha256"]), delivery.rows)


def _key(delivery: Delivery) -> tuple[str, str, datetime]:
    """Two communes' units may send something at the same moment."""
    return delivery.round_id, delivery.unit, delivery.at


def _day_of(moment: datetime) -> datetime:
    """The hour of the moment's day from which a file may be handed in: its evening is said, and half a day won."""
    return at(local(moment).date(), time(TICK_HOUR))

"""Contests: each phase in its turn, what it ended with, and whom that was told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from dinhky.domain.contest import SCORED, PhaseKind
from dinhky.domain.schedule import Round
from dinhky.simulation.broken import Broken, BrokenPromise
from dinhky.simulation.contest_truth import best
from dinhky.simulation.year_played import MINUTE, YearPlayed, addresses


class Contests:
    """What is promised of contests."""

    def __init__(self, year: YearPlayed) -> None:
        self._year = year
        self._truth = year.truth
        self._plan = year.plan
        self._played = year.played

    def broken(self) -> Iterator[BrokenPromise]:
        """Every promise of these that was not kept."""
        yield from self._contests()
        yield from self._compiled()
        yield from self._results()

    def _contests(self) -> Iterator[BrokenPromise]:
        """A phase opens as soon as those before it have ended as they must, and what it ends with is compiled."""
        compiled = {one.round_id for one in self._played.compiled}
        for round_ in self._played.rounds.values():
            if not round_.phase or round_.cancelled:
                continue
            moment = self._phase_tried(round_)
            if round_.id not in self._played.opened:
                if moment and moment <= round_.locks:
                    yield BrokenPromise(Broken.STUCK, round_.id, kind="phase", at=moment)
                continue
            until = self._truth.takes_until(round_)
            has_ended = False
            if round_.phase is PhaseKind.ENTRIES:
                has_ended = bool(self._truth.entries(round_.ref.rpartition(".")[0], round_.period.label, until))
            elif round_.phase in SCORED:
                has_ended = bool(round_.asked) and not self._truth.owing(round_.id, until)
            if has_ended and round_.id not in compiled:
                yield BrokenPromise(Broken.STUCK, round_.id, kind="phase end", at=until)

    def _compiled(self) -> Iterator[BrokenPromise]:
        """What was compiled of a phase says what is true."""
        for compiled in self._played.compiled:
            round_ = self._played.rounds[compiled.round_id]
            if round_.phase:
                yield from self._figures(round_, compiled.facts, compiled.at)

    def _phase_tried(self, round_: Round) -> datetime | None:
        """When the phase can be opened first: it is tried every hour from its opening moment on."""
        before = {
            PhaseKind.PRELIMINARY: (PhaseKind.ENTRIES,),
            PhaseKind.FINAL: (PhaseKind.ENTRIES, PhaseKind.PRELIMINARY),
            PhaseKind.AWARD: (PhaseKind.FINAL,),
            PhaseKind.SENT_ON: (PhaseKind.FINAL, PhaseKind.AWARD),
        }
        ready = round_.opens - MINUTE
        for kind in before.get(round_.phase, ()) if round_.phase else ():
            other = self._played.rounds.get(
                f"{round_.plan_id}/{round_.ref.rpartition('.')[0]}.{kind}/{round_.period.label}"
            )
            if other is None:
                continue
            ended = self._proved(other) if kind is PhaseKind.AWARD else self._approved(other)
            if ended is None:
                return None
            ready = max(ready, ended)
        moment = self._year.up_from(round_.opens)
        while moment <= ready:
            moment = self._year.up_from(moment + timedelta(hours=1))
        return moment

    def _approved(self, round_: Round) -> datetime | None:
        """When what the phase ended with was approved, and nothing had come in since it was compiled."""
        for decision in self._played.decided:
            if decision.round_id == round_.id and decision.approved:
                compiled = [
                    one.at for one in self._played.compiled if one.round_id == round_.id and one.at <= decision.at
                ]
                files = [file for unit in round_.asked for file in self._truth.accepted(round_.id, unit, decision.at)]
                if compiled and all(file.received < compiled[-1] for file in files):
                    return decision.at
        return None

    def _proved(self, round_: Round) -> datetime | None:
        """When the last of those asked had proved the phase."""
        until = self._truth.takes_until(round_)
        files = [self._truth.accepted(round_.id, unit, until) for unit in self._truth.expected(round_.id, until)]
        return max(found[0].received for found in files) if files and all(files) else None

    def _figures(self, round_: Round, facts: Any, moment: datetime) -> Iterator[BrokenPromise]:
        """The entries, or the places of a ranking."""
        stated: dict[str, tuple[Any, Any]]
        if round_.phase is PhaseKind.ENTRIES:
            true = self._truth.entries(round_.ref.rpartition(".")[0], round_.period.label, moment)
            stated = {"entries": (sorted(entry["title"] for entry in facts["entries"]), sorted(true))}
        else:
            name = "final" if round_.phase is PhaseKind.FINAL else "preliminary"
            places = self._truth.ranking(round_, moment)
            stated = {
                "ranking": (
                    {place["title"]: (place["rank"], place["exact_mean"]) for place in facts[name]["places"]},
                    {title: (place.rank, str(place.mean)) for title, place in places.items()},
                )
            }
        for what, (found, expected) in stated.items():
            if found != expected:
                kind = f"contest: {what}"
                yield BrokenPromise(Broken.WRONG_NUMBER, round_.id, "", kind, moment, str(found), str(expected))

    def _results(self) -> Iterator[BrokenPromise]:
        """The results to all who entered, the proposal to approver and lead, what was sent on to its owners.

        Jurors without whom the jury went on are told so.
        """
        for (round_id, juror), moment in self._played.let_off.items():
            for address in addresses(self._plan.unit(juror)):
                yield from self._year.once_to(round_id, "let-off", address, moment, juror)
        for round_id, moment, version in self._played.announced:
            round_ = self._played.rounds[round_id]
            entered = set(self._truth.entries(round_.ref.rpartition(".")[0], round_.period.label, moment).values())
            lead = self._plan.obligation(round_.ref).lead
            yield from self._year.once_to(
                round_id, f"contest-award-v{version.version}", self._year.approver(round_), moment
            )
            for kind, units in (("results", entered), ("award", lead)):
                for code in sorted(units):
                    for address in addresses(self._plan.unit(code)):
                        yield from self._year.once_to(
                            round_id, f"contest-{kind}-v{version.version}", address, moment, code
                        )
            for closed in self._played.closed:
                sent_on = self._played.rounds.get(closed.round_id)
                if sent_on and sent_on.phase is PhaseKind.SENT_ON:
                    yield from self._sent_on(sent_on, round_, closed.at)

    def _sent_on(self, round_: Round, final: Round, moment: datetime) -> Iterator[BrokenPromise]:
        whole = round_.ref.rpartition(".")[0]
        contest = self._plan.obligation(whole).contest
        if contest is None:
            return
        entries = self._truth.entries(whole, round_.period.label, moment)
        owners = {entries[title] for title in best(self._truth.ranking(final, moment), contest.sent_on_count)}
        yield from self._year.once_to(round_.id, "contest-sent-on", self._year.approver(round_), moment)
        for code in sorted(owners):
            for address in addresses(self._plan.unit(code)):
                yield from self._year.once_to(round_.id, "contest-sent-on", address, moment, code)

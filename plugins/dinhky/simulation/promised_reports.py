"""Reports: their figures, whom they went to, and what passed between approver and compiler."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from dinhky.domain.local_time import local
from dinhky.domain.plan import Kind
from dinhky.domain.schedule import Round
from dinhky.domain.standing import standing_duties
from dinhky.simulation.broken import Broken, BrokenPromise
from dinhky.simulation.dates_truth import existing, owed_within
from dinhky.simulation.year_played import YearPlayed, addresses


class Reports:
    """What is promised of reports."""

    def __init__(self, year: YearPlayed) -> None:
        self._year = year
        self._truth = year.truth
        self._plan = year.plan
        self._played = year.played

    def broken(self) -> Iterator[BrokenPromise]:
        """Every promise of these that was not kept."""
        yield from self._reports()
        yield from self._decisions()

    def _reports(self) -> Iterator[BrokenPromise]:
        for compiled in self._played.compiled:
            round_ = self._played.rounds[compiled.round_id]
            if round_.kind is Kind.REPORT:
                yield from self._figures(round_, compiled.facts, compiled.at)
        for round_id, moment, version in self._played.reports_sent:
            for recipient in self._plan.report_to:
                key = (round_id, f"report-v{version.version}", "", recipient.email)
                self._year.wanted.add(key)
                if key not in self._year.by_kind:
                    yield BrokenPromise(Broken.NEVER_SENT, round_id, kind=key[1], at=moment)
        sent_for = {round_id for round_id, _, _ in self._played.reports_sent}
        for round_id in self._played.opened:
            round_ = self._played.rounds[round_id]
            if round_.kind is Kind.REPORT and not round_.cancelled and round_id not in sent_for:
                yield BrokenPromise(Broken.NO_REPORT, round_id)

    def _decisions(self) -> Iterator[BrokenPromise]:
        """Whatever was compiled was laid before the approver; what was sent back was told to the compiler's unit.

        What is compiled anew without having changed is asked about again, unless it is approved already.
        """
        for round_id in dict.fromkeys(one.round_id for one in self._played.compiled):
            approver = self._year.approver(self._played.rounds[round_id])
            compiled = [one for one in self._played.compiled if one.round_id == round_id]
            decided = [one for one in self._played.decided if one.round_id == round_id]
            answers: dict[int, bool] = {}
            again: Counter[int] = Counter()
            for number, one in enumerate(compiled):
                version = one.version.version
                if answers.get(version):
                    continue  # approved as it is
                kind = f"approval-request-v{version}"
                again[version] += version in answers
                if version not in answers:
                    yield from self._year.once_to(round_id, kind, approver, one.at)
                repeated = [
                    key for key in self._year.by_kind if key[0] == round_id and key[1].startswith(f"{kind}-after-")
                ]
                self._year.wanted |= {key for key in repeated if key[3] == approver}
                if len(repeated) < again[version]:
                    yield BrokenPromise(Broken.NEVER_SENT, round_id, kind=f"{kind}-after", at=one.at)
                decision = next((said for said in decided if said.at >= one.at), None)
                if decision is None:
                    continue
                decided.remove(decision)
                answers[version] = decision.approved
                if not decision.approved:
                    yield from self._sent_back(round_id, version, decision.at)
                    is_stuck = number == len(compiled) - 1 and not self._truth.owing(round_id, decision.at)
                    if is_stuck:
                        yield BrokenPromise(Broken.STUCK, round_id, kind="compiling", at=decision.at)

    def _sent_back(self, round_id: str, version: int, moment: datetime) -> Iterator[BrokenPromise]:
        kind = f"report-returned-v{version}-{moment:%Y%m%dT%H%M%S}"
        for code in existing(self._plan, [self._plan.compiler], local(moment).date()):
            for address in addresses(self._plan.unit(code)):
                yield from self._year.once_to(round_id, kind, address, moment, code)

    def _figures(self, round_: Round, facts: Any, moment: datetime) -> Iterator[BrokenPromise]:
        true = self._truth.report(round_, moment)
        reporting = facts["reporting"]
        codes = self._year.codes_of(round_, moment)
        window = (round_.window.start, round_.window.end)
        targets: Counter[str] = Counter()
        for duty in self._plan.obligations:
            if duty.kind is Kind.POSTS and not duty.per_unit:
                targets += owed_within(self._plan, duty, window)
        del targets[""]  # on any channel
        stated: dict[str, tuple[Any, Any]] = {
            "posts": (facts["totals"]["posts"], true["posts"]),
            "activities": (facts["totals"]["activities"], true["activities"]),
            "participants": (facts["totals"]["participants"], true["participants"]),
            "listed posts": (len(facts["posts"]), true["posts"]),
            "listed activities": (len(facts["activities"]), true["activities"]),
            "expected": (reporting["expected"], true["expected"]),
            "actual": (reporting["actual"], true["actual"]),
            "on time": (reporting["on_time"], true["on_time"]),
            "missing": (
                sorted((codes(one["name"]), *one["periods"]) for one in reporting["missing"]),
                sorted((unit, *true["missing_periods"][unit]) for unit in true["missing"]),
            ),
            "late": (sorted(codes(one["name"]) for one in reporting["late"]), sorted(true["late"])),
            "lacking": (
                {one["code"]: one["lacking"] for one in facts["channels"] if one["lacking"]},
                {code: owed - told for code, owed in targets.items() if (told := true["channels"][code]) < owed},
            ),
            "activities by unit": (
                {one["code"]: one["activities"] for one in facts["units"]},
                true["unit_activities"],
            ),
            "channels": (
                {one["code"]: one["posts"] for one in facts["channels"] if one["posts"]},
                dict(true["channels"]),
            ),
            "posts by unit": (
                {one["code"]: one["posts"] for one in facts["units"] if one["posts"]},
                {unit: posts for unit, posts in true["unit_posts"].items() if posts},
            ),
        }
        if not self._plan.obligation(round_.ref).compiled_from:
            stated["silent"] = (sorted(map(codes, facts["standing"]["silent"])), self._silent(round_, moment))
        for what, (found, expected) in stated.items():
            if found != expected:
                yield BrokenPromise(
                    Broken.WRONG_NUMBER,
                    round_.id,
                    kind=f"report: {what}",
                    at=moment,
                    found=str(found),
                    expected=str(expected),
                )

    def _silent(self, round_: Round, moment: datetime) -> list[str]:
        """The units that told nothing about any of their standing duties."""
        duties = standing_duties(self._plan, round_.window)
        silent = []
        for unit in self._plan.units:
            own = [duty for duty in duties if unit.code in duty.units]
            if self._truth.is_let_off(round_.id, unit.code, moment):
                continue
            told = (self._truth.silent_about_standing(round_, unit.code, place, moment) for place in range(len(own)))
            if own and all(told):
                silent.append(unit.code)
        return sorted(silent)

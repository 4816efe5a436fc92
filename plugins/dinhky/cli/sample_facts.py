"""What messages about a round of the sample plan can say, at a chosen distance from its due day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from dinhky.domain.content import Content
from dinhky.domain.local_time import local
from dinhky.domain.plan import Kind, Plan, Unit
from dinhky.domain.posts import EvidenceKind, ToldPost, quota_of, tally
from dinhky.domain.schedule import Round, in_force
from dinhky.rounds.chat_codes import ChatInvitation
from dinhky.rounds.kept_submissions import Submission
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import Office

PLAN = "phuc-loi-2026"
REPORT, POSTS, OWN_POSTS = "PL-5/2026-Q1", "PL-2/2026-03", "PL-8/2026-Q1"
MILESTONE, EARLY_MILESTONE, PROVED = "PL-7/2026", "PL-1/2026", "PL-6.award/2026"
ENTRIES, SCORES = "PL-6.entries/2026", "PL-6.final/2026"
UNIT = "vp"
PORTAL = "https://cchc.phucloi.example"
SHA256 = "0" * 64

Facts = dict[str, Any]


class SampleFacts:
    """Facts made from the sample plan of an office. `days_left` are working days, negative after the due day."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.plan: Plan = office.plans[PLAN]

    def left(self, about: str, now: datetime) -> int:
        return self.office.calendar.working_days_after(local(now).date(), local(self.round(about).unit_due).date())

    def round(self, about: str) -> Round:
        return round_of(self.office, f"{PLAN}/{about}")[1]

    def at(self, round_: Round, days_left: int) -> datetime:
        """Eight in the morning, so many working days before the round's due day; negative: after it."""
        day = local(round_.unit_due).date()
        for _ in range(abs(days_left)):
            day += timedelta(days=1 if days_left < 0 else -1)
            while not self.office.calendar.is_working_day(day):
                day += timedelta(days=1 if days_left < 0 else -1)
        return local(round_.unit_due).replace(year=day.year, month=day.month, day=day.day, hour=8, minute=0, second=0)

    def about(self, about: str, days_left: int) -> Facts:
        """What every message about a round can say, and what the kind of its duty adds."""
        round_ = self.round(about)
        duty = in_force(self.plan.obligation(round_.ref), round_.period)
        facts: Facts = {
            "plan": self.plan,
            "round": round_,
            "period": round_.period.label,
            "working_days_left": max(days_left, 0),
            "is_due_today": days_left == 0,
            "reads_replies": True,
            "obligation": duty,
            "is_overdue": days_left < 0,
            "links": self.links(),
        }
        if round_.kind is Kind.POSTS:
            names = {unit.code: unit.name for unit in self.plan.units}
            facts |= {
                "tally": tally(quota_of(self.plan, duty, round_), self.posts(round_, duty.channel or "portal")),
                "channel_name": self.plan.channels.get(duty.channel or "", ""),
                "writers": [names[code] for code in round_.asked] if duty.rota else [],
                "names": names,
                "nil": {},
            }
        if round_.phase:
            facts |= {"contest": duty.contest, "asks_until": round_.locks + timedelta(days=5)}
        if about == SCORES:
            juror = self.plan.jurors[0]
            facts |= {"owed": {juror.code: 3}, "owing": [(juror.name, 3)], "entry_count": 10}
        return facts

    def to_unit(self, about: str, *, days_left: int, unit: str = UNIT) -> Facts:
        """What is told to a unit, or of scores to a juror, so many working days before the due day."""
        code = self.plan.jurors[0].code if about == SCORES else unit
        return self.about(about, days_left) | self.contact(code) | self.invited()

    def to_person(self, about: str, *, days_left: int) -> Facts:
        return self.about(about, days_left) | {"name": self.plan.approver.name}

    def contact(self, code: str = UNIT) -> Facts:
        unit: Unit = self.plan.unit(code)
        return {"unit": unit, "contact": unit.contacts[0]}

    def invited(self) -> Facts:
        return {"chat_invitation": ChatInvitation("PT7K-3M2Q", "CCHC phường Phúc Lợi")}

    def links(self) -> dict[str, str]:
        everybody: Iterable[Unit] = (*self.plan.units, *self.plan.jurors)
        return {unit.code: f"{PORTAL}/u/k3mVq8.{PLAN}.{unit.code}.20260530.0" for unit in everybody}

    def file(self, state: str, days_left: int = 2) -> Facts:
        """What an answer to a file can say beside the rest."""
        round_ = self.round(REPORT)
        at = self.at(round_, days_left) + timedelta(minutes=37)
        return {
            "submission": Submission(1, round_.id, UNIT, 2, SHA256, "biểu quý I.xlsx", "web", at, state, days_left < 0),
            "content": Content(),
            "sentences": [],
            "questions": [],
            "marked": None,
            "keeps_accepted": False,
            "is_sent": False,
            "is_late": False,
            "takes_until": round_.locks,
            "tally": None,
        }

    def posts(self, round_: Round, channel: str) -> list[ToldPost]:
        """Two items of which the second tells the first again."""
        day = round_.window.start + timedelta(days=4)
        unit = round_.asked[0] if len(round_.asked) == 2 else UNIT
        first = ToldPost(
            id="1", unit=unit, channel=channel, title="Ngày hội hướng dẫn dịch vụ công trực tuyến", published=day,
            evidence="https://phucloi.example/tin/101", evidence_kind=EvidenceKind.LINK, told_at=self.at(round_, 3),
        )  # fmt: skip
        return [first, replace(first, id="2", title="Ngày hội dịch vụ công", published=day + timedelta(days=1))]

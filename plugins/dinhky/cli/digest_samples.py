"""Sample facts of the digests: the morning after the quarter's figures were due, with a bit of everything."""

from __future__ import annotations

from datetime import datetime, timedelta

from dinhky.cli.sample_facts import ENTRIES, MILESTONE, OWN_POSTS, POSTS, REPORT, SCORES, UNIT, Facts, SampleFacts
from dinhky.domain.assignment import Rates
from dinhky.domain.digests import Light
from dinhky.domain.errors import Problem
from dinhky.domain.local_time import local
from dinhky.rounds.held_files import HeldFile
from dinhky.rounds.kept_attention import Bounce, MessageGlimpse, UnmatchedMail
from dinhky.rounds.open_questions import Asked, OpenQuestion
from dinhky.rounds.oversight import NextDue, Oversight, RoundStanding
from dinhky.rounds.upkeep import AssumedDate, HeldUp, LostChat, Missed, Upkeep


def digest_samples(samples: SampleFacts) -> dict[str, Facts]:
    """Of both digests, one with everything in it and one with as little as there can be."""
    now = samples.at(samples.round(REPORT), -1)
    today = local(now).date()
    supervisor: Facts = {"plan": samples.plan, "name": samples.plan.approver.name, "today": today}
    operator: Facts = {
        "name": "Lê Minh Tuấn",
        "today": today,
        "plan_problems": [samples.office.words.sentence(_PLAN_PROBLEM)],
    }
    return {
        "digest_supervisor": supervisor | {"seen": _seen(samples, now)},
        "digest_supervisor.all_green": supervisor
        | {"seen": Oversight(tuple(_standings(samples, now)[-2:]), (), (), ())},
        "digest_operator": operator | {"found": _found(samples, now)},
        "digest_operator.assumed_only": operator
        | {"name": "", "plan_problems": [], "found": _assumed_only(samples, now)},
    }


_PLAN_PROBLEM = Problem(
    "plan_unknown_unit",
    params={
        "file": "phuc-loi-2026.yaml",
        "line": 118,
        "key": "lead",
        "found": "vanphong",
        "expected": ["vp", "vhxh"],
        "nearest": "vp",
    },
)


def _standing(samples: SampleFacts, about: str, now: datetime, light: Light, done: int, asked: int) -> RoundStanding:
    round_ = samples.round(about)
    late = samples.office.calendar.working_days_after(local(round_.unit_due).date(), local(now).date())
    missing = [unit.name for unit in samples.plan.units[: asked - done]]
    longer = {missing[0]: round_.locks + timedelta(days=2)} if late and len(missing) > 1 else {}
    return RoundStanding(
        round=round_,
        light=light,
        rates=Rates(asked, done, max(done - 1, 0) if late else done),
        missing=tuple(missing),
        days_late=late if missing else 0,
        days_left=samples.left(about, now),
        extended=longer,
        is_invitation=about == ENTRIES,
        is_sent=False,
    )


def _standings(samples: SampleFacts, now: datetime) -> list[RoundStanding]:
    return [
        _standing(samples, REPORT, now, Light.RED, 5, 7),
        _standing(samples, POSTS, now, Light.AMBER, 1, 2),
        _standing(samples, OWN_POSTS, now, Light.AMBER, 3, 7),
        _standing(samples, MILESTONE, now, Light.AMBER, 0, 2),
        _standing(samples, ENTRIES, now, Light.GREEN, 4, 9),
        _standing(samples, "PL-3/2026-03", now, Light.GREEN, 2, 2),
    ]


def _seen(samples: SampleFacts, now: datetime) -> Oversight:
    before = now - timedelta(days=4)
    names = tuple(juror.name for juror in samples.plan.jurors[:2])
    questions = (
        OpenQuestion(Asked.APPROVAL, samples.round(REPORT), before, 2, version=2),
        OpenQuestion(Asked.COMPILING, samples.round(REPORT), before, 2, version=1, is_sent_back=True),
        OpenQuestion(Asked.HELD_FILE, samples.round(REPORT), before, 2, (samples.plan.unit(UNIT).name,)),
        OpenQuestion(Asked.JURY, samples.round(SCORES), before, 2, names),
        OpenQuestion(Asked.PHASE, samples.round(SCORES), before, 2),
    )
    dues = (
        NextDue(local(samples.round(REPORT).due).date(), 0, samples.round(REPORT), of_report=True),
        NextDue(
            local(samples.round(POSTS).due).date(), samples.left(POSTS, now), samples.round(POSTS), of_report=False
        ),
    )
    return Oversight(tuple(_standings(samples, now)), questions, dues, ())


def _found(samples: SampleFacts, now: datetime) -> Upkeep:
    unit, round_, earlier = samples.plan.unit(UNIT), samples.round(REPORT), now - timedelta(hours=18)
    reminder = f"[Định Kỳ] Còn 1 ngày làm việc: {round_.obligation[:1].lower()}{round_.obligation[1:]}"
    failed = MessageGlimpse(
        id=1204, key="", state="failed", channel="email", address=unit.contacts[0].email,
        recipient=unit.contacts[0].name, subject=reminder,
        reason="Máy chủ thư trả lời 550: Mailbox unavailable", decided_at=earlier, at=earlier,
    )  # fmt: skip
    unclear = MessageGlimpse(
        id=1207, key="", state="unknown", channel="email", address=samples.plan.report_to[0].email,
        recipient=samples.plan.report_to[0].name, subject="Báo cáo quý I/2026",
        reason="Máy chủ thư không trả lời sau khi đã nhận nội dung; thư có thể đã đi.", decided_at=earlier, at=earlier,
    )  # fmt: skip
    late = samples.file("held", days_left=-1)["submission"]
    return Upkeep(
        troubled=(failed, unclear),
        bounces=(Bounce("todanpho@phucloi.example", "5.2.2 Mailbox full", earlier),),
        held_up=(HeldUp(12, "email", "Không kết nối được máy chủ thư (timeout).", earlier),),
        held_files=(HeldFile(samples.plan, round_, unit.name, late, False),),
        lost_chats=(LostChat(unit.name, unit.contacts[0].email, "Người nhận đã chặn Bot."),),
        unmatched=(UnmatchedMail("lan.nguyen@thu.example", "Gửi biểu quý I", earlier),),
        assumed=_assumed_only(samples, now).assumed,
        plan_problems=(_PLAN_PROBLEM,),
        missed=(Missed(reminder, 3, ""),),
        is_first_of_week=True,
    )


def _assumed_only(samples: SampleFacts, now: datetime) -> Upkeep:
    round_ = samples.round(OWN_POSTS)
    left = samples.left(OWN_POSTS, now)
    dated = tuple(item for item in round_.assumed if item.field == "window")
    assumed = AssumedDate(samples.plan.commune, round_, local(round_.due).date(), left, dated, is_new=True)
    return Upkeep((), (), (), (), (), (), (assumed,), (), (), is_first_of_week=True)

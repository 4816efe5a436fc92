"""Sample facts for every message, in one place: what `dinhky messages preview` shows and what the tests of the wording
render. Made from the sample plan, so that a letter reads as it would in the year.

A name is a template's, or a template's and what is special about the case: `reminder.last_day`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from dinhky.cli.digest_samples import digest_samples
from dinhky.cli.sample_facts import (
    EARLY_MILESTONE,
    ENTRIES,
    MILESTONE,
    OWN_POSTS,
    POSTS,
    PROVED,
    REPORT,
    SCORES,
    SHA256,
    UNIT,
    Facts,
    SampleFacts,
)
from dinhky.domain.assignment import Assignment, State
from dinhky.domain.content import Content, Evidence
from dinhky.domain.local_time import local
from dinhky.domain.schedule import Round
from dinhky.intake.receipt import Receipt, Verdict
from dinhky.intake.senders import Party
from dinhky.rounds.combined_letters import LetterPart, letter_part, most_urgent_first
from dinhky.rounds.kept_messages import Letter, Message
from dinhky.rounds.owed import Affair, Urgency
from dinhky.rounds.report_differences import ReportDifference
from dinhky.rounds.standing_duties import StandingPart


class Samples(SampleFacts):
    """The sample facts of every message."""

    def all(self) -> Mapping[str, Facts]:
        """The facts of every sample, by its name."""
        found: dict[str, Facts] = {}
        for group in (
            self._openings(),
            self._reminders(),
            self._answers(),
            self._answers_to_mail(),
            self._decisions(),
            self._changes(),
            self._to_the_supervisor(),
            self._results(),
            self._chats(),
            self._combined(),
            digest_samples(self),
        ):
            found |= group
        return found

    def letter(self, name: str) -> Letter:
        """The sample of that name as a letter. Raises KeyError."""
        return self.office.words.letter(template_of(name), **self.all()[name])

    def _openings(self) -> Facts:
        return {
            "opening": self.to_unit(REPORT, days_left=7),
            "opening.without_portal": self.to_unit(REPORT, days_left=7) | {"links": {}, "reads_replies": False},
            "opening_posts": self.to_unit(POSTS, days_left=14),
            "opening_posts.each_unit": self.to_unit(OWN_POSTS, days_left=14),
            "opening_milestone": self.to_unit(MILESTONE, days_left=20, unit="vhxh"),
            "opening_entries": self.to_unit(ENTRIES, days_left=20),
            "opening_scores": self.to_unit(SCORES, days_left=10),
        }

    def _reminders(self) -> Facts:
        sent_back = {"returned_because": "Trang “Tin bài”, ô D7: ngày đăng để trống."}
        new = {"returned_because": None}
        closes = {"closes": self.round(REPORT).locks + timedelta(days=2)}
        late = {"closes": self.round(REPORT).locks, "working_days_late": 1}
        late_posts = late | {"closes": self.round(POSTS).locks}
        return {
            "reminder": self.to_unit(REPORT, days_left=2) | new,
            "reminder.last_day": self.to_unit(REPORT, days_left=0) | new,
            "reminder.returned": self.to_unit(REPORT, days_left=1) | sent_back,
            "reminder_posts": self.to_unit(POSTS, days_left=3) | new,
            "reminder_posts.returned": self.to_unit(OWN_POSTS, days_left=1) | sent_back,
            "reminder_milestone": self.to_unit(MILESTONE, days_left=3, unit="vhxh") | new,
            "reminder_milestone.overdue": self.to_unit(MILESTONE, days_left=-2, unit="vhxh") | new,
            "reminder_entries": self.to_unit(ENTRIES, days_left=3) | new,
            "reminder_scores": self.to_unit(SCORES, days_left=1) | new,
            "reminder_scores.overdue": self.to_unit(SCORES, days_left=-1) | sent_back,
            "reminder_extended": self.to_unit(REPORT, days_left=-3) | closes | new,
            "reminder_extended.posts": self.to_unit(POSTS, days_left=-3) | closes | new,
            "reminder_overdue": self.to_unit(REPORT, days_left=-1) | late | sent_back,
            "reminder_overdue.posts": self.to_unit(POSTS, days_left=-1) | late_posts | new,
            "reminder_overdue.each_unit": self.to_unit(OWN_POSTS, days_left=-1) | late_posts | new,
            "reminder_returned": self.to_unit(REPORT, days_left=2) | late | sent_back,
            "reminder_returned.overdue": self.to_unit(POSTS, days_left=-2) | late_posts | sent_back,
        }

    def _answers(self) -> Facts:
        in_time = self.to_unit(REPORT, days_left=2) | self.file("accepted")
        late = self.to_unit(REPORT, days_left=-1) | self.file("accepted", days_left=-1) | {"is_late": True}
        wrong = {
            "sentences": [
                "Trang “Tin bài”, ô D7: ngày đăng để trống; xin ghi ngày, tháng, năm đăng tin.",
                "Trang “Hoạt động”, ô E5: “khoảng 50 người” không phải là một số; xin ghi số người tham gia.",
            ]
        }
        odd = {"questions": ["Trang “Tin bài”, ô D9: ngày 02/12/2025 nằm trước kỳ số liệu; xin xem lại."]}
        marked = {"marked": SimpleNamespace(name="Bieu-so-lieu_PL-5_2026-Q1_vp_can-sua.xlsx")}
        sent_back = in_time | self.file("returned") | wrong
        receipt = Receipt(Verdict.RETURNED, SHA256, file_name="biểu quý I.xlsx", number=2)
        folder = {"receipt": receipt, "questions": [], "marked_name": ""} | wrong
        taken = replace(receipt, verdict=Verdict.ACCEPTED, content=Content(), counted=(("Tin bài", 3),))
        return {
            "file_accepted": in_time,
            "file_accepted.late": late | odd | marked,
            "file_accepted.posts": self.file("accepted") | self.to_unit(POSTS, days_left=2),
            "file_returned": sent_back | odd | marked,
            "file_returned.unmarked": sent_back | {"keeps_accepted": True},
            "file_held": in_time | self.file("held", days_left=-9) | {"is_sent": True, "keeps_accepted": True},
            "file_refused": self.contact() | wrong | {"file_name": "anh chup.png", "links": self.links()},
            "folder_answer": folder,
            "folder_answer.accepted": folder | odd | {"receipt": taken, "sentences": []},
            "folder_answer.again": folder
            | {"receipt": replace(receipt, again=True), "marked_name": "bieu_can-sua.xlsx"},
        }

    def _answers_to_mail(self) -> Facts:
        unit, plan = self.plan.unit(UNIT), self.plan
        party = Party(plan, unit, unit.contacts[0])
        round_ = self.round(REPORT)
        part = Assignment(round_.id, unit.code, unit.name, State.OPEN)
        owed = [Affair(round_, part, urgency, round_.locks, 1, False) for urgency in (Urgency.OVERDUE, Urgency.SOON)]
        writer = {"contact": unit.contacts[0], "parties": [party]}
        nothing = writer | {"reason": "Thư không có tệp đính kèm.", "is_in_part": False}
        nothing |= {"awaited": [(party, [])], "links": {}}
        again = Receipt(Verdict.RETURNED, SHA256, file_name="biểu quý I.xlsx", number=2)
        same = self.contact() | {"plan": plan, "file_name": again.file_name, "receipt": again, "questions": []}
        return {
            "mail_forged": writer,
            "mail_not_taken": nothing | {"awaited": [(party, owed)], "links": self.links()},
            "mail_not_taken.nothing_owed": nothing,
            "mail_not_taken.in_part": nothing
            | {"reason": "Mỗi thư chỉ nhận 10 tệp đầu; chưa nhận: “biểu 11.xlsx”.", "is_in_part": True},
            "mail_same_again": same | {"sentences": ["Trang “Tin bài”, ô D7: ngày đăng để trống."]},
            "mail_unknown_sender": {"address": "lan.nguyen@thu.example"},
            "mail_which_unit": writer | {"names": ["biểu quý I.xlsx"]},
        }

    def _decisions(self) -> Facts:
        def decided(days_left: int = 2, about: str = REPORT, **more: Any) -> Facts:
            facts = self.to_unit(about, days_left=days_left)
            round_: Round = facts["round"]
            part = Assignment(round_.id, UNIT, facts["unit"].name, State.OPEN)
            own = {"reason": "đơn vị đang sáp nhập", "closes": round_.locks, "is_closed": False, "part": part}
            return facts | own | more

        file = self.file("held")["submission"]
        return {
            "decision_declined": decided(-9, file=file),
            "decision_extended": decided(closes=self.round(REPORT).locks + timedelta(days=2)),
            "decision_extended.posts": decided(about=POSTS, closes=self.round(POSTS).locks + timedelta(days=2)),
            "decision_nil": decided(by_unit=True),
            "decision_nil.by_officer": decided(by_unit=False, is_closed=True),
            "decision_returned": decided(file=file),
            "decision_returned.nil": decided(file=None, is_closed=True),
            "decision_taken": decided(-9, file=file, is_sent=True),
            "decision_unwaived": decided(),
            "decision_waived": decided(),
        }

    def _changes(self) -> Facts:
        moved = replace(self.round(REPORT), moved="Sở Nội vụ cho lùi hạn")
        called_off = replace(self.round(REPORT), cancelled="Đài truyền thanh ngừng phát để sửa chữa")
        return {
            "change": self.to_unit(REPORT, days_left=5) | {"round": moved, "news": ["dates"]},
            "change.cancelled": self.to_unit(REPORT, days_left=5) | {"round": called_off, "news": ["cancelled"]},
            "change.resumed": self.to_unit(REPORT, days_left=5) | {"news": ["resumed"]},
            "change.quota": self.to_unit(POSTS, days_left=5) | {"news": ["quota"]},
        }

    def _to_the_supervisor(self) -> Facts:
        units = [unit.name for unit in self.plan.units]
        missing = {"missing": units[:3], "expected": len(units)}
        longer = {"extended": {units[1]: self.round(REPORT).locks + timedelta(days=2)}}
        version: Facts = {"version": 2, "replaces": None, "differences": []}
        differences = [ReportDifference("actual", "", 6, 7), ReportDifference("state", units[1], "open", "accepted")]
        upwards = {"name": self.plan.report_to[0].name}
        replacing = version | {"replaces": SimpleNamespace(version=1), "differences": differences}
        duty = self.plan.obligation("PL-12")
        unit = self.plan.unit(UNIT)
        told = [StandingPart(unit, ""), StandingPart(unit, "Đã hướng dẫn 40 lượt người dân nộp hồ sơ trực tuyến")]
        issued = local(self.round(MILESTONE).due).date()
        product = {"unit": unit.name, "title": "Kế hoạch", "number": "12/KH-UBND", "issued": issued}
        product |= {"link": "", "note": "", "late": True}
        products = {"products": [product], "missing": units[1:2]}
        returned = {"approver": self.plan.approver, "comment": "Bổ sung số liệu tháng 3", "version": 2}
        return {
            "escalation": self.to_person(REPORT, days_left=-1) | missing | longer,
            "escalation_posts": self.to_person(POSTS, days_left=-1) | missing | longer,
            "escalation_posts.each_unit": self.to_person(OWN_POSTS, days_left=-1) | missing | longer,
            "escalation_milestone": self.to_person(EARLY_MILESTONE, days_left=-1)
            | {"missing": units[:1], "expected": 1, "extended": {}},
            "escalation_milestone.contest": self.to_person(PROVED, days_left=-1) | missing | longer,
            "escalation_scores": self.to_person(SCORES, days_left=-1) | missing | longer,
            "approval_request": self.to_person(REPORT, days_left=-1) | version,
            "approval_request.replacing": self.to_person(REPORT, days_left=-1) | replacing,
            "approval_request.contest": self.to_person(SCORES, days_left=-1) | version,
            "report_returned": self.to_unit(REPORT, days_left=-1, unit=self.plan.compiler) | returned,
            "report": self.to_person(REPORT, days_left=-2) | version | upwards,
            "report.replacing": self.to_person(REPORT, days_left=-4) | replacing | upwards,
            "standing_report": self.to_person(REPORT, days_left=-4) | {"duties": [(duty, told)], "silent": 1},
            "milestone_report": self.to_person(MILESTONE, days_left=-1) | products,
            "tally_posts": self.to_unit(POSTS, days_left=-2),
            "tally_posts.supervisor": self.to_person(OWN_POSTS, days_left=-2),
        }

    def _results(self) -> Facts:
        winner: Facts = {"prize": "Giải Nhất", "entry": "01", "title": "Số hóa hồ sơ tại nhà văn hóa tổ dân phố"}
        winner |= {"author": "Nguyễn Văn An", "unit": "Các tổ dân phố", "mean": "96", "shared": True, "rank": 1}
        results = {
            "totals": {"entries": 30, "units": 6, "finalists": 10, "awards": 1},
            "awards": [winner],
            "changed_counts": [{"prize": "Giải Nhì", "planned": 2, "given": 3, "too_few": False}],
            "sent_on": {"to": "Cuộc thi của thành phố", "entries": [winner]},
        }
        issued = local(self.round(SCORES).due).date()
        proofs = [Evidence(5, "Công văn gửi bài dự thi", "12/UBND", issued, "", "")]
        return {
            "contest_results": self.to_unit(SCORES, days_left=-1) | {"results": results},
            "contest_award": self.to_person(SCORES, days_left=-1) | {"results": results},
            "contest_award.lead": self.to_unit(SCORES, days_left=-1) | {"results": results},
            "contest_sent_on": self.to_unit(SCORES, days_left=-1) | {"results": results, "proofs": proofs},
            "let_off_scores": self.to_unit(SCORES, days_left=2) | {"reason": "đi công tác dài ngày"},
        }

    def _chats(self) -> Facts:
        who = self.contact() | {"plan": self.plan}
        return {
            "chat_goodbye": {"ended": [self.plan.unit(UNIT).name]},
            "chat_in_a_group": {},
            "chat_known": {},
            "chat_moved": who,
            "chat_unknown": {},
            "chat_welcome": who,
        }

    def _combined(self) -> Facts:
        """The morning on which the quarter's figures are due, and the morning after it."""
        due = self.at(self.round(REPORT), 0)
        new = {"returned_because": None}
        of_unit = {
            "opening_entries": self.to_unit(ENTRIES, days_left=self.left(ENTRIES, due)),
            "reminder": self.to_unit(REPORT, days_left=0) | new,
            "reminder_posts": self.to_unit(POSTS, days_left=self.left(POSTS, due)) | new,
        }
        of_person = {name: self._to_the_supervisor()[name] for name in ("escalation", "escalation_milestone")}
        unit = self.contact() | {"plan": self.plan, "links": self.links(), "reads_replies": True}
        return {
            "combined_unit": unit | self.invited() | {"parts": self._parts(of_unit, due)},
            "combined_person": {
                "name": self.plan.approver.name,
                "parts": self._parts(of_person, due + timedelta(days=3)),
            },
        }

    def _parts(self, single: Mapping[str, Facts], now: datetime) -> list[LetterPart]:
        parts = []
        for name, facts in single.items():
            letter = self.office.words.letter(name, **facts)
            message = Message(
                key=name, kind=name, channel="email", address="", recipient="", subject=letter.subject,
                body=letter.body, not_before=now, section=letter.section,
            )  # fmt: skip
            parts.append(letter_part(self.office, facts["round"], message, now))
        return most_urgent_first(parts)


def template_of(name: str) -> str:
    """The template that a sample is for."""
    return name.partition(".")[0]

"""The contest of Phúc Lợi from its plan to what was sent on: 30 entries, 5 jurors, a tie, and a juror who forgets."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import docx
import pytest
from openpyxl import load_workbook

from dinhky import bootstrap
from dinhky.domain.errors import CompilingRefused, IllegalTransition, PhaseRefused, RankingRefused, SendingRefused
from dinhky.intake.receive import Receipt, Verdict, receive
from dinhky.rounds.chasing import chase
from dinhky.rounds.closing import close_milestone
from dinhky.rounds.contest_results import announce_results, close_sent_on, file_contest
from dinhky.rounds.contests import close_entries, let_off, open_phase, rank_phase, whom_it_waits_for
from dinhky.rounds.dispatching import flush_outbox
from dinhky.rounds.kept_reports import ReportVersion
from dinhky.rounds.opening import open_round
from dinhky.rounds.overdue import overdue
from dinhky.rounds.ports import Office
from dinhky.rounds.reporting import record_decision, request_approval
from dinhky.rounds.standing import Outcome, outcome
from dinhky.workbook.sample import fill

PLAN = "phuc-loi-2026"
WHOLE = f"{PLAN}/PL-6/2026"
JURORS = ("gk1", "gk2", "gk3", "gk4", "gk5")
ENTERING = {"vhxh": 4, "vp": 5, "kthtdt": 3, "tdp": 12, "th": 6}
"""How many entries each unit sends: thirty of five units."""
MOST = {"novelty": 30, "feasibility": 30, "effect": 25, "reach": 15}
FORGETFUL = "gk5"
REASON = "Đi công tác dài ngày, đã được nhắc 03 lần"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+07:00")


def phase(name: str) -> str:
    return f"{PLAN}/PL-6.{name}/2026"


@dataclass
class Contest:
    """An office in which the contest is played."""

    home: Path
    office: Office

    def workbook(self, name: str, unit: str) -> bytes:
        """The workbook that came with the opening notice."""
        with self.office.ledger.snapshot() as ledger:
            [row] = [
                row
                for row in ledger.messages(phase(name))
                if row["kind"] == "opening" and row["unit"] == unit and row["channel"] == "email"
            ]
        [attached] = row["attachments"]
        return self.office.files.get(attached["sha256"])

    def sends(self, name: str, unit: str, sheets: Mapping[str, Any], now: datetime) -> Receipt:
        data = fill(self.workbook(name, unit), sheets)
        return receive(self.office, data, file_name="phiếu.xlsx", unit_code=unit, now=now, route="test")

    def proves(self, name: str, now: datetime, title: str) -> Receipt:
        row = {"title": title, "number": "25/UBND-VHXH", "issued": now.date(), "note": "Lưu VT"}
        return self.sends(name, "vhxh", {"evidence": [row]}, now)

    def listed(self, name: str, juror: str) -> list[str]:
        """The codes of the entries in a juror's sheet."""
        sheet = load_workbook(io.BytesIO(self.workbook(name, juror)))["Chấm điểm"]
        return [cell.value for cell in sheet["B"][4:] if cell.value]

    def scores(
        self, name: str, juror: str, now: datetime, lacks: Callable[[int], Mapping[str, float]], **but: Any
    ) -> Receipt:
        """The juror scores all their entries; `lacks` is what an entry lacks of the most points, by its number."""
        rows = []
        for code in self.listed(name, juror):
            less = lacks(int(code))
            rows.append({f"points.{key}": most - less.get(key, 0) for key, most in MOST.items()} | but.get("row", {}))
        for code in but.get("without", ()):
            rows[self.listed(name, juror).index(code)] = {}
        return self.sends(name, juror, {"scores": rows}, now)

    def approve(self, version: ReportVersion, now: datetime, *, approved: bool = True, comment: str = "") -> None:
        request_approval(self.office, version, now - timedelta(minutes=30))
        record_decision(self.office, version.id, approved=approved, comment=comment, by="lanhdao", at=now)

    def chases(self, *moments: str) -> None:
        for moment in moments:
            chase(self.office, at(moment))

    def messages(self, *kinds: str, name: str | None = None, unit: str | None = None) -> list[dict[str, Any]]:
        with self.office.ledger.snapshot() as ledger:
            rows = ledger.messages(phase(name) if name else None)
        return [row for row in rows if (not kinds or row["kind"] in kinds) and unit in {None, row["unit"]}]

    def events(self, round_id: str) -> list[dict[str, Any]]:
        with self.office.ledger.snapshot() as ledger:
            return ledger.events(round_id)

    def facts(self, version: ReportVersion) -> dict[str, Any]:
        with self.office.ledger.snapshot() as ledger:
            return ledger.report_facts(version.id)

    def everything(self) -> tuple[list[Any], list[Any], int]:
        """All that a replay must leave alone."""
        with self.office.ledger.snapshot() as ledger:
            rounds = ledger.opened_round_ids()
            assignments = [ledger.assignments(round_id) for round_id in rounds]
            events = sum(len(ledger.events(round_id)) for round_id in rounds)
            return ledger.messages(), assignments, events


def in_preliminary(number: int) -> Mapping[str, float]:
    return {"feasibility": number / 2}


def in_final(number: int) -> Mapping[str, float]:
    """01 and 02 tie and are told apart by novelty; 03 and 04 are equal in everything."""
    special = {1: {"reach": 4}, 2: {"novelty": 4}, 3: {"effect": 8}, 4: {"effect": 8}}
    return special.get(number, {"effect": 8 + number})


def entries_of(unit: str, count: int) -> list[dict[str, str]]:
    group = {"tdp": "Tổ dân phố số {}", "th": "Trường THCS số {}"}.get(unit, "")
    return [
        {
            "title": f"Ý tưởng {number} của {unit}",
            "author": f"Nguyễn Thị Mẫu {number}",
            "group": group.format(number),
            "summary": "Hồ sơ được trả tại nhà cho người cao tuổi.",
        }
        for number in range(1, count + 1)
    ]


def office_in(home: Path) -> Office:
    office = bootstrap.office(bootstrap.settings({"DINHKY_HOME": str(home)}))
    return replace(office, plans={PLAN: office.plans[PLAN]})


def entered(contest: Contest) -> None:
    """Up to the last day of entries: plan and launch proved, thirty entries in."""
    office = contest.office
    open_round(office, WHOLE, at("03-06T07:30"))
    open_phase(office, phase("plan"), at("03-06T07:30"))
    assert contest.proves("plan", at("03-12T09:00"), "Kế hoạch tổ chức cuộc thi").verdict is Verdict.ACCEPTED
    close_milestone(office, phase("plan"), at("03-12T09:05"))
    open_phase(office, phase("launch"), at("03-16T07:30"))
    contest.proves("launch", at("03-16T15:00"), "Lễ phát động")
    close_milestone(office, phase("launch"), at("03-16T15:05"))
    open_phase(office, phase("entries"), at("03-17T07:30"))
    for unit, count in ENTERING.items():
        receipt = contest.sends("entries", unit, {"entries": entries_of(unit, count)}, at("04-02T09:00"))
        assert receipt.verdict is Verdict.ACCEPTED, receipt.problems


def scored(contest: Contest) -> None:
    """Up to the final's opening: entries approved, all five have scored, the shortlist approved."""
    contest.approve(close_entries(contest.office, phase("entries"), at("04-11T00:05")), at("04-13T08:00"))
    open_phase(contest.office, phase("preliminary"), at("04-13T08:05"))
    for juror in JURORS:
        receipt = contest.scores("preliminary", juror, at("04-15T10:00"), in_preliminary)
        assert receipt.verdict is Verdict.ACCEPTED, receipt.problems
    contest.approve(rank_phase(contest.office, phase("preliminary"), at("04-15T10:05")), at("04-17T15:00"))
    open_phase(contest.office, phase("final"), at("04-20T07:30"))


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Homes of a contest in which entries are in, and of one in which the final has opened: to be copied."""
    first = tmp_path_factory.mktemp("entered") / "home"
    contest = Contest(first, office_in(first))
    contest.office.ledger.migrate()
    entered(contest)
    second = tmp_path_factory.mktemp("final") / "home"
    shutil.copytree(first, second)
    scored(Contest(second, office_in(second)))
    return {"entered": first, "final": second}


@pytest.fixture
def contest(stages, tmp_path) -> Contest:
    """Entries are in and have not closed."""
    shutil.copytree(stages["entered"], tmp_path / "home")
    return Contest(tmp_path / "home", office_in(tmp_path / "home"))


@pytest.fixture
def final(stages, tmp_path) -> Contest:
    """The final has opened and nobody has scored."""
    shutil.copytree(stages["final"], tmp_path / "home")
    return Contest(tmp_path / "home", office_in(tmp_path / "home"))


def four_score(final: Contest) -> None:
    """All but the one who forgets."""
    for juror in JURORS[:4]:
        assert final.scores("final", juror, at("04-21T09:00"), in_final).verdict is Verdict.ACCEPTED


def text_of(data: bytes) -> str:
    document = docx.Document(io.BytesIO(data))
    paragraphs = [paragraph.text for paragraph in document.paragraphs]
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*paragraphs, *cells]).replace("\u00a0", " ")


# The whole contest


def test_the_contest_is_played_from_its_plan_to_what_was_sent_on(final):
    office = final.office
    four_score(final)
    final.chases("04-21T08:00", "04-22T08:00", "04-23T08:00")
    assert [row["kind"] for row in final.messages("T-3", "T-1", "T-0", name="final", unit=FORGETFUL)] == ["T-1", "T-0"]
    assert not final.messages("T-1", "T-0", name="final", unit="gk1")
    with pytest.raises(RankingRefused, match="Phan Anh Tuấn"):
        rank_phase(office, phase("final"), at("04-24T00:05"))
    let_off(office, phase("final"), FORGETFUL, f"{REASON}.", "Nguyễn Khắc Sơn", at("04-24T08:30"))
    version = rank_phase(office, phase("final"), at("04-24T08:35"))
    with pytest.raises(PhaseRefused, match="phase_not_approved"):
        open_phase(office, phase("award"), at("04-24T08:40"))
    with pytest.raises(SendingRefused, match="not_approved"):
        announce_results(office, phase("final"), at("04-24T08:40"))
    final.approve(version, at("04-24T10:00"))
    open_phase(office, phase("award"), at("04-24T10:05"))
    announce_results(office, phase("final"), at("04-24T10:06"))
    with pytest.raises(PhaseRefused, match="award_not_proved"):
        open_phase(office, phase("sent_on"), at("04-27T07:30"))
    final.proves("award", at("04-28T16:00"), "Quyết định khen thưởng")
    close_milestone(office, phase("award"), at("04-28T16:01"))
    open_phase(office, phase("sent_on"), at("04-29T07:30"))
    with pytest.raises(CompilingRefused, match="units_still_open"):
        close_sent_on(office, phase("sent_on"), at("04-29T09:00"))
    final.proves("sent_on", at("04-29T10:00"), "Công văn gửi bài dự thi")
    assert close_sent_on(office, phase("sent_on"), at("04-29T10:01")) == ("01", "02", "03", "04")
    folder = file_contest(office, WHOLE, at("04-29T10:02"))

    facts = final.facts(version)
    assert [(place["rank"], place["entry"]) for place in facts["final"]["places"]][:5] == [
        (1, "01"), (2, "02"), (3, "03"), (3, "04"), (5, "05"),
    ]  # fmt: skip
    assert facts["totals"] == {"entries": 30, "units": 5, "finalists": 10, "awards": 10}
    results, award = (text_of(office.files.get(sha)) for sha in (version.document_sha256, version.annex_sha256))
    for sentence in (
        "Hai bài mã số 01, 02 cùng đạt 96,00 điểm; bài 01 xếp trên do điểm trung bình của tiêu chí “Tính mới, sáng "
        "tạo” cao hơn (30,00 so với 26,00).",
        "Các bài mã số 03, 04 cùng đạt 92,00 điểm và bằng điểm nhau ở mọi tiêu chí phân định nên đồng hạng 3.",
        f"không tính điểm của giám khảo Phan Anh Tuấn (lý do: {REASON}).",
        "Ban Tổ chức nhận được 30 bài dự thi của 05 đơn vị.",
    ):
        assert sentence in results
    assert "Kính gửi: Chủ tịch Ủy ban nhân dân phường Phúc Lợi" in award
    told = final.messages(f"contest-results-v{version.version}")
    assert {row["unit"] for row in told} == set(ENTERING)
    handed = final.messages(f"contest-award-v{version.version}")
    assert {row["recipient"] for row in handed} == {"Hoàng Minh Đức", "Trần Thu Hà"}
    assert [len(row["attachments"]) for row in handed if row["channel"] == "email"] == [2, 2]
    [recorded] = [event for event in final.events(WHOLE) if event["kind"] == "entries_sent_on"]
    assert recorded["detail"]["entries"] == ["01", "02", "03", "04"]
    assert recorded["detail"]["proofs"][0]["number"] == "25/UBND-VHXH"
    assert {row["unit"] for row in final.messages("contest-sent-on", name="sent_on")} == {None, "vhxh"}
    assert sorted(path.name for path in folder.rglob("*.*") if path.is_file()) == [
        "Bao-cao-ket-qua-cuoc-thi_PL-6_2026.docx", "Danh-sach-bai-du-thi_PL-6_2026.xlsx",
        "Ket-qua-so-khao_PL-6_2026.xlsx", "To-trinh-khen-thuong_PL-6_2026.docx",
    ]  # fmt: skip

    before = final.everything()
    for again in (
        lambda: open_round(office, WHOLE, at("04-29T11:00")),
        *(
            lambda name=name: open_phase(office, phase(name), at("04-29T11:00"))
            for name in ("plan", "launch", "entries", "preliminary", "final", "award", "sent_on")
        ),
        lambda: close_entries(office, phase("entries"), at("04-29T11:00")),
        lambda: rank_phase(office, phase("preliminary"), at("04-29T11:00")),
        lambda: rank_phase(office, phase("final"), at("04-29T11:00")),
        lambda: let_off(office, phase("final"), FORGETFUL, "Lý do khác", "ai đó", at("04-29T11:00")),
        lambda: announce_results(office, phase("final"), at("04-29T11:00")),
        lambda: close_sent_on(office, phase("sent_on"), at("04-29T11:00")),
        lambda: file_contest(office, WHOLE, at("04-29T11:00")),
    ):
        again()
        assert final.everything() == before
    assert rank_phase(office, phase("final"), at("04-29T11:00")).id == version.id


# Entries


def test_invitations_are_repeated_in_inviting_words_and_a_unit_that_sends_none_is_no_fault(contest):
    contest.chases("04-07T08:00", "04-09T08:00", "04-10T08:00", "04-13T08:00")
    told = contest.messages("T-3", "T-1", "T-0", name="entries")
    assert {row["unit"] for row in told} == {"pvhcc", "vhtttt", "mttq", "bxdd"}
    assert all("tự nguyện" in row["body"] for row in told)
    assert not contest.messages("escalation", "overdue", name="entries")
    locked = at("04-11T00:00:01")
    assert outcome(contest.office, phase("entries"), "mttq", at("04-10T12:00")) is Outcome.WAITING
    assert outcome(contest.office, phase("entries"), "mttq", locked) is Outcome.DECLINED
    assert outcome(contest.office, phase("entries"), "tdp", locked) is Outcome.ANSWERED
    assert whom_it_waits_for(contest.office, phase("entries")) == ()


def test_a_later_file_replaces_the_earlier_until_entries_close_and_is_held_afterwards(contest):
    office = contest.office
    contest.sends("entries", "vp", {"entries": entries_of("vp", 2)}, at("04-10T23:00"))
    held = contest.sends("entries", "vp", {"entries": entries_of("vp", 4)}, at("04-11T00:01"))
    assert held.verdict is Verdict.HELD
    version = close_entries(office, phase("entries"), at("04-11T00:05"))
    entries = contest.facts(version)["entries"]
    assert [entry["code"] for entry in entries] == [f"{number:02d}" for number in range(1, 28)]
    assert sum(entry["unit"] == "vp" for entry in entries) == 2


def test_entries_are_not_listed_before_they_have_closed_nor_without_any(contest, stages, tmp_path):
    with pytest.raises(PhaseRefused, match="entries_still_open"):
        close_entries(contest.office, phase("entries"), at("04-10T23:59"))
    empty = office_in(tmp_path / "empty")
    empty.ledger.migrate()
    open_phase(empty, phase("entries"), at("03-17T07:30"))
    with pytest.raises(PhaseRefused, match="contest_without_entries"):
        close_entries(empty, phase("entries"), at("04-11T00:05"))


def test_a_list_sent_back_takes_new_files_and_keeps_every_number(contest):
    office = contest.office
    first = close_entries(office, phase("entries"), at("04-11T00:05"))
    codes = {entry["title"]: entry["code"] for entry in contest.facts(first)["entries"]}
    contest.approve(first, at("04-13T08:00"), approved=False, comment="Loại bài 2 của Văn phòng")
    with pytest.raises(PhaseRefused, match="phase_not_approved"):
        open_phase(office, phase("preliminary"), at("04-13T08:05"))
    rows = [row for row in entries_of("vp", 6) if row["title"] != "Ý tưởng 2 của vp"]
    assert contest.sends("entries", "vp", {"entries": rows}, at("04-13T09:00")).verdict is Verdict.ACCEPTED
    second = close_entries(office, phase("entries"), at("04-13T09:05"))
    listed = {entry["title"]: entry["code"] for entry in contest.facts(second)["entries"]}
    gone = codes.pop("Ý tưởng 2 của vp")
    assert listed == codes | {"Ý tưởng 6 của vp": "31"}
    assert gone not in listed.values()
    contest.approve(second, at("04-13T10:00"))
    assert contest.sends("entries", "vp", {"entries": rows[:1]}, at("04-13T10:30")).verdict is Verdict.HELD
    open_phase(office, phase("preliminary"), at("04-13T11:00"))
    assert "31" in contest.listed("preliminary", "gk1")


def test_an_approval_counts_for_the_list_it_was_given_for(contest):
    office = contest.office
    first = close_entries(office, phase("entries"), at("04-11T00:05"))
    contest.approve(first, at("04-13T08:00"), approved=False)
    contest.sends("entries", "vp", {"entries": entries_of("vp", 6)}, at("04-13T09:00"))
    record_decision(office, first.id, approved=True, comment="", by="lanhdao", at=at("04-13T09:30"))
    with pytest.raises(PhaseRefused, match="phase_not_approved"):
        open_phase(office, phase("preliminary"), at("04-13T10:00"))


def test_the_approver_is_asked_in_office_hours_with_one_file(contest):
    version = close_entries(contest.office, phase("entries"), at("04-11T00:05"))
    request_approval(contest.office, version, at("04-11T00:05"))
    [request] = contest.messages("approval-request-v1", name="entries")
    assert [file["name"] for file in request["attachments"]] == ["Danh-sach-bai-du-thi_PL-6_2026.xlsx"]
    assert "nhận bài dự thi" in request["body"]
    flush_outbox(contest.office, by="test", clock=lambda: at("04-11T00:10"))
    assert contest.messages("approval-request-v1")[0]["state"] == "queued"
    book = load_workbook(io.BytesIO(contest.office.files.get(version.document_sha256)))
    assert book["Bài dự thi"].max_row == 5 + 30


# Scores


@pytest.fixture
def judging(contest) -> Contest:
    """The preliminary has opened."""
    contest.approve(close_entries(contest.office, phase("entries"), at("04-11T00:05")), at("04-13T08:00"))
    open_phase(contest.office, phase("preliminary"), at("04-13T08:05"))
    return contest


def test_sheets_are_blind_and_without_the_jurors_own_units_entries(judging):
    assert len(judging.listed("preliminary", "gk1")) == 30
    assert judging.listed("preliminary", "gk2") == [f"{number:02d}" for number in range(5, 31)]
    sheet = load_workbook(io.BytesIO(judging.workbook("preliminary", "gk1")))["Chấm điểm"]
    shown = " ".join(str(cell.value) for row in sheet.iter_rows() for cell in row)
    assert "Nguyễn Thị Mẫu" not in shown
    [opening] = judging.messages("opening", name="preliminary", unit="gk2")
    assert "Số bài Ông/Bà chấm: 26 (giám khảo không chấm bài của đơn vị mình)" in opening["body"]


def test_a_partial_sheet_comes_back_with_its_cells_and_is_not_counted_as_zero(judging):
    receipt = judging.scores("preliminary", "gk1", at("04-14T09:00"), in_preliminary, without=["03"])
    assert receipt.verdict is Verdict.RETURNED
    [problem] = receipt.problems
    assert [problem.params["cell"], *(one["cell"] for one in problem.params["also"])] == ["E7", "F7", "G7", "H7"]
    with pytest.raises(RankingRefused, match="scores_missing"):
        rank_phase(judging.office, phase("preliminary"), at("04-14T10:00"))
    judging.chases("04-14T10:30")
    [reminder] = judging.messages("T-3", name="preliminary", unit="gk1")
    assert "Số bài Ông/Bà còn phải chấm: 30." in reminder["body"]
    assert "đã trả lại phiếu chấm" in reminder["body"]


def test_what_cannot_be_counted_is_told_to_the_juror(judging):
    sheet = load_workbook(io.BytesIO(judging.workbook("preliminary", "gk2")))
    page = sheet["Chấm điểm"]
    page["B5"] = "99"  # no such entry
    page["B6"] = "01"  # of their own unit
    saved = io.BytesIO()
    sheet.save(saved)
    good = [{f"points.{key}": most for key, most in MOST.items()}] * 26
    receipt = receive(
        judging.office, fill(saved.getvalue(), {"scores": good}), file_name="phiếu.xlsx", unit_code="gk2",
        now=at("04-14T09:00"), route="test",
    )  # fmt: skip
    assert [problem.code for problem in receipt.problems] == [
        "score_unknown_entry", "score_of_own_unit", "score_entries_missing",
    ]  # fmt: skip
    [answer] = judging.messages("returned-1", name="preliminary", unit="gk2")
    assert "không có các bài mã số 05, 06" in answer["body"]
    assert "không có bài dự thi nào mang mã “99”" in answer["body"]


def test_a_juror_who_forgets_is_asked_for_after_the_lock_and_their_late_sheet_counts(final):
    four_score(final)
    office = final.office
    final.chases("04-21T08:00", "04-22T08:00", "04-23T08:00", "04-24T08:00", "04-24T08:30")
    [overdue_notice] = final.messages("overdue", name="final")
    assert overdue_notice["unit"] == FORGETFUL
    assert "Đã quá hạn" in overdue_notice["subject"]
    assert "không được tính là 0" in overdue_notice["body"]
    [told] = final.messages("escalation", name="final")
    assert "Phan Anh Tuấn: còn 10 bài" in told["body"]
    assert told["state"] == "queued"
    assert [late.units for late in overdue(office, at("04-24T09:00"))] == [("Phan Anh Tuấn",)]
    assert outcome(office, phase("final"), FORGETFUL, at("04-24T09:00")) is Outcome.MISSING
    assert whom_it_waits_for(office, phase("final")) == ("Phan Anh Tuấn",)
    late = final.scores("final", FORGETFUL, at("04-24T09:30"), in_final)
    assert (late.verdict, late.late) == (Verdict.ACCEPTED, True)
    flush_outbox(office, by="test", clock=lambda: at("04-24T09:35"))
    assert final.messages("overdue", name="final")[0]["state"] == "cancelled"
    assert whom_it_waits_for(office, phase("final")) == ()
    version = rank_phase(office, phase("final"), at("04-24T09:40"))
    assert final.facts(version)["final"]["let_off"] == []


def test_sheets_are_taken_until_the_ranking_is_approved(final):
    office = final.office
    four_score(final)
    final.scores("final", FORGETFUL, at("04-22T09:00"), in_final)
    first = rank_phase(office, phase("final"), at("04-22T10:00"))
    final.approve(first, at("04-22T11:00"), approved=False)
    corrected = final.scores("final", "gk1", at("04-22T12:00"), lambda _: {"novelty": 5})
    assert corrected.verdict is Verdict.ACCEPTED
    second = rank_phase(office, phase("final"), at("04-22T12:05"))
    assert second.version == 2
    final.approve(second, at("04-22T13:00"))
    assert final.scores("final", "gk1", at("04-22T14:00"), in_final).verdict is Verdict.HELD
    assert rank_phase(office, phase("final"), at("04-22T14:05")).id == second.id


def test_letting_off_needs_a_reason_and_a_ranking_not_yet_approved(final):
    four_score(final)
    office = final.office
    with pytest.raises(IllegalTransition, match="reason_missing"):
        let_off(office, phase("final"), FORGETFUL, " ", "Trưởng ban", at("04-22T09:00"))
    let_off(office, phase("final"), FORGETFUL, REASON, "Trưởng ban", at("04-22T09:00"))
    [told] = final.messages("let-off", name="final")
    assert REASON in told["body"]
    assert final.scores("final", FORGETFUL, at("04-22T10:00"), in_final).verdict is Verdict.HELD
    final.approve(rank_phase(office, phase("final"), at("04-22T11:00")), at("04-22T12:00"))
    with pytest.raises(PhaseRefused, match="ranking_is_approved"):
        let_off(office, phase("final"), "gk4", REASON, "Trưởng ban", at("04-22T13:00"))


def test_a_phase_whose_days_have_passed_asks_for_new_ones(contest):
    contest.approve(close_entries(contest.office, phase("entries"), at("04-11T00:05")), at("04-18T08:00"))
    with pytest.raises(PhaseRefused, match="phase_is_past"):
        open_phase(contest.office, phase("preliminary"), at("04-18T08:05"))


def test_a_refusal_is_a_sentence_that_says_what_to_do(final):
    with pytest.raises(RankingRefused) as refused:
        rank_phase(final.office, phase("final"), at("04-24T00:05"))
    assert "Điểm chưa chấm không được tính là 0" in final.office.words.explain(refused.value)


def test_a_proof_is_taken_until_the_contest_is_over(final):
    row = {"title": "Kế hoạch", "number": "1/KH", "issued": date(2026, 3, 20)}
    late = final.sends("plan", "vhxh", {"evidence": [row]}, at("04-24T09:00"))
    assert late.verdict is Verdict.ACCEPTED
    assert (
        final.sends("plan", "vhxh", {"evidence": [row | {"number": "2/KH"}]}, at("05-08T09:00")).verdict is Verdict.HELD
    )

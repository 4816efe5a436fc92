"""The contest of Phúc Lợi with 30 entries, 5 jurors, a tie and a juror who forgets, up to its two documents."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import zipfile
from datetime import date
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import docx
import pytest

from dinhky.domain.content import ContestEntry
from dinhky.domain.contest import Contest, PhaseKind
from dinhky.domain.contest_entries import Entry, numbered
from dinhky.domain.errors import RankingRefused
from dinhky.domain.period import Cadence, Period
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.ranking import LetOff, ranking, shortlist
from dinhky.domain.scoring import Score, to_score
from dinhky.plan_files import read_plan
from dinhky.report.contest_documents import write_contest_documents
from dinhky.report.contest_facts import contest_facts
from dinhky.report.contest_lists import facts_of_phase
from dinhky.report.errors import ReportError
from dinhky.report.notation import points
from dinhky.rounds.ports import ContestSoFar
from dinhky.wording import TemplateWords

INCLUDE = Path(__file__).parents[3] / "include"
TEMPLATES = INCLUDE / "templates"
PERIOD_NAME = TemplateWords(TEMPLATES / "messages").period_name
FORGETS = LetOff("gk5", "Đi công tác dài ngày, đã được nhắc 02 lần.")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan(INCLUDE / "data/plans/phuc-loi-2026.yaml")


@pytest.fixture(scope="module")
def contest(plan) -> Contest:
    found = plan.obligation("PL-6").contest
    assert found is not None
    return found


@pytest.fixture(scope="module")
def entries(plan) -> tuple[Entry, ...]:
    """Thirty: from the residential groups and schools and five more units, one of them sent twice."""
    units = ("vhxh", "vp", "kthtdt", "tdp", "th", "vhtttt")
    told = [
        (units[n % 6], ContestEntry(5 + n, f"Ý tưởng thứ {n + 1:02d}", f"Tác giả {n + 1}", "Tóm tắt", "", group_of(n)))
        for n in range(30)
    ]
    twice = (told[4][0], dataclasses.replace(told[4][1], row=99, title="Ý TƯỞNG  thứ 05."))
    return numbered([*told, twice], [unit.code for unit in plan.units])


def group_of(n: int) -> str:
    return f"Tổ dân phố số {n}" if n % 6 == 3 else ""


def scores_of(contest: Contest, entries, jurors, given) -> list[Score]:
    """`given(number of the entry)` is what it lacks of the most points, by criterion."""
    return [
        Score(
            juror.code,
            entry.code,
            {
                criterion.code: criterion.max_points - Fraction(given(int(entry.code)).get(criterion.code, 0))
                for criterion in contest.criteria
            },
        )
        for juror in jurors
        for entry in to_score(contest, entries, juror.code)
    ]


def preliminary_points(number: int) -> dict[str, Fraction]:
    return {"feasibility": Fraction(number, 2)}


def final_points(number: int) -> dict[str, int]:
    """01 and 02 tie and are told apart by novelty; 03 and 04 are equal in everything."""
    special = {1: {"reach": 4}, 2: {"novelty": 4}, 3: {"effect": 8}, 4: {"effect": 8}}
    return special.get(number, {"effect": number + 8})


@pytest.fixture(scope="module")
def rankings(contest, entries):
    preliminary = ranking(contest, entries, scores_of(contest, entries, contest.jurors, preliminary_points))
    finalists = [entry for entry in entries if entry.code in shortlist(contest, preliminary)]
    scores = scores_of(contest, finalists, contest.jurors[:4], final_points)
    with pytest.raises(RankingRefused, match="scores_missing"):
        ranking(contest, finalists, scores)
    return preliminary, ranking(contest, finalists, scores, [FORGETS])


@pytest.fixture(scope="module")
def facts(plan, entries, rankings):
    preliminary, final = rankings
    return contest_facts(plan, "PL-6", entries, final, preliminary)


@pytest.fixture(scope="module")
def documents(facts):
    return write_contest_documents(TEMPLATES, facts, PERIOD_NAME)


def text_of(document: bytes) -> str:
    read = docx.Document(io.BytesIO(document))
    return "\n".join(paragraph.text for paragraph in read.paragraphs).replace("\u00a0", " ")


def table(document: bytes, second: str) -> list[list[str]]:
    """The rows below the head of the table whose second or third column is called so."""
    for found in docx.Document(io.BytesIO(document)).tables:
        rows = [[cell.text.replace("\u00a0", " ") for cell in row.cells] for row in found.rows]
        if second in rows[0][1:3]:
            return rows[1:]
    raise AssertionError(second)


def test_the_facts_are_plain_and_count_what_was_entered(facts):
    assert json.loads(json.dumps(facts)) == facts
    assert facts["totals"] == {"entries": 30, "units": 6, "finalists": 10, "awards": 10}
    assert [(unit["entries"], unit["finalists"]) for unit in facts["units"]] == [(5, 5), (5, 5)] + [(5, 0)] * 4
    assert facts["silent"] == [
        "Điểm phục vụ hành chính công phường", "Ủy ban Mặt trận Tổ quốc Việt Nam phường", "Ban Xây dựng đảng",
    ]  # fmt: skip


def test_a_unit_that_came_after_the_last_day_of_entries_is_not_said_to_have_kept_away(plan, entries, rankings):
    preliminary, final = rankings
    later = Unit("khoi", "Khối Dân vận - Mặt trận", since=date(2026, 7, 1))
    [duty] = [one for one in plan.obligations if one.ref == "PL-6"]
    changed = dataclasses.replace(
        plan,
        units=(*plan.units, later),
        obligations=(dataclasses.replace(duty, units=(*duty.units, "khoi")),),
    )
    round_ = SimpleNamespace(ref="PL-6.entries", phase=PhaseKind.ENTRIES, period=Period(2026, Cadence.YEARLY, 1))
    listed = facts_of_phase(changed, round_, ContestSoFar(tuple(entries)))["units"]
    silent = contest_facts(changed, "PL-6", entries, final, preliminary)["silent"]
    assert later.name not in [*silent, *(unit["name"] for unit in listed)]


def test_every_place_of_the_final_is_in_the_report(documents, facts):
    rows = table(documents.results, "Mã số")
    assert [row[:2] for row in rows] == [[str(place["rank"]), place["entry"]] for place in facts["final"]["places"]]
    assert [row[0] for row in rows] == ["1", "2", "3", "3", "5", "6", "7", "8", "9", "10"]
    for row, place in zip(rows, facts["final"]["places"], strict=True):
        assert row[3:] == [*place["points"], place["mean"]]
        assert place["title"] in row[2]
        assert points(Fraction(place["exact_mean"]), 2) == place["mean"]


def test_the_report_says_how_it_was_decided(documents):
    text = text_of(documents.results)
    for sentence in (
        "Kết quả Cuộc thi tìm kiếm ý tưởng, giải pháp cải cách hành chính phường Phúc Lợi năm 2026",
        "lần lượt theo thứ tự: Tính mới, sáng tạo; Tính khả thi; Tính hiệu quả; Khả năng nhân rộng.",
        "Ban Tổ chức nhận được 30 bài dự thi của 06 đơn vị. Qua vòng sơ khảo, 10 bài được chọn",
        "- Hai bài mã số 01, 02 cùng đạt 96,00 điểm; bài 01 xếp trên do điểm trung bình của tiêu chí “Tính mới, sáng "
        "tạo” cao hơn (30,00 so với 26,00).",
        "- Các bài mã số 03, 04 cùng đạt 92,00 điểm và bằng điểm nhau ở mọi tiêu chí phân định nên đồng hạng 3.",
        "không tính điểm của giám khảo Phan Anh Tuấn (lý do: Đi công tác dài ngày, đã được nhắc 02 lần).",
        "- Giải Nhì: đề nghị 03 giải, kế hoạch 02 giải (do có bài đồng hạng",
        "- Giải Ba: đề nghị 02 giải, kế hoạch 03 giải (do có bài đồng hạng",
        "04 bài có thứ hạng cao nhất được đề nghị gửi tham dự Cuộc thi tìm kiếm ý tưởng, giải pháp CCHC thành phố Hà "
        "Nội lần thứ 3 năm 2026 (dự kiến 03 bài; thêm do có bài đồng hạng), gồm:",
    ):
        assert sentence in text
    assert not re.search(r"\{[{%]|[%}]\}", text)


def test_the_jury_its_conflicts_and_who_was_let_off_are_stated(documents):
    jury = table(documents.results, "Họ và tên")
    assert [row[1] for row in jury] == [
        "Nguyễn Khắc Sơn", "Tạ Thị Minh Nguyệt", "Cao Đức Long", "Đinh Thị Hải Vân", "Phan Anh Tuấn",
    ]  # fmt: skip
    assert jury[1][4] == "Không chấm bài của đơn vị mình: 01, 02, 03, 04, 05"
    assert jury[3][4] == "Chấm đủ bài"
    assert jury[4][4] == "Không tính điểm vòng chung khảo (lý do: Đi công tác dài ngày, đã được nhắc 02 lần)"


def test_phases_criteria_and_all_entries_are_listed(documents, facts):
    assert table(documents.results, "Giai đoạn")[2] == ["3", "Nhận bài dự thi", "17/3/2026", "10/4/2026"]
    criteria = table(documents.results, "Tiêu chí")
    assert criteria[-1] == ["", "Tổng cộng", "100"]
    annex = docx.Document(io.BytesIO(documents.results)).tables[-1]
    assert len(annex.rows) == 31
    assert [cell.text for cell in annex.rows[1].cells][-2:] == [facts["preliminary"]["places"][0]["mean"], "04"]


def test_the_proposal_names_prizes_and_what_is_sent_on(documents, facts):
    text = text_of(documents.award)
    assert "Kính gửi: Chủ tịch Ủy ban nhân dân phường Phúc Lợi" in text
    assert "Về việc khen thưởng Cuộc thi tìm kiếm ý tưởng" in text
    awards = table(documents.award, "Giải thưởng")
    assert [row[1] for row in awards[:5]] == [
        "Giải Nhất", "Giải Nhì", "Giải Nhì (đồng giải)", "Giải Nhì (đồng giải)", "Giải Ba",
    ]  # fmt: skip
    assert [row[5] for row in awards] == [award["mean"] for award in facts["awards"]]
    assert [row[1] for row in table(documents.award, "Hạng")] == ["1", "2", "3", "3"]
    assert "“Tính mới, sáng tạo”" in text


def test_the_proposal_is_the_compilers_own_document(documents):
    document = docx.Document(io.BytesIO(documents.award))
    left = "\n".join(cell.text for row in document.tables[0].rows for cell in row.cells[:1])
    assert left.split("\n")[:3] == ["ỦY BAN NHÂN DÂN PHƯỜNG PHÚC LỢI", "PHÒNG", "VĂN HÓA\u00a0- XÃ HỘI"]
    assert "/TTr-VHXH" in left
    recipients, signature = (cell.text for cell in document.tables[-1].rows[0].cells)
    assert recipients.split("\n") == ["Nơi nhận:", "- Như trên;", "- Lưu: VT, VHXH."]
    assert signature.split("\n")[0] == "TRƯỞNG PHÒNG"
    assert signature.endswith("Trần Thu Hà")


def test_columns_are_as_many_as_criteria_and_fill_the_page(documents):
    for found in docx.Document(io.BytesIO(documents.results)).tables:
        widths = [column.width.twips for column in found.columns]
        assert sum(widths) in {9071, 14287, 9070}
        assert all([cell.width.twips for cell in row.cells] == widths for row in found.rows)


def test_a_contest_without_a_preliminary_has_no_annex(plan, contest, rankings, entries):
    _, final = rankings
    finalists = [entry for entry in entries if entry.code in [place.entry for place in final.places]]
    facts = contest_facts(plan, "PL-6", finalists, final)
    results = write_contest_documents(TEMPLATES, facts, PERIOD_NAME).results
    text = text_of(results)
    assert "Phụ lục" not in text
    assert "2. Vòng chung khảo" in text
    assert len(docx.Document(io.BytesIO(results)).sections) == 1


def test_the_same_facts_give_the_same_bytes(documents, facts):
    assert write_contest_documents(TEMPLATES, facts, PERIOD_NAME) == documents
    for document in (documents.results, documents.award):
        packed = zipfile.ZipFile(io.BytesIO(document))
        assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"Liberation" not in b"".join(packed.read(name) for name in packed.namelist())


@pytest.mark.parametrize("text", ["A & B <b> đậm </w:t></w:p>", "{{ name }}", "{%p if false %}", "“Nháy” 'đơn'"])
def test_hostile_titles_are_shown_as_typed(plan, rankings, entries, text):
    preliminary, final = rankings
    hostile = [dataclasses.replace(entry, title=text, author=text) for entry in entries]
    facts = contest_facts(plan, "PL-6", hostile, final, preliminary)
    documents = write_contest_documents(TEMPLATES, facts, PERIOD_NAME)
    assert table(documents.award, "Giải thưởng")[0][2].startswith(text)
    assert text_of(documents.award).count("./.") == 1


def test_means_that_differ_are_shown_to_differ(plan, contest, entries):
    chosen = [entry for entry in entries if entry.unit in {"tdp", "th"}][:2]
    scores = scores_of(contest, chosen, contest.jurors, lambda _: {})
    scores[0] = dataclasses.replace(scores[0], points={**scores[0].points, "novelty": Fraction("29.99")})
    places = contest_facts(plan, "PL-6", chosen, ranking(contest, chosen, scores))["final"]["places"]
    assert [place["mean"] for place in places] == ["100,000", "99,998"]


def test_templates_that_are_missing_or_forget_something_are_refused(facts, tmp_path):
    with pytest.raises(ReportError, match="report_template_missing"):
        write_contest_documents(tmp_path, facts, PERIOD_NAME)
    (tmp_path / "documents").mkdir()
    for file in (TEMPLATES / "documents").glob("contest_*.docx"):
        document = docx.Document(file)
        for cell in (cell for found in document.tables for row in found.rows for cell in row.cells):
            for run in (run for paragraph in cell.paragraphs for run in paragraph.runs if ".author }}" in run.text):
                run.text = run.text.replace(".author }}", ".entry }}")
        document.save(tmp_path / "documents" / file.name)
    with pytest.raises(ReportError, match="report_text_lost"):
        write_contest_documents(tmp_path, facts, PERIOD_NAME)


def test_chi_minhs_contest_is_reported_under_its_divisions_letterhead(contest):
    plan = read_plan(INCLUDE / "data/plans/chi-minh-2026.yaml")
    own = plan.obligation("CM-5").contest
    told = [(unit.code, ContestEntry(5, f"Tiểu phẩm {unit.code}", "Tác giả", "Tóm tắt", "")) for unit in plan.units]
    entries = numbered(told, [unit.code for unit in plan.units])
    scores = scores_of(own, entries, own.jurors, lambda number: {"content": number})
    found = ranking(own, entries, scores)
    facts = contest_facts(plan, "CM-5", entries, found, found)
    documents = write_contest_documents(TEMPLATES, facts, PERIOD_NAME)
    assert facts["signing"] == {"year": own.phase(PhaseKind.AWARD).due.year, "month": 9}
    assert "Phòng Văn hóa - Xã hội báo cáo kết quả" in text_of(documents.results)
    assert "/TTr-VHXH" in docx.Document(io.BytesIO(documents.award)).tables[0].rows[1].cells[0].text
    assert len(contest.criteria) != len(own.criteria)

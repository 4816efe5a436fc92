"""The Word document read back: every figure in text and tables against the facts, and nothing lost or made live."""

from __future__ import annotations

import dataclasses
import io
import re
import zipfile

import docx
import pytest
from markupsafe import Markup

from dinhky.domain.assignment import State
from dinhky.domain.content import Content, Remark
from dinhky.report import notation
from dinhky.report.document import write_document
from dinhky.report.errors import ReportError
from dinhky.report.structure import shape

TABLES = {
    "channels": "Kênh tuyên truyền",
    "units": "Đơn vị",
    "activities": "Hình thức",
    "comparison": "Nội dung",
    "duties": "Nhiệm vụ",
    "posts": "Tên tin, bài",
}


def read(document: bytes):
    return docx.Document(io.BytesIO(document))


def text_of(document: bytes) -> str:
    return plain("\n".join(paragraph.text for paragraph in read(document).paragraphs))


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def table(document: bytes, name: str) -> list[list[str]] | None:
    for found in read(document).tables:
        rows = [[plain(cell.text) for cell in row.cells] for row in found.rows]
        if rows[0][1] == TABLES[name]:
            return rows[1:]
    return None


def padded(count: int | None) -> str:
    return "–" if count is None else notation.number(count)


def test_channel_table_states_the_facts(compiled):
    *rows, total = table(compiled.document, "channels")
    assert rows == [
        ["1", "Cổng thông tin điện tử phường", "02 tin, bài/tháng × 01 tháng", "02", "03", "Đạt"],
        ["2", "Đài truyền thanh phường", "02 tin, bài/tháng × 01 tháng", "02", "01", "Thiếu 01"],
        ["3", "Trang thông tin CCHC của thành phố", "01 tin, bài/tháng × 01 tháng", "01", "01", "Đạt"],
        ["4", "Trang Zalo OA của phường", "Không giao chỉ tiêu", "–", "01", "–"],
    ]
    assert total == ["", "Tổng cộng", "", "05", "06", ""]


def test_no_line_begins_with_the_second_half_of_a_name(compiled):
    names = [cell.text for found in read(compiled.document).tables for cell in found.columns[1].cells]
    assert "Phòng Văn hóa\u00a0- Xã hội" in names
    assert "Phòng Văn hóa - Xã hội" not in names


def test_unit_table_states_the_facts(compiled):
    *rows, total = table(compiled.document, "units")
    for row, unit in zip(rows, compiled.facts["units"], strict=True):
        assert row[1:4] == [unit["name"], padded(unit["posts"]), padded(unit["activities"])]
        duties = [f"{duty['name']}: {padded(duty['posts'])}/{padded(duty['target'])}" for duty in unit["duties"]]
        assert row[4] == ("\n".join(duties) or "–")
    assert [row[5] for row in rows] == [
        "", "", "Nộp muộn", "Không phát sinh", "", "Được miễn báo cáo", "Chưa gửi báo cáo",
    ]  # fmt: skip
    assert total[2:4] == ["06", "03"]


def test_activity_duty_and_post_tables_state_the_facts(compiled):
    assert table(compiled.document, "activities") == [
        ["1", "Hội nghị", "02", "94"],
        ["2", "Tuyên truyền trực quan", "01", "–"],
        ["", "Tổng cộng", "03", "94"],
    ]
    duties = table(compiled.document, "duties")
    assert duties[0] == [
        "1", "Tuyên truyền kết quả CCHC (02 tin, bài/tháng)", "Phòng Văn hóa - Xã hội",
        "29/4/2026\n29/5/2026\n30/6/2026",
    ]  # fmt: skip
    assert duties[3][3] == "Tháng 4/2026"
    assert duties[4][1:3] == ["Nhiệm vụ PL-8 (02 tin, bài/quý)", "Từng đơn vị"]
    posts = table(compiled.document, "posts")
    assert len(posts) == len(compiled.facts["posts"])
    for row, post in zip(posts, compiled.facts["posts"], strict=True):
        whose = "\n".join(part for part in (post["unit"], post["author"]) if part)
        assert row == [
            str(post["no"]), post["title"], post["form"], post["channel"], notation.day(post["published"]), whose,
            post["field"], post["link"],
        ]  # fmt: skip


def test_the_text_states_the_same_figures_as_the_tables(compiled):
    text = text_of(compiled.document)
    for sentence in (
        "Trong kỳ, các đơn vị đã đăng, phát 06 tin, bài về CCHC; tổ chức 03 hoạt động tuyên truyền với 94 lượt",
        "(số liệu tính từ ngày 15/12/2025 đến hết ngày 14/3/2026)",
        "gồm: tháng 3/2026; không tính chỉ tiêu tháng 01/2026, tháng 02/2026 do Kế hoạch chưa có hiệu lực.",
        "Kênh chưa đạt chỉ tiêu của kỳ: Đài truyền thanh phường (thiếu 01 tin, bài).",
        "- Theo thể loại: Tin: 04; Bài viết: 01; Bài phát thanh: 01.",
        "Cải cách thể chế: 01; Cải cách thủ tục hành chính: 02; Chung: 03.",
        "ngày 14/3/2026, 01 đơn vị đã hoàn thành chỉ tiêu tin, bài được giao trong kỳ: Phòng Văn hóa - Xã hội.",
        "Trong đó, 01 hoạt động không thống kê số người tham gia.",
        "Quý I/2026 là kỳ báo cáo đầu tiên theo Kế hoạch năm 2026 nên chưa có số liệu kỳ trước để so sánh.",
        "hết ngày 13/3/2026. Số đơn vị phải báo cáo: 06; đã nộp: 05 đơn vị (đạt 83,3%); "
        "nộp đúng hạn: 04 đơn vị (đạt 66,7%).",
        "- Nộp muộn: 01 đơn vị, gồm: Phòng Kinh tế, Hạ tầng và Đô thị (nộp ngày 16/3/2026).",
        "- Chưa nộp: 01 đơn vị, gồm: Ban Xây dựng đảng.",
        "Điểm phục vụ hành chính công phường (lý do: Mới kiện toàn nhân sự, chưa có tin bài).",
        "- Văn phòng HĐND và UBND phường: Chưa có cán bộ chuyên trách viết tin, bài. Hướng xử lý: Phân công",
        "Số liệu tính từ ngày 15/3/2026 đến hết ngày 14/6/2026; các đơn vị gửi báo cáo về Phòng Văn hóa - Xã hội "
        "chậm nhất ngày 12/6/2026",
        "của Ủy ban nhân dân phường Phúc Lợi./.",
    ):
        assert sentence in text
    assert not re.search(r"\{[{%]|[%}]\}", text)


def test_the_quarter_before_is_tabled(reports, plan, first_quarter, answers, make_post):
    before = Content(posts=tuple(make_post(9 + n, f"Cũ {n}", "radio") for n in range(12)))
    document = reports.compile(
        plan, first_quarter, [dataclasses.replace(answers[0], previous=before), *answers[1:]]
    ).document
    assert table(document, "comparison") == [
        ["1", "Tổng số tin, bài", "12", "06", "-06"],
        ["", "- Cổng thông tin điện tử phường", "0", "03", "+03"],
        ["", "- Đài truyền thanh phường", "12", "01", "-11"],
        ["", "- Trang thông tin CCHC của thành phố", "0", "01", "+01"],
        ["", "- Trang Zalo OA của phường", "0", "01", "+01"],
        ["2", "Số hoạt động", "0", "03", "+03"],
        ["3", "Số lượt người tham gia", "0", "94", "+94"],
    ]


def test_nobody_late_and_nothing_difficult_is_said_politely(reports, plan, first_quarter, make_answer, make_post):
    content = Content(posts=(make_post(9, "Tin", "radio"), make_post(10, "Tin", "radio")))
    text = text_of(reports.compile(plan, first_quarter, [make_answer("vhtttt", content)]).document)
    for sentence in ("- Nộp muộn: Không có.", "- Chưa nộp: Không có.", "Các đơn vị không phản ánh khó khăn, vướng mắc.",
                     "Các đơn vị không báo cáo hoạt động tuyên truyền trực tiếp trong kỳ."):  # fmt: skip
        assert sentence in text


def test_when_nobody_answers_the_report_says_so_and_has_no_annex(reports, plan, first_quarter, make_answer):
    silent = [make_answer(unit.code, state=State.OPEN) for unit in plan.units]
    compiled = reports.compile(plan, first_quarter, silent)
    text = text_of(compiled.document)
    assert "chưa có đơn vị nào gửi số liệu" in text
    assert "- Chưa nộp: 07 đơn vị" in text
    assert "(đạt 0%)" in text
    assert "Phụ lục" not in text
    (section,) = read(compiled.document).sections
    assert section.page_width < section.page_height
    assert compiled.facts["reporting"]["reporting_rate"] == 0


def test_everybody_waived_gives_a_report_without_rates(reports, plan, first_quarter, make_answer):
    waived = [make_answer(unit.code, state=State.WAIVED, reason="Bầu cử") for unit in plan.units]
    assert "Số đơn vị phải báo cáo: 0; đã nộp: 0 đơn vị (đạt –)" in text_of(
        reports.compile(plan, first_quarter, waived).document
    )


def test_four_hundred_posts_are_all_there(reports, plan, first_quarter, many_posts):
    posts = table(reports.compile(plan, first_quarter, many_posts).document, "posts")
    assert [row[0] for row in posts] == [str(n) for n in range(1, 404)]
    assert posts[399][1] == "Tin số 399 về cải cách hành chính"


HOSTILE = (
    "A & B <b> đậm </w:t></w:p>",
    "=cmd()",
    "{{ letterhead.signer }}",
    "{% for x in posts %}",
    "{_{ 7*7 }_} {_% raw %_}",
    "{%p if false %}",
    "“Nháy” 'đơn' &amp; &#123;",
    "שלום עולם",
    "هذا نص 2026",
    "𝐂𝐂𝐇𝐂 😀",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_typed(reports, plan, first_quarter, make_answer, make_post, text):
    content = Content(
        posts=(make_post(9, text, "portal", author=text, link=text),), remarks=(Remark(9, "difficulty", text, text),)
    )
    document = reports.compile(plan, first_quarter, [make_answer("vp", content)]).document
    (row,) = table(document, "posts")
    assert (row[1], row[7]) == (text, text)
    assert f"Văn phòng HĐND và UBND phường: {text}" in text_of(document)
    assert text_of(document).count("./.") == 1


def test_what_cannot_be_shown_is_left_out_and_the_rest_kept(reports, plan, first_quarter, make_answer, make_post):
    content = Content(posts=(make_post(9, "Tin\ud83d \x00\x0bhỏng\u202e gpj.exe\ufffe", "portal"),))
    (row,) = table(reports.compile(plan, first_quarter, [make_answer("vp", content)]).document, "posts")
    assert row[1] == "Tin  hỏng gpj.exe"


def test_a_template_asking_for_unknown_facts_is_refused(compiled, reports):
    facts = {name: value for name, value in compiled.facts.items() if name != "commune"}
    template = (reports.templates / "documents/communication_quarter.docx").read_bytes()
    with pytest.raises(ReportError, match=r"report_template_broken.*commune"):
        write_document(template, facts, reports.words.period_name)


def test_a_rendering_that_loses_something_is_refused(compiled, reports, monkeypatch):
    template = (reports.templates / "documents/communication_quarter.docx").read_bytes()
    monkeypatch.setattr("dinhky.report.document._inert", Markup)
    hostile = [post | {"title": "A </w:t></w:r></w:p></w:tc></w:tr>"} for post in compiled.facts["posts"]]
    with pytest.raises(ReportError, match=r"report_(incomplete|text_lost)"):
        write_document(template, compiled.facts | {"posts": hostile}, reports.words.period_name)


def test_the_shape_of_a_document_tells_every_row_and_cell():
    document = docx.Document()
    document.add_paragraph("{%p if false %}")
    grid = document.add_table(rows=2, cols=2)
    grid.rows[1].cells[0].add_paragraph()
    assert shape(document.element.body) == "p<([p][p])([pp][p])>"
    grid._tbl.remove(grid.rows[0]._tr)
    assert shape(document.element.body) == "p<([pp][p])>"


def test_a_template_that_does_not_list_the_posts_is_refused(compiled, reports):
    template = docx.Document(reports.templates / "documents/communication_quarter.docx")
    for row in template.tables[-1].rows:
        if "post.title" in row.cells[1].text:
            row.cells[1].paragraphs[0].runs[0].text = "quên"
    broken = io.BytesIO()
    template.save(broken)
    with pytest.raises(ReportError, match="report_text_lost"):
        write_document(broken.getvalue(), compiled.facts, reports.words.period_name)


def test_a_form_without_templates_is_refused(reports, plan, first_quarter, answers):
    obligations = tuple(dataclasses.replace(duty, form="không_có") for duty in plan.obligations)
    with pytest.raises(ReportError, match="report_template_missing"):
        reports.compile(dataclasses.replace(plan, obligations=obligations), first_quarter, answers)


def test_the_same_answers_give_the_same_bytes_and_digest(compiled, reports, plan, first_quarter, answers):
    assert reports.compile(plan, first_quarter, answers) == compiled
    packed = zipfile.ZipFile(io.BytesIO(compiled.document))
    assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert f"{read(compiled.document).core_properties.modified:%d/%m/%Y}" == "16/03/2026"


def test_the_digest_follows_the_files(compiled, reports, plan, first_quarter, answers, tmp_path):
    assert reports.compile(plan, first_quarter, answers[:-1]).digest != compiled.digest
    for folder in ("documents", "workbooks"):
        (tmp_path / folder).mkdir()
        for file in (reports.templates / folder).glob("communication_quarter*"):
            (tmp_path / folder / file.name).write_bytes(file.read_bytes())
    elsewhere = dataclasses.replace(reports, templates=tmp_path)
    assert elsewhere.compile(plan, first_quarter, answers).digest == compiled.digest
    wording = tmp_path / "documents/communication_quarter_annex.yaml"
    wording.write_text(wording.read_text("utf-8").replace("Tin", "Bản tin", 1), "utf-8")
    assert elsewhere.compile(plan, first_quarter, answers).digest != compiled.digest

"""The Excel annex, read back with another library: its values, its formulas, and that nothing from outside is live."""

from __future__ import annotations

import dataclasses
import io
import re
import zipfile

import openpyxl
import pytest

from dinhky.domain.content import Content
from dinhky.report import notation
from dinhky.report.annex import write_annex
from dinhky.report.errors import ReportError

HEAD = 5


@pytest.fixture
def formulas(compiled):
    return openpyxl.load_workbook(io.BytesIO(compiled.annex))


@pytest.fixture
def cached(compiled):
    return openpyxl.load_workbook(io.BytesIO(compiled.annex), data_only=True)


def rows_of(sheet):
    return [list(row) for row in sheet.iter_rows(min_row=HEAD + 1, values_only=True) if any(row)]


def test_every_post_is_listed_with_every_column(cached, compiled):
    listed = rows_of(cached["Tin bài"])
    assert len(listed) == len(compiled.facts["posts"]) == 6
    assert [row[2] for row in listed] == [post["title"] for post in compiled.facts["posts"]]
    assert listed[0][:7] == [
        1,
        "Phòng Văn hóa - Xã hội",
        "Phường Phúc Lợi ban hành Kế hoạch tuyên truyền cải cách hành chính năm 2026",
        "Tin",
        "Cổng thông tin điện tử phường",
        listed[0][5],
        "https://phucloi.hanoi.gov.vn/tin/9",
    ]
    assert f"{listed[0][5]:%d/%m/%Y}" == "09/03/2026"
    assert listed[0][7:] == ["Trần Thu Hà", "Chung", 9]


def test_activities_and_remarks_are_listed(cached):
    assert [row[6] for row in rows_of(cached["Hoạt động"])] == [85, None, 9, 94]
    assert [row[2] for row in rows_of(cached["Khó khăn, đề xuất"])] == ["Khó khăn, vướng mắc", "Đề xuất, kiến nghị"]


def test_tallies_are_the_facts(cached, compiled):
    channels = rows_of(cached["Theo kênh"])[:-1]
    assert [(row[3], row[4]) for row in channels] == [(c["target"], c["posts"]) for c in compiled.facts["channels"]]
    units = rows_of(cached["Theo đơn vị"])[:-1]
    assert [row[2] for row in units] == [unit["posts"] for unit in compiled.facts["units"]]
    assert [row[6] for row in units] == [
        "Đúng hạn", "Đúng hạn", "Nộp muộn", "Không phát sinh", "Đúng hạn", "Được miễn báo cáo", "Chưa gửi báo cáo",
    ]  # fmt: skip


def test_totals_are_live_formulas_with_the_right_cached_values(formulas, cached):
    checked = 0
    for sheet in formulas:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type != "f":
                    continue
                value = cached[sheet.title][cell.coordinate].value
                if found := re.fullmatch(r"=SUM\((\w+:\w+)\)", cell.value):
                    cells = [inner.value or 0 for (inner,) in cached[sheet.title][found[1]]]
                    assert value == sum(cells)
                    assert len(cells) == cell.row - HEAD - 1
                else:
                    over, under = re.fullmatch(r"=(\w+)/(\w+)", cell.value).groups()
                    assert value == pytest.approx(cached[sheet.title][over].value / cached[sheet.title][under].value)
                checked += 1
    assert checked == 2 + 3 + 3 + 1


def test_hostile_text_stays_text(reports, plan, first_quarter, make_answer, make_post):
    titles = [
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-1",
        "@SUM(A1)",
        "A & B <b>",
        "https://x.example/a",
        "{=1}",
        "mailto:a@b.c",
    ]
    content = Content(
        posts=tuple(make_post(9 + n, title, "portal", link=title, author="=1+1") for n, title in enumerate(titles))
    )
    annex = reports.compile(plan, first_quarter, [make_answer("vp", content)]).annex
    sheet = openpyxl.load_workbook(io.BytesIO(annex))["Tin bài"]
    cells = [sheet.cell(HEAD + 1 + n, 3) for n in range(len(titles))]
    assert [(cell.value, cell.data_type) for cell in cells] == [(title, "s") for title in titles]
    assert all(cell.hyperlink is None for row in sheet.iter_rows() for cell in row)
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(annex)).read("xl/worksheets/sheet3.xml")


def test_a_text_too_long_for_a_cell_is_refused_not_dropped(reports, plan, first_quarter, make_answer, make_post):
    content = Content(posts=(make_post(9, "a" * 32_768, "portal"),))
    with pytest.raises(ReportError, match="annex_text_refused"):
        reports.compile(plan, first_quarter, [make_answer("vp", content)])


def test_only_january_and_february_carry_a_zero(formulas, compiled):
    days = [formulas["Tin bài"].cell(row, 6) for row in range(HEAD + 1, HEAD + 7)]
    months = {"dd/mm/yyyy": "{0:%d/%m/%Y}", "dd/m/yyyy": "{0:%d}/{0.month}/{0.year}"}
    shown = [months[cell.number_format].format(cell.value) for cell in days]
    assert shown == [notation.day(post["published"]) for post in compiled.facts["posts"]]
    assert {"27/02/2026", "09/3/2026"} <= set(shown)


def test_the_sheet_with_the_chart_prints_on_one_page_and_long_lists_on_several(formulas):
    assert all(sheet.sheet_properties.pageSetUpPr.fitToPage for sheet in formulas)
    pages_high = {sheet.title: sheet.page_setup.fitToHeight for sheet in formulas}
    assert pages_high.pop("Theo kênh") is None, "absent means one page, 0 means as many as it takes"
    assert set(pages_high.values()) == {0}


def test_it_prints_and_scrolls_like_an_office_file(formulas):
    for sheet in formulas:
        assert sheet.page_setup.paperSize == 9
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.print_title_rows == f"${HEAD}:${HEAD}"
        assert sheet.freeze_panes == f"A{HEAD + 1}"
        assert {cell.font.name for row in sheet.iter_rows() for cell in row} == {"Times New Roman"}


def test_a_native_chart_shows_results_against_targets(compiled):
    chart = zipfile.ZipFile(io.BytesIO(compiled.annex)).read("xl/charts/chart1.xml").decode()
    assert re.findall(r"<c:f>(.*?)</c:f>", chart) == [
        "'Theo kênh'!$B$6:$B$9", "'Theo kênh'!$D$6:$D$9", "'Theo kênh'!$B$6:$B$9", "'Theo kênh'!$E$6:$E$9",
    ]  # fmt: skip


def test_the_same_facts_give_the_same_bytes(compiled, reports, plan, first_quarter, answers):
    assert reports.compile(plan, first_quarter, answers).annex == compiled.annex


def test_an_annex_of_nothing_can_be_opened(reports, plan, first_quarter, answers, make_answer):
    nothing = [dataclasses.replace(make_answer("vp"), content=None)]
    annex = reports.compile(plan, first_quarter, nothing).annex
    assert rows_of(openpyxl.load_workbook(io.BytesIO(annex))["Tin bài"]) == []


def test_the_wording_comes_from_its_file(compiled, reports):
    import yaml

    wording = yaml.safe_load((reports.templates / "documents/communication_quarter_annex.yaml").read_text("utf-8"))
    wording["total"] = "Cộng dồn"
    annex = write_annex(wording, compiled.facts, reports.words.period_name)
    assert rows_of(openpyxl.load_workbook(io.BytesIO(annex))["Theo kênh"])[-1][1] == "Cộng dồn"

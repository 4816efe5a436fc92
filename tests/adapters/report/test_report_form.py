"""The form of the document: Decree 30/2020/NĐ-CP, annex I, read from the file itself and from its PDF."""

from __future__ import annotations

import dataclasses
import io
import re
import shutil
import subprocess
import zipfile

import docx
import pytest
from docx.oxml.ns import qn
from lxml import etree

from dinhky.report.letterhead_rule import bold_width

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture
def document(compiled):
    return docx.Document(io.BytesIO(compiled.document))


def parts(data: bytes) -> dict[str, etree._Element]:
    packed = zipfile.ZipFile(io.BytesIO(data))
    return {name: etree.fromstring(packed.read(name)) for name in packed.namelist() if name.endswith(".xml")}


def test_every_font_named_anywhere_is_times_new_roman_in_black(compiled):
    names, runs = set(), 0
    for name, root in parts(compiled.document).items():
        for fonts in root.iter(W + "rFonts"):
            assert {key.removeprefix(W) for key in fonts.attrib} == {"ascii", "hAnsi", "eastAsia", "cs"}, name
            names |= set(fonts.attrib.values())
        assert {color.get(W + "val") for color in root.iter(W + "color")} <= {"000000"}
        names |= set(re.findall(rb'typeface="([^"]+)"', etree.tostring(root)))
        for run in root.iter(W + "r"):
            if "".join(run.itertext()).strip() and run.tag == W + "r":
                assert run.find(f"{W}rPr/{W}rFonts") is not None
                runs += 1
    assert names <= {"Times New Roman", b"Times New Roman"}
    assert runs > 200


def test_paper_margins_and_page_numbers(document):
    main, annex = document.sections
    assert (round(main.page_width.mm), round(main.page_height.mm)) == (210, 297)
    assert (round(annex.page_width.mm), round(annex.page_height.mm)) == (297, 210)
    for section in (main, annex):
        for margin, low, high in (
            (section.top_margin, 20, 25),
            (section.bottom_margin, 20, 25),
            (section.left_margin, 30, 35),
            (section.right_margin, 15, 20),
        ):
            assert low <= round(margin.mm, 1) <= high
        assert section.different_first_page_header_footer
        assert "".join(section.first_page_header._element.itertext()).strip() == ""
        (number,) = section.header.paragraphs
        assert number.alignment == docx.enum.text.WD_ALIGN_PARAGRAPH.CENTER
        assert [field.text.strip() for field in number._p.iter(W + "instrText")] == ["PAGE"]
        assert section._sectPr.find(qn("w:pgNumType")).get(qn("w:start")) == "1"
        assert section.header_distance < section.top_margin


def test_body_text_is_set_as_the_decree_wants(document):
    style = document.styles["Thân văn bản"]
    assert 13 <= style.font.size.pt <= 14
    assert style.paragraph_format.alignment == docx.enum.text.WD_ALIGN_PARAGRAPH.JUSTIFY
    assert round(style.paragraph_format.first_line_indent.cm, 2) in {1.0, 1.27}
    assert style.paragraph_format.space_after.pt >= 6
    assert sum(paragraph.style.name == "Thân văn bản" for paragraph in document.paragraphs) > 15


def test_letterhead_number_and_date_are_left_to_be_given_at_signing(document):
    left, right = ([cell.text for cell in row.cells] for row in document.tables[0].rows)
    assert left == [
        "ỦY BAN NHÂN DÂN\nPHƯỜNG PHÚC LỢI\n",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc\n",
    ]
    assert re.fullmatch(r"Số:\u00a0+/BC-UBND", right[0])
    assert re.fullmatch(r"Phúc Lợi, ngày\u00a0+tháng 3 năm 2026", right[1])
    assert all(run.italic for run in document.tables[0].rows[1].cells[1].paragraphs[0].runs)


def test_rules_are_borders_of_the_right_length(reports, plan, first_quarter, answers):
    for issuer in ("PHƯỜNG PHÚC LỢI", "XÃ CHÍ MINH", "PHƯỜNG VĂN MIẾU - QUỐC TỬ GIÁM"):
        letterhead = dataclasses.replace(plan.letterhead, issuer=("ỦY BAN NHÂN DÂN", issuer))
        own = dataclasses.replace(plan, letterhead=letterhead)
        written = docx.Document(io.BytesIO(reports.compile(own, first_quarter, answers).document))
        left, right = written.tables[0].rows[0].cells
        for cell, text, size, low, high in (
            (left, issuer, 13, 1 / 3, 1 / 2),
            (right, "Độc lập - Tự do - Hạnh phúc", 14, 0.97, 1.03),
        ):
            rule = cell.paragraphs[-1]
            assert rule.text == ""
            assert rule.style.element.find(f"{W}pPr/{W}pBdr/{W}top").get(W + "val") == "single"
            indents = rule.paragraph_format.left_indent + rule.paragraph_format.right_indent
            line = min(bold_width(text, size), cell.width.pt)
            assert low <= (cell.width - indents) / 12_700 / line <= high
        text = "".join("".join(node.itertext()) for node in written.element.body.iter(W + "t"))
        assert "___" not in text


def test_widths_of_bold_letters_are_those_of_the_typeface():
    assert bold_width("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 13) == pytest.approx(271, abs=2)
    assert bold_width("Ờ", 1000) == 778
    assert bold_width("ộ", 1000) == bold_width("o", 1000)


def test_closing_recipients_and_signature(document):
    left, right = document.tables[-2].rows[0].cells
    assert left.text.split("\n") == [
        "Nơi nhận:", "- Như trên;", "- TT ĐU, HĐND phường;", "- Lãnh đạo UBND phường;", "- Lưu: VT, VHXH.",
    ]  # fmt: skip
    assert left.paragraphs[0].runs[0].font.size.pt == 12
    assert left.paragraphs[0].runs[0].bold
    assert left.paragraphs[0].runs[0].italic
    assert {run.font.size.pt for paragraph in left.paragraphs[1:] for run in paragraph.runs} == {11}
    lines = [line for line in right.text.split("\n") if line]
    assert lines == ["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH", "Hoàng Minh Đức"]
    assert all(paragraph.style.font.bold for paragraph in right.paragraphs)


def test_rows_stay_whole_and_heads_repeat(document):
    for table in document.tables:
        assert all(row._tr.find(f"{W}trPr/{W}cantSplit") is not None for row in table.rows)
        data = table.rows[0].cells[0].text == "TT"
        assert (table.rows[0]._tr.find(f"{W}trPr/{W}tblHeader") is not None) is data
        grid = [int(column.get(W + "w")) for column in table._tbl.tblGrid]
        for row in table.rows:
            assert [int(cell._tc.tcPr.find(W + "tcW").get(W + "w")) for cell in row.cells] == grid
    assert sum(table.rows[0].cells[0].text == "TT" for table in document.tables) == 5


def test_counts_below_ten_carry_a_zero(document):
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert not re.search(r"(?<![\d/,.×])[1-9] (tin|hoạt động|đơn vị|tháng|lượt)", text)


def test_several_addressees_are_listed_below_each_other(reports, plan, first_quarter, answers):
    more = (*plan.report_to, dataclasses.replace(plan.report_to[0], name="Ủy ban nhân dân thành phố"))
    own = dataclasses.replace(plan, report_to=more)
    lines = [
        p.text for p in docx.Document(io.BytesIO(reports.compile(own, first_quarter, answers).document)).paragraphs
    ]
    start = lines.index("Kính gửi:")
    assert lines[start + 1 : start + 3] == ["- Sở Nội vụ thành phố Hà Nội;", "- Ủy ban nhân dân thành phố."]


@pytest.mark.system
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize(("case", "fewest", "most"), [("answers", 4, 6), ("many_posts", 25, 60)])
def test_the_pdf_has_its_pages_and_only_times(case, fewest, most, request, reports, plan, first_quarter, tmp_path):
    written = reports.compile(plan, first_quarter, request.getfixturevalue(case)).document
    (tmp_path / "report.docx").write_bytes(written)
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "pdf",
         "--outdir", str(tmp_path), str(tmp_path / "report.docx")],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    pdf = tmp_path / "report.pdf"
    pages = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True, text=True).stdout
    sheets = pages.split("\f")[:-1]
    assert fewest <= len(sheets) <= most
    numbers = [sheet.strip().split("\n")[0].strip() for sheet in sheets]
    annex = next(index for index, sheet in enumerate(sheets) if sheet.strip().startswith("Phụ lục"))
    assert numbers[1:annex] == [str(n) for n in range(2, annex + 1)]
    assert numbers[annex + 1 :] == [str(n) for n in range(2, len(sheets) - annex + 1)]
    fonts = subprocess.run(["pdffonts", pdf], check=True, capture_output=True, text=True).stdout.split("\n")[2:-1]
    assert fonts
    assert all(re.search(r"LiberationSerif|TimesNewRoman", font) for font in fonts)

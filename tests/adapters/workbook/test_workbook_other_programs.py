"""What we build opens as it is elsewhere: LibreOffice saves it and nothing is lost; Excel finds nothing to repair."""

from __future__ import annotations

import io
import os
import posixpath
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from openpyxl import load_workbook

from dinhky.domain.contest import Contest, Criterion
from dinhky.domain.plan import Kind
from dinhky.workbook.sample import fill

NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LONGEST_NAME, LONGEST_FORMULA, LONGEST_LIST, MOST_STYLES = 31, 255, 255, 64_000
LONGEST_PROMPT, LONGEST_TITLE = 255, 32
NAME = re.compile(r"[A-Za-z_][\w.]*|_xlnm\.\w+")
LIKE_A_CELL = re.compile(r"[A-Za-z]{1,3}\d+|[RrCc]\d*")
FORMS = ("communication_quarter", "post_log", "evidence", "contest_entry", "contest_score")
CONTEST = Contest(
    phases=(),
    criteria=(Criterion("novelty", "Tính mới, sáng tạo", 40), Criterion("effect", "Tính hiệu quả", 60)),
    jurors=(),
    finalists=1,
    prizes=(),
    sent_on_to="",
    sent_on_count=1,
)
TOLD = [{"title": "=1+1", "channel": "Đài", "published": "02/3/2026", "evidence": "Phát 17 giờ"}]
ENTRIES = [{"entry": f"{n:02d}", "title": f"Bài {n}", "summary": "Tóm tắt"} for n in (1, 2, 3)]


@pytest.fixture(scope="module", params=FORMS)
def built(request, desk):
    """A desk whose duty is asked about with that form, and everything prefilled that can be."""
    asked = replace(desk.plan.obligation("PL-5"), form=request.param, contest=CONTEST)
    if request.param.startswith("contest"):
        asked = replace(asked, kind=Kind.CONTEST)
    others = tuple(other for other in desk.plan.obligations if other.ref != asked.ref)
    plan = replace(desk.plan, obligations=(*others, asked))
    return replace(
        desk, plan=plan, built=desk.workbooks.build(plan, desk.round, desk.unit, {"recorded": TOLD, "scores": ENTRIES})
    )


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.namelist()) == len(set(archive.namelist()))
        return {name: archive.read(name) for name in archive.namelist()}


def test_every_part_is_declared_and_every_reference_leads_to_one(built):
    parts = parts_of(built.built)
    types = ElementTree.fromstring(parts["[Content_Types].xml"])
    declared = {element.get("PartName", "").lstrip("/") for element in types} - {""}
    usual = {element.get("Extension") for element in types if element.get("Extension")}
    assert declared <= parts.keys()
    assert all(name in declared or name.rpartition(".")[2] in usual for name in parts if name != "[Content_Types].xml")
    for name, content in parts.items():
        if not name.endswith(".rels"):
            continue
        folder = posixpath.dirname(posixpath.dirname(name))
        relations = list(ElementTree.fromstring(content))
        assert len({relation.get("Id") for relation in relations}) == len(relations)
        for relation in relations:
            if relation.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target"))).lstrip("/")
                assert target in parts, (name, target)


def test_names_of_sheets_and_cells_are_such_as_excel_takes(built):
    workbook = ElementTree.fromstring(parts_of(built.built)["xl/workbook.xml"])
    sheets = [sheet.attrib for sheet in workbook.iter(f"{NAMESPACE}sheet")]
    assert all(0 < len(sheet["name"]) <= LONGEST_NAME and not set(sheet["name"]) & set("[]:*?/\\") for sheet in sheets)
    assert (
        len({sheet["name"].casefold() for sheet in sheets})
        == len({sheet["sheetId"] for sheet in sheets})
        == len(sheets)
    )
    names = [(name.get("name"), name.get("localSheetId")) for name in workbook.iter(f"{NAMESPACE}definedName")]
    assert Counter(names).most_common(1)[0][1] == 1
    for name, _ in names:
        assert NAME.fullmatch(name), name
        assert not LIKE_A_CELL.fullmatch(name), name


def test_rules_formulas_and_styles_are_within_excels_limits(built):
    parts = parts_of(built.built)
    styles = ElementTree.fromstring(parts["xl/styles.xml"])
    formats = len(styles.find(f"{NAMESPACE}cellXfs"))
    differing = styles.find(f"{NAMESPACE}dxfs")
    assert formats < MOST_STYLES
    for name, content in parts.items():
        if not name.startswith("xl/worksheets/sheet"):
            continue
        sheet = ElementTree.fromstring(content)
        order = [element.tag.removeprefix(NAMESPACE) for element in sheet]
        assert order == sorted(order, key=PARTS_IN_ORDER.split().index), (
            f"{name}: Excel wants its parts in the order of the schema"
        )
        for cell in sheet.iter(f"{NAMESPACE}c"):
            assert int(cell.get("s", 0)) < formats
        for column in sheet.iter(f"{NAMESPACE}col"):
            assert int(column.get("style", 0)) < formats
        for rule in sheet.iter(f"{NAMESPACE}cfRule"):
            assert int(rule.get("dxfId", 0)) < len(differing)
        for block in sheet.iter(f"{NAMESPACE}dataValidations"):
            assert int(block.get("count")) == len(block)
        for rule in sheet.iter(f"{NAMESPACE}dataValidation"):
            formulas = [formula.text or "" for formula in rule]
            assert all(0 < len(formula) <= LONGEST_FORMULA for formula in formulas)
            assert not any(formula.startswith('"') and len(formula) > LONGEST_LIST for formula in formulas)
            assert all(len(rule.get(text, "")) <= LONGEST_PROMPT for text in ("error", "prompt"))
            assert all(len(rule.get(text, "")) <= LONGEST_TITLE for text in ("errorTitle", "promptTitle"))
        merged = [merge.get("ref") for merge in sheet.iter(f"{NAMESPACE}mergeCell")]
        assert len(set(merged)) == len(merged)
        heights = [float(row.get("ht", 0)) for row in sheet.iter(f"{NAMESPACE}row")]
        assert max(heights, default=0) <= 409


PARTS_IN_ORDER = """
sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetCalcPr sheetProtection protectedRanges scenarios
autoFilter sortState dataConsolidate customSheetViews mergeCells phoneticPr conditionalFormatting dataValidations
hyperlinks printOptions pageMargins pageSetup headerFooter rowBreaks colBreaks customProperties cellWatches
ignoredErrors smartTags drawing legacyDrawing legacyDrawingHF drawingHF picture oleObjects controls webPublishItems
tableParts extLst
"""
"""ECMA-376, part 1, CT_Worksheet."""


def test_every_sheet_prints_on_a4_landscape_with_its_head_and_page_numbers(built):
    book = load_workbook(io.BytesIO(built.built))
    for worksheet in book:
        if worksheet.sheet_state == "visible":
            assert (worksheet.page_setup.orientation, int(worksheet.page_setup.paperSize)) == ("landscape", 9)
            assert (worksheet.sheet_properties.pageSetUpPr.fitToPage, int(worksheet.page_setup.fitToWidth)) == (True, 1)
            assert "&P/&N" in worksheet.oddFooter.center.text
    for sheet in built.workbooks.form(built.plan, "PL-5").sheets:
        assert book[sheet.name].print_title_rows == "$3:$4"
        assert book[sheet.name].freeze_panes == "A5"


def typed_into(desk, post, activity) -> bytes:
    """The workbook with a row of everything that its form asks for."""
    row = {
        "posts": post,
        "activities": activity,
        "remarks": {"kind": "Đề xuất, kiến nghị", "text": "Bổ sung máy quét."},
        "standing": {"text": "Có làm."},
        "evidence": {"title": "Kế hoạch", "number": "15/KH-UBND", "issued": post["published"]},
        "entries": {"title": "Số hóa", "author": "Nguyễn Văn A", "summary": "Quét hồ sơ."},
        "scores": {"points.novelty": "35,5", "points.effect": 50},
    }
    sheets = desk.workbooks.form(desk.plan, "PL-5").sheets
    return fill(
        desk.built, {sheet.key: [row[sheet.key]] * (len(ENTRIES) if sheet.every_row else 1) for sheet in sheets}
    )


def saved_by_libreoffice(data: bytes, folder: Path) -> bytes:
    """As LibreOffice saves it, with a profile of its own: two on one profile lose a file in silence.

    Without a window it keeps no frozen rows, so nothing is said of those.
    """
    (folder / "mine.xlsx").write_bytes(data)
    subprocess.run(
        ["soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to",
         "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder / "again"), str(folder / "mine.xlsx")],
        check=True, capture_output=True, timeout=300, env=os.environ | {"HOME": str(folder)},
    )  # fmt: skip
    return (folder / "again" / "mine.xlsx").read_bytes()


@pytest.mark.system
@pytest.mark.skipif(not shutil.which("soffice") and not os.environ.get("CI"), reason="no LibreOffice here")
def test_libreoffice_saves_it_with_identity_rules_values_and_choices(built, post, activity, tmp_path):
    mine = typed_into(built, post, activity)
    again = saved_by_libreoffice(mine, tmp_path)
    reading = built.read(again)
    assert reading.identity
    assert (reading.problems, reading.questions) == ((), ())
    assert reading == built.read(mine)
    book, saved = load_workbook(io.BytesIO(mine)), load_workbook(io.BytesIO(again))
    for sheet in built.workbooks.form(built.plan, "PL-5").sheets:
        assert rules_in(saved[sheet.name]) == rules_in(book[sheet.name])
        assert saved[sheet.name].protection.sheet
        if not sheet.is_prefilled:
            assert not saved[sheet.name].column_dimensions["B"].protection.locked


def rules_in(worksheet) -> set[tuple[str, str, str, str]]:
    """What is checked where, and what the person is told."""
    return {
        (str(area), rule.type, rule.error, rule.prompt or "")
        for rule in worksheet.data_validations.dataValidation
        for area in rule.sqref.ranges
    }

"""The template, its definition and the problems' sentences agree with one another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from openpyxl import load_workbook

from dinhky.workbook.cell_text import comparable
from dinhky.workbook.form import ColumnKind, load_form

TEMPLATES = Path(__file__).parents[3] / "include" / "templates"
FORM = TEMPLATES / "workbooks" / "communication_quarter.yaml"
FORMS = sorted((TEMPLATES / "workbooks").glob("*.yaml"))


@pytest.fixture(scope="module", params=FORMS, ids=lambda file: file.stem)
def form(request):
    return load_form(request.param)


@pytest.fixture(scope="module")
def template(form):
    return load_workbook(form.template)


def test_headers_and_help_of_the_template_are_those_of_the_definition(form, template):
    for sheet in form.sheets:
        worksheet = template[sheet.name]
        headers = [cell.value for cell in worksheet[3]]
        assert [comparable(text) for text in headers] == ["stt"] + [
            comparable(column.header) for column in sheet.columns
        ]
        assert [cell.value for cell in worksheet[4]][1:] == [column.help for column in sheet.columns]
        marked = [text for text in headers if text.endswith("(*)")]
        assert len(marked) == sum(column.required for column in sheet.columns)


def test_every_list_has_its_header_in_the_sheet_of_choices(form, template):
    headers = [cell.value for cell in template[form.choices_sheet][3]] if form.choices_sheet else []
    assert headers == [choice_list.header for choice_list in form.choices.values()]


def test_sheets_that_the_system_adds_are_not_taken_for_the_senders_own(form, template):
    """The list of what to mend in a workbook that was sent back, and all that the template holds beside the form."""
    added = yaml.safe_load((TEMPLATES / "messages" / "words.yaml").read_text("utf-8"))["marked_up"]["name"]
    printed = {*form.other_sheets, form.choices_sheet} - {""}
    assert {added, *template.sheetnames} - {sheet.name for sheet in form.sheets} == printed


def test_every_filled_cell_has_its_name_in_the_template(form, template):
    assert set(form.filled) == set(template.defined_names)


def test_sheets_are_ready_to_print_and_protected(form, template):
    for worksheet in template:
        assert worksheet.page_setup.orientation == "landscape"
        assert int(worksheet.page_setup.paperSize) == 9
        assert worksheet.protection.sheet
    for sheet in form.sheets:
        assert template[sheet.name].print_title_rows == "$3:$4"
        assert template[sheet.name].freeze_panes == "A5"


def test_the_template_calls_itself_what_messages_call_it(template):
    texts = [cell.value for worksheet in template for row in worksheet.iter_rows() for cell in row]
    texts = [text for text in (*texts, template.properties.title) if isinstance(text, str)]
    assert template.properties.title.startswith("Biểu số liệu ")


def test_only_times_new_roman(template):
    fonts = {cell.font.name for worksheet in template for row in worksheet.iter_rows() for cell in row if cell.value}
    assert fonts == {"Times New Roman"}


def test_messages_fit_into_excels_limits(form):
    facts = {"window_start": "15/12/2025", "window_end": "14/12/2026", "max_length": 10000}
    facts |= {"minimum": "0", "maximum": "1000000"}
    assert len(form.validation["title"]) <= 32
    assert all(len(text.format(**facts)) <= 225 for text in form.validation.values())
    for sheet in form.sheets:
        assert len(sheet.name) <= 31
        for column in sheet.columns:
            assert len(column.prompt.format(**facts)) <= 255
            assert len(column.header) <= 32


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda data: data["sheets"]["posts"]["columns"].pop(), "columns"),
        (lambda data: data["sheets"]["posts"]["columns"][1].update(choices="nope"), "nope"),
        (lambda data: data["sheets"]["posts"].update(same_when=["nope"]), "same_when"),
        (lambda data: data["sheets"]["posts"]["columns"][1].update(kind="nope"), "nope"),
        (lambda data: data["sheets"]["posts"]["columns"][1].update(nope=1), "nope"),
    ],
)
def test_a_definition_that_contradicts_itself_is_named(tmp_path, change, complaint):
    data = yaml.safe_load(FORM.read_text("utf-8"))
    change(data)
    file = tmp_path / "broken.yaml"
    file.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    with pytest.raises(ValueError, match=complaint) as raised:
        load_form(file)
    assert "broken.yaml" in str(raised.value)


def test_every_code_the_package_can_give_has_a_sentence_and_the_other_way_round():
    problems = TEMPLATES / "messages" / "problems"
    files = ("files", "workbook", "questions")
    sentences = [yaml.safe_load((problems / f"{file}.yaml").read_text("utf-8")) for file in files]
    package = Path(__file__).parents[3] / "plugins" / "dinhky" / "workbook"
    source = "\n".join(file.read_text("utf-8") for file in package.glob("*.py"))
    raised = set(re.findall(r'(?:Problem|WorkbookRefusedError|_WrongValueError|unknown)\(\s*"(\w+)"', source))
    raised |= set(re.findall(r'"(duplicate_\w+|file_\w+|number_un\w+)"', source)) - {"file_size"}
    raised |= {one or other for one, other in re.findall(r'_ask\(.*?"(\w+)"|append\(\("(\w+)"', source)}
    assert raised == {code for known in sentences for code in known}


def test_every_form_is_named_like_its_file_and_has_the_messages_it_needs(form):
    assert form.template.stem == form.code
    kinds = {column.kind for sheet in form.sheets for column in sheet.columns if not column.prefilled}
    needed = {"text" if kind in {ColumnKind.LINK, ColumnKind.CODE} else kind.value for kind in kinds}
    assert needed | {"title"} <= set(form.validation) <= needed | {"title", "text"}
    assert all(sheet.when_empty for sheet in form.sheets if sheet.is_prefilled)


def test_the_log_of_posts_asks_what_the_quarters_sheet_of_posts_asks():
    quarter, log = (
        load_form(TEMPLATES / "workbooks" / f"{name}.yaml") for name in ("communication_quarter", "post_log")
    )
    assert log.sheets == quarter.sheets[:1]
    assert log.choices == {name: quarter.choices[name] for name in log.choices}

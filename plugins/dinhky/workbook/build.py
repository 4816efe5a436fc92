"""The empty workbook a unit receives: the template, with the unit, the dates and the choices filled in."""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING, Any

from dinhky.domain.content import Identity
from dinhky.domain.local_time import local
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.schedule import Round
from dinhky.workbook.cell_text import cell_name, comparable
from dinhky.workbook.form import Column, ColumnKind, Form, SheetForm
from dinhky.workbook.identity import IDENTITY_SHEET, identity_rows
from dinhky.workbook.stable_bytes import without_time
from dinhky.workbook.typed_values import LARGEST_COUNT, write_day

if TYPE_CHECKING:
    from openpyxl.worksheet.datavalidation import DataValidation
    from openpyxl.worksheet.worksheet import Worksheet

ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
CHOICES_HEADER_ROW = 3
HEADER_ROW = 3
FIRST_INPUT_ROW = 5
"""Of the templates: under the header stands a row of help."""


def build(form: Form, plan: Plan, round_: Round, unit: Unit) -> bytes:
    """The workbook of one unit for one round; the same bytes for the same input.

    Raises ValueError if the template lacks a named cell or a column that the form's definition asks for.
    """
    from openpyxl import load_workbook

    book = load_workbook(form.template)
    number = round_.period.index
    facts = {
        "unit": unit.name,
        "commune": plan.commune,
        "plan_title": plan.title,
        "period": form.period.format(number=number, roman=ROMAN[number - 1], year=round_.period.year),
        "window_start": write_day(round_.window.start),
        "window_end": write_day(round_.window.end),
        "due": write_day(local(round_.unit_due).date()),
    }
    for name, text in form.filled.items():
        filled = text.format(**facts)
        write_text(_named_cell(book, name), filled[:1].upper() + filled[1:])
    lists = _write_choices(book[form.choices_sheet], form, plan)
    for sheet in form.sheets:
        columns = _columns(book[sheet.name], sheet)
        for column in sheet.columns:
            position = columns[column.key]
            letter = cell_name(1, position)[:-1]
            validation = _validation(form, column, lists, facts, round_)
            validation.add(f"{letter}{FIRST_INPUT_ROW}:{letter}{FIRST_INPUT_ROW + form.input_rows - 1}")
            book[sheet.name].add_data_validation(validation)
            _name_first_cell(book, sheet, column, letter)
    _write_identity(book, Identity(plan.id, round_.ref, round_.period.label, unit.code, form.version))
    book.properties.title = f"{facts['unit']} – {facts['period']}"
    saved = io.BytesIO()
    book.save(saved)
    return without_time(saved.getvalue())


def write_text(cell: Any, text: str) -> None:
    """Put text into a cell so that it stays text: "=1+1" is shown, never computed."""
    cell.value = text
    cell.data_type = "s"
    if text[:1] in ("=", "+", "-", "@"):
        cell.quotePrefix = True


def _named_cell(book: Any, name: str) -> Any:
    if name not in book.defined_names:
        raise ValueError(f"the template has no cell named {name!r}")
    sheet, reference = next(iter(book.defined_names[name].destinations))
    return book[sheet][reference.replace("$", "")]


def _columns(worksheet: Worksheet, sheet: SheetForm) -> dict[str, int]:
    """Where each column stands in the template, by its header."""
    headers = {comparable(cell.value): cell.column for cell in worksheet[HEADER_ROW] if cell.value}
    missing = [column.header for column in sheet.columns if comparable(column.header) not in headers]
    if missing:
        raise ValueError(f"the template's sheet {sheet.name!r} has no column {missing}")
    return {column.key: headers[comparable(column.header)] for column in sheet.columns}


def _write_choices(worksheet: Worksheet, form: Form, plan: Plan) -> dict[str, str]:
    """Write every list under its header; the range of each, by the list's name."""
    columns = {comparable(cell.value): cell.column for cell in worksheet[CHOICES_HEADER_ROW] if cell.value}
    ranges = {}
    for name, choice_list in form.choices.items():
        position = columns[comparable(choice_list.header)]
        letter = cell_name(1, position)[:-1]
        options = list(form.options(name, plan).values())
        for row, text in enumerate(options, CHOICES_HEADER_ROW + 1):
            write_text(worksheet.cell(row, position), text)
        last = CHOICES_HEADER_ROW + len(options)
        ranges[name] = f"'{form.choices_sheet}'!${letter}${CHOICES_HEADER_ROW + 1}:${letter}${last}"
    return ranges


def _validation(
    form: Form, column: Column, lists: dict[str, str], facts: dict[str, str], round_: Round
) -> DataValidation:
    """Excel's own check of a column's cells, with the reminder when one is chosen and the error when it is wrong."""
    from openpyxl.worksheet.datavalidation import DataValidation

    rules: dict[ColumnKind, dict[str, Any]] = {
        ColumnKind.CHOICE: {"type": "list", "formula1": lists.get(column.choices)},
        ColumnKind.DATE: {
            "type": "date",
            "operator": "between",
            "formula1": _excel_date(round_.window.start),
            "formula2": _excel_date(round_.window.end),
        },
        ColumnKind.INTEGER: {"type": "whole", "operator": "between", "formula1": "0", "formula2": str(LARGEST_COUNT)},
    }
    text_length = {"type": "textLength", "operator": "lessThanOrEqual", "formula1": str(column.max_length)}
    message = "text" if column.kind is ColumnKind.LINK else column.kind.value
    validation = DataValidation(
        **rules.get(column.kind, text_length),
        allow_blank=True,
        showErrorMessage=True,
        errorStyle="stop",
        errorTitle=form.validation["title"],
        error=form.validation[message].format(max_length=column.max_length, **facts),
    )
    if column.prompt:
        validation.showInputMessage = True
        validation.promptTitle = column.header
        validation.prompt = column.prompt.format(**facts)
    return validation


def _excel_date(day: date) -> str:
    return f"DATE({day.year},{day.month},{day.day})"


def _name_first_cell(book: Any, sheet: SheetForm, column: Column, letter: str) -> None:
    """Name the column's first input cell `posts.title` and so on, for whoever fills the workbook by program."""
    from openpyxl.workbook.defined_name import DefinedName

    name = f"{sheet.key}.{column.key}"
    book.defined_names[name] = DefinedName(name, attr_text=f"'{sheet.name}'!${letter}${FIRST_INPUT_ROW}")


def _write_identity(book: Any, identity: Identity) -> None:
    worksheet = book.create_sheet(IDENTITY_SHEET)
    worksheet.sheet_state = "veryHidden"
    worksheet.protection.sheet = True
    for row, (name, value) in enumerate(identity_rows(identity), 1):
        write_text(worksheet.cell(row, 1), name)
        write_text(worksheet.cell(row, 2), value)

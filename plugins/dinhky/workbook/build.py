"""The empty workbook a unit receives: the template, with the unit, the dates and the choices filled in."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from dinhky.domain.content import Identity
from dinhky.domain.local_time import local
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.schedule import Round
from dinhky.rounds.ports import Signer
from dinhky.workbook.cell_text import cell_name, comparable
from dinhky.workbook.form import POINTS, Column, ColumnKind, Form, SheetForm
from dinhky.workbook.identity import IDENTITY_SHEET, identity_rows
from dinhky.workbook.stable_bytes import without_time
from dinhky.workbook.typed_days import write_day
from dinhky.workbook.typed_values import LARGEST_COUNT, write_number

if TYPE_CHECKING:
    from openpyxl.worksheet.datavalidation import DataValidation
    from openpyxl.worksheet.worksheet import Worksheet

CHOICES_HEADER_ROW = 3
HEADER_ROW = 3
FIRST_INPUT_ROW = 5
"""Of the templates: under the header stands a row of help."""
_LONGEST_TITLE = 32
"""Excel's own limit for the title of a reminder."""
_LINE_HEIGHT = 18.0
_HIGHEST_ROW = 409.0
"""Excel's own limit."""
_NOT_IN_A_NAME = re.compile(r"[^0-9A-Za-z_.]")

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""By a sheet's key, its rows: each a mapping from a column's key to its value."""


def build(form: Form, plan: Plan, round_: Round, unit: Unit, *, period: str, prefilled: Rows, signer: Signer) -> bytes:
    """The workbook of one unit for one round; the same bytes for the same input.

    `period` is the round's period in words; `prefilled` are the rows that the system writes into prefilled columns.
    Raises ValueError if the template lacks a named cell or a column that the form's definition asks for, or if there
    are more rows than it has room for.
    """
    from openpyxl import load_workbook

    book = load_workbook(form.template)
    facts = {
        "unit": unit.name,
        "commune": plan.commune,
        "plan_title": plan.title,
        "duty": round_.obligation,
        "period": period,
        "window_start": write_day(round_.window.start),
        "window_end": write_day(round_.window.end),
        "due": write_day(local(round_.unit_due).date()),
    }
    for name, text in form.filled.items():
        filled = text.format(**facts)
        write_text(_named_cell(book, name), filled[:1].upper() + filled[1:])
    lists = _write_choices(book[form.choices_sheet], form, plan) if form.choices else {}
    for sheet in form.sheets:
        if sheet.pattern:
            _repeat_column(book[sheet.name], sheet)
        columns = _columns(book[sheet.name], sheet)
        rows = prefilled.get(sheet.key, ())
        if len(rows) > form.input_rows:
            raise ValueError(f"the form {form.code!r} has room for {form.input_rows} rows, not for {len(rows)}")
        _write_rows(book[sheet.name], sheet, columns, rows)
        input_rows = max(len(rows), 1) if sheet.is_prefilled else form.input_rows
        for column in sheet.columns:
            letter = cell_name(1, columns[column.key])[:-1]
            _name_first_cell(book, sheet, column, letter)
            if not column.prefilled:
                validation = _validation(form, column, lists, facts, round_)
                validation.add(f"{letter}{FIRST_INPUT_ROW}:{letter}{FIRST_INPUT_ROW + input_rows - 1}")
                book[sheet.name].add_data_validation(validation)
    _write_identity(book, Identity(plan.id, round_.ref, round_.period.label, unit.code, form.version), signer)
    book.properties.title = f"{unit.name} – {period}"
    saved = io.BytesIO()
    book.save(saved)
    return without_time(saved.getvalue())


def write_text(cell: Any, text: str) -> None:
    """Put text into a cell so that it stays text: "=1+1" is shown, never computed."""
    cell.value = text
    cell.data_type = "s"
    if text[:1] in ("=", "+", "-", "@"):
        cell.quotePrefix = True


def input_name(sheet_key: str, column_key: str) -> str:
    """The name of a column's first input cell, in the letters that Excel allows."""
    return _NOT_IN_A_NAME.sub("_", f"{sheet_key}.{column_key}")


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


def _write_rows(
    worksheet: Worksheet, sheet: SheetForm, columns: dict[str, int], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write the prefilled rows; a sheet with prefilled columns then ends with them, or says that there are none."""
    from openpyxl.styles import Protection

    for number, row in enumerate(rows, FIRST_INPUT_ROW):
        for key, value in row.items():
            write_text(worksheet.cell(number, columns[key]), str(value))
        _make_room(worksheet, number)
    if not sheet.is_prefilled:
        return
    first_spare = FIRST_INPUT_ROW + max(len(rows), 1)
    worksheet.delete_rows(first_spare, worksheet.max_row - first_spare + 1)
    if not rows:
        for cell in worksheet[FIRST_INPUT_ROW]:
            cell.value = None
            cell.protection = Protection(locked=True)
        shown_in = next(column for column in sheet.columns if column.prefilled and column.kind is ColumnKind.TEXT)
        write_text(worksheet.cell(FIRST_INPUT_ROW, columns[shown_in.key]), sheet.when_empty)


def _make_room(worksheet: Worksheet, row: int) -> None:
    """Make a row as high as the longest of its texts: no program does so by itself for a row it did not write."""
    lines = 1
    for cell in worksheet[row]:
        width = worksheet.column_dimensions[cell.column_letter].width
        lines = max(lines, sum(math.ceil(len(line) / width) or 1 for line in str(cell.value or "").split("\n")))
    usual = worksheet.row_dimensions[row].height or worksheet.sheet_format.defaultRowHeight
    worksheet.row_dimensions[row].height = min(max(usual, lines * _LINE_HEIGHT), _HIGHEST_ROW)


def _repeat_column(worksheet: Worksheet, sheet: SheetForm) -> None:
    """Put the columns of points where the template holds one for all of them; what stood to its right moves on."""
    points = [column for column in sheet.columns if column.record_field == POINTS]
    if not points:
        raise ValueError(f"the sheet {sheet.name!r} has a column for every criterion, but the plan names none")
    headers = {comparable(cell.value): cell.column for cell in worksheet[HEADER_ROW] if cell.value}
    if comparable(sheet.pattern) not in headers:
        raise ValueError(f"the template's sheet {sheet.name!r} has no column {sheet.pattern!r}")
    first, extra, last_column = headers[comparable(sheet.pattern)], len(points) - 1, worksheet.max_column
    mark = str(worksheet.cell(HEADER_ROW, first).value).replace(sheet.pattern, "")
    widths = {
        position: dimension.width
        for dimension in worksheet.column_dimensions.values()
        for position in range(dimension.min, dimension.max + 1)
    }
    if extra:
        for merged in [found for found in worksheet.merged_cells.ranges if found.max_row < HEADER_ROW]:
            worksheet.unmerge_cells(merged.coord)
            merged.expand(right=extra)
            worksheet.merge_cells(merged.coord)
    if extra and last_column > first:
        worksheet.move_range(
            f"{cell_name(HEADER_ROW, first + 1)}:{cell_name(worksheet.max_row, last_column)}", cols=extra
        )
    for row in range(HEADER_ROW, worksheet.max_row + 1):
        pattern = worksheet.cell(row, first)
        for position in range(first + 1, first + extra + 1):
            cell = worksheet.cell(row, position, pattern.value)
            cell._style = pattern._style
    for position, column in enumerate(points, first):
        write_text(worksheet.cell(HEADER_ROW, position), column.header + mark)
    for position in range(1, last_column + extra + 1):
        template_position = position if position <= first else max(first, position - extra)
        dimension = worksheet.column_dimensions[cell_name(1, position)[:-1]]
        dimension.min = dimension.max = position
        dimension.width = widths.get(template_position, dimension.width)
    lines = max(math.ceil(len(column.header + mark) * 1.3 / widths.get(first, 13)) for column in points)
    heads = worksheet.row_dimensions[HEADER_ROW]
    heads.height = max(heads.height or 0, lines * _LINE_HEIGHT)


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

    days = column.days(round_.window)
    facts = facts | {
        "max_length": str(column.max_length),
        "window_start": write_day(days.start),
        "window_end": write_day(days.end),
        "minimum": write_number(column.minimum),
        "maximum": write_number(column.maximum),
    }
    rules: dict[ColumnKind, dict[str, Any]] = {
        ColumnKind.CHOICE: {"type": "list", "formula1": lists.get(column.choices)},
        ColumnKind.DATE: {
            "type": "date",
            "operator": "between",
            "formula1": _excel_date(days.start),
            "formula2": _excel_date(days.end),
        },
        ColumnKind.NUMBER: {
            "type": "decimal",
            "operator": "between",
            "formula1": str(column.minimum),
            "formula2": str(column.maximum),
        },
        ColumnKind.INTEGER: {"type": "whole", "operator": "between", "formula1": "0", "formula2": str(LARGEST_COUNT)},
    }
    text_length = {"type": "textLength", "operator": "lessThanOrEqual", "formula1": str(column.max_length)}
    message = "text" if column.kind in {ColumnKind.LINK, ColumnKind.CODE} else column.kind.value
    validation = DataValidation(
        **rules.get(column.kind, text_length),
        allow_blank=True,
        showErrorMessage=True,
        errorStyle="stop",
        errorTitle=form.validation["title"],
        error=form.validation[message].format(**facts),
    )
    if column.prompt:
        validation.showInputMessage = True
        validation.promptTitle = column.header[:_LONGEST_TITLE]
        validation.prompt = column.prompt.format(**facts)
    return validation


def _excel_date(day: date) -> str:
    return f"DATE({day.year},{day.month},{day.day})"


def _name_first_cell(book: Any, sheet: SheetForm, column: Column, letter: str) -> None:
    """Name the column's first input cell `posts.title` and so on, for whoever fills the workbook by program."""
    from openpyxl.workbook.defined_name import DefinedName

    name = input_name(sheet.key, column.key)
    book.defined_names[name] = DefinedName(name, attr_text=f"'{sheet.name}'!${letter}${FIRST_INPUT_ROW}")


def _write_identity(book: Any, identity: Identity, signer: Signer) -> None:
    worksheet = book.create_sheet(IDENTITY_SHEET)
    worksheet.sheet_state = "veryHidden"
    worksheet.protection.sheet = True
    for row, (name, value) in enumerate(identity_rows(identity, signer), 1):
        write_text(worksheet.cell(row, 1), name)
        write_text(worksheet.cell(row, 2), value)

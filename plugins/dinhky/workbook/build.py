"""The empty workbook a unit receives: the template, with the unit, the dates and the choices filled in."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dinhky.domain.content import Identity
from dinhky.domain.local_time import local
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.schedule import Round
from dinhky.rounds.ports import Signer
from dinhky.workbook.cell_text import cell_name, comparable
from dinhky.workbook.form import Column, Form, SheetForm
from dinhky.workbook.identity import IDENTITY_SHEET, identity_rows
from dinhky.workbook.input_rules import input_rule
from dinhky.workbook.layout import FIRST_INPUT_ROW, columns_of, repeat_column, write_rows, write_text
from dinhky.workbook.stable_bytes import without_time
from dinhky.workbook.typed_days import write_day

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

CHOICES_HEADER_ROW = 3
_NOT_IN_A_NAME = re.compile(r"[^0-9A-Za-z_.]")

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""By a sheet's key, its rows: each a mapping from a column's key to its value."""


def build(form: Form, plan: Plan, round_: Round, unit: Unit, *, period: str, prefilled: Rows, signer: Signer) -> bytes:
    """The workbook of one unit for one round; the same bytes for the same input.

    `period` is the round's period in words. `prefilled` are the rows that the system knows, by the sheets' keys; under
    `recorded` and `quota` it holds what the sheet of that name and the line about the quota are to say. Raises
    ValueError if the template lacks a named cell or a column that the form's definition asks for, or if there are more
    rows than it has room for.
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
        "quota": _quota(form, round_, prefilled.get("quota", ())),
    }
    for name, text in form.filled.items():
        filled = text.format(**facts)
        write_text(_named_cell(book, name), filled[:1].upper() + filled[1:])
    lists = _write_choices(book[form.choices_sheet], form, plan) if form.choices else {}
    known = form.shown_rows(plan, prefilled)
    if form.recorded:
        _write_known(book, form.recorded, known.get("recorded", ()))
    for sheet in form.sheets:
        rows = known.get(sheet.key, ())
        if len(rows) > form.input_rows:
            raise ValueError(f"the form {form.code!r} has room for {form.input_rows} rows, not for {len(rows)}")
        columns = _write_known(book, sheet, rows)
        input_rows = max(len(rows), 1) if sheet.is_prefilled else form.input_rows
        for column in sheet.columns:
            letter = cell_name(1, columns[column.key])[:-1]
            _name_first_cell(book, sheet, column, letter)
            if not column.prefilled:
                rule = input_rule(form, column, lists, facts, round_)
                rule.add(f"{letter}{FIRST_INPUT_ROW}:{letter}{FIRST_INPUT_ROW + input_rows - 1}")
                book[sheet.name].add_data_validation(rule)
    _write_identity(book, Identity(plan.id, round_.ref, round_.period.label, unit.code, form.version), signer)
    book.properties.title = f"{unit.name} – {period}"
    saved = io.BytesIO()
    book.save(saved)
    return without_time(saved.getvalue())


def input_name(sheet_key: str, column_key: str) -> str:
    """The name of a column's first input cell, in the letters that Excel allows."""
    return _NOT_IN_A_NAME.sub("_", f"{sheet_key}.{column_key}")


def _write_known(book: Any, sheet: SheetForm, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Write what is known into a sheet; where its columns stand."""
    if sheet.pattern:
        repeat_column(book[sheet.name], sheet)
    columns = columns_of(book[sheet.name], sheet)
    write_rows(book[sheet.name], sheet, columns, rows)
    return columns


def _quota(form: Form, round_: Round, known: Sequence[Mapping[str, Any]]) -> str:
    """How the round's quota stands, in the form's words; only what it is, where nothing was counted yet."""
    if not form.quota:
        return ""
    if not known:
        return form.quota["unknown"].format(target=f"{round_.count or 0:02d}")
    numbers = known[0]
    shown = {name: f"{number or 0:02d}" for name, number in numbers.items()}
    side = "shared" if numbers["own_target"] is None else "own"
    missing = numbers["missing"] if side == "shared" else numbers["own_missing"]
    text = form.quota[f"{side}_{'missing' if missing else 'met'}"].format(**shown)
    return text + form.quota["carried"].format(**shown) if numbers["carried"] else text


def _named_cell(book: Any, name: str) -> Any:
    if name not in book.defined_names:
        raise ValueError(f"the template has no cell named {name!r}")
    sheet, reference = next(iter(book.defined_names[name].destinations))
    return book[sheet][reference.replace("$", "")]


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

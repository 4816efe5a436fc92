"""Excel's own checks of what is typed: they catch a slip at the cell. What counts is checked when the file is read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from dinhky.domain.schedule import Round
from dinhky.workbook.form import Column, ColumnKind, Form
from dinhky.workbook.typed_days import write_day
from dinhky.workbook.typed_values import LARGEST_COUNT, write_number

if TYPE_CHECKING:
    from openpyxl.worksheet.datavalidation import DataValidation

_LONGEST_TITLE = 32
"""Excel's own limit for the title of a reminder."""


def input_rule(
    form: Form, column: Column, lists: Mapping[str, str], facts: Mapping[str, str], round_: Round
) -> DataValidation:
    """Excel's own check of a column's cells, with the reminder when one is chosen and the error when it is wrong."""
    from openpyxl.worksheet.datavalidation import DataValidation

    days = column.days(round_.window)
    facts = {
        **facts,
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

"""Types rows into a built workbook as a person would: for demonstrations and tests."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from dinhky.workbook.build import input_name
from dinhky.workbook.layout import write_text
from dinhky.workbook.stable_bytes import without_time


def fill(workbook: bytes, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    """The workbook with the rows typed in; the same bytes for the same input.

    `rows` maps a sheet's key (posts, activities and so on) to its rows, each a mapping from a column's key to what a
    person would type: shown texts, dates, numbers. Raises KeyError for a sheet or column that the workbook has not.
    """
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(workbook))
    for sheet_key, sheet_rows in rows.items():
        for offset, row in enumerate(sheet_rows):
            for column_key, value in row.items():
                sheet, reference = next(iter(book.defined_names[input_name(sheet_key, column_key)].destinations))
                first = book[sheet][reference.replace("$", "")]
                cell = book[sheet].cell(first.row + offset, first.column)
                if isinstance(value, str):
                    write_text(cell, value)
                elif value is not None:
                    number_format = cell.number_format
                    cell.value = value
                    cell.number_format = number_format
    saved = io.BytesIO()
    book.save(saved)
    return without_time(saved.getvalue())

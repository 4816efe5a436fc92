"""One sheet of the Excel annex: heading, head row, rows, totals, chart, and how it prints."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from dinhky.report.errors import ReportError

_FONT = {"font_name": "Times New Roman", "font_size": 12, "font_color": "#000000"}
_CELL = _FONT | {"border": 1, "valign": "vcenter", "text_wrap": True}
_A4 = 9
_HEAD_ROW = 4
"""Index of the row of column heads: issuer, title, window and a blank row stand above it."""
_LINE_HEIGHT = 16.0
_HIGHEST_ROW = 409.0
"""Excel's own limit."""
_LETTER = 1.15
"""A letter's usual width in column-width units, bold and word wrap included."""
_PIXELS_PER_UNIT = 7
"""A column-width unit on the screen, without the margins of a column."""
_GRID_LINES = 8
_DAYS = {"published", "held"}
_SHARES = {"share"}
_PADDED_MONTHS = {1, 2}
"""Decree 30/2020: January and February carry a zero, no other month."""


class Styles:
    """The cell formats of one workbook, in Times New Roman throughout."""

    def __init__(self, book: Any) -> None:
        for cell_format in book.formats:
            cell_format.set_font_name(_FONT["font_name"])
            cell_format.set_font_size(_FONT["font_size"])
        self.issuer = book.add_format(_FONT | {"bold": True})
        self.title = book.add_format(_FONT | {"bold": True, "font_size": 14})
        self.window = book.add_format(_FONT | {"italic": True})
        self.head = book.add_format(_CELL | {"bold": True, "align": "center", "bg_color": "#E7E6E6"})
        self.text = book.add_format(_CELL)
        self.number = book.add_format(_CELL | {"align": "center", "num_format": "#,##0"})
        self.day = book.add_format(_CELL | {"align": "center", "num_format": "dd/m/yyyy"})
        self.day_of_padded_month = book.add_format(_CELL | {"align": "center", "num_format": "dd/mm/yyyy"})
        self.share = book.add_format(_CELL | {"align": "center", "num_format": "0.0%"})
        self.total = book.add_format(_CELL | {"bold": True})
        self.total_number = book.add_format(_CELL | {"bold": True, "align": "center", "num_format": "#,##0"})


class AnnexSheet:
    """A table on a sheet of its own. `described` is the sheet's part of the wording, `words` fill its sentences."""

    def __init__(
        self,
        book: Any,
        styles: Styles,
        wording: Mapping[str, Any],
        described: Mapping[str, Any],
        words: Mapping[str, str],
    ) -> None:
        self._book = book
        self._styles = styles
        self._words = words
        self._total_label = wording["total"]
        self._columns: list[Mapping[str, Any]] = described["columns"]
        self._rows = 0
        self._sheet = book.add_worksheet(described["name"])
        self._text(0, 0, wording["heading"].format(**words), styles.issuer)
        self._text(1, 0, described["title"].format(**{**words, "period": words["period"].upper()}), styles.title)
        self._text(2, 0, wording["window"].format(**words), styles.window)
        for index, column in enumerate(self._columns):
            self._sheet.set_column(index, index, column["width"])
            self._text(_HEAD_ROW, index, column["header"], styles.head)
        self._sheet.set_row(_HEAD_ROW, self._height([column["header"] for column in self._columns]))
        self._print_setup(wording["footer"])

    def write_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows below the heads. Raises ReportError `annex_text_refused`."""
        for row in rows:
            self._rows += 1
            shown = [str(row[column["key"]] or "") for column in self._columns]
            self._sheet.set_row(_HEAD_ROW + self._rows, self._height(shown))
            for index, column in enumerate(self._columns):
                self._cell(_HEAD_ROW + self._rows, index, column["key"], row[column["key"]])
        self._sheet.autofilter(_HEAD_ROW, 0, _HEAD_ROW + self._rows, len(self._columns) - 1)

    def write_totals(self, columns: Sequence[str], values: Mapping[str, int]) -> None:
        """A last row with a SUM under each of `columns`, and `values` as what the formulas last gave."""
        from xlsxwriter.utility import xl_range

        if not self._rows:
            return
        row = _HEAD_ROW + self._rows + 1
        self._sheet.set_row(row, self._height([""] * len(self._columns)))
        for index, column in enumerate(self._columns):
            if column["key"] in columns:
                cells = xl_range(_HEAD_ROW + 1, index, row - 1, index)
                self._sheet.write_formula(
                    row, index, f"=SUM({cells})", self._styles.total_number, values[column["key"]]
                )
            else:
                self._text(row, index, self._total_label if index == 1 else "", self._styles.total)

    def add_chart(self, wording: Mapping[str, str], names: str, columns: Sequence[str], highest: int) -> None:
        """A native column chart below the table and as wide: for each of `columns` a series over the names.

        `highest` is the largest value. The sheet is then printed on one page, so that the chart is never cut in two.
        """
        if not self._rows:
            return
        place = {column["key"]: index for index, column in enumerate(self._columns)}
        first, last = _HEAD_ROW + 1, _HEAD_ROW + self._rows
        step = max(1, math.ceil(highest / _GRID_LINES))
        font = {"name": _FONT["font_name"], "size": 11}
        chart = self._book.add_chart({"type": "column"})
        for key, colour in zip(columns, ("#A6A6A6", "#1F4E79"), strict=True):
            chart.add_series(
                {
                    "name": wording[key],
                    "categories": [self._sheet.name, first, place[names], last, place[names]],
                    "values": [self._sheet.name, first, place[key], last, place[key]],
                    "fill": {"color": colour},
                    "data_labels": {"value": True, "font": font},
                }
            )
        chart.set_title({"name": wording["title"].format(**self._words), "name_font": font | {"size": 13}})
        chart.set_legend({"position": "bottom", "font": font})
        chart.set_x_axis({"num_font": font})
        chart.set_y_axis(
            {
                "name": wording["axis"],
                "name_font": font,
                "num_font": font,
                "min": 0,
                "num_format": "#,##0",
                "major_unit": step,
            }
        )
        width = sum(round(column["width"] * _PIXELS_PER_UNIT) for column in self._columns)
        chart.set_size({"width": width, "height": 400})
        self._sheet.insert_chart(last + 3, 0, chart)
        self._sheet.fit_to_pages(1, 1)

    def _height(self, texts: Sequence[str]) -> float:
        """A row's height in points, so that wrapped text shows whole where the program does not fit rows by itself."""
        widths = (float(column["width"]) for column in self._columns)
        lines = max(math.ceil(len(text) * _LETTER / width) for text, width in zip(texts, widths, strict=True))
        return min(max(lines, 1) * _LINE_HEIGHT + 4, _HIGHEST_ROW)

    def _cell(self, row: int, column: int, key: str, value: Any) -> None:
        styles = self._styles
        if value is None:
            self._sheet.write_blank(row, column, None, styles.number)
        elif key in _DAYS:
            day = date.fromisoformat(value)
            style = styles.day_of_padded_month if day.month in _PADDED_MONTHS else styles.day
            self._sheet.write_datetime(row, column, datetime(day.year, day.month, day.day), style)  # noqa: DTZ001
        elif key in _SHARES:
            self._share(row, column, value)
        elif isinstance(value, int | float):
            self._sheet.write_number(row, column, value, styles.number)
        else:
            self._text(row, column, value, styles.text)

    def _share(self, row: int, column: int, value: float) -> None:
        """The result over the target, computed on the sheet from the two cells to its left."""
        from xlsxwriter.utility import xl_rowcol_to_cell

        target, result = xl_rowcol_to_cell(row, column - 2), xl_rowcol_to_cell(row, column - 1)
        self._sheet.write_formula(row, column, f"={result}/{target}", self._styles.share, value)

    def _text(self, row: int, column: int, text: str, cell_format: Any) -> None:
        if not text:
            self._sheet.write_blank(row, column, None, cell_format)
        elif self._sheet.write_string(row, column, text, cell_format) != 0:
            raise ReportError("annex_text_refused", sheet=self._sheet.name, row=row + 1, column=column + 1)

    def _print_setup(self, footer: str) -> None:
        sheet = self._sheet
        sheet.set_paper(_A4)
        sheet.set_landscape()
        sheet.set_margins(left=0.8, right=0.6, top=0.8, bottom=0.8)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_HEAD_ROW)
        sheet.freeze_panes(_HEAD_ROW + 1, 0)
        sheet.hide_gridlines(2)
        sheet.set_footer(f'&C&"Times New Roman"&11{footer}')

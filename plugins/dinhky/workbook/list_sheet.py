"""The first sheet of a marked-up workbook: every place, what stands there and what is needed, linked to its cell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from dinhky.workbook.cell_styles import ERROR_FILL, QUESTION_FILL, Styles
from dinhky.workbook.cell_text import cell_name, clean
from dinhky.workbook.package import MAIN, quoted

HEADER_ROW = 5
_WIDTHS = (6, 24, 9, 36, 76)
_LINE_HEIGHT = 17
_HIGHEST_ROW = 400
_LETTERS_A_WIDTH = 1.15
_THIN = "".join(f'<{side} style="thin"><color rgb="FFA6A6A6"/></{side}>' for side in ("left", "right", "top", "bottom"))
_FONT = '<sz val="{size}"/><color rgb="{colour}"/><name val="Times New Roman"/><family val="1"/>'


class Row:
    """One place: what the list says of it and, where it is a cell or a sheet, where a click leads."""

    def __init__(self, sheet: str, cell: str, found: str, needed: str, link: str, *, is_question: bool) -> None:
        self.texts = (sheet, cell, found, needed)
        self.link = link
        self.is_question = is_question


class ListSheet:
    """Writes the sheet. `texts` are its words: title, about, advice, the five headers, `question_band`."""

    def __init__(self, styles: Styles, texts: Mapping[str, str]) -> None:
        self._texts = texts
        black, blue, white = "FF000000", "FF1F3864", "FFFFFFFF"
        left = 'horizontal="left" vertical="center" wrapText="1" indent="1"'
        middle = 'horizontal="center" vertical="center" wrapText="1"'
        plain = _FONT.format(size=12, colour=black)
        link = "<u/>" + _FONT.format(size=12, colour="FF0563C1")
        self._title = styles.add(font="<b/>" + _FONT.format(size=16, colour=blue), alignment='vertical="center"')
        self._about = styles.add(font="<i/>" + _FONT.format(size=12, colour=black), alignment='vertical="center"')
        self._advice = styles.add(font=plain, alignment='vertical="top" wrapText="1"')
        self._header = styles.add(
            font="<b/>" + _FONT.format(size=12, colour=white), fill=blue, border=_THIN,
            alignment='horizontal="center" vertical="center" wrapText="1"',
        )  # fmt: skip
        self._band = styles.add(font="<b/>" + _FONT.format(size=12, colour=blue), alignment='vertical="center"')
        self._text = styles.add(font=plain, border=_THIN, alignment=left, is_text=True)
        self._link = styles.add(font=link, border=_THIN, alignment=left, is_text=True)
        self._number = {
            colour: styles.add(font=plain, fill=colour, border=_THIN, alignment=middle)
            for colour in (ERROR_FILL, QUESTION_FILL)
        }
        self._cell = {
            colour: styles.add(font=link, fill=colour, border=_THIN, alignment=middle, is_text=True)
            for colour in (ERROR_FILL, QUESTION_FILL)
        }
        self._rows: list[str] = []
        self._links: list[str] = []
        self._merged: list[str] = []

    def content(self, rows: Sequence[Row]) -> bytes:
        """The sheet as a part: what must be mended, then what is asked about."""
        texts = self._texts
        self._across(1, texts["title"], self._title, height=30)
        self._across(2, texts["about"], self._about, height=_height([(texts["about"], sum(_WIDTHS))]))
        self._across(3, texts["advice"], self._advice, height=_height([(texts["advice"], sum(_WIDTHS))]))
        headers = [texts[name] for name in ("number", "sheet", "cell", "found", "needed")]
        self._line(HEADER_ROW, [(text, self._header) for text in headers], 24)
        errors = [row for row in rows if not row.is_question]
        questions = [row for row in rows if row.is_question]
        for number, row in enumerate(errors, 1):
            self._place(HEADER_ROW + number, number, row)
        if questions:
            band = HEADER_ROW + len(errors) + 1
            self._across(band, texts["question_band"], self._band, height=28)
            for number, row in enumerate(questions, 1):
                self._place(band + number, len(errors) + number, row)
        return self._written().encode()

    def _place(self, at: int, number: int, row: Row) -> None:
        colour = QUESTION_FILL if row.is_question else ERROR_FILL
        sheet, cell, found, needed = row.texts
        linked = self._link if row.link else self._text
        cells = [
            (str(number), self._number[colour]),
            (sheet, linked),
            (cell, self._cell[colour] if row.link and cell else self._number[colour]),
            (found, self._text),
            (needed, self._text),
        ]
        self._line(at, cells, _height([(text, width) for (text, _), width in zip(cells, _WIDTHS, strict=True)]))
        if row.link:
            shown = {2: sheet, 3: cell}
            for column, text in shown.items():
                if text:
                    self._links.append(
                        f"<hyperlink ref={quoteattr(cell_name(at, column))} location={quoteattr(row.link)} "
                        f"display={quoteattr(text)}/>"
                    )

    def _across(self, at: int, text: str, style: int, *, height: float) -> None:
        self._line(at, [(text, style)], height)
        self._merged.append(f'<mergeCell ref="A{at}:{cell_name(at, len(_WIDTHS))}"/>')

    def _line(self, at: int, cells: Sequence[tuple[str, int]], height: float) -> None:
        written = "".join(_cell(cell_name(at, column), text, style) for column, (text, style) in enumerate(cells, 1))
        self._rows.append(f'<row r="{at}" ht="{height}" customHeight="1">{written}</row>')

    def _written(self) -> str:
        columns = "".join(
            f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
            for number, width in enumerate(_WIDTHS, 1)
        )
        below = f'<pane ySplit="{HEADER_ROW}" topLeftCell="A{HEADER_ROW + 1}" activePane="bottomLeft" state="frozen"/>'
        links = f"<hyperlinks>{''.join(self._links)}</hyperlinks>" if self._links else ""
        return (
            f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet xmlns="{MAIN}">'
            '<sheetPr><tabColor rgb="FFC00000"/><pageSetUpPr fitToPage="1"/></sheetPr>'
            f'<sheetViews><sheetView showGridLines="0" tabSelected="1" workbookViewId="0">{below}'
            f'<selection pane="bottomLeft" activeCell="A{HEADER_ROW + 1}" sqref="A{HEADER_ROW + 1}"/>'
            "</sheetView></sheetViews>"
            f'<sheetFormatPr defaultRowHeight="{_LINE_HEIGHT}"/><cols>{columns}</cols>'
            f"<sheetData>{''.join(self._rows)}</sheetData>"
            f'<mergeCells count="{len(self._merged)}">{"".join(self._merged)}</mergeCells>{links}'
            '<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>'
            '<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/>'
            "<headerFooter><oddFooter>&amp;R&amp;P/&amp;N</oddFooter></headerFooter></worksheet>"
        )


def link_to(sheet: str, cell: str) -> str:
    """Where a click on a row leads."""
    return f"{quoted(sheet)}!{cell or 'A1'}"


def _cell(at: str, text: str, style: int) -> str:
    shown = escape(clean(text))
    if not shown:
        return f'<c r="{at}" s="{style}"/>'
    return f'<c r="{at}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{shown}</t></is></c>'


def _height(cells: Sequence[tuple[Any, float]]) -> float:
    """Of a row, by the longest of its texts: no program makes room by itself in a row it did not write."""
    lines = 1
    for text, width in cells:
        letters = width * _LETTERS_A_WIDTH
        lines = max(lines, sum(math.ceil(len(line) / letters) or 1 for line in str(text).split("\n")))
    return min(lines * _LINE_HEIGHT + 8, _HIGHEST_ROW)

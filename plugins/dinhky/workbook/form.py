"""A form: its sheets, columns and choices, as written in `include/templates/workbooks/<form>.yaml`."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from dinhky.domain.content import Activity, Post, Remark
from dinhky.domain.plan import Plan

RECORDS: dict[str, type[Post] | type[Activity] | type[Remark]] = {
    "posts": Post,
    "activities": Activity,
    "remarks": Remark,
}
"""What a row of each sheet becomes."""

FROM_PLAN = "plan"
"""Stands in place of a list's options when the plan's channels are meant."""


class ColumnKind(StrEnum):
    """What a column holds, hence how its cells are checked."""

    TEXT = "text"
    CHOICE = "choice"
    DATE = "date"
    INTEGER = "integer"
    LINK = "link"


@dataclass(frozen=True)
class Column:
    """One column. `key` is the field of the record; `text_allowed_when` maps another column's key to the values with
    which a link may be free text; `max_length` counts characters.
    """

    key: str
    header: str
    kind: ColumnKind
    required: bool
    help: str = ""
    prompt: str = ""
    max_length: int = 1000
    choices: str = ""
    text_allowed_when: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class SheetForm:
    """One sheet. Two rows that agree in every column of `same_when` are the same row."""

    key: str
    name: str
    columns: tuple[Column, ...]
    same_when: tuple[str, ...]


@dataclass(frozen=True)
class ChoiceList:
    """A list of choices: a mapping from the stored code to shown text, or plain texts stored as they are."""

    header: str
    options: Any


@dataclass(frozen=True)
class Form:
    """A form. `template` is its xlsx file; `period` words a period from its `number`, `roman` number and `year`."""

    code: str
    version: str
    template: Path
    period: str
    filled: dict[str, str]
    where: dict[str, str]
    total_words: tuple[str, ...]
    input_rows: int
    validation: dict[str, str]
    choices_sheet: str
    choices: dict[str, ChoiceList]
    sheets: tuple[SheetForm, ...]

    def options(self, list_name: str, plan: Plan) -> dict[str, str]:
        """The list's choices: stored value -> shown text."""
        options = self.choices[list_name].options
        if options == FROM_PLAN:
            return dict(plan.channels)
        return dict(options) if isinstance(options, dict) else {text: text for text in options}

    def place(self, sheet: str, cell: str = "") -> str:
        """A place in the workbook as its reader would name it."""
        return self.where["cell" if cell else "sheet"].format(sheet=sheet, cell=cell)


def load_form(file: Path) -> Form:
    """The form that a YAML file defines. Raises ValueError, naming file and key, for one that contradicts itself."""
    data = yaml.safe_load(file.read_text("utf-8"))
    try:
        sheets = tuple(_sheet(key, sheet) for key, sheet in data.pop("sheets").items())
        choices = {name: ChoiceList(**choice) for name, choice in data.pop("choices").items()}
        total_words = tuple(data.pop("total_words"))
        form = Form(**data, sheets=sheets, choices=choices, total_words=total_words, template=file.with_suffix(".xlsx"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{file}: {error}") from error
    for sheet in form.sheets:
        for column in sheet.columns:
            if column.kind is ColumnKind.CHOICE and column.choices not in form.choices:
                raise ValueError(f"{file}: {sheet.key}.{column.key}: no list of choices named {column.choices!r}")
    return form


def _sheet(key: str, data: dict[str, Any]) -> SheetForm:
    columns = tuple(Column(**{**column, "kind": ColumnKind(column["kind"])}) for column in data["columns"])
    expected = {item.name for item in fields(RECORDS[key])} - {"row"}
    found = {column.key for column in columns}
    if found != expected:
        raise ValueError(f"{key}: columns {sorted(found)} are not the fields {sorted(expected)}")
    if not set(data["same_when"]) <= found:
        raise ValueError(f"{key}: same_when names a column that does not exist")
    return SheetForm(key, data["name"], columns, tuple(data["same_when"]))

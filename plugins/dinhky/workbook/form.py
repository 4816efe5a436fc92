"""A form: its sheets, columns and choices, as written in `include/templates/workbooks/<form>.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from dinhky.domain.content import RECORDS
from dinhky.domain.contest import Criterion
from dinhky.domain.period import Dates
from dinhky.domain.plan import Plan, unknown
from dinhky.workbook.cell_text import comparable
from dinhky.workbook.typed_values import write_number

FROM_PLAN = "plan"
"""Stands in place of a list's options when the plan's channels are meant."""

POINTS = "points"
"""The key of the column that stands for one column per criterion; each of those is `points.<code>`."""


class ColumnKind(StrEnum):
    """What a column holds, hence how its cells are checked."""

    TEXT = "text"
    CHOICE = "choice"
    DATE = "date"
    INTEGER = "integer"
    NUMBER = "number"
    """With decimals, within the column's minimum and maximum."""
    LINK = "link"
    CODE = "code"
    """A name that the system knows something by."""


@dataclass(frozen=True)
class Column:
    """One column. `key` is the field of the record; `text_allowed_when` maps another column's key to the values with
    which a link may be free text; `max_length` counts characters. A date may lie `days_before` the data's first day and
    `days_after` their last. A `prefilled` column is written by the system: what stands there is never the sender's
    mistake, and alone makes no row. `also_called` are other headers that people give the column. A number
    `unusual_above` this is asked about.
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
    minimum: Decimal = Decimal(0)
    maximum: Decimal = Decimal(1_000_000)
    days_before: int = 0
    days_after: int = 0
    prefilled: bool = False
    also_called: tuple[str, ...] = ()
    unusual_above: int | None = None

    @property
    def record_field(self) -> str:
        """The field of the record that takes the value: all `points.<code>` go into `points`."""
        return self.key.partition(".")[0]

    def days(self, window: Dates) -> Dates:
        """The days that a date in this column may name, where the data are those of `window`."""
        return Dates(window.start - timedelta(self.days_before), window.end + timedelta(self.days_after))


@dataclass(frozen=True)
class SheetForm:
    """One sheet; its `key` is the group of `dinhky.domain.content` that its rows become.

    Two rows that agree in every column of `same_when` are the same row. Each row needs a value in a column of `one_of`.
    With `every_row` the sender owes an answer to every prefilled row. `when_empty` is shown where no row is prefilled.
    With `columns_from: criteria` the column `points` is repeated for every criterion of the plan's contest; `pattern`
    is then the header under which the template holds it.
    """

    key: str
    name: str
    columns: tuple[Column, ...]
    same_when: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    every_row: bool = False
    when_empty: str = ""
    columns_from: str = ""
    pattern: str = ""

    @cached_property
    def is_prefilled(self) -> bool:
        """Whether its rows come from the system."""
        return any(column.prefilled for column in self.columns)

    @cached_property
    def by_header(self) -> dict[str, str]:
        """The columns' keys by their headers, made comparable. As those below, worked out once for a form."""
        return {comparable(column.header): column.key for column in self.columns}

    @cached_property
    def told(self) -> tuple[str, ...]:
        """The keys of the columns in which something makes a row: of prefilled rows only where each wants an answer."""
        return tuple(column.key for column in self.columns if self.every_row or not column.prefilled)

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The keys of the columns that no row may leave empty."""
        return tuple(column.key for column in self.columns if column.required)

    @cached_property
    def links(self) -> tuple[str, ...]:
        """The keys of the columns that hold links."""
        return tuple(column.key for column in self.columns if column.kind is ColumnKind.LINK)

    @cached_property
    def order(self) -> dict[str, int]:
        """The columns' places among each other, by key."""
        return {column.key: place for place, column in enumerate(self.columns)}

    @cached_property
    def links_last(self) -> tuple[Column, ...]:
        """The columns, last those whose reading depends on what another one says."""
        return tuple(sorted(self.columns, key=lambda column: bool(column.text_allowed_when)))

    @cached_property
    def printed(self) -> tuple[dict[str, str], ...]:
        """What the form itself prints as rows, made comparable, by key: the headers, and the help under them."""
        helps = {column.key: comparable(column.help) for column in self.columns}
        headers = {column.key: comparable(column.header) for column in self.columns}
        return (helps, headers) if any(helps.values()) else (headers,)

    @cached_property
    def printed_letters(self) -> frozenset[str]:
        """The letters with which a printed text begins."""
        return frozenset(text[:1] for known in self.printed for text in known.values())


@dataclass(frozen=True)
class ChoiceList:
    """A list of choices: a mapping from the stored code to shown text, or plain texts stored as they are."""

    header: str
    options: Any


@dataclass(frozen=True)
class Form:
    """A form. `template` is its xlsx file; `filled` are the texts of its named cells.

    `input_rows` are ready to be typed into on each sheet, whatever the template lays out. `recorded` is the sheet that
    shows posts told in other ways; `quota` are the sentences that say how a quota stands. `numbering` are the headers
    under which people number rows, `other_sheets` those that nobody fills in.
    """

    code: str
    version: str
    template: Path
    filled: dict[str, str]
    where: dict[str, str]
    total_words: tuple[str, ...]
    input_rows: int
    validation: dict[str, str]
    sheets: tuple[SheetForm, ...]
    choices_sheet: str = ""
    choices: dict[str, ChoiceList] = field(default_factory=dict)
    recorded: SheetForm | None = None
    quota: dict[str, str] = field(default_factory=dict)
    numbering: tuple[str, ...] = ()
    other_sheets: tuple[str, ...] = ()

    @cached_property
    def words_of_totals(self) -> tuple[str, ...]:
        """`total_words`, made comparable, the longest first."""
        return tuple(sorted((comparable(word) for word in self.total_words), key=len, reverse=True))

    def options(self, list_name: str, plan: Plan) -> dict[str, str]:
        """The list's choices: stored value -> shown text."""
        options = self.choices[list_name].options
        if options == FROM_PLAN:
            return dict(plan.channels)
        return dict(options) if isinstance(options, dict) else {text: text for text in options}

    def shown_rows(
        self, plan: Plan, rows: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> dict[str, list[dict[str, Any]]]:
        """Rows as a person would type them: choices by their shown text, not by the code they are stored under."""
        shown = {group: [dict(row) for row in of_group] for group, of_group in rows.items()}
        for sheet in self.sheets:
            for column in sheet.columns:
                if column.choices:
                    options = self.options(column.choices, plan)
                    for row in shown.get(sheet.key, ()):
                        if column.key in row:
                            row[column.key] = options.get(row[column.key], row[column.key])
        return shown

    def judged_by(self, criteria: Iterable[Criterion]) -> Form:
        """The form with a column of points for every criterion; itself, if no sheet takes columns from them."""
        if not any(sheet.columns_from for sheet in self.sheets):
            return self
        known = list(criteria)
        return replace(self, sheets=tuple(_judged_by(sheet, known) for sheet in self.sheets))

    def place(self, sheet: str, cell: str = "") -> str:
        """A place in the workbook as its reader would name it."""
        return self.where["cell" if cell else "sheet"].format(sheet=sheet, cell=cell)


class Forms:
    """The forms of a folder, each read when it is first asked for. All threads share them, and nobody changes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[str, Form] = {}

    def named(self, name: str) -> Form:
        """Raises UnknownName for one that does not exist; ValueError as `load_form`."""
        if name not in self._loaded:
            file = self._folder / f"{name}.yaml"
            if not name or not file.is_file():
                raise unknown("unknown_form", name, sorted(one.stem for one in self._folder.glob("*.yaml")))
            self._loaded[name] = load_form(file)
        return self._loaded[name]


def load_form(file: Path) -> Form:
    """The form that a YAML file defines. Raises ValueError, naming file and key, for one that contradicts itself."""
    data = yaml.safe_load(file.read_text("utf-8"))
    try:
        sheets = tuple(_sheet(key, sheet) for key, sheet in data.pop("sheets").items())
        recorded = data.pop("recorded", None)
        choices = {name: ChoiceList(**choice) for name, choice in data.pop("choices", {}).items()}
        for name in ("total_words", "numbering", "other_sheets"):
            data[name] = tuple(data.get(name, ()))
        form = Form(
            **data,
            sheets=sheets,
            choices=choices,
            recorded=_recorded(recorded) if recorded else None,
            template=file.with_suffix(".xlsx"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{file}: {error}") from error
    for sheet in form.sheets:
        for column in sheet.columns:
            if column.kind is ColumnKind.CHOICE and column.choices not in form.choices:
                raise ValueError(f"{file}: {sheet.key}.{column.key}: no list of choices named {column.choices!r}")
    return form


def _sheet(key: str, data: dict[str, Any]) -> SheetForm:
    if key not in RECORDS:
        raise ValueError(f"{key}: no such group of records; there are {sorted(RECORDS)}")
    columns = tuple(_column(column) for column in data["columns"])
    lists = {name: tuple(data.get(name, ())) for name in ("same_when", "one_of")}
    sheet = SheetForm(key, **{**data, **lists, "columns": columns})
    expected = {item.name for item in fields(RECORDS[key])} - {"row"}
    owed = expected & {item.name for item in fields(RECORDS[key]) if item.default is item.default_factory is MISSING}
    found = {column.record_field for column in columns}
    if not owed <= found <= expected:
        raise ValueError(f"{key}: columns {sorted(found)} are not the fields {sorted(expected)}")
    for name, keys in lists.items():
        if not set(keys) <= {column.key for column in columns}:
            raise ValueError(f"{key}: {name} names a column that does not exist")
    if sheet.columns_from not in {"", "criteria"}:
        raise ValueError(f"{key}: columns_from is criteria or nothing, not {sheet.columns_from!r}")
    return sheet


def _recorded(data: dict[str, Any]) -> SheetForm:
    """The sheet of what was told before: for reading only, so it is no group of records."""
    columns = tuple(
        Column(kind=ColumnKind.TEXT, required=False, prefilled=True, **column) for column in data["columns"]
    )
    return SheetForm("recorded", **{**data, "columns": columns})


def _column(data: dict[str, Any]) -> Column:
    limits: dict[str, Any] = {name: Decimal(str(data[name])) for name in ("minimum", "maximum") if name in data}
    also_called = tuple(data.get("also_called", ()))
    return Column(**{**data, **limits, "kind": ColumnKind(data["kind"]), "also_called": also_called})


def _judged_by(sheet: SheetForm, criteria: list[Criterion]) -> SheetForm:
    columns: list[Column] = []
    pattern = ""
    for column in sheet.columns:
        if not sheet.columns_from or column.key != POINTS:
            columns.append(column)
            continue
        pattern = column.header
        for criterion in criteria:
            most = Decimal(criterion.max_points)
            header = column.header.format(name=criterion.name, max=write_number(most))
            columns.append(replace(column, key=f"{POINTS}.{criterion.code}", header=header, maximum=most))
    return replace(sheet, columns=tuple(columns), pattern=pattern)

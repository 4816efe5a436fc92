"""A YAML file that an officer edits, read so that everything wrong with it is found at once and told by file and line.

The file is composed, not loaded: a scalar stays the text that was typed, so `on`, `10:00` or `2026-03-05` cannot turn
into a truth value, a number of minutes or a day before the schema has looked at them. Anchors, aliases and tags build
nothing. Text is put into NFC, so a file saved on a Mac reads like any other.
"""

from __future__ import annotations

import errno
import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, get_args

import yaml
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from yaml.composer import ComposerError
from yaml.reader import ReaderError

from dinhky.domain.errors import PlanError, Problem
from dinhky.domain.plan import nearest
from dinhky.yaml_values import Entry

Place = tuple[str | int, ...]
"""The keys and list positions that lead to a value, from the top of the file."""

EntryType = TypeVar("EntryType", bound=Entry)

_LONGEST_QUOTE = 60
_STRUCTURAL = {
    "missing": "yaml_missing_key",
    "model_type": "yaml_expected_group",
    "dict_type": "yaml_expected_group",
    "list_type": "yaml_expected_list",
    "tuple_type": "yaml_expected_list",
    "too_short": "yaml_empty_list",
}
"""What pydantic itself reports about the shape of a file; values are checked by `dinhky.yaml_values`."""


class _AliasError(ComposerError):
    """The file uses `*name`: most often an asterisk that wanted quotes."""


class _WithoutAliases(yaml.BaseLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_event().start_mark  # type: ignore[no-untyped-call]
            raise _AliasError(None, None, "alias", mark)
        return super().compose_node(parent, index)


@dataclass(frozen=True)
class YamlDocument:
    """A file's content as typed (text, lists, groups; empty values left out), the line of every place, and what was
    already wrong before any schema looked at it."""

    file: str
    content: Any
    lines: Mapping[Place, int]
    problems: tuple[Problem, ...] = ()

    def problem(self, code: str, place: Place = (), **params: Any) -> Problem:
        """A problem at a place. Its params always hold `file` and `line` (from 1)."""
        while place not in self.lines:
            place = place[:-1]
        return _problem(code, self.file, self.lines[place], **params)

    def value_at(self, place: Place) -> Any:
        """What the file holds there, or None."""
        value = self.content
        for part in place:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def check(self, schema: type[EntryType], **known: Any) -> tuple[EntryType | None, list[Problem]]:
        """The content as `schema`, or None and everything in which it differs. `known` is what values may refer to."""
        try:
            return schema.model_validate(self.content, context=known), []
        except ValidationError as refused:
            errors = refused.errors(include_url=False, include_input=False)
            return None, [self._translated(schema, dict(error)) for error in errors]

    def refusal(self, problems: list[Problem]) -> PlanError:
        """The error to raise for this file: what reading it found and `problems`, in file order."""
        found = [*self.problems, *problems]
        return PlanError(self.file, tuple(sorted(found, key=lambda problem: problem.params["line"])))

    def _translated(self, schema: type[Entry], error: dict[str, Any]) -> Problem:
        place: Place = tuple(part for part in error["loc"] if part != "[key]")
        key = next((part for part in reversed(place) if isinstance(part, str)), "")
        if error["type"] == "extra_forbidden":
            expected = _keys_at(schema, place[:-1])
            return self.problem("yaml_unknown_key", place, key=key, expected=expected, nearest=nearest(key, expected))
        code = _STRUCTURAL.get(error["type"], error["type"])
        params = {"key": key, "found": _quoted(self.value_at(place))} | error.get("ctx", {})
        return self.problem(code, place, **params)


def read_yaml(path: Path) -> YamlDocument:
    """The file's content with its lines. Raises PlanError if it is missing, not UTF-8 or not YAML."""
    text = _text_of(path)
    try:
        root = _composed(text)
    except _AliasError as error:
        raise _unreadable(path, "yaml_alias", _line_of(error)) from error
    except yaml.MarkedYAMLError as error:
        line = _line_of(error)
        typed = "".join(text.splitlines()[line - 1 : line])
        indentation = typed[: len(typed) - len(typed.lstrip())]
        code = "yaml_tab" if "\t" in indentation else "yaml_syntax"
        raise _unreadable(path, code, line, found=_quoted(typed.strip())) from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _unreadable(path, "yaml_character", line, found=f"U+{ord(text[error.position]):04X}") from error
    except RecursionError as error:
        raise _unreadable(path, "yaml_too_deep", 1) from error
    if root is None:
        raise _unreadable(path, "yaml_empty", 1)
    reading = _Reading(path.name)
    content = reading.value(root, ())
    return YamlDocument(path.name, content, reading.lines, tuple(reading.problems))


@dataclass
class _Reading:
    """Turns nodes into content, and remembers lines and duplicate keys on the way."""

    file: str
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def value(self, node: yaml.Node, place: Place) -> Any:
        self.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, place))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        plain = isinstance(node, yaml.ScalarNode) and node.style is None
        return None if plain and node.value in ("", "~", "null") else node.value

    def _pairs(self, node: yaml.MappingNode, place: Place) -> Iterator[tuple[str, Any]]:
        first_lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(_problem("yaml_key_is_not_text", self.file, line))
            elif key in first_lines:
                self.problems.append(_problem("yaml_duplicate_key", self.file, line, key=key, first=first_lines[key]))
            else:
                first_lines[key] = self.lines[(*place, key)] = line
                value = self.value(value_node, (*place, key))
                if value is not None:
                    yield key, value


def _composed(text: str) -> yaml.Node | None:
    loader = _WithoutAliases(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _text_of(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise _unreadable(path, "yaml_file_missing", 0, folder=str(path.parent)) from error
    except OSError as error:
        reason = errno.errorcode.get(error.errno or 0, "")
        raise _unreadable(path, "yaml_file_unreadable", 0, reason=reason) from error
    try:
        return unicodedata.normalize("NFC", data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _unreadable(path, "yaml_encoding", data.count(b"\n", 0, error.start) + 1) from error


def _problem(code: str, file: str, line: int, **params: Any) -> Problem:
    return Problem(code, f"{file}:{line}" if line else file, {"file": file, "line": line, **params})


def _unreadable(path: Path, code: str, line: int, **params: Any) -> PlanError:
    return PlanError(path.name, (_problem(code, path.name, line, **params),))


def _line_of(error: yaml.MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1


def _keys_at(schema: type[Entry], place: Place) -> list[str]:
    """The keys that the schema knows at a place."""
    for part in place:
        if isinstance(part, str):
            annotation = _fields(schema)[part].annotation
            choices = [annotation, *get_args(annotation)]
            schema = next(
                choice
                for choice in choices
                if isinstance(choice, type) and choice is not NoneType and issubclass(choice, Entry)
            )
    return list(_fields(schema))


def _fields(schema: type[Entry]) -> dict[str, FieldInfo]:
    """The schema's fields by the keys that the file has for them."""
    return {field.alias or name: field for name, field in schema.model_fields.items()}


def _quoted(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"

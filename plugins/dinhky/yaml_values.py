"""The kinds of value that a YAML file edited by officers may hold, each read from the text as typed.

A refusal is a `PydanticCustomError` whose type is the code of its sentence and whose context fills it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainValidator
from pydantic_core import PydanticCustomError

from dinhky.domain.plan import nearest

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HOUR = re.compile(r"[0-9]{2}:[0-9]{2}")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_ENVIRONMENT_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


class Entry(BaseModel):
    """A group of keys. A key that it does not know is an error: a misspelt rule must not be a rule left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def refused(code: str, **context: Any) -> PydanticCustomError:
    """The error with which a value is refused."""
    # pydantic wants a literal for the code, which is here a parameter; the message is never shown.
    return PydanticCustomError(code, "refused", context)  # type: ignore[arg-type,unused-ignore]


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise refused("yaml_expected_text")
    return value.strip()


def _day(value: Any) -> date:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise refused("yaml_expected_day")


def _hour(value: Any) -> time:
    try:
        if isinstance(value, str) and _HOUR.fullmatch(value):
            return time.fromisoformat(value)
    except ValueError:
        pass
    raise refused("yaml_expected_hour")


def _yes_no(value: Any) -> bool:
    if value not in ("true", "false"):
        raise refused("yaml_expected_yes_no")
    return bool(value == "true")


def _email(value: Any) -> str:
    if not isinstance(value, str) or not _EMAIL.fullmatch(value):
        raise refused("yaml_bad_email")
    return value


def _environment_variable(value: Any) -> str:
    """A name, never the secret itself; and a secret put here by mistake is not repeated in the problem."""
    if isinstance(value, str) and _ENVIRONMENT_VARIABLE.fullmatch(value):
        return value
    scheme, separator, _ = str(value).partition("://")
    if separator:
        raise refused("yaml_secret_in_file", found=f"{scheme}://…")
    raise refused("yaml_not_an_environment_variable")


Text = Annotated[str, PlainValidator(_text)]
"""Text that is not blank."""
Day = Annotated[date, PlainValidator(_day)]
"""A Vietnamese calendar day, `2026-03-05`."""
Hour = Annotated[time, PlainValidator(_hour)]
"""A time of day in Vietnam, `10:00`."""
YesNo = Annotated[bool, PlainValidator(_yes_no)]
"""`true` or `false`."""
Email = Annotated[str, PlainValidator(_email)]
EnvironmentVariable = Annotated[str, PlainValidator(_environment_variable)]
"""The name of an environment variable."""


def number_from(least: int, most: int) -> PlainValidator:
    """A whole number from `least` to `most`, both included."""

    def read(value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value) and least <= int(value) <= most:
            return int(value)
        raise refused("yaml_expected_number", least=least, most=most)

    return PlainValidator(read)


def name_like(pattern: str, example: str) -> PlainValidator:
    """A name of ours that stands in keys and addresses; `example` is shown to who writes it wrongly."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise refused("yaml_bad_name", example=example)
        return value

    return PlainValidator(read)


def at_most(most: int) -> AfterValidator:
    """A name or text of at most so many characters, to stand behind the validator that reads it."""

    def short_enough(text: str) -> str:
        if len(text) > most:
            raise refused("yaml_too_long", length=len(text), most=most)
        return text

    return AfterValidator(short_enough)


def choice(value: Any, right: Iterable[str], code: str) -> str:
    """`value` if it is one of the `right` names. Refused with `code`, the right names and the nearest of them."""
    names = list(right)
    if value not in names:
        raise refused(code, expected=names, nearest=nearest(str(value), names))
    return str(value)


def one_of(values: type[StrEnum]) -> PlainValidator:
    """A value of that enumeration."""

    def read(value: Any) -> StrEnum:
        return values(choice(value, [*values], "yaml_unknown_value"))

    return PlainValidator(read)

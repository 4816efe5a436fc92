"""The names of parties in a plan file: codes, addresses, and names defined elsewhere in it."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, PlainValidator, ValidationInfo

from dinhky.yaml_values import Email, EnvironmentVariable, at_most, choice, name_like, refused

CHAT_PREFIX = "DINHKY_CHAT_"
"""How the environment variables that hold chat addresses begin: no other variable is ever read for a plan."""

LONGEST_UNIT_CODE = 40
LONGEST_UNIT_NAME = 200
LONGEST_EMAIL = 200
LONGEST_CHAT = 200
"""What the ledger's columns hold; SQLite would take more, PostgreSQL would not."""


def known(value: Any, info: ValidationInfo, what: str, code: str) -> str:
    """A name that is defined elsewhere, in the file or outside. Any name if it is not known which ones are: missing
    definitions are a problem of their own."""
    names = (info.context or {})[what]
    return str(value) if names is None else choice(value, names, code)


def _known_unit(value: Any, info: ValidationInfo) -> str:
    return known(value, info, "units", "plan_unknown_unit")


def _chat(variable: str) -> str:
    if not re.fullmatch(CHAT_PREFIX + "[A-Z0-9_]+", variable):
        raise refused("plan_chat_prefix", prefix=CHAT_PREFIX)
    return variable


Code = Annotated[str, name_like(r"[a-z][a-z0-9_]*", "vhxh")]
Address = Annotated[Email, at_most(LONGEST_EMAIL)]
Chat = Annotated[EnvironmentVariable, AfterValidator(_chat), at_most(LONGEST_CHAT)]
UnitCode = Annotated[str, PlainValidator(_known_unit)]
